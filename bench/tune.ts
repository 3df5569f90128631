/**
 * Strategies of search against each other at an equal budget of training steps: a character model of Tiny Shakespeare, its optimizer and
 * six settings of it. `npx tsx bench/tune.ts [SEEDS] [STRATEGY…]`; default three seeds of random and tpe-asha, about ten minutes.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { choice, defineSearch, logUniform, onlyWhen, tune, uniform } from '../src/workflows/index.ts';
import type { Strategy } from '../src/workflows/index.ts';

/** Steps of a whole training, and how many of these the budget pays for. */
const STEPS = 270;
const TRAININGS = 12;

const search = defineSearch({
  recipe: {
    text: '../shared/data/text/tinyshakespeare.txt',
    tokenizer: { type: 'characters' },
    model: { architecture: 'gpt', layers: 2, heads: 2, width: 64, contextLength: 64 },
    training: { steps: STEPS, batchSize: 12 },
  },
  space: {
    'training.optimizer': choice('adamw', 'muon', 'lion', 'sgd'),
    'training.learningRate': logUniform(1e-4, 1),
    'training.matrixLearningRate': onlyWhen({ 'training.optimizer': 'muon' }, logUniform(1e-3, 0.3)),
    'training.weightDecay': logUniform(1e-3, 1),
    'training.schedule': choice('cosine', 'linear', 'warmup-stable-decay', 'constant'),
    'training.clipNorm': choice(0, 0.3, 1, 3),
    'model.dropout': uniform(0, 0.3),
  },
  budget: { steps: TRAININGS * STEPS },
  parallel: 2,
});

const [seeds = '3', ...given] = process.argv.slice(2);
const strategies = (given.length === 0 ? ['random', 'tpe-asha'] : given) as Strategy[];
for (let seed = 1; seed <= Number(seeds); seed++) {
  for (const strategy of strategies) {
    const out = await mkdtemp(join(tmpdir(), 'weft-bench-tune-'));
    try {
      const { best, trials, steps, seconds } = await tune({ ...search, strategy, seed, out });
      const bad = trials.filter(({ loss }) => loss === null).length;
      console.log(
        JSON.stringify({
          strategy,
          seed,
          loss: best.loss,
          trials: trials.length,
          bad,
          steps,
          seconds: Math.round(seconds),
          values: best.values,
        }),
      );
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  }
}
