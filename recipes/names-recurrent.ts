/**
 * Recurrent language models on names: makemore.py's RNN (11,803 parameters) and GRU (28,315), and an LSTM of the same width.
 *
 *   npx tsx recipes/names-recurrent.ts [names.txt]
 *
 * Split: 80/10/10 after Python's shuffle with seed 42. One bias and a learned first state, as makemore's cells have. Time:
 * 10 s a seed for the RNN, 35 s for the others, one thread. Beside PyTorch, on
 * the same weights and batches: `npx tsx bench/names.ts rnn|gru|lstm`.
 */

import { gru, lstm, rnn } from 'weft/models';
import { adamw, warmupCosine } from 'weft/train';

import { VOCABULARY } from './names/names.ts';
import { runNames } from './names/run.ts';

const steps = 5000;
const sizes = { vocabSize: VOCABULARY, contextLength: 16, width: 64, hidden: 64, biases: 1, start: 'learned' } as const;
const optimizer = adamw({
  learningRate: warmupCosine({ peak: 5e-3, warmup: 100, total: steps, floor: 0 }),
  betas: [0.9, 0.99],
  weightDecay: 0.01,
});
for (const [title, model] of [
  ['RNN', rnn(sizes)],
  ['GRU', gru({ ...sizes, reset: 'before' })],
  ['LSTM', lstm(sizes)],
] as const)
  await runNames({ title, model, optimizer, steps, batchSize: 64, clipNorm: 1, reference: {} });
