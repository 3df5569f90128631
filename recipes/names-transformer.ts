/**
 * A small GPT-2 on names: makemore.py's transformer, 204,544 parameters.
 *
 *   npx tsx recipes/names-transformer.ts [names.txt]
 *
 * Split: makemore.py's, the last 1,000 names of `torch.manual_seed(3407); torch.randperm(32033)` held out. Reference: test loss about
 * 1.92, by AdamW at a rate of 5e-4. Here: Muon on the matrices and a tenth of dropout, batches of 64 names;
 * six to seven minutes a seed, one thread.
 */

import { gpt } from 'weft/models';
import { adamw, muon, warmupStableDecay } from 'weft/train';

import { VOCABULARY } from './names/names.ts';
import { runNames } from './names/run.ts';

const steps = 10_000;
const rate = (peak: number): ReturnType<typeof warmupStableDecay> => warmupStableDecay({ peak, warmup: 50, total: steps, decay: 6000 });
await runNames({
  title: 'Transformer',
  model: gpt({ layers: 4, heads: 4, width: 64, contextLength: 16, vocabSize: VOCABULARY, tiedHead: false, dropout: 0.1 }),
  optimizer: muon({
    learningRate: rate(0.02),
    others: adamw({ learningRate: rate(6e-3), betas: [0.9, 0.98], weightDecay: 0.01 }),
  }),
  steps,
  batchSize: 64,
  split: 'makemore',
  clipNorm: 1,
  reference: { test: 1.92 },
});
