import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Tokenizer } from '../tokenizer.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import type { TrainTokenizerOptions, TrainUnigramOptions } from '../training/train-options.ts';
import { readSentencePieceModel, writeSentencePieceModel } from './model-file.ts';
import { createSentencePieceTokenizer, sentencePieceModelOf } from './sentencepiece-tokenizer.ts';
import { SHARED, encodeWithSentencePiece, hasSentencePiece, trainWithSentencePiece } from './sentencepiece.fixture.ts';

/** Options and the flags of `spm_train` that mean the same. */
const SETTINGS: readonly (readonly [Omit<TrainUnigramOptions, 'type'>, readonly string[]])[] = [
  [{}, []],
  [{ byteFallback: true, normalization: 'identity' }, ['--byte_fallback=true', '--normalization_rule_name=identity']],
  [
    { normalization: 'nfkc_cf', dummyPrefix: false, removeExtraWhitespaces: false, characterCoverage: 1 },
    ['--normalization_rule_name=nfkc_cf', '--add_dummy_prefix=false', '--remove_extra_whitespaces=false', '--character_coverage=1.0'],
  ],
  [
    { controlSymbols: ['<a>', '<s>'], userDefinedSymbols: ['the', '<b>', '</s>', 'Mr.', '<-]^>'] },
    ['--control_symbols=<a>,<s>', '--user_defined_symbols=the,<b>,</s>,Mr.,<-]^>'],
  ],
  [
    { splitByScript: false, splitByNumber: false, maxPieceLength: 6 },
    ['--split_by_unicode_script=false', '--split_by_number=false', '--max_sentencepiece_length=6'],
  ],
  [{ splitDigits: true, splitByNumber: false }, ['--split_digits=true', '--split_by_number=false']],
];

const ODD =
  'ａｂｃ　１２３ ﬁne… 2nd 3rd 42nd naïve e\u0301tude 🙂🙂 aaaa aaaaa ㌀ x\u200By  <b>bold</b> the\u0301 ½ α̂β カタカナ ー ーひらがな 漢字\n';

const read = (name: string): string => readFileSync(join(SHARED, 'text', name), 'utf8');

/** Trains here and with `spm_train`, and tells how the vocabularies and the tokens of other text compare. */
async function compare(
  text: string,
  heldOut: readonly string[],
  { options, flags }: { readonly options: TrainTokenizerOptions & { readonly type: string }; readonly flags: readonly string[] },
) {
  const all = ['--max_sentence_length=1000000', `--model_type=${options.type === 'unigram' ? 'unigram' : 'bpe'}`, ...flags];
  const theirs = createSentencePieceTokenizer(
    await readSentencePieceModel(trainWithSentencePiece(text, [`--vocab_size=${options.vocabSize}`, ...all])),
  );
  const ours = await trainTokenizer([text], options);
  const count = (tokenizer: Tokenizer): number => heldOut.reduce((sum, line) => sum + tokenizer.count(line), 0);
  const shared = [...ours.vocabulary.keys()].filter((token) => theirs.vocabulary.has(token)).length / theirs.vocabSize;
  return { ours, theirs, shared, tokens: count(ours) / count(theirs) };
}

describe.skipIf(!hasSentencePiece)('with spm_train at hand (skipped without it and the shared texts)', () => {
  test.each(SETTINGS)('byte pair encoding with %o has the same pieces, scores and ids', async (settings, flags) => {
    const text = `${read('botchan.txt').slice(0, 150_000)}\n${ODD.repeat(4)}`;
    const options = { type: 'sentencepiece-bpe', vocabSize: 1500, controlSymbols: [], ...settings } as const;
    const { ours, theirs, tokens } = await compare(text, read('botchan.txt').slice(150_000).split('\n'), { options, flags });
    const [mine, their] = [sentencePieceModelOf(ours).pieces, sentencePieceModelOf(theirs).pieces];
    const plain = ({ piece, score = 0, type = 'normal' }: (typeof mine)[number]) => ({ piece, score, type });
    expect(mine.map(plain)).toEqual(their.map(plain));
    expect(tokens).toBe(1);
  });

  test.each(SETTINGS)('unigram with %o has nearly the same pieces', async (settings, flags) => {
    const text = `${read('botchan.txt').slice(0, 150_000)}\n${ODD.repeat(4)}`;
    const options = { type: 'unigram', vocabSize: 1500, controlSymbols: [], ...settings } as const;
    const { ours, theirs, shared, tokens } = await compare(text, read('botchan.txt').slice(150_000).split('\n'), { options, flags });
    expect(ours.vocabSize).toBe(theirs.vocabSize);
    const meta = (tokenizer: Tokenizer) =>
      sentencePieceModelOf(tokenizer)
        .pieces.filter(({ type = 'normal' }) => type !== 'normal')
        .map(({ piece, type }) => [piece, type]);
    expect(meta(ours)).toEqual(meta(theirs));
    expect(shared).toBeGreaterThan(0.99);
    expect(Math.abs(tokens - 1)).toBeLessThan(0.002);
  });

  test.each(['unigram', 'sentencepiece-bpe'] as const)('%s on text in many languages', async (type) => {
    const lines = read('multilingual.txt').slice(0, 700_000).split('\n');
    const isHeldOut = (index: number): boolean => Math.trunc(index / 20) % 10 === 3;
    const text = lines.filter((_, index) => !isHeldOut(index)).join('\n');
    const options = { type, vocabSize: 4000, controlSymbols: [] } as const;
    const { shared, tokens } = await compare(
      text,
      lines.filter((_, index) => isHeldOut(index)),
      { options, flags: [] },
    );
    expect(shared).toBeGreaterThan(type === 'unigram' ? 0.99 : 0.999);
    expect(Math.abs(tokens - 1)).toBeLessThan(0.005);
  });

  test.each(['unigram', 'sentencepiece-bpe'] as const)('a .model of %s is read by spm_encode, which gives the same ids', async (type) => {
    const text = read('botchan.txt');
    for (const settings of [{}, { byteFallback: true }, { userDefinedSymbols: ['the', '<b>'], dummyPrefix: false }]) {
      const tokenizer = await trainTokenizer([text, ODD], { type, vocabSize: 1000, ...settings });
      const model = await writeSentencePieceModel(sentencePieceModelOf(tokenizer));
      const lines = [...text.slice(0, 50_000).split('\n'), ...ODD.split('\n')].filter((line) => line.trim() !== '');
      expect(lines.map((line) => [...tokenizer.encode(line)])).toEqual(encodeWithSentencePiece(model, lines));
    }
  });
});

