/**
 * A model ready to run: one session over the weights, and sequences that each own a cache.
 *
 * Decided: a sequence's cache is allocated for the whole context once and is then both input and output of every run, so
 * that nothing is copied or allocated per token. Sequences are independent; their runs take turns, one at a time, as one
 * run already uses all threads. Caches of finished sequences are kept for the next. A step of a small model runs on the
 * calling thread, as waking another costs a tenth of it; the event loop gets its turn between steps.
 */

import { WeftError, elementCount, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { encodeModel, lowerGraph } from '../onnx/index.ts';
import { createSession } from '../runtime/index.ts';
import type { Binding, Session } from '../runtime/index.ts';
import { cacheShapes, decodeGraph, nextOf } from './graphs.ts';

/** The numbers of a model, by parameter name. */
export type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/** One row of scores: `logits - logSumExp` are log-probabilities. Valid until the sequence's next run. */
export interface Scores {
  readonly logits: Float32Array;
  readonly logSumExp: number;
}

/** One text that is being read and written. */
export interface Sequence {
  /** Tokens read so far. */
  readonly length: number;
  /** Reads tokens, in chunks; gives the scores of what follows the last. */
  read(tokens: Uint32Array, signal?: AbortSignal): Promise<Scores>;
  /** Reads tokens and shows, for each from index `from` on, the scores of what follows it. */
  readEach(tokens: Uint32Array, options: ReadEachOptions): Promise<void>;
  /** Reads one token. */
  step(token: number): Promise<Scores>;
  /** Gives the cache back. The sequence can't be used any more. */
  release(): void;
}

/** Options of {@link Sequence.readEach}. */
export interface ReadEachOptions {
  /** First index whose scores are shown. */
  readonly from: number;
  readonly visit: (scores: Scores, index: number) => void;
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

type Caches = ReadonlyMap<string, HostTensor>;

interface Frame {
  readonly feeds: Record<string, HostTensor>;
  readonly outputs: Record<string, HostTensor>;
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly last: Int32Array;
  readonly total: Int32Array;
  readonly rows: Int32Array;
  readonly logits: Float32Array;
  readonly logSumExp: Float32Array;
}

/** A cache and what one decoding step is bound to. */
interface Slot {
  readonly caches: Caches;
  readonly frame: Frame;
  readonly binding: Binding;
}

/** Makes a model ready to run. The weights are not copied beyond what ONNX Runtime rearranges; they must not change while it is open. */
export async function createDecoder(model: LanguageModel, weights: Weights, { threads, profile }: DecoderOptions = {}): Promise<Decoder> {
  const graph = decodeGraph(model);
  const shapes = cacheShapes(graph);
  const bytes = encodeModel(lowerGraph(graph, { weights, weightStorage: 'outside' }));
  const session: Session = await createSession(bytes, { initializers: weights, memoryArena: true, ...(threads === undefined ? {} : { threads }), ...(profile === undefined ? {} : { profile }) });
  const inputs = new Set(session.inputs.map(({ name }) => name));
  const spare: Slot[] = [];
  const open = new Set<Slot>();
  let closing: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let stepTime = Infinity;
  let breath = performance.now();

  /** Runs `job` when its turn comes. */
  const inTurn = async <T>(job: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw closed(model);
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
  const makeFrame = (caches: Caches, time: number, rowCount: number): Frame => frame({ inputs, caches, vocabSize: model.vocabSize }, time, rowCount);
  const makeSlot = (): Slot => {
    const caches = new Map(Array.from(shapes, ([name, shape]) => [name, hostTensor('float32', shape, new Float32Array(elementCount(shape)))]));
    const stepFrame = makeFrame(caches, 1, 1);
    return { caches, frame: stepFrame, binding: session.bind(stepFrame.feeds, stepFrame.outputs) };
  };

  return {
    get profilePath() {
      return session.profilePath;
    },
    startSequence() {
      if (closing !== undefined) throw closed(model);
      const slot = spare.pop() ?? makeSlot();
      open.add(slot);
      let length = 0;

      /** Reads one chunk; the scores of its last `rowCount` rows are in the frame that is given back. */
      const readChunk = async (tokens: Uint32Array, rowCount: number, signal: AbortSignal | undefined): Promise<Frame> => {
        signal?.throwIfAborted();
        const chunk = makeFrame(slot.caches, tokens.length, rowCount);
        fill(chunk, tokens, length);
        await inTurn(async () => {
          const binding = session.bind(chunk.feeds, chunk.outputs);
          try {
            await binding.run(signal === undefined ? {} : { signal });
          } catch (error) {
            signal?.throwIfAborted();
            throw error;
          } finally {
            binding.close();
          }
        });
        length += tokens.length;
        return chunk;
      };
      const step = async (token: number): Promise<Scores> => {
        const { ids, positions, last, total, logits, logSumExp } = slot.frame;
        await inTurn(() => {
          ids[0] = token;
          positions[0] = length;
          last[0] = length;
          total[0] = length + 1;
          return runStep(slot.binding);
        });
        length++;
        return { logits, logSumExp: logSumExp[0] as number };
      };

      return {
        get length() {
          return length;
        },
        step,
        async read(tokens, signal) {
          if (tokens.length === 1) return step(tokens[0] as number);
          let scores: Scores | undefined;
          for (let start = 0; start < tokens.length; start += CHUNK) {
            const { logits, logSumExp } = await readChunk(tokens.subarray(start, start + CHUNK), 1, signal);
            scores = { logits, logSumExp: logSumExp[0] as number };
          }
          if (scores === undefined) throw new RangeError('there are no tokens to read');
          return scores;
        },
        async readEach(tokens, { from, visit, signal }) {
          const most = Math.max(1, Math.floor(CHUNK_LOGITS / model.vocabSize));
          for (let start = 0; start < tokens.length; ) {
            const chunk = tokens.subarray(start, Math.min(start + CHUNK, Math.max(from, start) + most));
            const end = start + chunk.length;
            const rowCount = Math.max(1, end - Math.max(from, start));
            const { logits, logSumExp } = await readChunk(chunk, rowCount, signal);
            for (let index = Math.max(from, start); index < end; index++) {
              const row = index - (end - rowCount);
              visit({ logits: logits.subarray(row * model.vocabSize, (row + 1) * model.vocabSize), logSumExp: logSumExp[row] as number }, index);
            }
            start = end;
          }
        },
        release() {
          if (!open.delete(slot)) return;
          if (closing === undefined && spare.length < SPARE_CACHES) spare.push(slot);
          else slot.binding.close();
        },
      };
    },
    close() {
      closing ??= turn.then(() => {
        for (const { binding } of [...spare.splice(0), ...open]) binding.close();
        open.clear();
        session.close();
      });
      return closing;
    },
  };
}

/** The arrays of one run of `time` tokens that asks for the scores of its last `rowCount` rows. */
function frame({ inputs, caches, vocabSize }: { readonly inputs: ReadonlySet<string>; readonly caches: Caches; readonly vocabSize: number }, time: number, rowCount: number): Frame {
  const [ids, positions, last, total] = [new Int32Array(time), new Int32Array(time), new Int32Array(1), new Int32Array(1)];
  const rows = Int32Array.from({ length: rowCount }, (_, row) => time - rowCount + row);
  const [logits, logSumExp] = [new Float32Array(rowCount * vocabSize), new Float32Array(rowCount)];
  const feeds: Record<string, HostTensor> = {
    ids: hostTensor('int32', [1, time], ids),
    positions: hostTensor('int32', [1, time], positions),
    lastPositions: hostTensor('int32', [1], last),
    totalLength: hostTensor('int32', [], total),
    rows: hostTensor('int32', [rowCount], rows),
    ...Object.fromEntries(caches),
  };
  const outputs = {
    logits: hostTensor('float32', [rowCount, vocabSize], logits),
    logSumExp: hostTensor('float32', [rowCount, 1], logSumExp),
    ...Object.fromEntries(Array.from(caches, ([name, tensor]) => [nextOf(name), tensor])),
  };
  // A model without learned positions has no input for them.
  return { feeds: Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.has(name))), outputs, ids, positions, last, total, rows, logits, logSumExp };
}

function fill({ ids, positions, last, total }: Frame, tokens: Uint32Array, past: number): void {
  for (let index = 0; index < tokens.length; index++) {
    ids[index] = tokens[index] as number;
    positions[index] = past + index;
  }
  last[0] = past + tokens.length - 1;
  total[0] = past + tokens.length;
}

function closed(model: LanguageModel): WeftError {
  return new WeftError({
    code: 'WEFT_GENERATE_CLOSED',
    action: `run the ${model.architecture} model`,
    rule: 'it was closed',
    remedy: 'Load it again, or close it after the last generation.',
  });
}
