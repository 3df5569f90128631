import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { allocate } from './dtype.ts';
import { makeFolder, sweepUnfinished, writeFileAtomic } from './files.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a file is written whole, its folders made, nothing left beside it', async () => {
  await writeFileAtomic(join(folder, 'a', 'b', 'c.txt'), [Buffer.from('one '), Buffer.from('two')]);
  expect(readFileSync(join(folder, 'a', 'b', 'c.txt'), 'utf8')).toBe('one two');
  expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['c.txt']);
});

test('what a killed write left behind is swept, and nothing else', async () => {
  const inside = join(folder, 'swept');
  await writeFileAtomic(join(inside, '.a.txt.tmp'), '');
  for (const name of ['.model.safetensors.0a1b2c3d.tmp', 'model.safetensors', 'b.0a1b2c3d.tmp']) writeFileSync(join(inside, name), '');
  await sweepUnfinished(inside);
  expect(readdirSync(inside).toSorted()).toEqual(['.a.txt.tmp', 'b.0a1b2c3d.tmp', 'model.safetensors']);
  await sweepUnfinished(join(folder, 'not there'));
});

test('two may make the same folder at once', async () => {
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(folder, 'x', 'y', 'z'))));
  expect(statSync(join(folder, 'x', 'y', 'z')).isDirectory()).toBe(true);
});

test.skipIf(process.platform !== 'linux')('a folder that can never be made is an error, not a wait without end', async () => {
  await expect(writeFileAtomic('/proc/nowhere/a.txt', '')).rejects.toMatchObject({ code: 'WEFT_WRITE' });
});

test('a file in the way is named as such', async () => {
  writeFileSync(join(folder, 'file'), '');
  for (const path of [join(folder, 'file', 'a.txt'), join(folder, 'file', 'b', 'a.txt')])
    await expect(writeFileAtomic(path, '')).rejects.toMatchObject({
      code: 'WEFT_WRITE',
      message: expect.stringContaining('a part of the path is a file') as string,
    });
});

test('memory that is not there is told in our words', () => {
  expect(() => allocate('int32', 1e15)).toThrow(expect.objectContaining({ code: 'WEFT_TENSOR_SIZE' }));
});
