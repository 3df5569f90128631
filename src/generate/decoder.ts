/**
 * A model ready to run: one session over the weights, and sequences that each own a cache.
 *
 * Decided: a sequence's cache is allocated for the whole context once and is then both input and output of every run, so
 * that nothing is copied or allocated per token. Sequences are independent; their runs take turns, one at a time, as one
 * run already uses all threads. Caches of finished sequences are kept for the next. A step of a small model runs on the
 * calling thread, as waking another costs a tenth of it; the event loop gets its turn between steps.
 */

import type { HostTensor } from '../core/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { compileGraph } from '../runtime/index.ts';
import type { Binding } from '../runtime/index.ts';
import { bindFrame, makeCaches } from './frame.ts';
import type { Caches, Frame } from './frame.ts';
import { cacheShapes, decodeGraph } from './graphs.ts';
import { closedError } from './requirements.ts';

/** The numbers of a model, by parameter name. */
export type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/** What the model thinks of each token as the next (V). Valid until the sequence's next run. */
export interface Scores {
  readonly logits: Float32Array;
  readonly logProbabilities: Float32Array;
}

/** One text that is being read and written. */
export interface Sequence {
  /** Tokens read so far. */
  readonly length: number;
  /** Reads tokens, in chunks; gives the scores of what follows the last. */
  read(tokens: Uint32Array, signal?: AbortSignal): Promise<Scores>;
  /** Reads tokens and shows, for each from index `from` on, the log-probabilities of what follows it. */
  readEach(tokens: Uint32Array, options: ReadEachOptions): Promise<void>;
  /** Reads one token. */
  step(token: number): Promise<Scores>;
  /** Gives the cache back. The sequence can't be used any more. */
  release(): void;
}

/** Options of {@link Sequence.readEach}. */
export interface ReadEachOptions {
  /** First index that is shown. */
  readonly from: number;
  readonly visit: (logProbabilities: Float32Array, index: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** See {@link createDecoder}. */
export interface Decoder {
  startSequence(): Sequence;
  /** Where the profile was written, once it is closed. */
  readonly profilePath: string | undefined;
  /** Waits for the run in progress, then frees the session. */
  close(): Promise<void>;
}

/** Options of {@link createDecoder}. */
export interface DecoderOptions {
  /** Threads of the session; default the runtime's. */
  readonly threads?: number;
  /** Prefix of the file that ONNX Runtime's profiler writes; none without. */
  readonly profile?: string;
}

/** Tokens read in one run: enough for the matrix products to be efficient, few enough to be cancelled between two. */
const CHUNK = 512;
/** Most numbers in the logits of one run. */
const CHUNK_LOGITS = 1 << 22;
/** A step that takes less runs on the calling thread, and the event loop waits no longer than twice this. Milliseconds. */
const QUICK = 4;
/** Caches kept for the next sequence. */
const SPARE_CACHES = 2;

/** A cache, what one decoding step is bound to, and the chunk that was read last: a text is scored in many of one shape. */
interface Slot {
  readonly caches: Caches;
  readonly frame: Frame;
  chunk: Frame | undefined;
}

/** Makes a model ready to run. The weights are copied into the session. */
export async function createDecoder(model: LanguageModel, weights: Weights, { threads, profile }: DecoderOptions = {}): Promise<Decoder> {
  const graph = decodeGraph(model);
  const shapes = cacheShapes(graph);
  const session = await compileGraph(graph, {
    weights,
    memoryArena: true,
    ...(threads === undefined ? {} : { threads }),
    ...(profile === undefined ? {} : { profile }),
  });
  const { vocabSize } = model;
  const spare: Slot[] = [];
  const open = new Set<Slot>();
  let closing: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let stepTime = Infinity;
  let breath = performance.now();

  /** Runs `job` when its turn comes. */
  const inTurn = async <T>(job: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw closedError(model);
    const mine = turn.then(job);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const runStep = async (binding: Binding): Promise<void> => {
    if (stepTime < QUICK && performance.now() - breath > QUICK) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      breath = performance.now();
    }
    const start = performance.now();
    if (stepTime < QUICK) binding.runSync();
    else await binding.run();
    stepTime = performance.now() - start;
  };
  const makeSlot = (): Slot => {
    const caches = makeCaches(shapes);
    return { caches, frame: bindFrame(session, caches, { time: 1, rowCount: 1, vocabSize }), chunk: undefined };
  };
  const closeSlot = ({ frame, chunk }: Slot): void => {
    frame.binding.close();
    chunk?.binding.close();
  };

  return {
    get profilePath() {
      return session.profilePath;
    },
    startSequence() {
      if (closing !== undefined) throw closedError(model);
      const slot = spare.pop() ?? makeSlot();
      open.add(slot);
      let length = 0;

      /** Reads one chunk; the scores of its last `rowCount` rows are in the frame that is given back. */
      const readChunk = async (tokens: Uint32Array, rowCount: number, signal: AbortSignal | undefined): Promise<Frame> => {
        signal?.throwIfAborted();
        return inTurn(async () => {
          const time = tokens.length;
          if (slot.chunk?.time !== time || slot.chunk.rowCount !== rowCount) {
            slot.chunk?.binding.close();
            slot.chunk = bindFrame(session, slot.caches, { time, rowCount, vocabSize });
          }
          slot.chunk.load(tokens, length);
          try {
            await slot.chunk.binding.run(signal === undefined ? {} : { signal });
          } catch (error) {
            signal?.throwIfAborted();
            throw error;
          }
          length += time;
          return slot.chunk;
        });
      };
      const step = (token: number): Promise<Scores> =>
        inTurn(async () => {
          slot.frame.load([token], length);
          await runStep(slot.frame.binding);
          length++;
          return slot.frame;
        });

      return {
        get length() {
          return length;
        },
        step,
        async read(tokens, signal) {
          if (tokens.length === 1) return step(tokens[0] as number);
          let scores: Scores | undefined;
          for (let start = 0; start < tokens.length; start += CHUNK)
            scores = await readChunk(tokens.subarray(start, start + CHUNK), 1, signal);
          if (scores === undefined) throw new RangeError('there are no tokens to read');
          return scores;
        },
        async readEach(tokens, { from, visit, signal }) {
          const most = Math.max(1, Math.floor(CHUNK_LOGITS / vocabSize));
          for (let start = 0; start < tokens.length;) {
            const chunk = tokens.subarray(start, Math.min(start + CHUNK, Math.max(from, start) + most));
            const end = start + chunk.length;
            const rowCount = Math.max(1, end - Math.max(from, start));
            const { logProbabilities } = await readChunk(chunk, rowCount, signal);
            for (let index = Math.max(from, start); index < end; index++) {
              const row = index - (end - rowCount);
              visit(logProbabilities.subarray(row * vocabSize, (row + 1) * vocabSize), index);
            }
            start = end;
          }
        },
        release() {
          if (!open.delete(slot)) return;
          if (closing === undefined && spare.length < SPARE_CACHES) spare.push(slot);
          else closeSlot(slot);
        },
      };
    },
    close() {
      closing ??= turn.then(() => {
        for (const slot of [...spare.splice(0), ...open]) closeSlot(slot);
        open.clear();
        session.close();
      });
      return closing;
    },
  };
}
