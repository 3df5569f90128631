import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { tokenizerFromJson } from './json/read-tokenizer.ts';
import type { BpeModelJson } from './json/tokenizer-json.ts';
import type { Tokenizer } from './tokenizer.ts';
import { type TextLike, trainTokenizer } from './train-tokenizer.ts';
import type { TrainTokenizerOptions } from './training/train-options.ts';

const shakespeare = fileURLToPath(new URL('../../../shared/data/text/tinyshakespeare.txt', import.meta.url));
const TEXTS = ['low lower lowest, naïve 😀 café', 'the newest and the widest \u0000\uFEFF\u0085', '__proto__ constructor toLocaleString'];

const unicode = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

describe.each([
  ['bpe, gpt4', { type: 'bpe', vocabSize: 300 }],
  ['bpe, gpt2', { type: 'bpe', vocabSize: 300, splitting: 'gpt2' }],
] as const)('%s', (_, options) => {
  test('decodes what it encoded, lone surrogates as U+FFFD', async () => {
    const tokenizer = await trainTokenizer(TEXTS, options);
    fc.assert(
      fc.property(unicode, (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text.replace(/\p{Surrogate}/gu, '\uFFFD'));
        expect(ids.every((id) => id < tokenizer.vocabSize)).toBe(true);
        const decoder = tokenizer.createDecoder();
        expect([...ids].map((id) => decoder.push(id)).join('') + decoder.end()).toBe(tokenizer.decode(ids));
        expect(Buffer.concat([...ids].map((id) => tokenizer.tokenBytes(id))).toString()).toBe(tokenizer.decode(ids));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('texts longer than the memory that is kept', async () => {
    const tokenizer = await trainTokenizer(TEXTS, options);
    const text = 'the lowest 😀 of '.repeat(40_000);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    const one = tokenizer.encode('the lowest 😀 of ').length;
    expect(tokenizer.encode(text).length).toBeLessThanOrEqual(one * 40_000);
    expect([...tokenizer.encode('low')]).toEqual([...tokenizer.encode('low')]);
  });
});

describe.each(['bpe', 'characters'] as const)('%s', (type) => {
  test('survives JSON', async () => {
    const tokenizer = await trainTokenizer(TEXTS, { type });
    const copy = await tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer)));
    for (const text of [...TEXTS, 'the lowest', '']) expect([...copy.encode(text)]).toEqual([...tokenizer.encode(text)]);
    expect(copy.specialTokens).toEqual(tokenizer.specialTokens);
    expect(copy.vocabSize).toBe(tokenizer.vocabSize);
    expect(copy.endOfText).toBe(tokenizer.specialTokens.get('<|endoftext|>'));
    expect(JSON.stringify(copy)).toBe(JSON.stringify(tokenizer));
  });

  test('survives JSON when its text is one letter over and over', async () => {
    const tokenizer = await trainTokenizer(['a'.repeat(300_000)], { type });
    const copy = await tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer)));
    expect(copy.decode(copy.encode('a'.repeat(70_001)))).toBe('a'.repeat(70_001));
  });

  test('the order of texts does not matter, nor how they are given', async () => {
    const expected = JSON.stringify(await trainTokenizer(TEXTS, { type }));
    const stream = async function* (): AsyncGenerator<TextLike> {
      for (const text of TEXTS.toReversed()) yield { text };
    };
    expect(JSON.stringify(await trainTokenizer(TEXTS.toReversed(), { type }))).toBe(expected);
    expect(JSON.stringify(await trainTokenizer(stream(), { type }))).toBe(expected);
  });

  test('special tokens are text unless they are allowed', async () => {
    const tokenizer = await trainTokenizer(['<|endoftext|> is text'], { type, specialTokens: ['<|endoftext|>', '<|end|>'] });
    const { endOfText } = tokenizer;
    const text = 'is<|endoftext|>text<|endoftext|>';
    expect([...tokenizer.encode(text)]).not.toContain(endOfText);
    expect([...tokenizer.encode(text, { specialTokens: 'allow' })].filter((id) => id === endOfText)).toHaveLength(2);
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(tokenizer.decode(tokenizer.encode(text, { specialTokens: 'allow' }))).toBe(text);
    expect(new TextDecoder().decode(tokenizer.tokenBytes(endOfText!))).toBe('<|endoftext|>');
    expect(() => tokenizer.encode(text, { specialTokens: 'deny' as 'text' })).toThrow(
      expect.objectContaining({ code: 'WEFT_TOKENIZER_OPTION' }),
    );
    expect(() => tokenizer.encode(text, { special: 'text' } as object)).toThrow(expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN' }));
  });

  test('tells how far it is', async () => {
    const seen: string[] = [];
    const text = 'some words, and more words\n'.repeat(50_000);
    await trainTokenizer([text, text], {
      type,
      onProgress: ({ phase, bytes, tokens }) => seen.push(`${phase} ${bytes > 0} ${tokens > 0}`),
    });
    expect(seen[0]).toMatch(/^read true/);
    expect(seen.at(-1)).toBe('merge true true');
  });
});

