/**
 * Runs of the graph over the slots of an arena: a step of the first so many sequences, or a piece of one sequence's prompt.
 *
 * Measured, and relied on (tests beside this file): a row of a run has the same bits whatever other rows there are, and a prompt has the
 * same bits however it is cut, as long as attention never computes a query alone, which it does by another routine. It takes queries in
 * tiles (MlasFlashAttention: twice the width of a head, where the processor's cache has room), so no piece has one token more than a
 * multiple of 16. A prompt is read in such pieces, what was generated in steps of one, and a text does not depend on what ran beside it.
 */

import { hostTensor } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import type { AdapterDefinition } from '../../nn/index.ts';
import { compileGraph } from '../../runtime/index.ts';
import type { Binding, Session } from '../../runtime/index.ts';
import { bindFrame, bindOnCaches } from '../frame.ts';
import type { Frame } from '../frame.ts';
import { cacheShapes, decodeGraph } from '../graphs.ts';
import { createCacheArena } from './cache-arena.ts';
import type { CacheArena } from './cache-arena.ts';

/** The numbers of a model, by parameter name. */
export type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/** What the model thinks of each token as the next (V). Valid until the next run. */
export interface Scores {
  readonly logits: Float32Array;
  readonly logProbabilities: Float32Array;
}

/** A sequence's part of a step. */
export interface StepRow {
  /** The token that is read. */
  readonly token: number;
  /** Tokens before it. */
  readonly past: number;
  /** The number of its adapter; none without. */
  readonly adapter?: number | undefined;
}

/** A piece of a prompt. */
export interface Piece {
  readonly slot: number;
  readonly tokens: Uint32Array;
  /** Tokens before it. */
  readonly past: number;
  /** How many of its last tokens' scores are asked for; at least 1. */
  readonly rowCount: number;
  /** The number of its adapter; none without. */
  readonly adapter?: number | undefined;
}

/** The scores of one row of several. */
export function scoresOfRow({ logits, logProbabilities }: Scores, row: number, vocabSize: number): Scores {
  const [from, to] = [row * vocabSize, (row + 1) * vocabSize];
  return { logits: logits.subarray(from, to), logProbabilities: logProbabilities.subarray(from, to) };
}

/** What a piece gave, scores row by row (rowCount V); valid until the next run. */
export interface PieceResult extends Scores {
  /** The last layer's output for each token of the piece (T C). */
  readonly hidden: Float32Array;
}

/** See {@link createBatchRunner}. */
export interface BatchRunner {
  readonly arena: CacheArena;
  readonly vocabSize: number;
  /** Most tokens of a sequence. */
  readonly longest: number;
  /** Makes room for texts of `length` tokens, keeping the first `used` positions of each slot; default all. Runs do so themselves where it was not done. */
  reserve(length: number, used?: readonly number[]): void;
  /** Reads one token of each of the first `rows.length` slots; gives the scores of a row. */
  step(rows: readonly StepRow[]): Promise<(row: number) => Scores>;
  /** Reads a piece of a prompt. */
  read(piece: Piece, signal: AbortSignal | undefined): Promise<PieceResult>;
  readonly profilePath: string | undefined;
  /** Frees the session; no run may go on. */
  close(): void;
}

/** Options of {@link createBatchRunner}. */
export interface BatchRunnerOptions {
  readonly slots: number;
  /** Most tokens of a sequence. */
  readonly longest: number;
  readonly threads?: number | undefined;
  /** What may be added to the model for single sequences; their parameters are among the weights. */
  readonly adapters?: readonly AdapterDefinition[] | undefined;
  /** Prefix of the file that ONNX Runtime's profiler writes; none without. */
  readonly profile?: string | undefined;
}

/** A step that takes less runs on the calling thread, as waking another costs a tenth of it; the event loop waits no longer than twice this. Milliseconds. */
const QUICK = 4;
/** Shapes of pieces that stay bound at least, and numbers that the scores of more may have: guesses come in few sizes, to and fro. */
const KEPT_PIECES = 4;
const KEPT_NUMBERS = 1 << 23;

