/** The recurrent language models of `bench/names.ts`, makemore's sizes; weights and equations as PyTorch's modules have them. */

import { gru, lstm, rnn } from '../../src/models/index.ts';
import type { SequenceModel } from '../../src/models/index.ts';

/** Sequences of a batch, and tokens of each. */
export const BATCH = 32;
export const CONTEXT = 16;

/** The model of a kind: rnn, gru or lstm. */
export function namesModel(kind: string): SequenceModel {
  const sizes = { vocabSize: 27, contextLength: CONTEXT, width: 64, hidden: 64 };
  if (kind === 'rnn') return rnn(sizes);
  return kind === 'lstm' ? lstm(sizes) : gru(sizes);
}
