import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadEncoding } from '../encodings/load-encoding.ts';
import { writeSentencePieceModel } from '../sentencepiece/model-file.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { chooseFile, loadTokenizer } from './load-tokenizer.ts';
import { saveTokenizer } from './save-tokenizer.ts';
import { tokenizerFromBytes } from './tokenizer-from-bytes.ts';

let folder = '';
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-tokenizer-'));
  tokenizer = await trainTokenizer(['naïve __proto__ café'], { vocabSize: 270, splitting: 'gpt2' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder or a file', async () => {
  await saveTokenizer(join(folder, 'model'), tokenizer);
  await saveTokenizer(join(folder, 'other.json'), tokenizer);
  expect(readdirSync(join(folder, 'model'))).toEqual(['tokenizer.json']);
  for (const path of ['model', 'model/tokenizer.json', 'other.json', 'model/']) {
    const loaded = await loadTokenizer(join(folder, path));
    expect(JSON.stringify(loaded)).toBe(JSON.stringify(tokenizer));
  }
});

describe('every format that can be written comes back', () => {
  test('vocab.json and merges.txt, by folder and by either name', async () => {
    await saveTokenizer(join(folder, 'pair/vocab.json'), tokenizer);
    expect(readdirSync(join(folder, 'pair')).toSorted()).toEqual(['merges.txt', 'vocab.json']);
    for (const path of ['pair', 'pair/vocab.json', 'pair/merges.txt']) {
      expect(JSON.stringify(await loadTokenizer(join(folder, path)))).toBe(JSON.stringify(tokenizer));
    }
    mkdirSync(join(folder, 'alone'));
    writeFileSync(join(folder, 'alone/vocab.json'), readFileSync(join(folder, 'pair/vocab.json')));
    await expect(loadTokenizer(join(folder, 'alone/vocab.json'))).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_MISSING' });
  });

  test('.tiktoken, with what it lacks', async () => {
    const path = join(folder, 'ranks/trained.tiktoken');
    await saveTokenizer(path, tokenizer);
    await expect(loadTokenizer(path)).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_SPLITTING' });
    const options = { splitting: 'gpt2', specialTokens: Object.fromEntries(tokenizer.specialTokens) } as const;
    expect(JSON.stringify(await loadTokenizer(join(folder, 'ranks'), options))).toBe(JSON.stringify(tokenizer));
  });

  test('a SentencePiece model, by folder and by name, byte for byte', async () => {
    const bytes = await writeSentencePieceModel({
      pieces: [{ piece: '<unk>', score: 0, type: 'unknown' }, ...[...'\u2581abc'].map((piece, index) => ({ piece, score: -index }))],
      trainer: { modelType: 'unigram' },
      normalizer: { name: 'identity' },
    });
    mkdirSync(join(folder, 'pieces'));
    writeFileSync(join(folder, 'pieces/tokenizer.model'), bytes);
    const model = await loadTokenizer(join(folder, 'pieces'));
    expect(model.decode(model.encode('cab'))).toBe('cab');
    await saveTokenizer(join(folder, 'pieces/other.model'), model);
    expect(readFileSync(join(folder, 'pieces/other.model')).equals(Buffer.from(bytes))).toBe(true);
    await expect(saveTokenizer(join(folder, 'pieces/bpe.model'), tokenizer)).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_MODEL' });
  });

  test('vocab.txt, with the configuration beside it', async () => {
    mkdirSync(join(folder, 'bert'));
    writeFileSync(join(folder, 'bert/vocab.txt'), ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'low', '##er', 'Low'].join('\n'));
    const uncased = await loadTokenizer(join(folder, 'bert'));
    expect([...uncased.encode('Lower', { addSpecialTokens: true })]).toEqual([2, 4, 5, 3]);
    writeFileSync(join(folder, 'bert/tokenizer_config.json'), '{"do_lower_case": false}');
    const cased = await loadTokenizer(join(folder, 'bert'));
    expect([...cased.encode('Lower lower')]).toEqual([6, 5, 4, 5]);
    expect([...(await loadTokenizer(join(folder, 'bert'), { lowercase: true })).encode('Lower')]).toEqual([4, 5]);
    await saveTokenizer(join(folder, 'bert/new/vocab.txt'), cased);
    expect(readFileSync(join(folder, 'bert/new/vocab.txt'), 'utf8')).toBe(`${readFileSync(join(folder, 'bert/vocab.txt'), 'utf8')}\n`);
  });

  test('a format that cannot hold it leaves nothing behind', async () => {
    await expect(saveTokenizer(join(folder, 'none/vocab.txt'), tokenizer)).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_SAVE' });
    expect(readdirSync(folder)).not.toContain('none');
  });
});

test('the name of an encoding', async () => {
  expect((await loadTokenizer('r50k_base')).vocabSize).toBe((await loadEncoding('r50k_base')).vocabSize);
});

test('an option that there is not', async () => {
  await expect(loadTokenizer('gpt2', { splittnig: 'gpt2' } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
});

test.each([
  [['config.json', 'tokenizer.model', 'tokenizer.json', 'vocab.txt'], 'tokenizer.json'],
  [['vocab.json', 'tokenizer.model'], 'tokenizer.model'],
  [['vocab.json', 'vocab.txt'], 'vocab.txt'],
  [['vocab.json', 'merges.txt'], 'vocab.json'],
  [['vocab.bpe', 'encoder.json'], 'encoder.json'],
  [['b.tiktoken', 'a.tiktoken', 'x.gguf'], 'a.tiktoken'],
  [['spiece.model'], 'spiece.model'],
  [['x.gguf'], 'x.gguf'],
  [['model.safetensors'], undefined],
])('of %j it is %s', (names, chosen) => {
  expect(chooseFile(names)).toBe(chosen);
});

test('truncated anywhere, it is an error', async () => {
  const whole = readFileSync(join(folder, 'other.json'), 'utf8');
  for (let length = 0; length < whole.length - 2; length += 997) {
    writeFileSync(join(folder, 'half.json'), whole.slice(0, length));
    await expect(loadTokenizer(join(folder, 'half.json'))).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_FORMAT' });
  }
});

test.each([
  ['nothing', ''],
  ['a text', 'Call me Ishmael.\nSome years ago'],
  ['merges without a vocabulary', '#version: 0.2\na b\n'],
  ['a vocabulary without merges', '{"a": 0, "b": 1}'],
  ['JSON of something else', '{"model": "gpt2"}'],
  ['half a line of ranks', 'YQ== 0\nYg'],
  ['zeros', '\0\0\0\0'],
])('%s is no tokenizer', async (_, text) => {
  await expect(tokenizerFromBytes(new TextEncoder().encode(text), { name: 'it' })).rejects.toMatchObject({
    code: 'WEFT_TOKENIZER_FORMAT',
    message: expect.stringContaining('the tokenizer it') as string,
  });
});

test.each(['', 'nowhere', 'nowhere/tokenizer.json'])('nothing at "%s"', async (path) => {
  mkdirSync(join(folder, 'empty'), { recursive: true });
  await expect(loadTokenizer(join(folder, 'empty', path))).rejects.toMatchObject({ name: 'FormatError', code: 'WEFT_TOKENIZER_MISSING' });
});

test('a folder that cannot be written', async () => {
  writeFileSync(join(folder, 'a-file'), '');
  await expect(saveTokenizer(join(folder, 'a-file/model'), await loadTokenizer(join(folder, 'model')))).rejects.toMatchObject({
    code: 'WEFT_WRITE',
  });
});
