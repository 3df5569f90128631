/** A text model from a definition and weights in memory. */

import { UsageError, checkOptions, elementCount } from '../core/index.ts';
import type { Adapter, ModelCard } from '../formats/index.ts';
import { hasCache } from '../models/index.ts';
import type { LanguageModel, SequenceModel, WindowModel } from '../models/index.ts';
import type { AdapterDefinition } from '../nn/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import type { Weights } from './batching/batch-runner.ts';
import { createTextBeams } from './beams/text-beams.ts';
import { createConstraint } from './constraints/create-constraint.ts';
import { createTokenTrie } from './constraints/token-trie.ts';
import type { TokenTrie } from './constraints/token-trie.ts';
import { fillBeamSearch, fillGeneration, fillWork } from './generation-options.ts';
import type { WorkOptions } from './generation-options.ts';
import { closedError, requireTokens, requireWeights } from './requirements.ts';
import type { Residency } from './residency.ts';
import { createResidentGenerator } from './resident-generator.ts';
import { roundedModel } from './rounded-model.ts';
import { createBatchGenerator, createWindowGenerator } from './text-generator.ts';
import type { TextGenerator, TextSearch } from './text-generator.ts';
import type { SamplingDefaults, TextModel } from './text-model.ts';
import { alternativesOf, createTokenWriter } from './token-writer.ts';

/** What a text model is made of. */
export interface TextModelParts {
  readonly model: SequenceModel | WindowModel;
  /** By the model's own parameter names. They are copied: what training does to them later does not show. */
  readonly weights: Weights;
  readonly tokenizer: Tokenizer;
  /** What answers and messages call it; default the architecture. */
  readonly name?: string;
  readonly chatTemplate?: string | undefined;
  readonly card?: ModelCard | undefined;
  /** The token that begins a document; default the tokenizer's end of text. */
  readonly startToken?: number | undefined;
  /** Tokens that end a text beside the tokenizer's end of text. */
  readonly endTokens?: readonly number[];
  /** How the model's makers would sample from it, for whoever asks: sampling is the caller's. Default nothing. */
  readonly defaults?: SamplingDefaults;
  /** Adapters of the model: each becomes a text model of its own that shares weights, memory and batch with this one. Default none. */
  readonly adapters?: readonly TextModelAdapter[];
  /** Reads the weights again, where the model shares its memory with others (`residency`). */
  readonly reload?: () => Promise<Weights>;
}

/** An adapter, and what is its own beside the numbers. */
export interface TextModelAdapter {
  /** What answers and messages call it. */
  readonly name: string;
  /** Its definition has a name that no other has. */
  readonly adapter: Adapter;
  /** Default the model's. */
  readonly chatTemplate?: string | undefined;
  readonly card?: ModelCard | undefined;
}

/** How a text model runs. */
export interface TextModelOptions {
  /** Threads of ONNX Runtime; default the runtime's. */
  readonly threads?: number;
  /** Texts that are computed at once, in one batch; more wait. Default 8. */
  readonly slots?: number;
  /**
   * Tokens whose keys and values are in memory at once, of all texts and of beginnings of prompts that are kept for the next; no text
   * is longer. Default as many as the slots can hold, as far as a quarter of the machine's memory goes.
   */
  readonly cacheTokens?: number;
  /** Rounds the matrices to so many bits when the model is made: less memory, faster, and less exact. Default 32: as they are. */
  readonly bits?: 32 | 8 | 4;
  /** A small model of the same vocabulary that guesses tokens, for generations with `speculation: 'draft'`. Default none. */
  readonly draft?: { readonly model: LanguageModel; readonly weights: Weights };
  /** Memory that several models share: each is in it while it is used, and as long as no other needs the room. Default its own. */
  readonly residency?: Residency;
}

const SLOTS = 8;
/** The names of {@link TextModelOptions}. */
export const TEXT_MODEL_OPTIONS: readonly (keyof TextModelOptions)[] = ['threads', 'slots', 'cacheTokens', 'bits', 'draft', 'residency'];

