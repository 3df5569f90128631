/** Damaged and hostile files: one clear error each; and what is read means the same after it was written. */

import { describe, expect, test } from 'vitest';

import { trainTokenizer } from '../train-tokenizer.ts';
import { tokenizerFromJson } from './read-tokenizer.ts';

type Json = Record<string, unknown>;
const copy = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
const bpe = copy(await trainTokenizer(['low lower lowest'], { vocabSize: 262 }));
const gpt2 = copy(await trainTokenizer(['low lower lowest'], { vocabSize: 262, splitting: 'gpt2' }));
const characters = copy(await trainTokenizer(['abc'], { type: 'characters' }));
const model = (json: Json): Json => json['model'] as Json;
const first = (json: Json, list: string): Json => (json[list] as Json[])[0]!;

const STRIP = { type: 'Strip', strip_left: true, strip_right: true };
const bertProcessing = (id: number): Json => ({ type: 'BertProcessing', sep: ['[SEP]', id], cls: ['[CLS]', 0] });

/** Sequences in sequences. */
function nested(name: string, depth: number): Json {
  let json: Json = { type: 'Sequence', [name]: [] };
  for (let level = 0; level < depth; level++) json = { type: 'Sequence', [name]: [json] };
  return json;
}

const DAMAGE: readonly (readonly [string, Json, (json: Json) => unknown])[] = [
  ['no model', bpe, (json) => delete json['model']],
  ['a model that is a list', bpe, (json) => (json['model'] = [])],
  ['no vocabulary', bpe, (json) => delete model(json)['vocab']],
  ['an empty vocabulary', bpe, (json) => ((model(json)['vocab'] = {}), (model(json)['merges'] = []), (json['added_tokens'] = []))],
  ['a negative id', bpe, (json) => ((model(json)['vocab'] as Json)['a'] = -1)],
  ['a fractional id', bpe, (json) => ((model(json)['vocab'] as Json)['a'] = 1.5)],
  ['an id that is text', bpe, (json) => ((model(json)['vocab'] as Json)['a'] = '1')],
  ['a gigantic id', bpe, (json) => ((model(json)['vocab'] as Json)['a'] = 2 ** 31)],
  ['an id far beyond the others', bpe, (json) => ((model(json)['vocab'] as Json)['new'] = 4_000_000)],
  ['an id given twice', bpe, (json) => ((model(json)['vocab'] as Json)['a'] = (model(json)['vocab'] as Json)['b'])],
  ['merges that are an object', bpe, (json) => (model(json)['merges'] = {})],
  ['a merge of one token', bpe, (json) => (model(json)['merges'] = ['lo'])],
  ['a merge of three tokens', bpe, (json) => (model(json)['merges'] = [['l', 'o', 'w']])],
  ['a merge that is a number', bpe, (json) => (model(json)['merges'] = [7])],
  ['a merge that is null', bpe, (json) => (model(json)['merges'] = [null])],
  ['a merge of an unknown token', bpe, (json) => (model(json)['merges'] = ['l nothing'])],
  ['a merge to an unknown token', bpe, (json) => (model(json)['merges'] = ['w w'])],
  ['a merge of an inherited name', bpe, (json) => (model(json)['merges'] = ['toString valueOf'])],
  ['dropout', bpe, (json) => (model(json)['dropout'] = 0.1)],
  ['a continuing prefix', bpe, (json) => (model(json)['continuing_subword_prefix'] = '##')],
  ['an unknown token that is a number', bpe, (json) => (model(json)['unk_token'] = 7)],
  ['a pre-tokenizer that is text', bpe, (json) => (json['pre_tokenizer'] = 'ByteLevel')],
  ['another kind of model', bpe, (json) => (model(json)['type'] = 'Transformer')],
  ['a vocabulary that is no list', bpe, (json) => (model(json)['type'] = 'Unigram')],
  ['another version', bpe, (json) => (json['version'] = '2.0')],
  ['a normalizer of no kind', bpe, (json) => (json['normalizer'] = { type: 'NFZ' })],
  ['a pre-tokenizer of no kind', bpe, (json) => (json['pre_tokenizer'] = { type: 'ByteLeveler' })],
  ['a decoder of no kind', bpe, (json) => (json['decoder'] = { type: 7 })],
  ['a post-processor of no kind', bpe, (json) => (json['post_processor'] = {})],
  ['a post-processor of tokens that are not there', bpe, (json) => (json['post_processor'] = bertProcessing(9999))],
  ['a pattern that is none', bpe, (json) => (first(json['pre_tokenizer'] as Json, 'pretokenizers')['pattern'] = { Regex: '(a' })],
  [
    'an added token that is empty when it is normalized',
    bpe,
    (json) => (
      (json['normalizer'] = STRIP),
      (first(json, 'added_tokens')['content'] = ' '),
      (first(json, 'added_tokens')['normalized'] = true)
    ),
  ],
  ['ten thousand sequences in sequences', bpe, (json) => (json['normalizer'] = nested('normalizers', 10_000))],
  ['a hundred pre-tokenizers in pre-tokenizers', bpe, (json) => (json['pre_tokenizer'] = nested('pretokenizers', 100))],
  ['a hundred decoders in decoders', bpe, (json) => (json['decoder'] = nested('decoders', 100))],
  ['a hundred processors in processors', bpe, (json) => (json['post_processor'] = nested('processors', 100))],
  [
    'a million normalizers',
    bpe,
    (json) => (json['normalizer'] = { type: 'Sequence', normalizers: Array.from({ length: 1_000_000 }, () => ({ type: 'NFC' })) }),
  ],
  ['added tokens that are an object', bpe, (json) => (json['added_tokens'] = {})],
  ['an added token that is text', bpe, (json) => (json['added_tokens'] = ['<|endoftext|>'])],
  ['an added token without id', bpe, (json) => delete first(json, 'added_tokens')['id']],
];

