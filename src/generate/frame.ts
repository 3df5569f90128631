/** One shape of run, bound once: so many new tokens of one sequence on its cache, scores of the last so many of them. */

import { elementCount, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { Binding, Session } from '../runtime/index.ts';
import { nextOf } from './graphs.ts';

/** Keys and values of one sequence, by the name of their input. */
export type Caches = ReadonlyMap<string, HostTensor>;

/** See {@link bindFrame}. */
export interface Frame {
  readonly time: number;
  readonly rowCount: number;
  /** Logits of the rows, row by row; written by a run. */
  readonly logits: Float32Array;
  /** Their log-probabilities. */
  readonly logProbabilities: Float32Array;
  readonly binding: Binding;
  /** Sets what the next run reads: `time` tokens, behind `past` others. */
  load(tokens: ArrayLike<number>, past: number): void;
}

/** An empty cache of the given sizes. */
export function makeCaches(shapes: ReadonlyMap<string, readonly number[]>): Caches {
  return new Map(Array.from(shapes, ([name, shape]) => [name, hostTensor('float32', shape, new Float32Array(elementCount(shape)))]));
}

/** Binds the inputs and outputs of a run of `time` tokens that asks for the scores of the last `rowCount`. */
export function bindFrame(
  session: Session,
  caches: Caches,
  { time, rowCount, vocabSize }: { readonly time: number; readonly rowCount: number; readonly vocabSize: number },
): Frame {
  const [ids, positions, last, total] = [new Int32Array(time), new Int32Array(time), new Int32Array(1), new Int32Array(1)];
  const rows = Int32Array.from({ length: rowCount }, (_, row) => time - rowCount + row);
  const [logits, logProbabilities] = [new Float32Array(rowCount * vocabSize), new Float32Array(rowCount * vocabSize)];
  const feeds: Readonly<Record<string, HostTensor>> = {
    ids: hostTensor('int32', [1, time], ids),
    positions: hostTensor('int32', [1, time], positions),
    lastPositions: hostTensor('int32', [1], last),
    totalLength: hostTensor('int32', [], total),
    rows: hostTensor('int32', [rowCount], rows),
    ...Object.fromEntries(caches),
  };
  const outputs = {
    logits: hostTensor('float32', [rowCount, vocabSize], logits),
    logProbabilities: hostTensor('float32', [rowCount, vocabSize], logProbabilities),
    ...Object.fromEntries(Array.from(caches, ([name, tensor]) => [nextOf(name), tensor])),
  };
  // A model without learned positions has no input for them.
  const known = new Set(session.inputs.map(({ name }) => name));
  const binding = session.bind(Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))), outputs);
  return {
    time,
    rowCount,
    logits,
    logProbabilities,
    binding,
    load(tokens, past) {
      for (let index = 0; index < time; index++) {
        ids[index] = tokens[index] as number;
        positions[index] = past + index;
      }
      last[0] = past + time - 1;
      total[0] = past + time;
    },
  };
}
