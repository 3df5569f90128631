/** Models with all their options, added tokens, and whole stacks of well-known tokenizers, as Hugging Face's library has them. */

import { BPE, Unigram, WordPiece, bertPreTokenizer, byteLevelPreTokenizer, metaspacePreTokenizer } from 'tokenizers';
import { describe, test } from 'vitest';

import { bytesToText } from '../byte-alphabet.ts';
import { added, compareMany, file, readBoth, trainModel, trainingText, wordLevel } from './pipeline.fixture.ts';

type Json = Record<string, unknown>;

const text = trainingText();
const bytes = trainModel(BPE.empty(), byteLevelPreTokenizer(false, true), text);
const marked = trainModel(BPE.empty(), metaspacePreTokenizer('▁', 'always', true), text);
const words = trainModel(WordPiece.empty(), bertPreTokenizer(), text.toLowerCase());
const pieces = trainModel(Unigram.empty(), metaspacePreTokenizer('▁', 'always', true), text);

/** The model with more tokens, behind or before its own. */
function extended(model: Json, tokens: readonly string[], changes: Json = {}): Json {
  const vocab = model['vocab'] as Record<string, number> | (readonly [string, number])[];
  if (Array.isArray(vocab)) return { ...model, vocab: [...vocab, ...tokens.map((token) => [token, -20])], ...changes };
  const missing = tokens.filter((token) => !Object.hasOwn(vocab, token));
  const size = Object.keys(vocab).length;
  return { ...model, vocab: { ...vocab, ...Object.fromEntries(missing.map((token, index) => [token, size + index])) }, ...changes };
}

function idIn(model: Json, token: string): number {
  return (model['vocab'] as Record<string, number>)[token] as number;
}

/** GPT-2's alphabet. */
const ALPHABET = Array.from({ length: 256 }, (_, byte) => bytesToText(Uint8Array.of(byte)));
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const split = (pattern: string, behavior = 'Isolated'): Json => ({ type: 'Split', pattern: { Regex: pattern }, behavior, invert: false });

/** The marked model with its right tokens and merges renamed for a prefix inside words and a suffix at their end. */
function affixed(prefix: string, suffix: string): Json {
  const letters = ['a', 'b', 'c', 'd', 'e', 'é', '中', '😀'];
  const vocab = [
    ...letters,
    ...letters.map((one) => prefix + one),
    ...letters.map((one) => prefix + one + suffix),
    ...letters.map((one) => one + suffix),
    '[UNK]',
    'ab',
    `ab${suffix}x`,
    `abc${suffix}`,
    `${prefix}bc`,
    `${prefix}de${suffix}`,
  ];
  const merges = [
    ['a', `${prefix}b`],
    [`${prefix}b`, `${prefix}c`],
    [`${prefix}d`, `${prefix}e${suffix}`],
    ['ab', `${prefix}c${suffix}`],
  ];
  const unique = [...new Set(vocab)];
  return {
    type: 'BPE',
    dropout: null,
    unk_token: '[UNK]',
    continuing_subword_prefix: prefix === '' ? null : prefix,
    end_of_word_suffix: suffix === '' ? null : suffix,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(unique.map((token, id) => [token, id])),
    merges,
  };
}

const unknowns = (changes: Json): Json =>
  extended(marked, ['<unk>', ...(changes['byte_fallback'] === true ? BYTES : [])], { unk_token: '<unk>', ...changes });