/**
 * Makes a model with weights in memory ready to generate and to score.
 *
 * @param parts definition, weights and tokenizer
 * @param options see {@link TextModelOptions}
 * @returns the text model; close it to free the session
 * @throws UsageError `WEFT_GENERATE_WEIGHTS` when weights are missing or of another shape, `WEFT_GENERATE_VOCABULARY` when the
 *   tokenizer has tokens that the model lacks
 *
 * @example
 * ```ts
 * import { createTextModel } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: tokenizer.vocabSize });
 * const textModel = await createTextModel({ model, weights: initialize(model.parameters, { seed: 1 }), tokenizer });
 * let text = 'to be';
 * for await (const token of textModel.generate(text, { maxTokens: 4, seed: 1 })) text += token.text;
 * console.log(text.startsWith('to be')); // true
 * await textModel.close();
 * ```
 */
export async function createTextModel(parts: TextModelParts, options: TextModelOptions = {}): Promise<TextModel> {
  checkOptions('make a text model', parts, [
    'model',
    'weights',
    'tokenizer',
    'name',
    'chatTemplate',
    'card',
    'startToken',
    'endTokens',
    'reload',
    'adapters',
    'defaults',
  ]);
  checkOptions('make a text model', options, TEXT_MODEL_OPTIONS);
  const { slots = SLOTS, cacheTokens, bits = 32, draft } = options;
  requireCount('slots', slots);
  if (cacheTokens !== undefined) requireCount('cacheTokens', cacheTokens);
  if (![32, 8, 4].includes(bits)) throw optionError('bits must be 32, 8 or 4', String(bits), 'Give one of these, or leave bits out.');
  const {
    model,
    weights: own,
    tokenizer,
    name = model.architecture,
    chatTemplate,
    card,
    startToken = tokenizer.endOfText,
    endTokens = [],
    reload,
    adapters = [],
    defaults = {},
  } = parts;
  requireWeights(model, own);
  const weights: Weights = adapters.length === 0 ? own : new Map([...own, ...adapters.flatMap(({ adapter }) => [...adapter.weights])]);
  const definitions = adapters.map(({ adapter }) => adapter.definition);
  const drafts = draft !== undefined;
  if (tokenizer.vocabSize > model.vocabSize) {
    throw new UsageError({
      code: 'WEFT_GENERATE_VOCABULARY',
      action: `run ${name}`,
      rule: 'the model must know every token of the tokenizer',
      value: `the tokenizer has ${tokenizer.vocabSize}, the model ${model.vocabSize}`,
      remedy: 'Use the tokenizer that the model was trained with.',
    });
  }
  if (draft !== undefined) {
    requireWeights(draft.model, draft.weights);
    if (draft.model.vocabSize !== model.vocabSize)
      throw optionError(
        'the draft model must have the same vocabulary',
        `${draft.model.vocabSize} tokens, the model ${model.vocabSize}`,
        'Give a smaller model of the same tokenizer.',
      );
  }
  const generator = await (reload === undefined || options.residency === undefined
    ? createGenerator(model, weights, { ...options, definitions })
    : createSharing(model, { weights, reload, options: { ...options, definitions } }));
  const { contextLength } = generator;
  const ends = new Set([...endTokens, ...(tokenizer.endOfText === undefined ? [] : [tokenizer.endOfText])]);

  let prepared: TokenTrie | undefined;
  const trie = (): TokenTrie => (prepared ??= createTokenTrie(tokenizer, { endTokens: ends }));

  const encode = (prompt: string, name: string): Uint32Array =>
    beginning(tokenizer.encode(prompt, { addSpecialTokens: true }), startToken, name);
  /** The prompt's tokens, of which the model knows each, and which leave room for one more. */
  const begun = (prompt: string | Uint32Array, name: string, longest: number): Uint32Array => {
    const ids = typeof prompt === 'string' ? encode(prompt, name) : beginning(prompt, startToken, name);
    requireTokens(ids, model, name);
    if (ids.length > longest - 1) throw tooLong(ids.length, longest, name);
    return ids;
  };
  const beamSearchOf =
    (search: TextSearch, name: string, adapter: number | undefined): NonNullable<TextModel['beamSearch']> =>
    async (prompt, searchOptions = {}) => {
      const { treatment, grammar, maxTokens, standalone, ...asked } = fillBeamSearch(searchOptions);
      treatment.signal?.throwIfAborted();
      if (asked.beams > search.most) {
        throw optionError(
          `beams must be at most ${search.most}, the texts that are computed at once`,
          String(asked.beams),
          'Search with fewer, or make the text model with more slots.',
          `search with ${name}`,
        );
      }
      const longest = search.longest(asked.beams);
      const ids = begun(prompt, name, contextLength);
      if (ids.length >= longest) {
        throw optionError(
          `so many beams have room for ${Math.max(0, longest)} tokens of prompt and text each`,
          `${asked.beams} beams and a prompt of ${ids.length} tokens`,
          'Search with fewer beams, or make the text model with more cacheTokens.',
          `search with ${name}`,
        );
      }
      const limit = Math.min(maxTokens, longest - ids.length);
      if (limit <= 0) return [];
      const constraint = grammar === undefined ? undefined : createConstraint(grammar, trie());
      const { beams, likeliest, read } = createTextBeams({
        ...asked,
        tokenizer,
        endTokens: ends,
        limit,
        constraint,
        before: standalone ? undefined : ids,
      });
      const found = await search.run(
        ids,
        { beams, likeliest, size: asked.beams },
        { ...treatment, ...apart(treatment.namespace, adapter) },
      );
      return found.map(read);
    };

  const face = (
    name: string,
    own: { readonly chatTemplate: string | undefined; readonly card: ModelCard | undefined },
    adapter?: number,
  ): TextModel => ({
    name,
    contextLength,
    tokenizer,
    ...own,
    ...(Object.keys(defaults).length === 0 ? {} : { defaults }),
    parameters: model.parameters.reduce((sum, { shape }) => sum + elementCount(shape.map(({ size }) => Number(size))), 0),
    encode: (prompt) => encode(prompt, name),
    async *generate(prompt, generationOptions = {}) {
      const { sampling, treatment, grammar, standalone } = fillGeneration(generationOptions);
      treatment.signal?.throwIfAborted();
      if (treatment.speculation === 'draft' && !drafts)
        throw optionError('no draft model was given', "speculation 'draft'", 'Make the text model with one, or use lookup.');
      const strange = [...sampling.logitBias.keys(), ...sampling.endTokens].find((id) => !(id >= 0 && id < tokenizer.vocabSize));
      if (strange !== undefined) {
        const rule = `tokens in logitBias and endTokens are 0 to ${tokenizer.vocabSize - 1}`;
        throw optionError(rule, String(strange), 'Leave it out.', `generate with ${name}`);
      }
      const ids = begun(prompt, name, contextLength);
      const limit = Math.min(sampling.maxTokens, contextLength - ids.length);
      if (limit <= 0) return;
      const constraint = grammar === undefined ? undefined : createConstraint(grammar, trie());
      const writer = createTokenWriter(
        { tokenizer, endTokens: ends, limit, constraint, before: standalone ? undefined : ids },
        ids,
        sampling,
      );
      yield* generator.generate(ids, writer, { ...treatment, ...apart(treatment.namespace, adapter) });
    },
    ...(generator.search === undefined
      ? {}
      : { beamSearch: beamSearchOf(generator.search, name, adapter), beamLength: generator.search.longest }),
    async score(ids, scoreOptions = {}) {
      const { alternatives = 0, onAlternatives, ...work } = scoreOptions;
      const treatment = fillWork('score a text', work);
      requireTokens(ids, model, name);
      const look = (row: Float32Array, index: number): void =>
        onAlternatives?.(index, alternativesOf(row.subarray(0, tokenizer.vocabSize), alternatives, tokenizer));
      return generator.score(
        ids,
        { ...treatment, ...apart(treatment.namespace, adapter) },
        onAlternatives === undefined ? undefined : look,
      );
    },
    ...(generator.embed === undefined
      ? {}
      : {
          async embed(ids: Uint32Array, embedOptions: WorkOptions = {}) {
            const treatment = fillWork('embed a text', embedOptions);
            return (generator.embed as NonNullable<typeof generator.embed>)(begun(ids, name, contextLength), {
              ...treatment,
              ...apart(treatment.namespace, adapter),
            });
          },
        }),
    ...(generator.status === undefined ? {} : { status: generator.status }),
    close: generator.close,
  });
  if (adapters.length === 0) return face(name, { chatTemplate, card });
  const adapted = adapters.map(({ name: own, chatTemplate: template = chatTemplate, card: told }, index) =>
    face(own, { chatTemplate: template, card: told }, index),
  );
  return { ...face(name, { chatTemplate, card }), adapters: adapted };
}

