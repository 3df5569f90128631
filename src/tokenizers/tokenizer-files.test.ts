import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { loadTokenizer, saveTokenizer } from './tokenizer-files.ts';
import { trainTokenizer } from './train-tokenizer.ts';

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'weft-tokenizer-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder or a file', async () => {
  const tokenizer = await trainTokenizer(['naïve __proto__ café'], { vocabSize: 270 });
  await saveTokenizer(join(folder, 'model'), tokenizer);
  await saveTokenizer(join(folder, 'other.json'), tokenizer);
  expect(readdirSync(join(folder, 'model'))).toEqual(['tokenizer.json']);
  for (const path of ['model', 'model/tokenizer.json', 'other.json']) {
    const loaded = await loadTokenizer(join(folder, path));
    expect(JSON.stringify(loaded)).toBe(JSON.stringify(tokenizer));
  }
});

test('truncated anywhere, it is an error', async () => {
  const whole = readFileSync(join(folder, 'other.json'), 'utf8');
  for (let length = 0; length < whole.length - 2; length += 997) {
    writeFileSync(join(folder, 'half.json'), whole.slice(0, length));
    await expect(loadTokenizer(join(folder, 'half.json'))).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_FORMAT' });
  }
});

test.each(['', 'nowhere', 'nowhere/tokenizer.json'])('nothing at "%s"', async (path) => {
  await expect(loadTokenizer(join(folder, path))).rejects.toMatchObject({ name: 'FormatError', code: 'WEFT_TOKENIZER_MISSING' });
});

test('a folder that cannot be written', async () => {
  writeFileSync(join(folder, 'a-file'), '');
  await expect(saveTokenizer(join(folder, 'a-file/model'), await loadTokenizer(join(folder, 'model')))).rejects.toMatchObject({
    code: 'WEFT_WRITE',
  });
});
