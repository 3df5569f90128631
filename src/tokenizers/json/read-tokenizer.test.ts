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

const DAMAGE: readonly (readonly [string, Json, (json: Json) => unknown])[] = [
  ['no model', bpe, (json) => delete json['model']],
  ['a model that is a list', bpe, (json) => (json['model'] = [])],
  ['another kind of model', bpe, (json) => (model(json)['type'] = 'Unigram')],
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
  ['an end-of-word suffix', bpe, (json) => (model(json)['end_of_word_suffix'] = '</w>')],
  ['an unknown token of bytes', bpe, (json) => (model(json)['unk_token'] = 'a')],
  ['an unknown token that is a number', bpe, (json) => (model(json)['unk_token'] = 7)],
  ['a normalizer', bpe, (json) => (json['normalizer'] = { type: 'NFC' })],
  ['an unknown pre-tokenizer', bpe, (json) => (json['pre_tokenizer'] = { type: 'Whitespace' })],
  ['a pre-tokenizer that is text', bpe, (json) => (json['pre_tokenizer'] = 'ByteLevel')],
  ['a prefix space', gpt2, (json) => ((json['pre_tokenizer'] as Json)['add_prefix_space'] = true)],
  ['no splitting at all', gpt2, (json) => ((json['pre_tokenizer'] as Json)['use_regex'] = false)],
  [
    'three pre-tokenizers',
    bpe,
    (json) => (json['pre_tokenizer'] as { pretokenizers: unknown[] }).pretokenizers.unshift({ type: 'Digits' }),
  ],
  ['a catastrophic pattern', bpe, (json) => (first(json['pre_tokenizer'] as Json, 'pretokenizers')['pattern'] = { Regex: '(a+)+$' })],
  ['a pattern that is no regex', bpe, (json) => (first(json['pre_tokenizer'] as Json, 'pretokenizers')['pattern'] = { String: ' ' })],
  ['a pattern that is removed', bpe, (json) => (first(json['pre_tokenizer'] as Json, 'pretokenizers')['behavior'] = 'Removed')],
  ['an inverted pattern', bpe, (json) => (first(json['pre_tokenizer'] as Json, 'pretokenizers')['invert'] = true)],
  ['merges without a pre-tokenizer', bpe, (json) => (json['pre_tokenizer'] = null)],
  ['added tokens that are an object', bpe, (json) => (json['added_tokens'] = {})],
  ['an added token that is text', bpe, (json) => (json['added_tokens'] = ['<|endoftext|>'])],
  ['an added token without text', bpe, (json) => (first(json, 'added_tokens')['content'] = '')],
  ['an added token without id', bpe, (json) => delete first(json, 'added_tokens')['id']],
  ['an added token with the id of another', bpe, (json) => (first(json, 'added_tokens')['id'] = 5)],
  ['an added token given twice', bpe, (json) => (json['added_tokens'] = [first(json, 'added_tokens'), first(json, 'added_tokens')])],
  ['an added token that strips', bpe, (json) => (first(json, 'added_tokens')['lstrip'] = true)],
  ['a character of two', characters, (json) => ((model(json)['vocab'] as Json)['ab'] = 5)],
  ['an empty character', characters, (json) => ((model(json)['vocab'] as Json)[''] = 5)],
  ['an unknown token that is not special', characters, (json) => (model(json)['unk_token'] = 'a')],
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

describe('what is read', async () => {
  test.each([
    ['bpe', bpe],
    ['gpt2', gpt2],
    ['characters', characters],
  ])('%s is written alike', async (_, json) => expect(copy(await tokenizerFromJson(json))).toEqual(json));

  test('merges as texts, as older files have them', async () => {
    const json = copy(bpe);
    model(json)['merges'] = (model(json)['merges'] as [string, string][]).map((pair) => pair.join(' '));
    expect(copy(await tokenizerFromJson(json))).toEqual(bpe);
  });

  test('a post-processor, which adds tokens around a text, is passed over', async () => {
    const json = { ...copy(bpe), post_processor: { type: 'TemplateProcessing', single: [], pair: [], special_tokens: {} } };
    expect((await tokenizerFromJson(json)).encode('low')).toEqual((await tokenizerFromJson(bpe)).encode('low'));
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
