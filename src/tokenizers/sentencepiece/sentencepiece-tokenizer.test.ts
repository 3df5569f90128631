/** Ids, text and places against SentencePiece's own programs, on models that these train, and on Llama 2's. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Tokenizer } from '../tokenizer.ts';
import { readSentencePieceModel, writeSentencePieceModel } from './model-file.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';
import { createSentencePieceTokenizer, sentencePieceModelOf } from './sentencepiece-tokenizer.ts';
import {
  SHARED,
  decodeWithSentencePiece,
  encodeWithSentencePiece,
  hasSentencePiece,
  hostileText,
  trainWithSentencePiece,
} from './sentencepiece.fixture.ts';

const botchan = hasSentencePiece ? readFileSync(join(SHARED, 'text/botchan.txt'), 'utf8').slice(0, 30_000) : '';
const multilingual = hasSentencePiece ? readFileSync(join(SHARED, 'text/multilingual.txt'), 'utf8') : '';
const someLines = multilingual.split('\n').filter((_, index) => index % 211 === 0);
const words = botchan.split(/\s+/).slice(0, 2000);

/** Compares ids, counts, places and decoded text of hostile and real texts. */
function expectSame(file: Uint8Array, tokenizer: Tokenizer, seed: number): void {
  const texts = [...fc.sample(hostileText(words), { numRuns: 500, seed }), ...someLines, someLines.join(' ').slice(0, 60_000)];
  const expected = encodeWithSentencePiece(file, texts);
  texts.forEach((text, index) => {
    expect({ text, ids: [...tokenizer.encode(text)] }).toEqual({ text, ids: expected[index] });
    expect(tokenizer.count(text)).toBe(expected[index]?.length);
    const { ids, starts, ends } = tokenizer.encodeWithOffsets(text);
    expect({ text, ids: [...ids] }).toEqual({ text, ids: expected[index] });
    expect(starts.every((start, token) => start <= ends[token]! && ends[token]! <= text.length)).toBe(true);
  });
  const some = fc.sample(fc.array(fc.nat(tokenizer.vocabSize - 1), { minLength: 1, maxLength: 20 }), { numRuns: 500, seed });
  const lists = [...some, ...expected.filter((ids) => ids.length > 0)].filter(
    (ids) => !ids.some((id) => tokenizer.tokenBytes(id).includes(10)),
  );
  const decoded = decodeWithSentencePiece(file, lists);
  lists.forEach((ids, index) => {
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded[index]);
    const decoder = tokenizer.createDecoder({ skipSpecialTokens: true });
    const parts = [...ids.map((id) => decoder.push(id)), decoder.end()];
    expect(parts.join('')).toBe(decoded[index]);
  });
}

const SYMBOLS = ['--byte_fallback', '--user_defined_symbols=<sep>,[MASK],...,日本,éa,aa', '--control_symbols=<ctl>,<pad>'];
const TRAININGS: readonly (readonly [string, readonly string[]])[] = [
  ['nmt_nfkc', []],
  ['nfkc', ['--normalization_rule_name=nfkc']],
  ['nmt_nfkc_cf', ['--normalization_rule_name=nmt_nfkc_cf', '--byte_fallback']],
  ['nfkc_cf', ['--normalization_rule_name=nfkc_cf', '--add_dummy_prefix=false']],
  ['identity', ['--normalization_rule_name=identity']],
  ['symbols and byte fallback', SYMBOLS],
  ['spaces kept', ['--remove_extra_whitespaces=false', '--allow_whitespace_only_pieces']],
  ['spaces kept, none before', ['--remove_extra_whitespaces=false', '--add_dummy_prefix=false', '--normalization_rule_name=identity']],
  ['spaces at the end', ['--treat_whitespace_as_suffix']],
  ['spaces within pieces', ['--split_by_whitespace=false']],
];

