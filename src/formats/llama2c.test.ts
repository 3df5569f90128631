import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadLlama2c, loadLlama2cTokenizer } from './index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-llama2c-'));
});
afterAll(() => rm(root, { recursive: true }));

/** width 4, hidden 6, one layer, one head, vocabulary 5, context 3: weights count up. */
function modelBytes(vocabulary: number): Buffer {
  const counts = [5 * 4, 4, 16, 16, 16, 16, 4, 24, 24, 24, 4, 2 * 3 * 2, ...(vocabulary < 0 ? [20] : [])];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const header = Int32Array.of(4, 6, 1, 1, 1, vocabulary, 3);
  return Buffer.concat([Buffer.from(header.buffer), Buffer.from(Float32Array.from({ length: total }, (_, index) => index).buffer)]);
}

async function file(bytes: Uint8Array): Promise<string> {
  const path = join(root, 'file.bin');
  await writeFile(path, bytes);
  return path;
}

describe('a model file', () => {
  test('gives definition and weights; queries and keys have their pairs turned', async () => {
    const { model, weights } = await loadLlama2c(await file(modelBytes(5)));
    expect(model.config).toMatchObject({ width: 4, hidden: 6, layers: 1, heads: 1, vocabSize: 5, contextLength: 3, tiedHead: true });
    expect([...weights.keys()]).toEqual(model.parameters.map(({ name }) => name));
    // Rows 0, 2, 1, 3 of the file's matrix, which begins at 24.
    expect([...weights.get('blocks.0.attention.query.weight')!.data.subarray(0, 8)]).toEqual([24, 25, 26, 27, 32, 33, 34, 35]);
    expect(weights.get('blocks.0.feedForward.down.weight')!.data[0]).toBe(20 + 4 + 64 + 4 + 24);
  });

  test('whose vocabulary is negative has a head of its own', async () => {
    const { model, weights } = await loadLlama2c(await file(modelBytes(-5)));
    expect(model.config.tiedHead).toBe(false);
    expect(weights.get('head.weight')?.shape).toEqual([5, 4]);
  });

  test.for([
    ['cut', modelBytes(5).subarray(0, -4), 'announces'],
    ['too long', Buffer.concat([modelBytes(5), Buffer.alloc(4)]), 'announces'],
    ['empty', Buffer.alloc(0), 'a header of seven numbers'],
    ['of other sizes', Buffer.from(Int32Array.of(4, 6, 1, 1, 1, 2 ** 30, 3).buffer), 'vocabSize'],
    ['of heads that do not fit', Buffer.concat([Buffer.from(Int32Array.of(4, 6, 1, 3, 1, 5, 3).buffer), Buffer.alloc(400)]), 'do not fit'],
    ['of a negative width', Buffer.from(Int32Array.of(-4, 6, 1, 1, 1, 5, 3).buffer), 'width must be at least 1'],
  ] as const)('%s, is refused', async ([, bytes, message]) => {
    await expect(loadLlama2c(await file(bytes))).rejects.toMatchObject({
      code: 'WEFT_FORMAT_LLAMA2C',
      message: expect.stringContaining(message) as string,
    });
  });

  test('that is missing is refused', async () => {
    await expect(loadLlama2c(join(root, 'none.bin'))).rejects.toMatchObject({ code: 'WEFT_FORMAT_LLAMA2C' });
  });
});

test('a tokenizer file: pieces by score, bytes where there is no piece', async () => {
  const entry = (text: string, score: number): Buffer => {
    const [head, body] = [Buffer.alloc(8), Buffer.from(text)];
    head.writeFloatLE(score);
    head.writeInt32LE(body.length, 4);
    return Buffer.concat([head, body]);
  };
  const bytes = Array.from({ length: 256 }, (_, byte) => entry(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 0));
  const words = [' a', 'ab', ' ab', ' ', 'a', 'b'].map((text, index) => entry(text, -index));
  const content = Buffer.concat([Buffer.alloc(4), entry('<unk>', 0), entry('\n<s>\n', 0), entry('\n</s>\n', 0), ...bytes, ...words]);
  const tokenizer = await loadLlama2cTokenizer(await file(content));
  expect(tokenizer.vocabSize).toBe(3 + 256 + 6);
  expect([...tokenizer.encode('ab')]).toEqual([261]);
  expect([...tokenizer.encode('é')]).toEqual([262, 3 + 0xc3, 3 + 0xa9]);
  expect(tokenizer.decode(tokenizer.encode('ab é'))).toBe('ab é');
  await expect(loadLlama2cTokenizer(await file(content.subarray(0, -1)))).rejects.toMatchObject({ code: 'WEFT_FORMAT_LLAMA2C' });
});
