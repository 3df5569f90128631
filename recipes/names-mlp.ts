/**
 * The MLP language model on names: makemore, parts 2 and 3, without and with batch normalisation.
 *
 *   npx tsx recipes/names-mlp.ts [names.txt]
 *
 * Split: 80/10/10 after Python's shuffle with seed 42 (182,625 / 22,655 / 22,866 characters). Reference: 200,000 steps of 32 by SGD,
 * rate 0.1, from the middle on 0.01. Here: AdamW with a cosine and larger batches, which takes a fraction of the steps: about 10 s a seed
 * without and a minute with normalisation, one thread.
 */

import { mlpLanguageModel } from 'weft/models';
import { adamw, warmupCosine } from 'weft/train';

import { END, VOCABULARY } from './names/names.ts';
import { runNames } from './names/run.ts';

const sizes = { vocabSize: VOCABULARY, contextLength: 3, width: 10, hidden: 200, padToken: END };

const plain = 6000;
await runNames({
  title: 'MLP',
  model: mlpLanguageModel(sizes),
  optimizer: adamw({ learningRate: warmupCosine({ peak: 1e-2, warmup: 100, total: plain, floor: 0 }), weightDecay: 0 }),
  steps: plain,
  batchSize: 256,
  reference: { train: 2.126, dev: 2.1701 },
});

const normalised = 30_000;
await runNames({
  title: 'MLP with batch normalisation',
  model: mlpLanguageModel({ ...sizes, batchNorm: true }),
  optimizer: adamw({ learningRate: warmupCosine({ peak: 1e-2, warmup: 500, total: normalised, floor: 0 }), weightDecay: 0 }),
  steps: normalised,
  batchSize: 256,
  reference: { train: 2.0668, dev: 2.1048 },
});