const MODELS: readonly (readonly [string, Json])[] = [
  ['without an unknown token', file({ model: marked, pre_tokenizer: metaspace })],
  ['without a pre-tokenizer', file({ model: marked })],
  ['with an unknown token', file({ model: unknowns({}), pre_tokenizer: metaspace })],
  ['with unknown tokens fused', file({ model: unknowns({ fuse_unk: true }), pre_tokenizer: { type: 'WhitespaceSplit' } })],
  ['with bytes for the unknown', file({ model: unknowns({ fuse_unk: true, byte_fallback: true }) })],
  [
    'with some bytes for the unknown',
    file({
      model: extended(marked, ['<unk>', ...BYTES.filter((_, byte) => byte % 7 !== 3)], {
        unk_token: '<unk>',
        fuse_unk: true,
        byte_fallback: true,
      }),
    }),
  ],
  [
    'with some bytes and no unknown token',
    file({
      model: extended(
        marked,
        BYTES.filter((_, byte) => byte % 3 !== 1),
        { byte_fallback: true },
      ),
    }),
  ],
  ['with a prefix', file({ model: affixed('##', ''), pre_tokenizer: { type: 'WhitespaceSplit' } })],
  ['with a suffix', file({ model: affixed('', '</w>'), pre_tokenizer: { type: 'WhitespaceSplit' } })],
  ['with both', file({ model: affixed('##', '</w>'), pre_tokenizer: { type: 'WhitespaceSplit' } })],
  [
    'with both and bytes',
    file({ model: { ...extended(affixed('##', '</w>'), BYTES), byte_fallback: true }, pre_tokenizer: { type: 'WhitespaceSplit' } }),
  ],
  ['ignoring merges', file({ model: extended(marked, ['▁lowerx', 'wholly'], { ignore_merges: true }), pre_tokenizer: metaspace })],
  [
    'merges as texts',
    file({
      model: { ...bytes, merges: (bytes['merges'] as string[][]).map((pair) => pair.join(' ')) },
      pre_tokenizer: byteLevel,
      decoder: byteLevel,
    }),
  ],
];

describe('BPE', () => {
  test.each(MODELS)('%s', async (_, json) => compareMany(await readBoth(json), { runs: 150 }));
});

describe('Unigram', () => {
  const unknown = { ...pieces, unk_id: 0 };
  test.each([
    ['cut at spaces', file({ model: unknown, pre_tokenizer: metaspace })],
    ['in one piece', file({ model: unknown })],
    ['with bytes', file({ model: extended(unknown, BYTES, { byte_fallback: true }), pre_tokenizer: { ...metaspace, split: false } })],
    [
      'with tokens twice',
      file({ model: { ...unknown, vocab: [...(unknown as unknown as { vocab: unknown[] }).vocab, ['the', -3], ['the', -4], ['', -1]] } }),
    ],
    [
      'with equal scores',
      file({ model: { ...unknown, vocab: (unknown as unknown as { vocab: [string, number][] }).vocab.map(([token]) => [token, -1]) } }),
    ],
  ])('%s', async (_, json) => compareMany(await readBoth(json), { runs: 150 }));
});

describe('WordPiece', () => {
  const model = extended(words, ['[UNK]'], { unk_token: '[UNK]' });
  test.each([
    ['of words', file({ model, pre_tokenizer: { type: 'BertPreTokenizer' } })],
    ['of short words', file({ model: { ...model, max_input_chars_per_word: 3 }, pre_tokenizer: { type: 'Whitespace' } })],
    ['without a prefix', file({ model: { ...model, continuing_subword_prefix: '' }, pre_tokenizer: { type: 'Whitespace' } })],
  ])('%s', async (_, json) => compareMany(await readBoth(json), { runs: 150 }));
});

