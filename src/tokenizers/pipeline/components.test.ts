/** Every component alone says what Hugging Face's library says: ids, places, decoded text. */

import { describe, test } from 'vitest';

import { compareMany, file, readBoth, wordLevel } from './pipeline.fixture.ts';

const patterns = { digits: { Regex: String.raw`\d+` }, spaces: { Regex: String.raw`\s+` }, word: { String: 'a' } };
const bert = { type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false };

const NORMALIZERS: readonly Record<string, unknown>[] = [
  bert,
  { ...bert, clean_text: true },
  { ...bert, handle_chinese_chars: true },
  { ...bert, strip_accents: true },
  { ...bert, lowercase: true },
  { ...bert, strip_accents: null, lowercase: true, clean_text: true, handle_chinese_chars: true },
  { type: 'Strip', strip_left: true, strip_right: true },
  { type: 'Strip', strip_left: true, strip_right: false },
  { type: 'Strip', strip_left: false, strip_right: true },
  ...['StripAccents', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'Nmt', 'ByteLevel'].map((type) => ({ type })),
  { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  { type: 'Replace', pattern: { String: '  ' }, content: '' },
  { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
  { type: 'Replace', pattern: patterns.digits, content: 'number' },
  { type: 'Prepend', prepend: '▁' },
  { type: 'Prepend', prepend: '😀ab' },
  { type: 'Prepend', prepend: '' },
  {
    type: 'Sequence',
    normalizers: [
      { type: 'NFKD' },
      { type: 'StripAccents' },
      { type: 'Lowercase' },
      { type: 'Strip', strip_left: true, strip_right: true },
    ],
  },
  {
    type: 'Sequence',
    normalizers: [
      { type: 'Prepend', prepend: '▁' },
      { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    ],
  },
];

describe('normalizers', () => {
  // Pieces of four characters, so that places are seen inside the text.
  test.each(NORMALIZERS.map((normalizer) => [JSON.stringify(normalizer), normalizer] as const))('%s', async (_, normalizer) => {
    await compareMany(await readBoth(file({ normalizer, pre_tokenizer: { type: 'FixedLength', length: 1 } })));
    await compareMany(await readBoth(file({ normalizer, pre_tokenizer: { type: 'FixedLength', length: 3 } })), { runs: 15, seed: 2 });
  });
});

const behaviors = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

const PRE_TOKENIZERS: readonly Record<string, unknown>[] = [
  ...['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'UnicodeScripts'].map((type) => ({ type })),
  { type: 'CharDelimiterSplit', delimiter: ' ' },
  { type: 'CharDelimiterSplit', delimiter: '😀' },
  { type: 'Digits', individual_digits: true },
  { type: 'Digits', individual_digits: false },
  { type: 'FixedLength', length: 4 },
  ...behaviors.map((behavior) => ({ type: 'Punctuation', behavior })),
  ...behaviors.flatMap((behavior) =>
    [patterns.digits, patterns.spaces, patterns.word, { String: '' }, { Regex: 'x*' }].flatMap((pattern) =>
      [false, true].map((invert) => ({ type: 'Split', pattern, behavior, invert })),
    ),
  ),
  byteLevel,
  { ...byteLevel, use_regex: false },
  { ...byteLevel, add_prefix_space: true },
  ...['always', 'first', 'never'].flatMap((prepend_scheme) =>
    [true, false].map((split) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split })),
  ),
  { type: 'Metaspace', replacement: '_', add_prefix_space: true },
  { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never', add_prefix_space: false, str_rep: '▁' },
  {
    type: 'Sequence',
    pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true }],
  },
  {
    type: 'Sequence',
    pretokenizers: [{ type: 'Whitespace' }, { type: 'Punctuation', behavior: 'Isolated' }, { type: 'Digits', individual_digits: true }],
  },
  {
    type: 'Sequence',
    pretokenizers: [{ type: 'UnicodeScripts' }, { ...byteLevel, add_prefix_space: true }, { type: 'FixedLength', length: 2 }],
  },
  { type: 'Sequence', pretokenizers: [] },
];

describe('pre-tokenizers', () => {
  test.each(PRE_TOKENIZERS.map((pre) => [JSON.stringify(pre), pre] as const))('%s', async (_, pre_tokenizer) => {
    await compareMany(await readBoth(file({ pre_tokenizer })), { runs: 40 });
    const normalizer = { type: 'Strip', strip_left: true, strip_right: false };
    await compareMany(await readBoth(file({ pre_tokenizer, normalizer })), { runs: 15, seed: 3 });
  });
});

const words = [
  'low',
  'er',
  '##est',
  '</w>',
  'wid</w>',
  '▁a',
  '▁',
  'b▁',
  '<0xE2>',
  '<0x82>',
  '<0xAC>',
  '<0x41>',
  '<0x+A>',
  'Ġthe',
  'Ã',
  '©',
  '|',
  '<pad>',
  'x',
  "n't",
  ' .',
  ' ',
  '  x ',
  'é',
  '.',
  '!',
  ' do not',
];
const DECODERS: readonly Record<string, unknown>[] = [
  { type: 'BPEDecoder', suffix: '</w>' },
  byteLevel,
  { type: 'WordPiece', prefix: '##', cleanup: true },
  { type: 'WordPiece', prefix: '##', cleanup: false },
  ...['always', 'first', 'never'].map((prepend_scheme) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split: true })),
  { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: true },
  { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: false },
  { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
  { type: 'Replace', pattern: { Regex: '[ab]+' }, content: '-' },
  { type: 'Fuse' },
  { type: 'ByteFallback' },
  { type: 'Strip', content: 'x', start: 1, stop: 0 },
  {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ],
  },
];

describe('decoders', async () => {
  const { default: fc } = await import('fast-check');
  const { expect } = await import('vitest');
  test.each([['none', null] as const, ...DECODERS.map((decoder) => [JSON.stringify(decoder), decoder] as const)])(
    '%s',
    async (_, decoder) => {
      const { ours, rust } = await readBoth(file({ decoder, model: wordLevel(words) }));
      for (const ids of fc.sample(fc.array(fc.nat(words.length), { minLength: 1, maxLength: 12 }), { numRuns: 300, seed: 1 })) {
        const expected = await rust.decode(ids, false);
        expect(ours.decode(ids), JSON.stringify(ids.map((id) => ['[UNK]', ...words][id]))).toBe(expected);
        // A byte that makes those before it no UTF-8 comes too late for a stream.
        if (JSON.stringify(decoder).includes('ByteFallback')) continue;
        const stream = ours.createDecoder();
        const parts = ids.map((id) => stream.push(id));
        expect(parts.join('') + stream.end(), JSON.stringify(ids)).toBe(expected);
      }
    },
  );
});