test('the merges of "low lower lowest" are those of the textbook', async () => {
  const tokenizer = await trainTokenizer(['low lower lowest'], { splitting: 'gpt2', vocabSize: 263, minFrequency: 1, specialTokens: [] });
  const { merges } = tokenizer.toJSON().model as BpeModelJson;
  expect(merges.slice(0, 4).map((pair) => pair.join(' '))).toEqual(['l o', 'lo w', 'Ġ low', 'Ġlow e']);
});

test('ids 0 to 255 are the bytes, and special tokens come last', async () => {
  const tokenizer = await trainTokenizer(['aaaa aaaa'], { specialTokens: ['<|one|>', '<|two|>'], vocabSize: 300 });
  expect(new Set(Array.from({ length: 256 }, (_, id) => tokenizer.tokenBytes(id)[0]))).toEqual(
    new Set(Array.from({ length: 256 }, (_, byte) => byte)),
  );
  expect([...tokenizer.specialTokens]).toEqual([
    ['<|one|>', tokenizer.vocabSize - 2],
    ['<|two|>', tokenizer.vocabSize - 1],
  ]);
  expect(tokenizer.endOfText).toBeUndefined();
});

describe('characters', () => {
  test('have the ids of their code points in order', async () => {
    const tokenizer = await trainTokenizer(['ba', '😀Z'], { type: 'characters', specialTokens: [] });
    expect([...tokenizer.encode('Zab😀')]).toEqual([0, 1, 2, 3]);
    expect(tokenizer.vocabSize).toBe(4);
  });

  test('that are new become the unknown token, or an error without one', async () => {
    const known = await trainTokenizer(['ab'], { type: 'characters' });
    expect(known.decode(known.encode('aé😀b'))).toBe('a<|unknown|><|unknown|>b');
    const strict = await trainTokenizer(['ab'], { type: 'characters', specialTokens: [] });
    expect(() => strict.encode('aé')).toThrow(
      expect.objectContaining({ code: 'WEFT_TOKENIZER_CHARACTER', message: expect.stringContaining('U+00E9') as string }),
    );
  });

  test('beyond vocabSize the most frequent are kept', async () => {
    const tokenizer = await trainTokenizer(['aaa bb c'], { type: 'characters', vocabSize: 5 });
    expect(tokenizer.decode(tokenizer.encode('abc '))).toBe('ab<|unknown|> ');
  });

  test.runIf(existsSync(shakespeare))('of Shakespeare are the 65 of nanoGPT (skipped without shared data)', async () => {
    const text = readFileSync(shakespeare, 'utf8');
    const tokenizer = await trainTokenizer([text], { type: 'characters', specialTokens: [] });
    expect(tokenizer.vocabSize).toBe(65);
    // nanoGPT's data/shakespeare_char/prepare.py prints the characters in this order.
    expect(tokenizer.decode(Array.from({ length: 65 }, (_, id) => id))).toBe(
      "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    );
    expect([...tokenizer.encode('First')]).toEqual([18, 47, 56, 57, 58]);
  });
});

describe.each<TrainTokenizerOptions & { readonly type: string }>([
  { type: 'words', vocabSize: 30 },
  { type: 'whitespace', vocabSize: 30, lowercase: true },
  { type: 'character-bpe', vocabSize: 80 },
  { type: 'character-bpe', vocabSize: 80, marking: 'end-of-word', lowercase: true },
  { type: 'wordpiece', vocabSize: 90 },
  { type: 'unigram', vocabSize: 80, characterCoverage: 1 },
  { type: 'sentencepiece-bpe', vocabSize: 80, characterCoverage: 1 },
])('$type', (options) => {
  test('texts come in any order, as a stream, and give the same tokenizer', async () => {
    const spell = (tokenizer: Tokenizer): string => JSON.stringify([...tokenizer.vocabulary]);
    const expected = spell(await trainTokenizer(TEXTS, options));
    const stream = async function* (): AsyncGenerator<TextLike> {
      for (const text of TEXTS.toReversed()) yield { text };
    };
    expect(spell(await trainTokenizer(stream(), options))).toBe(expected);
  });

  test('knows the text that it learnt from, prototype names too, and what it does not know is unknown', async () => {
    const tokenizer = await trainTokenizer(TEXTS, options);
    expect(tokenizer.vocabSize).toBeLessThanOrEqual(options.vocabSize as number);
    const words = '__proto__ constructor the newest';
    expect(tokenizer.decode(tokenizer.encode(words)).replaceAll(' ', '')).toBe(words.replaceAll(' ', ''));
    const ids = tokenizer.encode('ж中');
    expect(ids.length).toBeGreaterThan(0);
    expect(tokenizer.count('ж中')).toBe(ids.length);
  });

  test('tells how far it is', async () => {
    const seen: string[] = [];
    const text = 'some words, and more words\n'.repeat(50_000);
    await trainTokenizer([text, text], {
      ...options,
      onProgress: ({ phase, bytes, tokens }) => seen.push(`${phase} ${bytes > 0} ${tokens > 0}`),
    });
    expect(seen[0]).toMatch(/^read true/);
    expect(seen.at(-1)).toMatch(/^(merge|prune) true true$/);
  });
});

test('words are numbered by frequency, then by code points, and special tokens come last', async () => {
  const tokenizer = await trainTokenizer(['b a b c, b a'], { type: 'words', specialTokens: ['<unknown>'], unknownToken: '<unknown>' });
  expect([...tokenizer.vocabulary]).toEqual([
    ['b', 0],
    ['a', 1],
    [',', 2],
    ['c', 3],
    ['<unknown>', 4],
  ]);
  expect([...tokenizer.encode('a z')]).toEqual([1, 4]);
});

test('a word that is a special token gets no second token', async () => {
  const tokenizer = await trainTokenizer(['a <|endoftext|> b'], { type: 'whitespace' });
  expect([...tokenizer.vocabulary.keys()]).toEqual(['a', 'b', '<|endoftext|>', '<|unknown|>']);
});

test('an alphabet is limited to the most frequent characters', async () => {
  const limited = await trainTokenizer(['aaa bb c aaa bb'], { type: 'wordpiece', alphabetLimit: 2, minFrequency: 100 });
  expect([...limited.vocabulary.keys()].filter((token) => !limited.specialTokens.has(token))).toEqual(['a', 'b', '##a', '##b']);
  expect(limited.decode(limited.encode('c ab'))).toBe('[UNK] ab');
});

test('the same option is wrong for another kind in types too', () => {
  // @ts-expect-error splitting is for byte-level byte pair encoding
  const wrong: TrainTokenizerOptions = { type: 'unigram', splitting: 'gpt4' };
  expect(wrong.type).toBe('unigram');
});

describe('a pattern', () => {
  test('that says what a splitting does trains the same merges and gives the same ids', async () => {
    const options = { vocabSize: 320, specialTokens: ['<|end|>'] };
    const known = await trainTokenizer(TEXTS, { ...options, splitting: 'qwen2' });
    // The same alternatives, written in another way.
    const pattern = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?:[^\r\n\p{L}\p{N}])?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
    const free = await trainTokenizer(TEXTS, { ...options, pattern });
    const mergesOf = (tokenizer: Tokenizer): unknown => (tokenizer.toJSON().model as BpeModelJson).merges;
    expect(mergesOf(free)).toEqual(mergesOf(known));
    for (const text of [...TEXTS, "It's 2024, don't  \n\n x"]) expect(free.encode(text)).toEqual(known.encode(text));
  });

  test('cuts as it says, and what it does not match is a piece too', async () => {
    const tokenizer = await trainTokenizer(['aaab aaab aaab'], { vocabSize: 270, specialTokens: [], pattern: 'a' });
    const texts = (text: string): readonly string[] => [...tokenizer.encode(text)].map((id) => tokenizer.decode([id]));
    expect(texts('aaab aaab')).toEqual(['a', 'a', 'a', 'b ', 'a', 'a', 'a', 'b']);
    const again = await tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer)));
    expect(again.encode('aaab aaab')).toEqual(tokenizer.encode('aaab aaab'));
  });
});