describe.each(['unigram', 'bpe'] as const)('%s', (kind) => {
  test.runIf(hasSentencePiece).each(TRAININGS)('agrees with spm_encode and spm_decode: %s', async (_, options) => {
    const file = trainWithSentencePiece(botchan, [`--model_type=${kind}`, '--vocab_size=500', ...options]);
    const tokenizer = createSentencePieceTokenizer(await readSentencePieceModel(file));
    expect(tokenizer.type).toBe(kind);
    expectSame(file, tokenizer, 1);
    expect(await writeSentencePieceModel(sentencePieceModelOf(tokenizer))).toEqual(file);
    for (const parts of fc.sample(fc.array(hostileText(words), { maxLength: 6 }), { numRuns: 60, seed: 6 })) {
      const counter = tokenizer.createCounter();
      let text = '';
      for (const part of parts) {
        text += part;
        expect(counter.append(part)).toBe(tokenizer.count(text));
      }
    }
  });

  describe.runIf(hasSentencePiece)('with pieces changed', async () => {
    if (!hasSentencePiece) return void test.todo('needs SentencePiece and shared data');
    const options = [`--model_type=${kind}`, '--vocab_size=2500', '--character_coverage=0.99', '--byte_fallback'];
    const file = hasSentencePiece ? trainWithSentencePiece(someLines.join('\n'), options) : new Uint8Array();
    const model = hasSentencePiece ? await readSentencePieceModel(file) : undefined;
    const isNormal = (type: string | undefined): boolean => type === undefined || type === 'normal';
    const changes: readonly (readonly [string, (score: number, index: number) => Partial<SentencePieceModel['pieces'][number]>])[] = [
      ['many of the same score', (score) => ({ score: Math.round(score / (kind === 'bpe' ? 200 : 2)) })],
      ['nearly of the same score', (_, index) => ({ score: -8 + ((index * 7919) % 1000) * 1e-8 })],
      ['some unused', (_, index) => (index % 5 === 0 ? { type: 'unused' } : {})],
      ['some user-defined', (_, index) => (index % 50 === 0 ? { type: 'user-defined' } : {})],
    ];
    test.each(changes)('agrees with spm_encode: %s', async (_, change) => {
      const { pieces, ...rest } = model as SentencePieceModel;
      const changed = {
        ...rest,
        pieces: pieces.map((piece, index) => (isNormal(piece.type) ? { ...piece, ...change(piece.score ?? 0, index) } : piece)),
      };
      expectSame(await writeSentencePieceModel(changed), createSentencePieceTokenizer(changed), 2);
    });
  });
});

const llama = hasSentencePiece ? new Uint8Array(readFileSync(join(SHARED, 'tokenizers/llama2-tokenizer.model'))) : new Uint8Array();

describe.runIf(hasSentencePiece)('Llama 2', async () => {
  if (!hasSentencePiece) return void test.todo('needs SentencePiece and shared data');
  const tokenizer = createSentencePieceTokenizer(hasSentencePiece ? await readSentencePieceModel(llama) : ({} as SentencePieceModel));

  test('agrees with spm_encode and spm_decode', () => expectSame(llama, tokenizer, 3));

  test('gives the ids of llama.cpp', () => {
    const name = join(SHARED, 'tokenizers/ggml-vocab-llama-spm.gguf');
    const texts = readFileSync(`${name}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
    const ids = readFileSync(`${name}.out`, 'utf8')
      .split('\n')
      .map((line) => line.trim());
    texts.forEach((text, index) => expect([...tokenizer.encode(text)].join(' ')).toBe(ids[index]));
    expect(texts.length).toBeGreaterThan(40);
  });

  test('decode gives back what was encoded, line feeds and special tokens too', () => {
    const text = hostileText(words).map((text) => text.replaceAll('\t', '\n'));
    fc.assert(
      fc.property(text, fc.constantFrom('text', 'allow' as const), (text, specialTokens) => {
        // Only a mark that is the model's own space does not come back.
        const expected = text.replaceAll('▁', ' ').replace(/\p{Surrogate}/gu, '\uFFFD');
        fc.pre(specialTokens === 'text' || !text.includes('<unk>'));
        expect(tokenizer.decode(tokenizer.encode(text, { specialTokens }))).toBe(expected);
      }),
      { numRuns: 1000, seed: 4 },
    );
  });

  test('every token has its place', () => {
    fc.assert(
      fc.property(hostileText(words), (text) => {
        const { ids, starts, ends } = tokenizer.encodeWithOffsets(text);
        let position = 0;
        ids.forEach((id, index) => {
          const [start, end] = [starts[index]!, ends[index]!];
          expect(start).toBeLessThanOrEqual(position);
          const place = Buffer.from(
            text
              .slice(start, end)
              .replace(/\p{Surrogate}/gu, '\uFFFD')
              .replaceAll('▁', ' '),
          );
          const bytes = Buffer.from(tokenizer.tokenBytes(id));
          expect(place.includes(index === 0 && bytes[0] === 32 ? bytes.subarray(1) : bytes)).toBe(true);
          position = Math.max(position, end);
        });
        expect(position).toBe(text.length);
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  test('a text is counted no further than the limit', () => {
    const text = 'word '.repeat(100_000);
    expect(tokenizer.countUpTo(text, 10)).toBeUndefined();
    expect(tokenizer.countUpTo(text, 1e6)).toBe(tokenizer.encode(text).length);
    expect(tokenizer.truncate('The quick brown fox', 2)).toBe('The quick');
  });
});
