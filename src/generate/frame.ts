/** One shape of run, bound once: so many new tokens of one sequence on its cache, scores of the last so many of them. */

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { Binding, Session } from '../runtime/index.ts';
import { nextOf } from './graphs.ts';

/** Keys and values of sequences, by the name of their input. */
export type Caches = ReadonlyMap<string, HostTensor>;

/** See {@link bindFrame}. */
export interface Frame {
  readonly time: number;
  readonly rowCount: number;
  /** Logits of the rows, row by row; written by a run. */
  readonly logits: Float32Array;
  /** Their log-probabilities. */
  readonly logProbabilities: Float32Array;
  /** The last layer's output for each token (T C); empty where the graph does not give it. */
  readonly hidden: Float32Array;
  readonly binding: Binding;
  /** Sets what the next run reads: `time` tokens, behind `past` others, with the adapter of that number or none. */
  load(tokens: ArrayLike<number>, past: number, adapter?: number): void;
}

/** Sizes of a frame. */
export interface FrameSizes {
  readonly time: number;
  readonly rowCount: number;
  readonly vocabSize: number;
  /** Adapters that the graph knows; default none. */
  readonly adapters?: number;
}

/** Binds the inputs and outputs of a run of `time` tokens that asks for the scores of the last `rowCount`. */
export function bindFrame(session: Session, caches: Caches, { time, rowCount, vocabSize, adapters = 0 }: FrameSizes): Frame {
  const [ids, positions, last, total] = [new Int32Array(time), new Int32Array(time), new Int32Array(1), new Int32Array(1)];
  const rows = Int32Array.from({ length: rowCount }, (_, row) => time - rowCount + row);
  const [logits, logProbabilities] = [new Float32Array(rowCount * vocabSize), new Float32Array(rowCount * vocabSize)];
  const gates = [new Float32Array(adapters), new Float32Array(rowCount * adapters)] as const;
  const width = Number(session.outputs.find(({ name }) => name === 'hidden')?.shape?.at(-1) ?? 0);
  const hidden = new Float32Array(time * width);
  const binding = bindOnCaches(session, caches, {
    feeds: {
      ids: hostTensor('int32', [1, time], ids),
      positions: hostTensor('int32', [1, time], positions),
      lastPositions: hostTensor('int32', [1], last),
      totalLength: hostTensor('int32', [], total),
      rows: hostTensor('int32', [rowCount], rows),
      adapterGates: hostTensor('float32', [1, adapters], gates[0]),
      rowGates: hostTensor('float32', [rowCount, adapters], gates[1]),
    },
    outputs: {
      logits: hostTensor('float32', [rowCount, vocabSize], logits),
      logProbabilities: hostTensor('float32', [rowCount, vocabSize], logProbabilities),
      ...(width === 0 ? {} : { hidden: hostTensor('float32', [time, width], hidden) }),
    },
  });
  return {
    time,
    rowCount,
    logits,
    logProbabilities,
    hidden,
    binding,
    load(tokens, past, adapter) {
      for (const array of gates) for (let place = 0; place < array.length; place++) array[place] = place % adapters === adapter ? 1 : 0;
      for (let index = 0; index < time; index++) {
        ids[index] = tokens[index] as number;
        positions[index] = past + index;
      }
      last[0] = past + time - 1;
      total[0] = past + time;
    },
  };
}

/** Binds a run whose caches are updated in place. */
export function bindOnCaches(
  session: Session,
  caches: Caches,
  { feeds, outputs }: { readonly feeds: Readonly<Record<string, HostTensor>>; readonly outputs: Readonly<Record<string, HostTensor>> },
): Binding {
  // A model without learned positions, or without adapters, has no input for them.
  const known = new Set(session.inputs.map(({ name }) => name));
  return session.bind(
    { ...Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))), ...Object.fromEntries(caches) },
    { ...outputs, ...Object.fromEntries(Array.from(caches, ([name, tensor]) => [nextOf(name), tensor])) },
  );
}
