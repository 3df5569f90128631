/** The hub's client against a hub on this machine. */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { COMMIT, type FakeHub, startHub } from './hub.fixture.ts';
import { isSafePath, parseHubName } from './hub-name.ts';
import type { HubProgress } from './download-file.ts';
import { type HubOptions, openHub } from './open-hub.ts';

const LARGE = 'x'.repeat(300_000);
const FILES = { 'config.json': '{"a":1}', 'onnx/model file.onnx': LARGE, '../escape.txt': 'no', 'a\\b': 'no' };

let hub: FakeHub;
let cache = '';
let options: HubOptions;
beforeEach(async () => {
  hub = await startHub(FILES);
  cache = mkdtempSync(join(tmpdir(), 'weft-hub-'));
  options = { endpoint: hub.endpoint, cache, patience: 5 };
});
afterEach(async () => {
  await hub.close();
  rmSync(cache, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

const everyFile = (): readonly string[] =>
  readdirSync(cache, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));

describe('downloads', () => {
  test('a file is downloaded once, and read without a network afterwards', async () => {
    const repository = await openHub('hf:org/name', options);
    expect(repository).toMatchObject({ id: 'org/name', commit: COMMIT, files: ['config.json', 'onnx/model file.onnx'] });
    const path = await repository.download('onnx/model file.onnx');
    expect(readFileSync(path, 'utf8')).toBe(LARGE);
    expect(await repository.download('onnx/model file.onnx')).toBe(path);
    expect(new TextDecoder().decode(await repository.read('config.json'))).toBe('{"a":1}');
    expect(hub.seen.filter(({ host }) => host === 'cdn').length).toBe(2);

    const { endpoint } = hub;
    await hub.close();
    for (const more of [{ endpoint }, { endpoint, offline: true }]) {
      const later = await openHub('hf:org/name', { ...options, ...more });
      expect(await later.download('onnx/model file.onnx')).toBe(path);
      expect((await later.read('config.json')).length).toBe(7);
    }
    expect(everyFile().toSorted()).toEqual(['config.json', 'main.json', 'model file.onnx']);
  });

  test('a revision that moved on is another commit, whose files are its own', async () => {
    await (await openHub('hf:org/name', options)).read('config.json');
    hub.commit = 'b'.repeat(40);
    hub.files = { 'config.json': '{"a":2}' };
    const moved = await openHub('hf:org/name', options);
    expect(moved.commit).toBe(hub.commit);
    expect(new TextDecoder().decode(await moved.read('config.json'))).toBe('{"a":2}');
  });

  test('branches and tags', async () => {
    expect((await openHub('hf:org/name@v1', options)).commit).toBe(COMMIT);
    expect((await openHub('hf:org/name@feature/x', options)).commit).toBe(COMMIT);
    await expect(openHub('hf:org/name@v2', options)).rejects.toMatchObject({ code: 'WEFT_HUB_MISSING' });
  });

  test('progress is told, up to all bytes', async () => {
    const told: HubProgress[] = [];
    const repository = await openHub('hf:org/name', { ...options, onProgress: (progress) => void told.push(progress) });
    await repository.download('onnx/model file.onnx');
    expect(told[0]).toEqual({ file: 'onnx/model file.onnx', bytes: 0, total: LARGE.length });
    expect(told.at(-1)?.bytes).toBe(LARGE.length);
    expect(told.every(({ bytes }, index) => index === 0 || bytes > (told[index - 1]?.bytes ?? 0))).toBe(true);
  });

  test('two at once', async () => {
    const [one, two] = await Promise.all([openHub('hf:org/name', options), openHub('hf:org/name', options)]);
    const paths = await Promise.all([one, two].map((each) => each.download('onnx/model file.onnx')));
    expect(paths[0]).toBe(paths[1]);
    expect(readFileSync(paths[0] ?? '', 'utf8')).toBe(LARGE);
    expect(everyFile().filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('the token', () => {
  test('goes to the hub and not to where it redirects', async () => {
    const repository = await openHub('hf:org/secret', { ...options, token: 'secret' });
    await repository.read('config.json');
    expect(hub.seen.filter(({ host }) => host === 'hub').every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
    expect(hub.seen.filter(({ host }) => host === 'cdn').map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('and the address come from the environment', async () => {
    vi.stubEnv('HF_TOKEN', 'secret\n');
    vi.stubEnv('HF_ENDPOINT', `${hub.endpoint}/`);
    vi.stubEnv('WEFT_CACHE', cache);
    const repository = await openHub('hf:org/secret');
    expect(await repository.download('config.json')).toContain(cache);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    expect((await openHub('hf:org/secret')).commit).toBe(COMMIT);
  });
});

describe('what fails', () => {
  test.each([
    ['hf:org/nothing', 'WEFT_HUB_MISSING'],
    ['hf:org/private', 'WEFT_HUB_REFUSED'],
    ['hf:org/secret', 'WEFT_HUB_REFUSED'],
  ])('%s: %s', async (name, code) => {
    await expect(openHub(name, { ...options, token: 'wrong' })).rejects.toMatchObject({ code });
    expect(everyFile()).toEqual([]);
  });

  test('a file that the repository lacks', async () => {
    const repository = await openHub('hf:org/name', options);
    for (const file of ['tokenizer.json', '../escape.txt', 'a\\b', '']) {
      await expect(repository.download(file)).rejects.toMatchObject({ code: 'WEFT_HUB_MISSING' });
    }
  });

  test('no network, and a repository that was never opened', async () => {
    for (const endpoint of ['http://127.0.0.1:9', 'http://nowhere.invalid']) {
      await expect(openHub('hf:org/name', { ...options, endpoint })).rejects.toMatchObject({
        code: 'WEFT_HUB_OFFLINE',
        message: expect.stringContaining(new URL(endpoint).host) as string,
      });
    }
    await expect(openHub('hf:org/name', { ...options, offline: true })).rejects.toMatchObject({ code: 'WEFT_HUB_OFFLINE' });
    const known = await openHub('hf:org/name', options);
    await known.read('config.json');
    const later = await openHub('hf:org/name', { ...options, offline: true });
    await expect(later.download('onnx/model file.onnx')).rejects.toMatchObject({ code: 'WEFT_HUB_OFFLINE' });
  });

  test.each([500, 503, 429])('status %i, and what was known before is used', async (status) => {
    hub.trouble = (_, response) => (response.writeHead(status).end(), true);
    await expect(openHub('hf:org/name', options)).rejects.toMatchObject({ code: 'WEFT_HUB_SERVER' });
    hub.trouble = undefined;
    await openHub('hf:org/name', options);
    hub.trouble = (_, response) => (response.writeHead(status).end(), true);
    const known = await openHub('hf:org/name', options);
    await expect(known.read('config.json')).rejects.toMatchObject({ code: 'WEFT_HUB_SERVER' });
    expect(everyFile()).toEqual(['main.json']);
  });

  test.each([
    ['no JSON', '<html>'],
    ['null', 'null'],
    ['no commit', '{"siblings":[]}'],
    ['a commit that is a path', '{"sha":"../../../../etc/passwd/aaaaaaaaaaaaaaaaaaaaaaaaaaa","siblings":[]}'],
    ['a commit that is a number', '{"sha":1,"siblings":[]}'],
  ])('a listing that is %s', async (_, body) => {
    hub.trouble = (_, response) => (response.end(body), true);
    await expect(openHub('hf:org/name', options)).rejects.toMatchObject({ code: 'WEFT_HUB_CONTENT' });
  });

  test('a file that is larger than it may be, with and without its size told', async () => {
    const repository = await openHub('hf:org/name', { ...options, largestFile: 1000 });
    await expect(repository.download('onnx/model file.onnx')).rejects.toMatchObject({ code: 'WEFT_HUB_CONTENT' });
    hub.trouble = (_, response, host) => {
      if (host === 'cdn') for (let part = 0; part < 100; part++) response.write('y'.repeat(1000));
      return host === 'cdn';
    };
    await expect(repository.download('onnx/model file.onnx')).rejects.toMatchObject({ code: 'WEFT_HUB_CONTENT' });
    expect(existsSync(join(cache, 'hub/models/org--name/commits', COMMIT, 'onnx/model file.onnx'))).toBe(false);
  });

  test('a hub that stops answering, before its answer and within', async () => {
    const impatient = { ...options, patience: 0.2 };
    hub.trouble = () => true;
    await expect(openHub('hf:org/name', impatient)).rejects.toMatchObject({ code: 'WEFT_HUB_OFFLINE' });
    hub.trouble = undefined;
    const repository = await openHub('hf:org/name', impatient);
    hub.trouble = stallAfter(1000);
    await expect(repository.download('onnx/model file.onnx')).rejects.toMatchObject({ code: 'WEFT_HUB_CONTENT' });
  });

  test('being aborted, with the reason that was given', async () => {
    const controller = new AbortController();
    const repository = await openHub('hf:org/name', { ...options, signal: controller.signal });
    hub.trouble = stallAfter(1000);
    const reason = new Error('enough');
    const download = repository.download('onnx/model file.onnx');
    setTimeout(() => controller.abort(reason), 100);
    await expect(download).rejects.toBe(reason);
    await expect(openHub('hf:org/name', { ...options, signal: controller.signal })).rejects.toBe(reason);
  });

  test('an address that is none, and an option that there is not', async () => {
    await expect(openHub('hf:org/name', { ...options, endpoint: 'file:///etc' })).rejects.toMatchObject({ code: 'WEFT_HUB_ENDPOINT' });
    await expect(openHub('hf:org/name', { endpiont: 'x' } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
  });
});

/** Sends the beginning of a file and then nothing. */
function stallAfter(length: number): FakeHub['trouble'] {
  return (_, response, host) => {
    if (host !== 'cdn') return false;
    response.setHeader('etag', hub.etag);
    response.setHeader('content-length', LARGE.length);
    response.write(LARGE.slice(0, length));
    return true;
  };
}

describe('a download that broke off', () => {
  /** Breaks a download off after `length` bytes, and lets its part be old. */
  async function breakOff(length: number): Promise<string> {
    const repository = await openHub('hf:org/name', options);
    hub.trouble = (request, response, host) => {
      if (stallAfter(length)?.(request, response, host) !== true) return false;
      setTimeout(() => response.destroy(), 50);
      return true;
    };
    await expect(repository.download('onnx/model file.onnx')).rejects.toMatchObject({ code: 'WEFT_HUB_CONTENT' });
    hub.trouble = undefined;
    hub.seen.length = 0;
    const folder = join(cache, 'hub/models/org--name/commits', COMMIT, 'onnx');
    const [part = ''] = readdirSync(folder);
    expect(part).toMatch(/\.part$/);
    const old = Date.now() / 1000 - 60;
    utimesSync(join(folder, part), old, old);
    return join(folder, part);
  }
  const rangeOf = (): string | undefined => hub.seen.find(({ host }) => host === 'cdn')?.range;

  test('is continued', async () => {
    const part = await breakOff(123_456);
    const told: HubProgress[] = [];
    const repository = await openHub('hf:org/name', { ...options, onProgress: (progress) => void told.push(progress) });
    expect(readFileSync(await repository.download('onnx/model file.onnx'), 'utf8') === LARGE).toBe(true);
    expect(rangeOf()).toBe('bytes=123456-');
    expect(told[0]).toMatchObject({ bytes: 123_456, total: LARGE.length });
    expect(existsSync(part)).toBe(false);
  });

  test('is begun again where the content is another', async () => {
    const part = await breakOff(1000);
    hub.files = { ...FILES, 'onnx/model file.onnx': 'z'.repeat(5000) };
    const repository = await openHub('hf:org/name', options);
    hub.etag = '"other"';
    expect(readFileSync(await repository.download('onnx/model file.onnx'), 'utf8')).toBe('z'.repeat(5000));
    expect(existsSync(part)).toBe(false);
  });

  test('is begun again where it was longer than the file', async () => {
    await breakOff(200_000);
    hub.files = { ...FILES, 'onnx/model file.onnx': 'z'.repeat(5000) };
    const repository = await openHub('hf:org/name', options);
    expect(readFileSync(await repository.download('onnx/model file.onnx'), 'utf8')).toBe('z'.repeat(5000));
    expect(readdirSync(dirname(await repository.download('onnx/model file.onnx')))).toEqual(['model file.onnx']);
  });
});

test.each([
  ['hf:org/name', { id: 'org/name', revision: 'main' }],
  ['hf:gpt2', { id: 'gpt2', revision: 'main' }],
  ['hf:o-r.g_1/N.a-me@refs/pr/1', { id: 'o-r.g_1/N.a-me', revision: 'refs/pr/1' }],
])('%s is a name', (name, parsed) => {
  expect(parseHubName(name)).toEqual(parsed);
});

test.each([
  'hf:',
  'hf:/',
  'hf:a/',
  'hf:../x',
  'hf:a/..',
  'hf:a/b/c',
  'hf:a/b@',
  'hf:a/b@../x',
  'hf:a/b@x//y',
  'hf:a/b@x@y',
  'hf:a\\b/c',
  'hf:a b/c',
  'hf:.a/b',
  'hf:a/b.',
  'hf:a--b/c',
  'hf:a/b?x',
  'hf:a/%2e%2e',
  `hf:a/${'b'.repeat(97)}`,
])('%s is none', async (name) => {
  await expect(openHub(name, { offline: true, cache })).rejects.toMatchObject({ name: 'UsageError', code: 'WEFT_HUB_NAME' });
});

test.each([
  ['tokenizer.json', true],
  ['a/b c/d.txt', true],
  ['/etc/passwd', false],
  ['../x', false],
  ['a/../../x', false],
  ['a//b', false],
  ['c:\\x', false],
  ['a\0b', false],
  ['', false],
])('%j is a safe path: %s', (path, isSafe) => {
  expect(isSafePath(path)).toBe(isSafe);
});