describe('added tokens', () => {
  const model = wordLevel(['<s>', 'low']);
  const flags = ['single_word', 'lstrip', 'rstrip', 'normalized', 'special'];
  test.each([...flags.map((flag) => [flag]), ['lstrip', 'rstrip'], ['single_word', 'normalized'], ['lstrip', 'normalized', 'rstrip']])(
    '%s %s %s',
    async (...on) => {
      const set = { special: false, ...Object.fromEntries(on.map((flag) => [flag, true])) };
      const added_tokens = [
        added(1, '<s>', set),
        added(3, '<s></s>'),
        added(4, '</s>', { special: false }),
        added(5, '<mask>', { normalized: true }),
        added(6, 'low', set),
        added(7, 'The', { normalized: true, special: false }),
        added(8, ' ', { special: false, normalized: true }),
        added(9, 'é', { ...set }),
        added(10, '😀', { ...set }),
      ];
      await compareMany(
        await readBoth(
          file({
            model,
            added_tokens: added_tokens.filter((token) => (token as { content: string }).content !== 'low'),
            pre_tokenizer: { type: 'Whitespace' },
          }),
        ),
        { runs: 100 },
      );
      await compareMany(await readBoth(file({ model, added_tokens, normalizer: { type: 'Lowercase' }, pre_tokenizer: metaspace })), {
        runs: 100,
        seed: 2,
      });
      await compareMany(await readBoth(file({ model, added_tokens, normalizer: { type: 'Prepend', prepend: '▁' }, decoder: metaspace })), {
        runs: 50,
        seed: 3,
      });
    },
  );
  test('whose ids are counted on, whatever the file says', async () => {
    const json = file({
      model: { type: 'WordLevel', vocab: { '[UNK]': 0, a: 3, b: 9 }, unk_token: '[UNK]' },
      added_tokens: [added(77, 'xx'), added(5, 'a'), added(50, '')],
    });
    await compareMany(await readBoth(json), { runs: 20 });
  });
});

const special = {
  '[CLS]': { id: '[CLS]', ids: [1], tokens: ['[CLS]'] },
  '[SEP]': { id: '[SEP]', ids: [2, 3], tokens: ['[SEP]', '[EOS]'] },
};
const piece = (id: string, type_id: number): Json => (id.length === 1 ? { Sequence: { id, type_id } } : { SpecialToken: { id, type_id } });
const template = {
  type: 'TemplateProcessing',
  single: [piece('[CLS]', 0), piece('A', 0), piece('[SEP]', 0)],
  pair: [piece('[CLS]', 0), piece('B', 3), piece('[SEP]', 0), piece('A', 1), piece('[SEP]', 1)],
  special_tokens: special,
};
const roberta = { type: 'RobertaProcessing', sep: ['</s>', 2], cls: ['<s>', 0], trim_offsets: true, add_prefix_space: true };

describe('post-processors', () => {
  test.each(
    [
      template,
      { type: 'BertProcessing', sep: ['[SEP]', 2], cls: ['[CLS]', 1] },
      roberta,
      { ...roberta, add_prefix_space: false },
      { ...roberta, trim_offsets: false },
      byteLevel,
      { ...byteLevel, add_prefix_space: true },
      { type: 'Sequence', processors: [byteLevel, template] },
      { type: 'Sequence', processors: [] },
    ].map((processor) => [JSON.stringify(processor), processor] as const),
  )('%s', async (_, post_processor) => {
    const decoder = byteLevel;
    const model = extended(bytes, ALPHABET);
    for (const add_prefix_space of [false, true]) {
      const json = file({ model, pre_tokenizer: { ...byteLevel, add_prefix_space }, post_processor, decoder });
      const both = await readBoth(json);
      await compareMany(both, { runs: 40 });
      await compareMany(both, { runs: 40, seed: 2, withPair: true });
    }
    await compareMany(
      await readBoth(
        file({
          pre_tokenizer: { type: 'Split', pattern: { Regex: String.raw`\s*\S+\s*` }, behavior: 'Isolated', invert: false },
          post_processor,
          model: wordLevel(['a', 'b', 'c']),
        }),
      ),
      { withPair: true },
    );
  });
});

const bertModel = extended(words, ['[UNK]', '[CLS]', '[SEP]', '[MASK]'], { unk_token: '[UNK]' });
const whole = extended(bytes, ALPHABET);
const robertaModel = extended(whole, ['<s>', '</s>', '<mask>']);
const llamaModel = extended(marked, ['<unk>', '<s>', '</s>', ...BYTES], { unk_token: '<unk>', fuse_unk: true, byte_fallback: true });
const clipModel = affixed('', '</w>');
const specialOf = (model: Json, ...tokens: string[]): unknown[] => tokens.map((token) => added(idIn(model, token), token));

