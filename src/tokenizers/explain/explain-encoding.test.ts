/** The steps of every kind of tokenizer.json lead to the ids that Hugging Face's own library (npm `tokenizers`, Rust) gives. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Tokenizer as Rust } from 'tokenizers';
import { describe, expect, test } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { loadEncoding } from '../encodings/load-encoding.ts';
import type { ModelJson, NormalizerJson, PreTokenizerJson, TokenizerJson } from '../json/tokenizer-json.ts';
import { loadTokenizer } from '../index.ts';
import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { tellSteps } from './explain-encoding.ts';
import { explainEncoding } from './explain.ts';

function tokenizerJson(parts: {
  readonly model: ModelJson;
  readonly normalizer?: NormalizerJson;
  readonly pre_tokenizer?: PreTokenizerJson;
  readonly added?: TokenizerJson['added_tokens'];
}): TokenizerJson {
  const { model, normalizer = null, pre_tokenizer = null, added = [] } = parts;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer,
    pre_tokenizer,
    post_processor: null,
    decoder: null,
    model,
  };
}

const POOL = [...' abcdehilnorstuw  .,!?-\'"12\n\t▁#éÀßñÅﬁ½Ω１東京かｶﾞ한👍🏽\u0301\u00a0\u3000\u200b\ufeff'];
const WORDS = ['low', 'lower', 'lowest', 'new', 'the', 'unable', "don't", 'naïve', '▁low', '<user>'];

function randomTexts(count: number, seed: number): string[] {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.uniform() * list.length)] as T;
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random.uniform() * 14) }, () => (random.uniform() < 0.35 ? `${pick(WORDS)} ` : pick(POOL))).join(
      '',
    ),
  );
}

async function expectSame(json: TokenizerJson, texts: readonly string[]): Promise<void> {
  const rust = Rust.fromString(JSON.stringify(json));
  for (const text of texts) {
    const expected = (await rust.encode(text, null, { addSpecialTokens: false })).getIds();
    expect([text, tellSteps(json, text).pieces.flatMap(({ tokens }) => tokens.map(({ id }) => id))]).toEqual([text, expected]);
  }
}

const letters = [...'abcdehilnorstuw▁é東'];
const PIECES = [
  '▁l',
  '▁lo',
  'ow',
  '▁low',
  'er',
  '▁lower',
  'est',
  'est▁',
  'st',
  'ne',
  '▁new',
  'un',
  'able',
  'th',
  'the',
  '▁the',
  'le',
  'bl',
  'in',
  'on',
];
const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const ids = (tokens: readonly string[]): Readonly<Record<string, number>> => Object.fromEntries(tokens.map((token, id) => [token, id]));
const METASPACE: PreTokenizerJson = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const BPE = {
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
} as const;

const unigram = (byteFallback: boolean): ModelJson => ({
  type: 'Unigram',
  unk_id: 0,
  byte_fallback: byteFallback,
  vocab: [
    ['<unk>', 0],
    ...(byteFallback ? bytes : []).map((token): [string, number] => [token, -20]),
    ...[...letters, ...PIECES].map((token, index): [string, number] => [token, -1 - ((index * 37) % 83) / 9]),
  ],
});
const MERGES: readonly (readonly [string, string])[] = [
  ['l', 'o'],
  ['lo', 'w'],
  ['▁', 'low'],
  ['e', 'r'],
  ['▁low', 'er'],
  ['s', 't'],
  ['e', 'st'],
  ['n', 'e'],
  ['t', 'h'],
  ['th', 'e'],
  ['▁', 'the'],
];
const bpeVocabulary = ['<unk>', ...letters, ...MERGES.map(([left, right]) => left + right)];
const wordPieces = [
  '[UNK]',
  ...letters,
  ...letters.map((letter) => `##${letter}`),
  'low',
  '##er',
  '##est',
  'new',
  'the',
  'un',
  '##able',
  ',',
  '.',
  "'",
  '!',
  'don',
  '##o',
  '1',
  '12',
  '##2',
  'naive',
];

const CASES: Readonly<Record<string, TokenizerJson>> = {
  'Unigram after NFKC and Metaspace': tokenizerJson({ model: unigram(false), normalizer: { type: 'NFKC' }, pre_tokenizer: METASPACE }),
  'Unigram with byte fallback, whole sentences': tokenizerJson({
    model: unigram(true),
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'Nmt' }, { type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
  }),
  'BPE as Llama 2 has it: Prepend, Replace, byte fallback': tokenizerJson({
    model: { ...BPE, byte_fallback: true, fuse_unk: true, unk_token: '<unk>', vocab: ids([...bpeVocabulary, ...bytes]), merges: MERGES },
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
  }),
  'BPE with unknown characters fused, after Metaspace': tokenizerJson({
    model: { ...BPE, fuse_unk: true, unk_token: '<unk>', vocab: ids(bpeVocabulary), merges: MERGES },
    pre_tokenizer: METASPACE,
  }),
  'BPE with an end of word': tokenizerJson({
    model: {
      ...BPE,
      unk_token: '<unk>',
      end_of_word_suffix: '</w>',
      vocab: ids(['<unk>', ...letters, ...letters.map((letter) => `${letter}</w>`), 'lo', 'low</w>', 'er</w>', 'low']),
      merges: [
        ['l', 'o'],
        ['lo', 'w</w>'],
        ['e', 'r</w>'],
        ['lo', 'w'],
      ],
    },
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
  }),
  'WordPiece as BERT has it': tokenizerJson({
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 20, vocab: ids(wordPieces) },
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
  }),
  'WordLevel after splitting at digits and punctuation': tokenizerJson({
    model: { type: 'WordLevel', unk_token: '<unk>', vocab: ids(['<unk>', 'low', 'the', 'new', '1', '2', '.', ',', "'", 'don', 't']) },
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }, { type: 'Strip', strip_left: true, strip_right: true }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Digits', individual_digits: true },
        { type: 'Punctuation', behavior: 'Isolated' },
      ],
    },
  }),
  'added tokens that are no special ones': tokenizerJson({
    model: unigram(false),
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: METASPACE,
    added: [{ id: 39, content: '<user>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: false }],
  }),
  ...Object.fromEntries(
    (['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const).flatMap((behavior) =>
      [true, false].map((invert) => [
        `Split ${behavior}${invert ? ', inverted' : ''}`,
        tokenizerJson({
          model: unigram(false),
          pre_tokenizer: { type: 'Split', pattern: { Regex: String.raw`\s+|(?i:'t|l)|\p{P}++` }, behavior, invert },
        }),
      ]),
    ),
  ),
};

describe('the steps lead to the ids of Hugging Face’s library', () => {
  test.each(Object.entries(CASES))('%s', async (_, json) => {
    await expectSame(json, ['', ' ', 'lowest lower', ...randomTexts(200, 35)]);
  });
});

test.each(Object.entries(CASES))('the steps agree with the tokenizer that is read here, and places cover the text: %s', async (_, json) => {
  const tokenizer = await tokenizerFromJson(json);
  for (const text of ['', ' ', 'lowest lower', ...randomTexts(40, 45)]) {
    const told = await explainEncoding(tokenizer, text);
    expect([text, told.notes, told.agrees, told.ids]).toEqual([text, [], true, [...tokenizer.encode(text)]]);
    for (const { id, token } of told.tokens) expect(tokenizer.vocabulary.get(token) ?? id).toBe(id);
  }
});

test.each(['o200k_base', 'cl100k_base', 'p50k_base', 'r50k_base'] as const)('the encoding that is built in: %s', async (name) => {
  const tokenizer = await loadEncoding(name);
  for (const text of ["Hello wörld! It's 12345 tests, DON'T 東京タワー \n\n  x = {'a': 1};  ", ...randomTexts(25, 47)]) {
    expect(await explainEncoding(tokenizer, text)).toMatchObject({ text, agrees: true, notes: [] });
  }
});

const shared = fileURLToPath(new URL('../../../../shared/data/tokenizers/', import.meta.url));
test
  .runIf(existsSync(shared))
  .each(['llama2-tokenizer.model', 'ggml-vocab-llama-spm.gguf', 'ggml-vocab-bert-bge.gguf', 'ggml-vocab-gpt-2.gguf'])(
  'a file as models come with it (from ../shared): %s',
  async (name) => {
    const tokenizer = await loadTokenizer(`${shared}${name}`);
    for (const text of ['', 'Hello wörld, low lower lowest!', ' two  spaces\n東京 👍🏽', ...randomTexts(40, 48)]) {
      expect(await explainEncoding(tokenizer, text)).toMatchObject({ text, agrees: true, notes: [] });
    }
  },
);

/** The map of characters of a SentencePiece model: field 2 of field 3, https://github.com/google/sentencepiece `sentencepiece_model.proto`. */
function charactersMap(rule: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-charsmap-'));
  try {
    writeFileSync(join(folder, 'text.txt'), 'low lower lowest new newer newest\n'.repeat(20));
    execFileSync(
      SPM_TRAIN,
      [
        `--input=${join(folder, 'text.txt')}`,
        `--model_prefix=${join(folder, 'm')}`,
        '--vocab_size=20',
        '--hard_vocab_limit=false',
        `--normalization_rule_name=${rule}`,
      ],
      { stdio: 'ignore' },
    );
    return Buffer.from(field(field(readFileSync(join(folder, 'm.model')), 3), 2)).toString('base64');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function field(message: Uint8Array, wanted: number): Uint8Array {
  let at = 0;
  const varint = (): number => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const length = (key & 7) === 2 ? varint() : (key & 7) === 5 ? 4 : 0;
    if ((key & 7) === 0) varint();
    if (key >> 3 === wanted) return message.subarray(at, at + length);
    at += length;
  }
  throw new Error(`no field ${wanted}`);
}

const SPM_TRAIN = '/usr/bin/spm_train';
test.runIf(existsSync(SPM_TRAIN)).each(['nmt_nfkc', 'nfkc_cf'])("SentencePiece's map of characters (with spm_train): %s", async (rule) => {
  const json = tokenizerJson({
    model: unigram(true),
    normalizer: { type: 'Precompiled', precompiled_charsmap: charactersMap(rule) },
    pre_tokenizer: METASPACE,
  });
  await expectSame(json, ['ﬁ Ω Å ｶﾞ １ \u3000x', ...randomTexts(200, 46)]);
});

test.each(['bpe', 'character-bpe', 'wordpiece', 'unigram', 'words', 'whitespace', 'characters', 'sentencepiece-bpe'] as const)(
  'what is trained here: %s',
  async (type) => {
    const texts = ['low lower lowest, new newer newest', 'the unable <user> is unable; the lowest is low', ...randomTexts(20, 49)];
    const tokenizer = await trainTokenizer(texts, type === 'characters' ? { type } : { type, vocabSize: 330 });
    for (const text of [...texts, ...randomTexts(40, 50)]) {
      expect(await explainEncoding(tokenizer, text)).toMatchObject({ text, agrees: true, notes: [] });
    }
  },
);

test('merges as texts, as older files have them', async () => {
  const json = JSON.parse(JSON.stringify(CASES['BPE with unknown characters fused, after Metaspace'])) as { model: { merges: unknown[] } };
  json.model.merges = json.model.merges.map((merge) => (merge as [string, string]).join(' '));
  const tokenizer = await tokenizerFromJson(json);
  const told = await explainEncoding(tokenizer, 'lower lowest');
  expect([told.agrees, told.tokens.map(({ token }) => token)]).toEqual([true, ['▁lower', '▁low', 'est']]);
});

test('what is not known is said, not guessed', () => {
  const json = tokenizerJson({ model: unigram(false), pre_tokenizer: { type: 'UnicodeScripts' } });
  expect(() => tellSteps(json, 'a')).toThrow('UnicodeScripts');
  const strip = { id: 39, content: '<user>', single_word: true, lstrip: false, rstrip: false, normalized: false, special: false };
  expect(() => tellSteps(tokenizerJson({ model: unigram(false), added: [strip] }), 'a <user>')).toThrow('<user>');
});