/** What one adapter computed of a prompt is nothing to another. */
function apart(namespace: string, adapter: number | undefined): { readonly adapter: number | undefined; readonly namespace: string } {
  return { adapter, namespace: adapter === undefined ? namespace : `${namespace}\n${adapter}` };
}

interface RunOptions extends TextModelOptions {
  readonly definitions: readonly AdapterDefinition[];
}

/** What runs a model. A function of its own: what it closes over would be in memory as long as the text model. */
async function createGenerator(model: SequenceModel | WindowModel, weights: Weights, options: RunOptions): Promise<TextGenerator> {
  const { threads, slots = SLOTS, cacheTokens, bits = 32, draft, definitions: adapters } = options;
  if (hasCache(model)) {
    const run = bits === 32 ? { model, weights } : roundedModel(model, weights, bits);
    return createBatchGenerator(run.model, run.weights, { slots, cacheTokens, threads, draft, adapters });
  }
  if (adapters.length > 0)
    throw optionError(
      'a model without a cache of keys and values takes no adapters',
      `${adapters.length} of them`,
      'Merge the adapter into the weights.',
    );
  if (bits === 32) return createWindowGenerator(model, weights, { threads });
  throw optionError('a model without a cache of keys and values is not rounded', `bits ${bits}`, 'Leave bits out: such models are small.');
}

