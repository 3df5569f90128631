/**
 * An encoder-decoder transformer ready to write targets: batches of sources, greedily or by beam search, on caches of keys and values.
 *
 * Decided: hypotheses of one source stand beside each other in the batch, and attend to its memory as if they were several queries of
 * it, so that the memory is neither copied nor reordered. Their own caches are reordered inside the graph, by rows.
 */

import { UsageError, checkOptions, elementCount, hostTensor } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import type { Graph } from '../../graph/index.ts';
import type { Seq2SeqModel } from '../../models/index.ts';
import { compileGraph } from '../../runtime/index.ts';
import type { Session } from '../../runtime/index.ts';
import type { Weights } from '../batching/batch-runner.ts';
import { createBeams } from '../beams/beams.ts';
import type { Beams } from '../beams/beams.ts';
import { cacheShapes, nextOf } from '../graphs.ts';
import { topAlternatives } from '../sampling/probabilities.ts';
import { sourceGraph, targetGraph } from './graphs.ts';

/** A target and how likely it is. */
export interface Hypothesis {
  /** Tokens without those that begin and end a text. */
  readonly tokens: Uint32Array;
  /** Natural logarithm of its probability, its end included. */
  readonly logProbability: number;
  /** That, over the length penalty. */
  readonly score: number;
  /** Whether it came to its end, or was cut at the limit. */
  readonly ended: boolean;
}

/** What a {@link Translator} is made of. */
export interface TranslatorParts {
  readonly model: Seq2SeqModel;
  /** By the model's own parameter names. */
  readonly weights: Weights;
  /** Fills short sources up. */
  readonly padToken: number;
  /** Begins each target. */
  readonly startToken: number;
  /** Ends each target. */
  readonly endToken: number;
}

/** Options of {@link Translator.translate}. */
export interface TranslateOptions {
  /** Hypotheses that are followed at once; 1 (default) is greedy search. */
  readonly beams?: number;
  /**
   * α of the length penalty `((5 + length) / 6)^α`, over which the log-probabilities of beams are compared: Wu et al. 2016 ("GNMT"),
   * equation 14. Default 0.6, as Vaswani et al. 2017.
   */
  readonly lengthPenalty?: number;
  /** Sources computed at once; default 32. */
  readonly batchSize?: number;
  /** Tokens of a target at most; default twice those of its source and ten, and never more than the context. */
  readonly maxTokens?: number;
}

/** See {@link createTranslator}. */
export interface Translator {
  readonly model: Seq2SeqModel;
  /**
   * Writes targets.
   *
   * @param sources tokens of each source, as the model was trained with them (with its end, where it has one)
   * @returns for each source its hypotheses, best first, as many as beams
   * @throws UsageError `WEFT_GENERATE_OPTION` for an option out of its range, `WEFT_GENERATE_CONTEXT` for a source that is empty or
   *   longer than the context, `WEFT_GENERATE_TOKEN` for a token that the model lacks
   */
  translate(sources: readonly ArrayLike<number>[], options?: TranslateOptions): Promise<readonly (readonly Hypothesis[])[]>;
  /** Frees the sessions. */
  close(): void;
}

/**
 * Makes a model ready to translate. The weights are copied into its sessions.
 *
 * @param parts the model, its weights and its tokens
 * @param options `threads`; default the runtime's
 *
 * @example
 * ```ts
 * import { createTranslator } from 'weft/generate';
 * import { seq2seq } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = seq2seq({ encoderLayers: 1, decoderLayers: 1, heads: 2, width: 16, hidden: 32, vocabSize: 20, contextLength: 12 });
 * const weights = initialize(model.parameters, { seed: 1 });
 * const translator = await createTranslator({ model, weights, padToken: 0, startToken: 1, endToken: 2 });
 * const [hypotheses] = await translator.translate([[5, 6, 7, 2]], { beams: 3 });
 * console.log(hypotheses?.length); // 3
 * translator.close();
 * ```
 */