test.each(['unigram', 'sentencepiece-bpe'] as const)('%s: neither the order of texts nor where they are divided matters', async (type) => {
  const lines = ['low lower lowest', 'new newer newest', '', 'wide  wider\twidest', 'slow slower', 'nine fine lines'];
  const options = { type, vocabSize: 40, characterCoverage: 1 } as const;
  const pieces = async (texts: readonly string[]) => sentencePieceModelOf(await trainTokenizer(texts, options)).pieces;
  const expected = await pieces([lines.join('\n')]);
  expect(await pieces(lines)).toEqual(expected);
  expect(await pieces(lines.toReversed())).toEqual(expected);
});

describe.each(['unigram', 'sentencepiece-bpe'] as const)('%s', (type) => {
  test.each([
    ['one letter', 'x'],
    ['one word', 'word'],
    ['one letter over and over', 'a'.repeat(5000)],
    ['signs', '?!? !!! ... ?!?'],
    ['one line in Chinese', '我要去学校。'.repeat(20)],
    ['prototype names', '__proto__ constructor toLocaleString __proto__'],
    ['nothing but characters of their own script', 'aбαא'.repeat(5)],
    ['lone surrogates', 'a\uD800 \uDC00\uD800'],
    ['the mark itself', '▁▁ a▁b ▁'],
    ['the sign that SentencePiece reserves', '▅ a ▅b'],
  ])('trains on %s', async (_, text) => {
    const tokenizer = await trainTokenizer([text], { type, vocabSize: 300, characterCoverage: 1 });
    expect(tokenizer.vocabSize).toBeLessThanOrEqual(300);
    expect(tokenizer.specialTokens.has('<|endoftext|>')).toBe(true);
    const ids = tokenizer.encode(text);
    expect(ids.every((id) => id < tokenizer.vocabSize)).toBe(true);
    expect(ids.includes(0)).toBe(false);
  });

  test.each<readonly [string, string, readonly string[], object]>([
    ['no text', 'WEFT_TOKENIZER_EMPTY', [''], {}],
    ['nothing but spaces', 'WEFT_TOKENIZER_EMPTY', [' \n \n'], {}],
    ['a vocabulary below the characters', 'WEFT_TOKENIZER_VOCABULARY', ['abcdef'], { vocabSize: 9 }],
    ['a vocabulary below the bytes', 'WEFT_TOKENIZER_VOCABULARY', ['abcdef'], { vocabSize: 200, byteFallback: true }],
    ['a symbol with a space', 'WEFT_TOKENIZER_OPTION', ['a'], { userDefinedSymbols: ['a b'] }],
    ['a symbol of two kinds', 'WEFT_TOKENIZER_OPTION', ['a'], { userDefinedSymbols: ['<a>'], controlSymbols: ['<a>'] }],
    ['the unknown piece as a symbol', 'WEFT_TOKENIZER_OPTION', ['a'], { controlSymbols: ['<unk>'] }],
    ['unknown rules', 'WEFT_TOKENIZER_OPTION', ['a'], { normalization: 'nfd' }],
    ['a coverage of a half', 'WEFT_TOKENIZER_OPTION', ['a'], { characterCoverage: 0.5 }],
    ['pieces without an end', 'WEFT_TOKENIZER_OPTION', ['a'], { maxPieceLength: 1000 }],
    ['special tokens', 'WEFT_TOKENIZER_OPTION', ['a'], { specialTokens: ['<a>'] }],
  ])('refuses %s', async (_, code, texts, options) => {
    await expect(trainTokenizer(texts, { type, ...options })).rejects.toMatchObject({ name: 'UsageError', code });
  });
});

test('the shared texts are there where SentencePiece is', () => {
  if (hasSentencePiece) expect(existsSync(join(SHARED, 'text/multilingual.txt'))).toBe(true);
});
