/** Files that are damaged or hostile are an error, quickly; files that are not lose nothing. */

import { existsSync, readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FormatError } from '../../core/index.ts';
import { loadCharsmap } from './load-charsmap.ts';
import { readSentencePieceModel, writeSentencePieceModel } from './model-file.ts';
import { sentencePieceFromBytes } from './sentencepiece-files.ts';
import { SHARED } from './sentencepiece.fixture.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';
import { createSentencePieceTokenizer } from './sentencepiece-tokenizer.ts';

const format = expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT' }) as Error;

const MODEL: SentencePieceModel = {
  pieces: [
    { piece: '<unk>', score: 0, type: 'unknown' },
    { piece: '<s>', score: 0, type: 'control' },
    { piece: '▁', score: -1.5 },
    { piece: 'a', score: -2 },
    { piece: 'b', score: -2.5 },
    { piece: '▁ab', score: -3, type: 'normal', unknownFields: Uint8Array.of(0xc2, 0x0c, 1, 7) },
    { piece: '__proto__', score: -4 },
  ],
  trainer: { input: ['a.txt', 'b.txt'], modelType: 'unigram', vocabSize: 7, padId: -1, characterCoverage: 0.5, inputSentenceSize: 2 ** 40 },
  normalizer: { name: 'identity', precompiledCharsmap: new Uint8Array(0), addDummyPrefix: true },
  selfTest: { samples: [{ input: 'ab', expected: '▁ab' }] },
  denormalizer: { name: '', removeExtraWhitespaces: false },
  unknownFields: Uint8Array.of(0xc0, 0x0c, 5),
};
const bytesOf = (model: SentencePieceModel): Promise<Uint8Array> => writeSentencePieceModel(model);

describe('a file', () => {
  test('has all that was written, and fields that nobody knows', async () => {
    const bytes = await bytesOf(MODEL);
    const model = await readSentencePieceModel(bytes);
    expect(model).toEqual(MODEL);
    expect(await bytesOf(model)).toEqual(bytes);
  });

  test.runIf(existsSync(SHARED))('of Llama 2 is written again to the byte', async () => {
    const bytes = new Uint8Array(readFileSync(`${SHARED}tokenizers/llama2-tokenizer.model`));
    expect(Buffer.compare(await bytesOf(await readSentencePieceModel(bytes)), bytes)).toBe(0);
  });

  test('keeps fields of another wire type, and texts that are no UTF-8', async () => {
    // trainer_spec { vocab_size as a text, model_prefix of the byte 0xff, model_type 9 }
    const fields = [0x22, 1, 0x41, 0x12, 1, 0xff, 0x18, 9];
    const bytes = Uint8Array.of(0x12, fields.length, ...fields);
    const model = await readSentencePieceModel(bytes);
    expect(model.trainer).toEqual({ unknownFields: Uint8Array.from(fields) });
    expect([...(await bytesOf(model))]).toEqual([...bytes, 0x1a, 0]);
  });

  test('cut anywhere is an error, or lacks pieces', async () => {
    const bytes = await bytesOf(MODEL);
    for (let length = 0; length < bytes.length; length++) {
      const read = await sentencePieceFromBytes(bytes.subarray(0, length)).catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toEqual(format);
      else expect((read as { vocabSize: number }).vocabSize).toBeLessThanOrEqual(MODEL.pieces.length);
    }
  });

  test('with bytes changed is an error or a tokenizer, never anything else', async () => {
    const bytes = await bytesOf({ ...MODEL, normalizer: { precompiledCharsmap: (await loadCharsmap('nfkc')).subarray(0, 2000) } });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), async (changes) => {
        const changed = bytes.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        const read = await sentencePieceFromBytes(changed).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toEqual(format);
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test.each<readonly [string, readonly number[]]>([
    ['a piece of four gigabytes', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2]],
    ['a text longer than its piece', [0x0a, 3, 0x0a, 120, 0x41]],
    ['a varint without end', [0x0a, ...new Array<number>(12).fill(0xff)]],
    ['groups in groups', new Array<number>(100_000).fill(0x0b)],
    ['nothing', []],
    ['text', [...Buffer.from('<html>')]],
  ])('of %s is an error', async (_, bytes) => {
    const start = process.cpuUsage();
    await expect(sentencePieceFromBytes(Uint8Array.from(bytes), 'm.model')).rejects.toThrow(format);
    await expect(sentencePieceFromBytes(Uint8Array.from(bytes), 'm.model')).rejects.toThrow('read m.model');
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000);
  });
});

describe('a model', () => {
  const { pieces } = MODEL;
  const bytePieces = Array.from({ length: 256 }, (_, byte) => ({
    piece: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    type: 'byte' as const,
  }));
  test.each<readonly [string, Partial<SentencePieceModel>]>([
    ['of another type', { trainer: { modelType: 'word' } }],
    ['without an unknown piece', { pieces: pieces.slice(1) }],
    ['with two unknown pieces', { pieces: [...pieces, { piece: '?', type: 'unknown' }] }],
    ['with no piece for text', { pieces: pieces.slice(0, 2) }],
    ['with a piece twice', { pieces: [...pieces, { piece: 'a', score: -9 }] }],
    ['with an empty piece', { pieces: [...pieces, { piece: '', score: -9 }] }],
    ['with a piece that is too long', { pieces: [...pieces, { piece: 'x'.repeat(65_537) }] }],
    ['with a score that is no number', { pieces: [...pieces, { piece: 'x', score: Number.NaN }] }],
    ['with an infinite score', { pieces: [...pieces, { piece: 'x', score: -Infinity }] }],
    ['with byte pieces and no byte fallback', { pieces: [...pieces, ...bytePieces] }],
    ['with byte fallback and too few byte pieces', { pieces: [...pieces, ...bytePieces.slice(1)], trainer: { byteFallback: true } }],
    ['with a byte piece that is none', { pieces: [...pieces, { piece: '<0xGG>', type: 'byte' }], trainer: { byteFallback: true } }],
    ['with rules of a few bytes', { normalizer: { precompiledCharsmap: Uint8Array.of(1, 2, 3) } }],
    ['with rules whose size lies', { normalizer: { precompiledCharsmap: Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0) } }],
    ['with decoding rules that are damaged', { denormalizer: { precompiledCharsmap: Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4, 65) } }],
  ])('%s is an error', (_, change) => {
    expect(() => createSentencePieceTokenizer({ ...MODEL, ...change })).toThrow(format);
    expect(() => createSentencePieceTokenizer({ ...MODEL, ...change })).toThrow(FormatError);
  });

  test('with damaged rules is an error, or normalises what it can', async () => {
    const rules = await loadCharsmap('nmt_nfkc');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(rules.length - 1), fc.nat(255)), { minLength: 1, maxLength: 50 }), (changes) => {
        const changed = rules.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          createSentencePieceTokenizer({ ...MODEL, normalizer: { precompiledCharsmap: changed } }).encode(
            'abc äöü Ⅷ 日本 e\u0301'.repeat(20),
          );
        } catch (error) {
          expect(error).toEqual(format);
        }
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  test('takes prototype names for text', () => {
    const tokenizer = createSentencePieceTokenizer({ ...MODEL, trainer: { modelType: 'bpe' } });
    expect(tokenizer.decode(tokenizer.encode('__proto__ toLocaleString ab'))).toContain('ab');
    expect(JSON.stringify(tokenizer)).toContain('__proto__');
  });
});