const STACKS: readonly (readonly [string, Json])[] = [
  [
    'BERT',
    file({
      added_tokens: specialOf(bertModel, '[UNK]', '[CLS]', '[SEP]', '[MASK]'),
      normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: {
        type: 'TemplateProcessing',
        single: [piece('[CLS]', 0), piece('A', 0), piece('[SEP]', 0)],
        pair: [piece('[CLS]', 0), piece('A', 0), piece('[SEP]', 0), piece('B', 1), piece('[SEP]', 1)],
        special_tokens: special,
      },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: bertModel,
    }),
  ],
  [
    'RoBERTa',
    file({
      added_tokens: [
        ...specialOf(robertaModel, '<s>', '</s>'),
        added(idIn(robertaModel, '<mask>'), '<mask>', { lstrip: true, normalized: false }),
      ],
      pre_tokenizer: byteLevel,
      post_processor: roberta,
      decoder: byteLevel,
      model: robertaModel,
    }),
  ],
  [
    'GPT-2',
    file({
      added_tokens: [added(0, '<|endoftext|>', { normalized: true })],
      pre_tokenizer: byteLevel,
      post_processor: { ...byteLevel, trim_offsets: false },
      decoder: byteLevel,
      model: whole,
    }),
  ],
  [
    'Llama 2',
    file({
      added_tokens: specialOf(llamaModel, '<unk>', '<s>', '</s>'),
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: llamaModel,
    }),
  ],
  [
    'Llama 2 with Metaspace',
    file({
      added_tokens: specialOf(llamaModel, '<unk>', '<s>', '</s>'),
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: llamaModel,
    }),
  ],
  [
    'Llama 3',
    file({
      added_tokens: [added(0, '<|begin_of_text|>'), added(0, '<|x|>')],
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          split(
            String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
          ),
          { ...byteLevel, use_regex: false },
        ],
      },
      post_processor: { type: 'Sequence', processors: [byteLevel, template] },
      decoder: byteLevel,
      model: { ...whole, ignore_merges: true },
    }),
  ],
  [
    'Qwen',
    file({
      added_tokens: [added(0, '<|x|>')],
      normalizer: { type: 'NFC' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          split(String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`),
          { ...byteLevel, use_regex: false },
        ],
      },
      post_processor: { ...byteLevel, trim_offsets: false },
      decoder: byteLevel,
      model: whole,
    }),
  ],
  [
    'CLIP',
    file({
      normalizer: {
        type: 'Sequence',
        normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: String.raw`\s+` }, content: ' ' }, { type: 'Lowercase' }],
      },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          {
            type: 'Split',
            pattern: { Regex: String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+` },
            behavior: 'Removed',
            invert: true,
          },
          { ...byteLevel, use_regex: false },
        ],
      },
      decoder: byteLevel,
      model: clipModel,
    }),
  ],
  [
    'DeepSeek V3',
    file({
      normalizer: { type: 'Sequence', normalizers: [] },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          split(String.raw`\p{N}{1,3}`),
          split('[一-龥぀-ゟ゠-ヿ]+'),
          split(
            String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
              '`' +
              String.raw`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
          ),
          { ...byteLevel, use_regex: false },
        ],
      },
      post_processor: { ...byteLevel, trim_offsets: false },
      decoder: byteLevel,
      model: whole,
    }),
  ],
  [
    'T5',
    file({
      added_tokens: [added(0, '<unk>')],
      normalizer: {
        type: 'Sequence',
        normalizers: [{ type: 'Nmt' }, { type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
      },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] },
      decoder: metaspace,
      model: { ...pieces, unk_id: 0 },
    }),
  ],
];

describe('stacks', () => {
  test.each(STACKS)('%s', async (_, json) => {
    const both = await readBoth(json);
    await compareMany(both, { runs: 200 });
    await compareMany(both, { runs: 30, seed: 2, withPair: true });
  });
});
