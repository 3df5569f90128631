/** `vocab.json` with `merges.txt`, and `vocab.txt`: read, written, with what stands beside them, and damaged. */

import { describe, expect, test } from 'vitest';

import { loadEncoding } from '../encodings/load-encoding.ts';
import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { readVocabularyFiles, readVocabularyText, writeVocabularyFiles, writeVocabularyText } from './vocabulary-files.ts';

describe('vocab.json and merges.txt', () => {
  test("GPT-2's, written and read", async () => {
    const gpt2 = await loadEncoding('gpt2');
    const { vocabulary, merges } = writeVocabularyFiles(gpt2.toJSON());
    expect(merges.startsWith('#version: 0.2\n\u0120 t\n\u0120 a\nh e\n')).toBe(true);
    const read = await tokenizerFromJson(readVocabularyFiles({ vocabulary: JSON.parse(vocabulary), merges }, 'gpt2'));
    expect(JSON.stringify(read) === JSON.stringify(gpt2)).toBe(true);
  });

  test('what was trained here, with prototype names', async () => {
    const trained = await trainTokenizer(['__proto__ constructor __proto__ constructor'], { splitting: 'gpt2', vocabSize: 290 });
    const { vocabulary, merges } = writeVocabularyFiles(trained.toJSON());
    const read = await tokenizerFromJson(readVocabularyFiles({ vocabulary: JSON.parse(vocabulary), merges }, 'trained'));
    expect(JSON.stringify(read)).toBe(JSON.stringify(trained));
  });

  test('added tokens, from both files that may have them', async () => {
    const trained = await trainTokenizer(['low lower'], { splitting: 'gpt2', vocabSize: 260 });
    const { vocabulary, merges } = writeVocabularyFiles(trained.toJSON());
    const files = { vocabulary: JSON.parse(vocabulary) as unknown, merges, added: { '<|tool|>': 300 } };
    const config = { added_tokens_decoder: { '301': { content: '<|plain|>', special: false } } };
    const tokenizer = await tokenizerFromJson(readVocabularyFiles({ ...files, config }, 'added'));
    expect([...tokenizer.encode('<|tool|><|plain|>', { specialTokens: 'allow' })]).toEqual([300, 301]);
    expect([...tokenizer.encode('<|plain|>')]).toEqual([301]);
  });

  test("Qwen 2's class has its splitting and normalizer, RoBERTa's its special tokens around a text", async () => {
    const trained = await trainTokenizer(['low lower'], { splitting: 'gpt2', vocabSize: 260, specialTokens: ['<s>', '</s>', '<mask>'] });
    const { vocabulary, merges } = writeVocabularyFiles(trained.toJSON());
    const read = (tokenizerClass: string): ReturnType<typeof readVocabularyFiles> =>
      readVocabularyFiles({ vocabulary: JSON.parse(vocabulary), merges, config: { tokenizer_class: tokenizerClass } }, 'a');
    expect(read('Qwen2Tokenizer').normalizer).toEqual({ type: 'NFC' });
    expect(read('Qwen2TokenizerFast').pre_tokenizer?.type).toBe('Sequence');
    expect(read('RobertaTokenizer').post_processor).toMatchObject({ type: 'RobertaProcessing', cls: ['<s>', 257], sep: ['</s>', 258] });
    expect(read('RobertaTokenizer').added_tokens.at(-1)).toMatchObject({ content: '<mask>', lstrip: true });
    expect(read('constructor').normalizer).toBe(null);
  });

  test.each([
    ['a vocabulary that is a list', [], '', 'vocab.json is an object'],
    ['an id that is no integer', { a: 1.5 }, '', 'ids of vocab.json'],
    ['a negative id', { a: -1 }, '', 'ids of vocab.json'],
    ['a merge of one token', { a: 1 }, 'a', 'line 1'],
    ['a merge of three', { a: 1 }, '#version: 0.2\na b c', 'line 2'],
  ])('%s', (_, vocabulary, merges, rule) => {
    expect(() => readVocabularyFiles({ vocabulary, merges }, 'bad')).toThrow(
      expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT', message: expect.stringContaining(rule) as string }) as Error,
    );
  });

  test('what they cannot hold is said', async () => {
    for (const tokenizer of [await trainTokenizer(['abc'], { type: 'characters' }), await trainTokenizer(['abc'], { splitting: 'gpt4' })]) {
      expect(() => writeVocabularyFiles(tokenizer.toJSON())).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_SAVE' }) as Error);
    }
  });
});

const BERT = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'low', '##er', '##est', '__proto__', 'a'];

describe('vocab.txt', () => {
  test('read and written', () => {
    const json = readVocabularyText(`${BERT.join('\n')}\n`, 'vocab.txt');
    expect(json.model).toMatchObject({ type: 'WordPiece', unk_token: '[UNK]' });
    expect(json.normalizer).toMatchObject({ type: 'BertNormalizer', lowercase: true, strip_accents: null });
    expect(json.added_tokens.map(({ content, id }) => [content, id])).toEqual(BERT.slice(0, 5).map((token, id) => [token, id]));
    expect(writeVocabularyText(json)).toBe(`${BERT.join('\n')}\n`);
    expect(JSON.stringify(readVocabularyText(BERT.join('\r\n'), 'vocab.txt'))).toBe(JSON.stringify(json));
  });

  test('settings beside it, and those that are given', () => {
    const config = { do_lower_case: false, strip_accents: true, tokenize_chinese_chars: false };
    const read = (lowercase?: boolean): unknown => readVocabularyText(BERT.join('\n'), 'vocab.txt', { lowercase, config }).normalizer;
    expect(read()).toMatchObject({ lowercase: false, strip_accents: true, handle_chinese_chars: false });
    expect(read(true)).toMatchObject({ lowercase: true });
  });

  test('without an unknown token it is none', () => {
    expect(() => readVocabularyText('a\nb\n', 'vocab.txt')).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT' }) as Error);
  });

  test('what it cannot hold is said', async () => {
    const bpe = await trainTokenizer(['abc']);
    const json = readVocabularyText(BERT.join('\n'), 'vocab.txt');
    const wrong = [bpe.toJSON(), { ...json, normalizer: null }, { ...json, model: { ...json.model, vocab: { '[UNK]': 9 } } }];
    for (const each of wrong) {
      expect(() => writeVocabularyText(each as typeof json)).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_SAVE' }) as Error);
    }
  });
});
