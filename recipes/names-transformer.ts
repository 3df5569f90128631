/**
 * A small GPT-2 on names: makemore.py's transformer, 204,544 parameters.
 *
 *   npx tsx recipes/names-transformer.ts [names.txt]
 *
 * Split: makemore.py's, the last 1,000 names of `torch.manual_seed(3407); torch.randperm(32033)` held out. Reference: test loss about
 * 1.92, by AdamW at a rate of 5e-4. Here: a higher rate that falls to 0, weight decay, batches of 64 names.
 */

import { gpt } from 'weft/models';
import { adamw, warmupCosine } from 'weft/train';

import { VOCABULARY } from './names/names.ts';
import { runNames } from './names/run.ts';

const steps = 4000;
await runNames({
  title: 'Transformer',
  model: gpt({ layers: 4, heads: 4, width: 64, contextLength: 16, vocabSize: VOCABULARY, tiedHead: false }),
  optimizer: adamw({
    learningRate: warmupCosine({ peak: 4e-3, warmup: 80, total: steps, floor: 0 }),
    betas: [0.9, 0.99],
    weightDecay: 0.1,
  }),
  steps,
  batchSize: 64,
  split: 'makemore',
  clipNorm: 1,
  reference: { test: 1.92 },
});
