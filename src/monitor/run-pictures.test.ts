import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { pictureNames, readPicture } from './run-pictures.ts';

/** One transparent pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

test('pictures come in the order of their numbers, and none but whole PNG files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-pictures-'));
  await mkdir(join(folder, 'images'));
  for (const name of ['images/step-10.png', 'images/step-2.png', 'b.png']) await writeFile(join(folder, name), PIXEL);
  await writeFile(join(folder, 'half.png'), PIXEL.subarray(0, 40));
  await writeFile(join(folder, 'page.png'), '<script>alert(1)</script>');
  await writeFile(join(folder, '.hidden.png'), PIXEL);
  await writeFile(join(folder, 'other.txt'), 'x');
  expect(await pictureNames(folder)).toEqual(['b.png', 'half.png', 'page.png', 'images/step-2.png', 'images/step-10.png']);
  expect(await readPicture(folder, 'images/step-2.png')).toEqual(PIXEL);
  for (const name of ['half.png', 'page.png', '.hidden.png', 'other.txt', '../b.png', 'images/../b.png', 'none.png'])
    expect([name, await readPicture(folder, name)]).toEqual([name, undefined]);
  expect(await pictureNames(join(folder, 'nowhere'))).toEqual([]);
});