/** Compiles the graph of a model and makes room for its sequences. The weights are copied into the session. */
export async function createBatchRunner(
  model: LanguageModel,
  weights: Weights,
  { slots, longest, threads, adapters = [], profile }: BatchRunnerOptions,
): Promise<BatchRunner> {
  const graph = decodeGraph(model, { cacheLength: 'M', hidden: true, adapters });
  const session = await compileGraph(graph, {
    weights,
    memoryArena: true,
    ...(threads === undefined ? {} : { threads }),
    ...(profile === undefined ? {} : { profile }),
  });
  const arena = createCacheArena(cacheShapes(graph, longest), slots);
  const { vocabSize } = model;
  let steps = new Map<number, StepFrame>();
  /** The pieces that were read last, by slot and sizes: a text is scored, or guessed at, in many of one shape. */
  const pieces = new Map<string, Frame>();
  const unbind = (): void => {
    for (const { binding } of [...steps.values(), ...pieces.values()]) binding.close();
    steps = new Map();
    pieces.clear();
  };
  const pieceFrame = (slot: number, time: number, rowCount: number): Frame => {
    const key = `${slot} ${time} ${rowCount}`;
    const frame = pieces.get(key) ?? bindFrame(session, arena.slot(slot), { time, rowCount, vocabSize, adapters: adapters.length });
    pieces.delete(key);
    pieces.set(key, frame);
    let numbers = [...pieces.values()].reduce((sum, { logits }) => sum + logits.length, 0);
    for (const [oldest, { binding, logits }] of pieces) {
      if (pieces.size <= KEPT_PIECES || numbers <= KEPT_NUMBERS) break;
      numbers -= logits.length;
      binding.close();
      pieces.delete(oldest);
    }
    return frame;
  };
  const reserve = (length: number, used?: readonly number[]): void => {
    if (length > arena.length) unbind();
    arena.reserve(length, used);
  };
  let stepTime = Infinity;
  let breath = performance.now();
  const run = async (binding: Binding): Promise<void> => {
    if (stepTime < QUICK && performance.now() - breath > QUICK) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      breath = performance.now();
    }
    const start = performance.now();
    if (stepTime < QUICK) binding.runSync();
    else await binding.run();
    stepTime = performance.now() - start;
  };

  return {
    arena,
    vocabSize,
    longest,
    reserve,
    get profilePath() {
      return session.profilePath;
    },
    async step(rows) {
      reserve(Math.max(...rows.map(({ past }) => past + 1)));
      let frame = steps.get(rows.length);
      if (frame === undefined) {
        frame = bindStep(session, arena, { count: rows.length, vocabSize, adapters: adapters.length });
        steps.set(rows.length, frame);
      }
      frame.load(rows);
      await run(frame.binding);
      const { scores } = frame;
      return (row) => scoresOfRow(scores, row, vocabSize);
    },
    async read({ slot, tokens, past, rowCount, adapter }, signal) {
      reserve(past + tokens.length);
      const time = tokens.length;
      const frame = pieceFrame(slot, time, rowCount);
      frame.load(tokens, past, adapter);
      try {
        if (time === 1) await run(frame.binding);
        else await frame.binding.run(signal === undefined ? {} : { signal });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
      return frame;
    },
    close() {
      unbind();
      session.close();
    },
  };
}

interface StepFrame {
  readonly binding: Binding;
  readonly scores: Scores;
  load(rows: readonly StepRow[]): void;
}

/** Binds a step of the first `count` slots. */
function bindStep(
  session: Session,
  arena: CacheArena,
  { count, vocabSize, adapters }: { readonly count: number; readonly vocabSize: number; readonly adapters: number },
): StepFrame {
  const ids = new Int32Array(count);
  const positions = new Int32Array(count);
  const total = new Int32Array(1);
  const gates = new Float32Array(count * adapters);
  const caches = arena.first(count);
  const scores = { logits: new Float32Array(count * vocabSize), logProbabilities: new Float32Array(count * vocabSize) };
  const binding = bindOnCaches(session, caches, {
    feeds: {
      ids: hostTensor('int32', [count, 1], ids),
      positions: hostTensor('int32', [count, 1], positions),
      lastPositions: hostTensor('int32', [count], positions),
      totalLength: hostTensor('int32', [], total),
      rows: hostTensor(
        'int32',
        [count],
        Int32Array.from({ length: count }, (_, row) => row),
      ),
      adapterGates: hostTensor('float32', [count, adapters], gates),
      rowGates: hostTensor('float32', [count, adapters], gates),
    },
    outputs: {
      logits: hostTensor('float32', [count, vocabSize], scores.logits),
      logProbabilities: hostTensor('float32', [count, vocabSize], scores.logProbabilities),
    },
  });
  return {
    binding,
    scores,
    load(rows) {
      total[0] = 0;
      gates.fill(0);
      for (const [row, { token, past, adapter }] of rows.entries()) {
        if (adapter !== undefined) gates[row * adapters + adapter] = 1;
        ids[row] = token;
        positions[row] = past;
        total[0] = Math.max(total[0] ?? 0, past + 1);
      }
    },
  };
}