describe('misuse', () => {
  test.each<readonly [string, string, Iterable<string>, TrainTokenizerOptions]>([
    ['no text', 'WEFT_TOKENIZER_EMPTY', [], {}],
    ['empty texts', 'WEFT_TOKENIZER_EMPTY', ['', ''], {}],
    ['no characters', 'WEFT_TOKENIZER_EMPTY', [''], { type: 'characters' }],
    ['a vocabulary below the bytes', 'WEFT_TOKENIZER_VOCABULARY', ['a'], { vocabSize: 256 }],
    ['a vocabulary below the characters', 'WEFT_TOKENIZER_VOCABULARY', ['abc'], { type: 'characters', vocabSize: 2, specialTokens: [] }],
    ['a vocabulary of special tokens alone', 'WEFT_TOKENIZER_VOCABULARY', ['abc'], { type: 'characters', vocabSize: 2 }],
    ['a vocabulary of zero', 'WEFT_TOKENIZER_OPTION', ['a'], { vocabSize: 0 }],
    ['a fractional vocabulary', 'WEFT_TOKENIZER_OPTION', ['a'], { vocabSize: 300.5 }],
    ['a gigantic vocabulary', 'WEFT_TOKENIZER_OPTION', ['a'], { vocabSize: 2 ** 31 }],
    ['another type', 'WEFT_TOKENIZER_OPTION', ['a'], { type: 'letters' as 'bpe' }],
    ['another splitting', 'WEFT_TOKENIZER_OPTION', ['a'], { splitting: 'toString' as 'gpt2' }],
    ['a splitting and a pattern', 'WEFT_TOKENIZER_OPTION', ['a'], { splitting: 'gpt2', pattern: 'a' }],
    ['a pattern that is none', 'WEFT_TOKENIZER_OPTION', ['a'], { pattern: '(a' }],
    ['an empty pattern', 'WEFT_TOKENIZER_OPTION', ['a'], { pattern: '' }],
    ['splitting of characters', 'WEFT_TOKENIZER_OPTION', ['a'], { type: 'characters', splitting: 'gpt2' } as object],
    ['a frequency of zero', 'WEFT_TOKENIZER_OPTION', ['a'], { minFrequency: 0 }],
    ['an empty special token', 'WEFT_TOKENIZER_SPECIAL', ['a'], { specialTokens: [''] }],
    ['a special token of one character', 'WEFT_TOKENIZER_SPECIAL', ['a'], { specialTokens: ['a'] }],
    ['a special token given twice', 'WEFT_TOKENIZER_SPECIAL', ['a'], { specialTokens: ['<|a|>', '<|a|>'] }],
    ['a special token with half a character', 'WEFT_TOKENIZER_SPECIAL', ['a'], { specialTokens: ['<\uD800>'] }],
    ['a special token that is a word of the text', 'WEFT_TOKENIZER_SPECIAL', ['low low low'], { specialTokens: ['low'], vocabSize: 300 }],
    ['no words', 'WEFT_TOKENIZER_EMPTY', [' \n\t'], { type: 'words' }],
    ['no words for WordPiece', 'WEFT_TOKENIZER_EMPTY', [' '], { type: 'wordpiece' }],
    ['a vocabulary of special tokens for words', 'WEFT_TOKENIZER_VOCABULARY', ['a'], { type: 'words', vocabSize: 2 }],
    ['a vocabulary below the alphabet of WordPiece', 'WEFT_TOKENIZER_VOCABULARY', ['abcd'], { type: 'wordpiece', vocabSize: 11 }],
    ['a vocabulary below the alphabet', 'WEFT_TOKENIZER_VOCABULARY', ['abcd'], { type: 'character-bpe', vocabSize: 5 }],
    [
      'a special token that is learnt',
      'WEFT_TOKENIZER_SPECIAL',
      ['xlow ylow zlow'],
      { type: 'character-bpe', specialTokens: ['low', '<|unknown|>'] },
    ],
    ['an unknown token that is not special', 'WEFT_TOKENIZER_OPTION', ['a'], { type: 'words', unknownToken: '[UNK]' }],
    ['an empty prefix', 'WEFT_TOKENIZER_OPTION', ['a'], { type: 'wordpiece', continuingPrefix: '' }],
    ['another marking', 'WEFT_TOKENIZER_OPTION', ['a'], { type: 'character-bpe', marking: 'both' as 'metaspace' }],
    ['an option of another kind', 'WEFT_TOKENIZER_OPTION', ['a'], { type: 'words', byteFallback: true } as object],
    ['special tokens that are no list', 'WEFT_TOKENIZER_OPTION', ['a'], { specialTokens: 'ab' } as object],
    ['the name of a prototype', 'WEFT_OPTION_UNKNOWN', ['a'], { toString: 'a' } as object],
    ['an unknown option', 'WEFT_OPTION_UNKNOWN', ['a'], { vocabsize: 300 } as object],
  ])('%s', async (_, code, texts, options) => {
    await expect(trainTokenizer(texts, options)).rejects.toMatchObject({ name: 'UsageError', code });
  });

  test('one text alone is one text', async () => {
    const [one, list] = [await trainTokenizer('low lower lowest'), await trainTokenizer(['low lower lowest'])];
    expect(JSON.stringify(one)).toBe(JSON.stringify(list));
  });
});
