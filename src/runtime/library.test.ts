import { existsSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { call, check, ortApi, takeError } from './api.ts';
import { checkVersion, locateLibrary } from './library.ts';

describe('locateLibrary', () => {
  it.each([
    ['linux', 'x64'],
    ['linux', 'arm64'],
    ['darwin', 'arm64'],
    ['win32', 'x64'],
    ['win32', 'arm64'],
  ])('finds the one for %s %s', (platform, architecture) => {
    expect(existsSync(locateLibrary(platform, architecture))).toBe(true);
  });

  it('says where there is none', () => {
    expect(() => locateLibrary('freebsd', 'x64')).toThrow(
      'Cannot load ONNX Runtime as onnxruntime-node has no library for this platform: freebsd x64',
    );
    expect(() => locateLibrary('linux', 'ia32')).toThrow(expect.objectContaining({ code: 'WEFT_RUNTIME_LIBRARY' }) as Error);
  });
});

describe('checkVersion', () => {
  it('takes what has the functions that are called', () => {
    for (const version of ['1.24.0', '1.30.0', '1.99.1']) checkVersion(version);
    for (const version of ['1.23.9', '1.9.0', '0.30.0', '2.0.0', '', 'main']) {
      expect(() => checkVersion(version), version).toThrow(expect.objectContaining({ code: 'WEFT_RUNTIME_VERSION' }) as Error);
    }
  });
});

describe('statuses', () => {
  it('become errors, and are freed', () => {
    const options = call('CreateSessionOptions');
    try {
      expect(takeError(0)).toBeUndefined();
      expect(() => check(ortApi().AddSessionConfigEntry(options, '', 'x'))).toThrow(
        'Cannot call ONNX Runtime as ONNX Runtime refused: Config key is empty',
      );
      const attempt = { code: 'WEFT_RUNTIME_MODEL', action: 'try', remedy: 'Stop.' };
      expect(takeError(ortApi().AddSessionConfigEntry(options, 'k'.repeat(5000), 'x'), attempt)).toMatchObject({
        code: 'WEFT_RUNTIME_MODEL',
        remedy: 'Stop.',
      });
    } finally {
      ortApi().ReleaseSessionOptions(options);
    }
  });
});