/** The same, in memory as long as it is used and nobody needs the room; its weights are read again when it is used anew. */
function createSharing(
  model: SequenceModel | WindowModel,
  { weights, reload, options }: { readonly weights: Weights; readonly reload: () => Promise<Weights>; readonly options: RunOptions },
): Promise<TextGenerator> {
  const numbers = Array.from(weights.values()).reduce((sum, { data }) => sum + data.length, 0);
  let given: Weights | undefined = weights;
  return createResidentGenerator({
    residency: options.residency as Residency,
    bytes: (numbers * (options.bits ?? 32)) / 8,
    async load() {
      const first = given;
      given = undefined;
      return createGenerator(model, first ?? (await reload()), options);
    },
    closed: () => closedError(model),
  });
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw optionError(
    `${name} must be a whole number of at least 1`,
    String(value),
    `Give ${name} a positive whole number, or leave it out.`,
  );
}

function optionError(rule: string, value: string, remedy: string, action = 'make a text model'): UsageError {
  return new UsageError({ code: 'WEFT_GENERATE_OPTION', action, rule, value, remedy });
}

/** The prompt, or what stands before a document in place of an empty one. */
function beginning(ids: Uint32Array, startToken: number | undefined, name: string): Uint32Array {
  if (ids.length > 0) return ids;
  if (startToken !== undefined) return Uint32Array.of(startToken);
  throw new UsageError({
    code: 'WEFT_GENERATE_PROMPT',
    action: `generate with ${name}`,
    rule: 'its tokenizer has no token that begins a text, so the prompt needs at least one token',
    value: 'an empty prompt',
    remedy: 'Give a prompt.',
  });
}

function tooLong(length: number, contextLength: number, name: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_CONTEXT',
    action: `generate with ${name}`,
    rule: `prompt and text together may have at most ${contextLength} tokens`,
    value: `the prompt alone has ${length}`,
    remedy: `Shorten the prompt to at most ${contextLength - 1} tokens.`,
  });
}
