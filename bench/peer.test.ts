import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { interleave, median, runTorch } from './peer.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-peer-'));
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** An interpreter that claims a version of PyTorch and then does `run`. */
async function interpreter(version: string, run: string): Promise<void> {
  const path = join(folder, 'python');
  await writeFile(path, `#!/bin/sh\nif [ "$1" = -c ]; then echo ${version}; else ${run}; fi\n`);
  await chmod(path, 0o755);
  vi.stubEnv('WEFT_TORCH_PYTHON', path);
}

describe('runTorch', () => {
  test('reads the last line, of a script beside it, with its arguments', async () => {
    await interpreter('2.13.0+cpu', `echo a warning; echo "{\\"script\\": \\"$1\\", \\"first\\": \\"$2\\"}"`);
    expect(await runTorch('step.py', ['--steps=3'])).toEqual({
      script: expect.stringMatching(/bench\/pytorch\/step\.py$/) as string,
      first: '--steps=3',
    });
  });

  test('is skipped with a word without PyTorch 2', async () => {
    await interpreter('1.13.1', 'exit 1');
    expect(await runTorch('step.py')).toBeUndefined();
    expect(console.error).toHaveBeenLastCalledWith(expect.stringContaining('PyTorch 1.13.1, 2 or later is needed'));
    vi.stubEnv('WEFT_TORCH_PYTHON', join(folder, 'missing'));
    expect(await runTorch('step.py')).toBeUndefined();
    expect(console.error).toHaveBeenLastCalledWith(expect.stringContaining('no PyTorch'));
  });

  test("a script's failure is not hidden", async () => {
    await interpreter('2.0.0', 'exit 3');
    await expect(runTorch('step.py')).rejects.toThrow();
  });
});

describe('interleave', () => {
  const recorded = (name: string, values: number[], order: string[]) => ({
    name,
    run: () => {
      order.push(name);
      return Promise.resolve(values.shift());
    },
  });

  test('takes turns, leaves the warm-up out, and reports medians', async () => {
    const order: string[] = [];
    const result = await interleave(recorded('a', [100, 1, 2, 30], order), recorded('b', [1, 2, 2, 10], order), 3);
    expect(order.join('')).toBe('baabbaab');
    expect(result).toEqual({ ratios: [0.5, 1, 3], medianRatio: 1, medians: [2, 2] });
  });

  test('gives nothing where one is missing', async () => {
    expect(await interleave(recorded('a', [1], []), recorded('b', [], []), 1)).toBeUndefined();
  });

  test('the median of an even count is between the middle two', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});
