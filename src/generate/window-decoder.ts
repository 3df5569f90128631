/**
 * Decoding of models without a cache of keys and values: small ones, for which it is cheap. A model that carries a state reads a token
 * a run, its state being input and output; any other reads the last tokens, as many as it sees, anew at each run.
 *
 * Decided: sequences take turns, as one run already uses all threads and these models are small.
 */

import { UsageError, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, gather, input, logSoftmax, reshape } from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import type { SequenceModel, WindowModel } from '../models/index.ts';
import { compileGraph } from '../runtime/index.ts';
import type { Scores, Weights } from './batching/batch-runner.ts';
import { nextOf } from './graphs.ts';
import { closedError } from './requirements.ts';

/** One text that is being read and written. */
export interface Sequence {
  /** Tokens read so far. */
  readonly length: number;
  /** Reads tokens; gives the scores of what follows the last. */
  read(tokens: Uint32Array, signal?: AbortSignal): Promise<Scores>;
  /** Reads tokens and shows, for each from index `from` on, the log-probabilities of what follows it. */
  readEach(tokens: Uint32Array, options: ReadEachOptions): Promise<void>;
  /** Reads one token. */
  step(token: number): Promise<Scores>;
}

/** Options of {@link Sequence.readEach}. */
export interface ReadEachOptions {
  /** First index that is shown. */
  readonly from: number;
  readonly visit: (logProbabilities: Float32Array, index: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** See {@link createWindowDecoder}. */
export interface WindowDecoder {
  startSequence(): Sequence;
  /** Waits for the run in progress, then frees the session. */
  close(): Promise<void>;
}

/** Makes a model ready to run. The weights are copied into the session. */
export async function createWindowDecoder(
  model: SequenceModel | WindowModel,
  weights: Weights,
  { threads }: { readonly threads?: number | undefined } = {},
): Promise<WindowDecoder> {
  const { graph, time, carries } = nextTokenGraph(model);
  for (const { attributes } of graph.inputs) {
    if (attributes.initializer === undefined || weights.has(attributes.name)) continue;
    throw new UsageError({
      code: 'WEFT_GENERATE_WEIGHTS',
      action: `run the ${model.architecture} model`,
      rule: 'what it remembers of training, such as running means, belongs to its weights',
      value: `${attributes.name} is missing`,
      remedy: 'Give all weights that its training holds.',
    });
  }
  const own = new Set(graph.inputs.map(({ attributes: { name } }) => name));
  const session = await compileGraph(graph, {
    weights: new Map([...weights].filter(([name]) => own.has(name))),
    ...(threads === undefined ? {} : { threads }),
  });
  const inputs = new Set(session.inputs.map(({ name }) => name));
  const padToken = 'padToken' in model ? model.padToken : 0;
  let closing: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(job: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw closedError(model);
    const mine = turn.then(job);
    turn = mine.catch(() => undefined);
    return mine;
  };

  return {
    startSequence(): Sequence {
      if (closing !== undefined) throw closedError(model);
      const window: number[] = [];
      let length = 0;
      let states = carries.map(({ name, shape }): readonly [string, HostTensor] => [name, hostTensor('float32', shape)]);
      const push = (token: number): void => {
        window.push(token);
        if (window.length > time) window.shift();
        length++;
      };
      const run = async (): Promise<Scores> => {
        // A window of fixed length is filled from behind; a text from the front, where what stands behind is not seen.
        const padding = Array.from({ length: time - window.length }, () => padToken);
        const ids = 'padToken' in model ? [...padding, ...window] : [...window, ...padding];
        const feeds: Record<string, HostTensor> = {
          ids: hostTensor('int32', [1, time], Int32Array.from(ids)),
          ...(inputs.has('row') ? { row: hostTensor('int32', [1], Int32Array.of(window.length - 1)) } : {}),
          ...Object.fromEntries(states),
        };
        const results = await session.run(feeds);
        states = carries.map(({ name }) => [name, results[nextOf(name)] as HostTensor]);
        return { logits: results['logits']?.data as Float32Array, logProbabilities: results['logProbabilities']?.data as Float32Array };
      };
      const step = (token: number): Promise<Scores> =>
        inTurn(async () => {
          push(token);
          return run();
        });
      return {
        get length() {
          return length;
        },
        step,
        async read(tokens, signal) {
          const [last] = tokens.subarray(-1);
          if (last === undefined) throw new RangeError('there are no tokens to read');
          for (const token of tokens.subarray(0, -1)) {
            signal?.throwIfAborted();
            if (carries.length > 0) await step(token);
            else push(token);
          }
          return step(last);
        },
        async readEach(tokens, { from, visit, signal }) {
          for (const [index, token] of tokens.entries()) {
            signal?.throwIfAborted();
            if (index < from && carries.length === 0) push(token);
            else {
              const { logProbabilities } = await step(token);
              if (index >= from) visit(logProbabilities, index);
            }
          }
        },
      };
    },
    close() {
      closing ??= turn.then(() => {
        session.close();
      });
      return closing;
    },
  };
}

/** The scores of what follows a window of `time` tokens, `carries` naming the states that go from run to run. */
function nextTokenGraph(model: SequenceModel | WindowModel): {
  readonly graph: Graph;
  readonly time: number;
  readonly carries: readonly { readonly name: string; readonly shape: readonly number[] }[];
} {
  const build = (time: number): { readonly hidden: Tensor; readonly updates: ReadonlyMap<string, Tensor> } => {
    const updates = new Map<string, Tensor>();
    return { hidden: model.hidden(input('ids', 'int32', axes('B T', 1, time)), { updates }), updates };
  };
  const whole = build(model.contextLength);
  const time = whole.updates.size > 0 ? 1 : model.contextLength;
  const { hidden, updates } = time === 1 ? build(1) : whole;
  // Of a text (1 T C) the row of the last token; a window (1 C) has one.
  const states = reshape(hidden, [{ name: 'N', size: 'padToken' in model ? 1 : time }, ...hidden.shape.slice(-1)]);
  const logits = model.logits('padToken' in model || time === 1 ? states : gather(states, input('row', 'int32', axes('N', 1)))); // 1 V
  const next = [...updates].map(([name, tensor]) => [nextOf(name), tensor] as const);
  return {
    graph: buildGraph({ logits, logProbabilities: logSoftmax(logits), ...Object.fromEntries(next) }),
    time,
    carries: [...updates].map(([name, { shape }]) => ({ name, shape: shape.map(({ size }) => Number(size)) })),
  };
}