describe('damage', () => {
  test.each(DAMAGE)('%s', async (_, original, damage) => {
    const json = copy(original);
    damage(json);
    await expect(tokenizerFromJson(json, 'some/file.json')).rejects.toThrow(
      expect.objectContaining({
        name: 'FormatError',
        code: 'WEFT_TOKENIZER_FORMAT',
        message: expect.stringContaining('some/file.json') as string,
      }),
    );
  });

  test.each([null, undefined, 7, 'text', [], [[]]])('%j is no tokenizer', async (json) => {
    await expect(tokenizerFromJson(json)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT' }));
  });
});

const COMPONENTS: readonly (readonly [string, Json])[] = [
  ['normalizer', { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true }],
  [
    'normalizer',
    {
      type: 'Sequence',
      normalizers: [STRIP, { type: 'Prepend', prepend: '_' }, { type: 'Replace', pattern: { Regex: ' +' }, content: ' ' }],
    },
  ],
  ['normalizer', { type: 'Precompiled', precompiled_charsmap: 'CAAAAAAAAAAAAAAA' }],
  ['pre_tokenizer', { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }],
  ['pre_tokenizer', { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true }],
  [
    'pre_tokenizer',
    {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { String: 'a' }, behavior: 'Removed', invert: true },
        { type: 'Punctuation', behavior: 'Isolated' },
      ],
    },
  ],
  [
    'pre_tokenizer',
    {
      type: 'Sequence',
      pretokenizers: [
        { type: 'CharDelimiterSplit', delimiter: 'a' },
        { type: 'Digits', individual_digits: true },
        { type: 'FixedLength', length: 3 },
      ],
    },
  ],
  ['post_processor', { type: 'RobertaProcessing', sep: ['a', 1], cls: ['b', 2], trim_offsets: true, add_prefix_space: true }],
  [
    'post_processor',
    {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: 'a', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { a: { id: 'a', ids: [1], tokens: ['a'] } },
    },
  ],
  [
    'decoder',
    {
      type: 'Sequence',
      decoders: [
        { type: 'BPEDecoder', suffix: '</w>' },
        { type: 'WordPiece', prefix: '##', cleanup: true },
      ],
    },
  ],
  [
    'decoder',
    {
      type: 'Sequence',
      decoders: [
        { type: 'CTC', pad_token: 'a', word_delimiter_token: 'b', cleanup: true },
        { type: 'Strip', content: 'a', start: 1, stop: 1 },
      ],
    },
  ],
  ['decoder', { type: 'Replace', pattern: { String: 'a' }, content: 'b' }],
  [
    'model',
    { type: 'WordPiece', vocab: { a: 0, '##b': 1, '?': 2 }, unk_token: '?', continuing_subword_prefix: '##', max_input_chars_per_word: 10 },
  ],
  ['model', { type: 'WordLevel', vocab: { a: 0, b: 1, '?': 2 }, unk_token: '?' }],
  [
    'model',
    {
      type: 'Unigram',
      vocab: [
        ['a', -1],
        ['b', -2],
        ['?', 0],
      ],
      unk_id: 2,
      byte_fallback: true,
    },
  ],
];

/** The value with one of its parts replaced, for every part. */
function* damaged(value: unknown): Generator {
  for (const wrong of [null, 7, -1, 1.5, 'wrong', '', [], {}, true, '\uD83D']) yield wrong;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    for (const wrong of damaged(part))
      yield Array.isArray(value)
        ? value.map((old, index) => (String(index) === key ? wrong : (old as unknown)))
        : { ...value, [key]: wrong };
    if (!Array.isArray(value)) yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== key));
  }
}

