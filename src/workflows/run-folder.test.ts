import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openMetrics } from './run-folder.ts';

let path = '';
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'weft-metrics-')), 'metrics.jsonl');
});
afterEach(() => rm(join(path, '..'), { recursive: true }));

test('a run that goes on keeps the lines up to its step, and no half of one', async () => {
  const line = (step: number): string => `${JSON.stringify({ kind: 'step', step, loss: step / 2 })}\n`;
  await writeFile(path, `${line(1)}${line(2)}${line(3)}{"kind":"st`);
  const { earlier, append } = await openMetrics(path, 2);
  expect(earlier).toEqual([
    { step: 1, loss: 0.5 },
    { step: 2, loss: 1 },
  ]);
  await append({ kind: 'step', step: 3, loss: 9 });
  expect(await readFile(path, 'utf8')).toBe(`${line(1)}${line(2)}{"kind":"step","step":3,"loss":9}\n`);
});

test('a folder in its place is told, and nothing is written', async () => {
  await mkdir(path);
  await expect(openMetrics(path, 2)).rejects.toMatchObject({
    code: 'WEFT_RUN_DAMAGED',
    message: expect.stringContaining('metrics.jsonl') as string,
  });
});
