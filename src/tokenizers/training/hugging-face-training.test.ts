import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  BPE,
  type Model,
  type Normalizer,
  type PreTokenizer,
  Tokenizer as Rust,
  WordLevel,
  WordPiece,
  bertNormalizer,
  bertPreTokenizer,
  metaspacePreTokenizer,
  whitespacePreTokenizer,
  whitespaceSplitPreTokenizer,
} from 'tokenizers';
import { describe, expect, test } from 'vitest';

import { linesOf } from '../hugging-face.fixture.ts';
import type { BpeModelJson, PreTokenizerJson, WordLevelModelJson, WordPieceModelJson } from '../json/tokenizer-json.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { countWords } from './count-words.ts';
import { learnWordMerges } from './learn-word-merges.ts';

const shared = fileURLToPath(new URL('../../../../shared/data/text/', import.meta.url));
const SMALL =
  'low lower lowest naïve Ünïcode\n\nnewest widest  __proto__ toLocaleString, (low) — lower!\nаба абаб 中文字 中文 ababab aaaa\n';

/** Texts to train on, by name; those that are not there are skipped. */
const TEXTS: readonly (readonly [string, () => string])[] = [
  ['a few lines', () => SMALL.repeat(3)],
  ['botchan.txt', () => readFileSync(join(shared, 'botchan.txt'), 'utf8')],
  ['multilingual.txt, a part', () => readFileSync(join(shared, 'multilingual.txt'), 'utf8').slice(0, 600_000)],
];

/** What Hugging Face's trainer of a model makes of a text, with its default settings: 30,000 tokens, no special ones. */
function trainRust(text: string, model: Model, parts: { readonly preTokenizer: PreTokenizer; readonly normalizer?: Normalizer }): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'weft-training-'));
  try {
    const file = join(folder, 'text.txt');
    writeFileSync(file, text);
    const rust = new Rust(model);
    rust.setPreTokenizer(parts.preTokenizer);
    if (parts.normalizer !== undefined) rust.setNormalizer(parts.normalizer);
    rust.train([file]);
    rust.save(join(folder, 'tokenizer.json'));
    return (JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as { model: unknown }).model;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ALL = { size: 30_000, minFrequency: 1, alphabetLimit: Infinity, prefix: '', suffix: '' };
const COUNTING = { seed: 0, onProgress: undefined };

describe.each(TEXTS)('%s', (name, read) => {
  const here = name === TEXTS[0]?.[0] || existsSync(join(shared, 'botchan.txt'));

  test.runIf(here).each<readonly [string, PreTokenizerJson, () => PreTokenizer]>([
    ['Whitespace', { type: 'Whitespace' }, whitespacePreTokenizer],
    ['Metaspace', { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }, () => metaspacePreTokenizer()],
  ])('byte pair encoding of characters cut by %s has the same merges', async (_, preTokenizer, rust) => {
    const text = read();
    const { counts } = await countWords(linesOf(text), { normalizer: null, preTokenizer }, COUNTING);
    const learnt = learnWordMerges(counts, ALL);
    const expected = trainRust(text, BPE.empty(), { preTokenizer: rust() }) as BpeModelJson;
    expect(learnt.merges).toEqual(expected.merges);
    expect(new Map(learnt.tokens.map((token, id) => [token, id]))).toEqual(new Map(Object.entries(expected.vocab)));
  });

  test.runIf(here)('WordPiece has the same vocabulary, given the order of marked characters', async () => {
    const text = read();
    const expected = trainRust(text, WordPiece.empty(), { preTokenizer: bertPreTokenizer(), normalizer: bertNormalizer() });
    const vocabulary = new Map(Object.entries((expected as WordPieceModelJson).vocab));
    const normalizer = {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    } as const;
    const { counts } = await countWords(linesOf(text), { normalizer, preTokenizer: { type: 'BertPreTokenizer' } }, COUNTING);
    // They number these characters as they come out of a hash table, otherwise in every run.
    const compareMarked = (a: string, b: string): number => (vocabulary.get(a) as number) - (vocabulary.get(b) as number);
    const { tokens } = learnWordMerges(counts, { ...ALL, prefix: '##', compareMarked });
    expect(new Map(tokens.map((token, id) => [token, id]))).toEqual(vocabulary);
  });

  test.runIf(here).each([
    ['words', whitespacePreTokenizer],
    ['whitespace', whitespaceSplitPreTokenizer],
  ] as const)('%s have the same ids', async (type, rust) => {
    const text = read();
    const expected = trainRust(text, WordLevel.empty(), { preTokenizer: rust() }) as WordLevelModelJson;
    const tokenizer = await trainTokenizer(linesOf(text), { type, vocabSize: 30_002 });
    const vocabulary = new Map([...tokenizer.vocabulary].filter(([token]) => !tokenizer.specialTokens.has(token)));
    expect(vocabulary).toEqual(new Map(Object.entries(expected.vocab)));
  });
});

test('with </w>, words end as in Sennrich et al.', async () => {
  // The paper's algorithm 1, on its words and counts; ties fall to the lower ids.
  const text = [...Array(5).fill('low'), ...Array(2).fill('lower'), ...Array(6).fill('newest'), ...Array(3).fill('widest')].join(' ');
  const tokenizer = await trainTokenizer([text], { type: 'character-bpe', marking: 'end-of-word', vocabSize: 25 });
  const { merges } = tokenizer.toJSON().model as BpeModelJson;
  expect(merges.map((pair) => pair.join(' '))).toEqual([
    'e s',
    'es t</w>',
    'l o',
    'e w',
    'n ew',
    'new est</w>',
    'lo w</w>',
    'd est</w>',
    'i dest</w>',
    'w idest</w>',
  ]);
  expect(tokenizer.decode(tokenizer.encode('lowest  newer'))).toBe('lowest newer');
});
