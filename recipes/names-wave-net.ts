/**
 * The hierarchical language model on names: makemore, part 5.
 *
 *   npx tsx recipes/names-wave-net.ts [names.txt]
 *
 * Split: 80/10/10 after Python's shuffle with seed 42 (182,625 / 22,655 / 22,866 characters). Reference: 200,000 steps of 32 by SGD,
 * rate 0.1, from step 150,000 on 0.01. Here: AdamW with a cosine and batches of 256, about 80 s of processor
 * time a seed, one thread.
 */

import { waveNet } from 'weft/models';
import { adamw, warmupCosine } from 'weft/train';

import { END, VOCABULARY } from './names/names.ts';
import { runNames } from './names/run.ts';

const steps = 18_000;
await runNames({
  title: 'WaveNet',
  model: waveNet({ vocabSize: VOCABULARY, contextLength: 8, width: 24, hidden: 128, padToken: END }),
  optimizer: adamw({ learningRate: warmupCosine({ peak: 6e-3, warmup: 300, total: steps, floor: 0 }), weightDecay: 0 }),
  steps,
  batchSize: 256,
  reference: { train: 1.769, dev: 1.9937 },
});
