/**
 * What a model attends to: the probabilities of every head of every layer, for a text.
 *
 * Decided: decoding keeps no probabilities, as its attention never has them all at once; so a session of its own computes the text as a
 * whole. Its length is fixed, as masks and angles are constants of the graph. A text is padded to a multiple of 32 tokens, so that one
 * that grows by a token is rarely compiled anew: attention is causal, and what stands behind a token does not change its row.
 */

import { UsageError, WeftError, checkOptions, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { hasCache } from '../models/index.ts';
import type { LanguageModel, SequenceModel, WindowModel } from '../models/index.ts';
import { compileGraph } from '../runtime/index.ts';
import type { Session } from '../runtime/index.ts';
import type { Weights } from './batching/batch-runner.ts';
import { closedError, requireTokens, requireWeights } from './requirements.ts';

/**
 * For each layer a map H T T: entry `[h, t, s]` is how much of its attention head h gives to token s when it reads token t. Each row sums
 * to 1, and is 0 behind the token itself.
 */
export type AttentionMaps = readonly HostTensor<'float32'>[];

/** See {@link createAttentionReader}. */
export interface AttentionReader {
  /** How many layers attend. */
  readonly layers: number;
  /**
   * The attention of every layer, layers × H × T² numbers. Reads take turns.
   *
   * @param ids the text, of at least one token and at most the model's context
   * @throws UsageError `WEFT_GENERATE_PROMPT` for an empty text, `WEFT_GENERATE_CONTEXT` for one that is longer than the context,
   *   `WEFT_GENERATE_TOKEN` for tokens that the model lacks; WeftError `WEFT_GENERATE_NOT_FINITE` when the weights are damaged,
   *   `WEFT_GENERATE_CLOSED` after `close()`
   */
  read(ids: Uint32Array): Promise<AttentionMaps>;
  /** Frees the session when the reads that were asked for are done. Safe to call twice. */
  close(): Promise<void>;
}

/** What attention is read of. */
export interface AttentionReaderParts {
  /** A transformer. */
  readonly model: SequenceModel | WindowModel;
  /** By the model's own parameter names. They are kept until the reader is closed. */
  readonly weights: Weights;
}

/** How attention is read. */
export interface AttentionReaderOptions {
  /** Threads of ONNX Runtime; default the runtime's. */
  readonly threads?: number;
}

/** Texts are padded to a multiple of so many tokens. */
const STEP = 32;

/**
 * Makes ready to read attention maps.
 *
 * @param parts definition and weights
 * @param options see {@link AttentionReaderOptions}
 * @returns the reader; close it to free its session
 * @throws UsageError `WEFT_GENERATE_ATTENTION` for a model that attends to nothing, `WEFT_GENERATE_WEIGHTS` when weights are missing or of
 *   another shape
 *
 * @example
 * ```ts
 * import { createAttentionReader } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = llama({ layers: 2, heads: 4, width: 32, contextLength: 16, vocabSize: 40 });
 * const reader = createAttentionReader({ model, weights: initialize(model.parameters, { seed: 1 }) });
 * const maps = await reader.read(Uint32Array.of(3, 1, 4, 1, 5));
 * console.log(maps.length, maps[0]?.shape); // 2 [ 4, 5, 5 ]
 * console.log(maps[0]?.data.slice(0, 5)); // Float32Array(5) [ 1, 0, 0, 0, 0 ]
 * await reader.close();
 * ```
 */
export function createAttentionReader(parts: AttentionReaderParts, options: AttentionReaderOptions = {}): AttentionReader {
  checkOptions('read attention maps', parts, ['model', 'weights']);
  checkOptions('read attention maps', options, ['threads']);
  const { model, weights } = parts;
  if (!hasCache(model)) throw attendsToNothing(model);
  requireWeights(model, weights);
  let compiled: { readonly length: number; readonly session: Session } | undefined;
  let closing: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const sessionFor = async (length: number): Promise<Session> => {
    if (compiled?.length === length) return compiled.session;
    compiled?.session.close();
    compiled = undefined;
    const graph = buildGraph(Object.fromEntries(mapsOf(model, length)));
    const used = new Set(graph.inputs.map(({ attributes: { name } }) => name));
    const session = await compileGraph(graph, { ...options, weights: new Map([...weights].filter(([name]) => used.has(name))) });
    compiled = { length, session };
    return session;
  };
  const run = async (ids: Uint32Array): Promise<AttentionMaps> => {
    const length = Math.min(model.contextLength, Math.ceil(ids.length / STEP) * STEP);
    const session = await sessionFor(length);
    const padded = new Int32Array(length);
    padded.set(ids);
    const results = await session.run({ ids: hostTensor('int32', [1, length], padded) });
    const maps = session.outputs.map(({ name }) => withoutPadding(results[name] as HostTensor<'float32'>, ids.length));
    if (maps.some(({ data }) => data.includes(NaN))) throw notNumbers(model);
    return maps;
  };

  return {
    layers: model.config.layers,
    async read(ids) {
      requireText(ids, model);
      if (closing !== undefined) throw closedError(model);
      const mine = turn.then(() => run(ids));
      turn = mine.catch(() => undefined);
      return mine;
    },
    close() {
      closing ??= turn.then(() => {
        compiled?.session.close();
        compiled = undefined;
      });
      return closing;
    },
  };
}

/** The maps (1 H T T) of a text of `length` tokens, in the order of the layers. */
function mapsOf(model: LanguageModel, length: number): ReadonlyMap<string, Tensor> {
  const attentionMaps = new Map<string, Tensor>();
  model.hidden(input('ids', 'int32', axes('B T', 1, length)), { attentionMaps });
  return attentionMaps;
}

/** 1 H S S -> H T T: the first rows, and of each the first numbers. */
function withoutPadding({ shape, data }: HostTensor<'float32'>, time: number): HostTensor<'float32'> {
  const [, heads, length] = shape as [number, number, number, number];
  if (length === time) return hostTensor('float32', [heads, time, time], data);
  const map = hostTensor('float32', [heads, time, time]);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < time; row++) {
      const start = (head * length + row) * length;
      map.data.set(data.subarray(start, start + time), (head * time + row) * time);
    }
  }
  return map;
}

function requireText(ids: Uint32Array, model: LanguageModel): void {
  const action = `read what the ${model.architecture} model attends to`;
  if (ids.length === 0) {
    throw new UsageError({
      code: 'WEFT_GENERATE_PROMPT',
      action,
      rule: 'a text needs at least one token',
      value: 'an empty text',
      remedy: 'Give a text.',
    });
  }
  if (ids.length > model.contextLength) {
    throw new UsageError({
      code: 'WEFT_GENERATE_CONTEXT',
      action,
      rule: `its context has ${model.contextLength} tokens`,
      value: `the text has ${ids.length}`,
      remedy: `Shorten the text to at most ${model.contextLength} tokens.`,
    });
  }
  requireTokens(ids, model, `the ${model.architecture} model`);
}

function notNumbers({ architecture }: LanguageModel): WeftError {
  return new WeftError({
    code: 'WEFT_GENERATE_NOT_FINITE',
    action: `read what the ${architecture} model attends to`,
    rule: 'its attention must consist of numbers',
    value: 'it has NaN',
    remedy: 'The weights are damaged or training diverged: use an earlier checkpoint or a lower learning rate.',
  });
}

function attendsToNothing({ architecture }: SequenceModel | WindowModel): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_ATTENTION',
    action: 'read attention maps',
    rule: 'only transformers attend',
    value: architecture,
    remedy: 'Give a transformer, e.g. one made by gpt or llama.',
  });
}
