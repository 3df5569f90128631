import { expect, test } from 'vitest';

import { trainTokenizer } from '../tokenizers/index.ts';
import { textCorpus } from './corpus.ts';
import { pack } from './pack.ts';
import { split } from './split.ts';

test('text to batches', async () => {
  const [train] = split(textCorpus(Array.from({ length: 50 }, (_, index) => `This is document ${index}.`)), { heldOut: 0.1, seed: 1 });
  const tokenizer = await trainTokenizer(train, { type: 'characters' });
  const batches = await pack(train, tokenizer, { batchSize: 4, contextLength: 16, seed: 1 });
  const { inputs, targets, kept } = batches.batch(3);
  expect(kept).toBe(64);
  for (let row = 0; row < 4; row++)
    expect([...targets.subarray(row * 16, row * 16 + 15)]).toEqual([...inputs.subarray(row * 16 + 1, row * 16 + 16)]);
});