describe('every part of a component may be wrong', () => {
  test.each(COMPONENTS)('%s %j', async (name, component) => {
    let refused = 0;
    for (const wrong of damaged(component)) {
      const json = { ...copy(bpe), ...(name === 'model' ? { added_tokens: [] } : {}), [name]: wrong };
      try {
        const tokenizer = await tokenizerFromJson(json, 'some/file.json');
        const ids = tokenizer.encode('a b, 12 é😀');
        tokenizer.decode(ids);
        tokenizer.encodeWithOffsets('a b, 12 é😀', { addSpecialTokens: true, pair: 'b' });
      } catch (error) {
        refused++;
        const codes = ['WEFT_TOKENIZER_FORMAT', 'WEFT_TOKENIZER_CHARACTER'];
        expect(codes, `${String(error)} ${JSON.stringify(wrong)?.slice(0, 300)}`).toContain((error as { code?: string }).code);
      }
    }
    expect(refused).toBeGreaterThan(5);
  });

  test('a catastrophic pattern is an error when a text meets it', async () => {
    const json = copy(bpe);
    first(json['pre_tokenizer'] as Json, 'pretokenizers')['pattern'] = { Regex: '(a+)+$' };
    const tokenizer = await tokenizerFromJson(json);
    expect(() => tokenizer.encode(`${'a'.repeat(60)}b`)).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_PATTERN' }));
    expect(tokenizer.decode(tokenizer.encode('after that'))).toBe('after that');
  });
});

describe('what is read', async () => {
  test.each([
    ['bpe', bpe],
    ['gpt2', gpt2],
    ['characters', characters],
  ])('%s is written alike', async (_, json) => expect(copy(await tokenizerFromJson(json))).toEqual(json));

  test('merges as texts, as older files have them', async () => {
    const json = copy(bpe);
    model(json)['merges'] = (model(json)['merges'] as [string, string][]).map((pair) => pair.join(' '));
    expect(copy(await tokenizerFromJson(json))).toEqual(json);
    expect((await tokenizerFromJson(json)).encode('low lowest')).toEqual((await tokenizerFromJson(bpe)).encode('low lowest'));
  });

  test('a post-processor adds tokens around a text when that is asked for', async () => {
    const json = { ...copy(bpe), post_processor: bertProcessing(1) };
    const [tokenizer, plain] = [await tokenizerFromJson(json), await tokenizerFromJson(bpe)];
    expect(tokenizer.encode('low')).toEqual(plain.encode('low'));
    expect([...tokenizer.encode('low', { addSpecialTokens: true })]).toEqual([0, ...plain.encode('low'), 1]);
  });

  test('truncation, padding and what is not known are kept', async () => {
    const json = { ...copy(bpe), truncation: { direction: 'Right', max_length: 2 }, padding: { pad_id: 0 }, more: { of: ['this'] } };
    const tokenizer = await tokenizerFromJson(json);
    expect(copy(tokenizer)).toEqual(json);
    expect(tokenizer.encode('low lower lowest').length).toBeGreaterThan(2);
  });

  test('ignore_merges takes a piece that is a token whole', async () => {
    const json = copy(bpe);
    (model(json)['vocab'] as Json)['xyz'] = Object.keys(model(json)['vocab'] as Json).length;
    expect((await tokenizerFromJson(json)).encode('xyz')).toHaveLength(3);
    model(json)['ignore_merges'] = true;
    expect((await tokenizerFromJson(json)).encode('xyz')).toHaveLength(1);
    expect((await tokenizerFromJson(copy(await tokenizerFromJson(json)))).encode('xyz')).toHaveLength(1);
  });

  test('added tokens that are not special are always found', async () => {
    const json = copy(bpe);
    const size = Object.keys(model(json)['vocab'] as Json).length;
    (json['added_tokens'] as Json[]).push({ ...first(json, 'added_tokens'), id: size, content: 'lowest', special: false });
    const tokenizer = await tokenizerFromJson(json);
    expect([...tokenizer.encode('lowest<|endoftext|>')].filter((id) => id === size)).toHaveLength(1);
    expect(tokenizer.specialTokens.has('lowest')).toBe(false);
    expect(tokenizer.decode(tokenizer.encode('the lowest'))).toBe('the lowest');
    expect([...tokenizer.encode('lowest<|endoftext|>', { specialTokens: 'allow' })]).toEqual([size, tokenizer.endOfText]);
  });

  test('holes between ids are tokens without text', async () => {
    const json = copy(bpe);
    (model(json)['vocab'] as Json)['zz'] = 300;
    const tokenizer = await tokenizerFromJson(json);
    expect(tokenizer.vocabSize).toBe(301);
    expect(tokenizer.decode([299])).toBe('');
  });
});