export async function createTranslator(parts: TranslatorParts, options: { readonly threads?: number } = {}): Promise<Translator> {
  checkOptions('make a translator', options, ['threads']);
  const { model, weights, padToken, startToken, endToken } = parts;
  const compiled = new Map<number, Promise<Session>>();
  const compile = (graph: Graph): Promise<Session> => {
    // Each of the two graphs has a part of the weights.
    const used = graph.inputs.flatMap(({ attributes: { name } }) => {
      const weight = weights.get(name);
      return weight === undefined ? [] : [[name, weight] as const];
    });
    return compileGraph(graph, { weights: new Map(used), memoryArena: true, ...options });
  };
  const reader = await compile(sourceGraph(model, padToken));
  const writerOf = (beams: number): Promise<Session> => {
    const known = compiled.get(beams) ?? compile(targetGraph(model, { padToken, beams }));
    compiled.set(beams, known);
    return known;
  };
  const shapes = cacheShapes(targetGraph(model, { padToken, beams: 1 }));

  /** One batch of sources, all at once. */
  const translateBatch = async (
    sources: readonly ArrayLike<number>[],
    { beams, lengthPenalty, limits }: { readonly beams: number; readonly lengthPenalty: number; readonly limits: readonly number[] },
  ): Promise<readonly (readonly Hypothesis[])[]> => {
    const longest = Math.max(...sources.map(({ length }) => length));
    const source = hostTensor('int32', [sources.length, longest], new Int32Array(sources.length * longest).fill(padToken));
    for (const [index, tokens] of sources.entries()) source.data.set(Array.from(tokens), index * longest);
    const sourcePositions = hostTensor(
      'int32',
      [longest],
      Int32Array.from({ length: longest }, (_, position) => position),
    );
    const memory = await reader.run({ source, sourcePositions });
    const writer = await writerOf(beams);
    const [rows, length] = [sources.length * beams, Math.max(...limits)];
    let caches: Record<string, HostTensor> = Object.fromEntries(
      [...shapes].map(([name, [, heads = 1, , width = 1]]) => {
        const shape = [rows, heads, length, width];
        return [name, hostTensor('float32', shape, new Float32Array(elementCount(shape)))];
      }),
    );
    const known = new Set(writer.inputs.map(({ name }) => name));
    const searches = limits.map((limit) => searchOf(limit, { beams, lengthPenalty }));
    for (let position = 0; searches.some(({ live }) => live.length > 0); position++) {
      const tokens = new Int32Array(rows).fill(startToken);
      const parents = Int32Array.from({ length: rows }, (_, row) => row);
      for (const [text, { live }] of searches.entries()) {
        for (const [beam, { parent, token = startToken }] of live.entries()) {
          tokens[text * beams + beam] = token;
          parents[text * beams + beam] = text * beams + parent;
        }
      }
      const places = hostTensor('int32', [rows], new Int32Array(rows).fill(position));
      const feeds = {
        ...memory,
        ...caches,
        source,
        ids: hostTensor('int32', [rows, 1], tokens),
        positions: hostTensor('int32', [rows, 1], places.data),
        parents: hostTensor('int32', [rows], parents),
        lastPositions: places,
        totalLength: hostTensor('int32', [], Int32Array.of(position + 1)),
      };
      const results = await writer.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))));
      caches = Object.fromEntries(Object.keys(caches).map((name) => [name, results[nextOf(name)] as HostTensor]));
      const logProbabilities = results['logProbabilities']?.data as Float32Array;
      const rowOf = (row: number): Float32Array => logProbabilities.subarray(row * model.vocabSize, (row + 1) * model.vocabSize);
      for (const [text, search] of searches.entries())
        if (search.live.length > 0) search.advance(search.live.map((_, beam) => topAlternatives(rowOf(text * beams + beam), search.width)));
    }
    return searches.map(({ finished }) => finished.map(({ state, ...rest }) => ({ tokens: Uint32Array.from(state), ...rest })));
  };
  const searchOf = (
    limit: number,
    { beams, lengthPenalty }: { readonly beams: number; readonly lengthPenalty: number },
  ): Beams<readonly number[]> =>
    createBeams<readonly number[]>({
      beams,
      penalty: (length) => ((5 + length) / 6) ** lengthPenalty,
      limit,
      start: [],
      extend: (tokens, { id }) => (id === endToken ? { state: tokens, ended: true } : { state: [...tokens, id], ended: false }),
    });

  return {
    model,
    async translate(sources, asked = {}) {
      checkOptions('translate', asked, ['beams', 'lengthPenalty', 'batchSize', 'maxTokens']);
      const { beams = 1, lengthPenalty = 0.6, batchSize = 32, maxTokens } = asked;
      for (const [name, value] of Object.entries({ beams, batchSize, maxTokens: maxTokens ?? 1 }))
        if (!Number.isSafeInteger(value) || value < 1) throw optionError(name, value, 'a whole number of at least 1');
      if (!(lengthPenalty >= 0)) throw optionError('lengthPenalty', lengthPenalty, 'at least 0');
      if (2 * beams > model.vocabSize) throw optionError('beams', beams, `at most half the vocabulary of ${model.vocabSize}`);
      for (const tokens of sources) requireSource(tokens, model);
      // Texts of like length together: the short ones of a batch wait for the long one.
      const order = Array.from(sources.keys()).sort((a, b) => (sources[b]?.length ?? 0) - (sources[a]?.length ?? 0));
      const results: (readonly Hypothesis[])[] = [];
      for (let start = 0; start < order.length; start += batchSize) {
        const places = order.slice(start, start + batchSize);
        const batch = places.map((place) => sources[place] as ArrayLike<number>);
        const limits = batch.map(({ length }) => Math.min(model.contextLength, maxTokens ?? 2 * length + 10));
        for (const [index, found] of (await translateBatch(batch, { beams, lengthPenalty, limits })).entries())
          results[places[index] as number] = found;
      }
      return results;
    },
    close() {
      reader.close();
      for (const session of compiled.values()) void session.then((open) => open.close());
      compiled.clear();
    },
  };
}

function optionError(name: string, value: number, rule: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_OPTION',
    action: 'translate',
    rule: `${name} must be ${rule}`,
    value: String(value),
    remedy: `Give another ${name}, or leave it out.`,
  });
}

function requireSource(tokens: ArrayLike<number>, { contextLength, config: { sourceVocabSize } }: Seq2SeqModel): void {
  const { length } = tokens;
  if (length === 0 || length > contextLength) {
    throw new UsageError({
      code: 'WEFT_GENERATE_CONTEXT',
      action: 'translate',
      rule: `a source has 1 to ${contextLength} tokens`,
      value: String(length),
      remedy: 'Cut it into sentences, or leave it out when it is empty.',
    });
  }
  const strange = Array.from(tokens).find((token) => !(Number.isInteger(token) && token >= 0 && token < sourceVocabSize));
  if (strange !== undefined) {
    throw new UsageError({
      code: 'WEFT_GENERATE_TOKEN',
      action: 'translate',
      rule: `tokens are below ${sourceVocabSize}`,
      value: String(strange),
      remedy: "Encode the text with the model's own tokenizer.",
    });
  }
}
