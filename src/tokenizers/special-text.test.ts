/** Text that spells special tokens stays text, whatever the kind of tokenizer: no user can forge one. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { tokenizerFromJson } from './json/read-tokenizer.ts';
import { trainTokenizer } from './train-tokenizer.ts';
import type { TrainTokenizerOptions } from './training/train-options.ts';

const TEXTS = [
  'low lower lowest <|endoftext|> <s> </s> [CLS] [SEP] [MASK] [UNK] <|unknown|>',
  'newer newest wide wider widest <unk> | < >',
];
const KINDS: readonly TrainTokenizerOptions[] = [
  { type: 'bpe', vocabSize: 300 },
  { type: 'characters' },
  { type: 'words' },
  { type: 'whitespace' },
  { type: 'character-bpe', vocabSize: 60 },
  { type: 'wordpiece', vocabSize: 80 },
  { type: 'unigram', vocabSize: 50 },
  { type: 'sentencepiece-bpe', vocabSize: 60 },
];

describe.each(KINDS)('$type', async (options) => {
  const trained = await trainTokenizer(TEXTS, options);
  const read = await tokenizerFromJson(JSON.parse(JSON.stringify(trained)));

  test.each([
    ['as it was trained', trained],
    ['as tokenizer.json', read],
  ])('%s', (_, tokenizer) => {
    // What is not in the vocabulary becomes the unknown token, which forges nothing.
    const unknown = /unk/i;
    const special = new Set([...tokenizer.specialTokens].filter(([text]) => !unknown.test(text)).map(([, id]) => id));
    expect(special.size).toBeGreaterThan(0);
    const parts = fc.constantFrom(...tokenizer.specialTokens.keys(), ' ', 'low', '<', '|', '▁', 'ł');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (words) => {
        const text = words.join('');
        for (const ids of [tokenizer.encode(text), tokenizer.encodeWithOffsets(text).ids]) {
          expect([...ids].filter((id) => special.has(id))).toEqual([]);
        }
      }),
      { numRuns: 300, seed: 1 },
    );
    for (const [text, id] of tokenizer.specialTokens) expect([...tokenizer.encode(text, { specialTokens: 'allow' })]).toContain(id);
  });
});
