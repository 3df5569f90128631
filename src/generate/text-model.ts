/** A language model that reads and writes text: what generation, evaluation and serving hold in their hands. */

import type { ModelCard } from '../formats/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import type { AttentionReader } from './attention-reader.ts';
import type { EngineStatus } from './batching/batch-engine.ts';
import type { BeamSearchOptions, GenerationOptions, ScoreOptions, WorkOptions } from './generation-options.ts';

/** One generated token. */
export interface GeneratedToken {
  readonly id: number;
  /** The text that became complete with it, possibly empty, possibly of tokens before it too. Joined, these are the whole text. */
  readonly text: string;
  /** Natural logarithm of its probability in the model's own distribution, before temperature, penalties and cuts. */
  readonly logProbability: number;
  /** The likeliest tokens in its place, likeliest first, as many as were asked for. */
  readonly alternatives: readonly TokenAlternative[];
  /** On the last token only: `stop` at a stop text or the end of the text, `length` at the limit or the end of the context. */
  readonly finishReason?: 'stop' | 'length';
}

/** A token that could have been taken. */
export interface TokenAlternative {
  readonly id: number;
  /** Its text by itself; bytes that are no whole character read as U+FFFD. */
  readonly text: string;
  readonly logProbability: number;
}

/** A text that a beam search found. */
export interface BeamText {
  readonly text: string;
  readonly tokens: readonly GeneratedToken[];
  /** Natural logarithm of the probability of all its tokens. */
  readonly logProbability: number;
  /** That, over its length to the power of the length penalty. */
  readonly score: number;
  readonly finishReason: 'stop' | 'length';
}

/** How a model's makers would sample from it: what `generation_config.json` says. */
export type SamplingDefaults = Pick<GenerationOptions, 'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty'>;

/** A language model with its weights and its tokenizer, ready to run. */
export interface TextModel {
  readonly name: string;
  /** Most tokens of prompt and text together; Infinity for a model that forgets what is too far back. */
  readonly contextLength: number;
  readonly tokenizer: Tokenizer;
  /** The Jinja template of its chats; undefined when it was not made for chats. */
  readonly chatTemplate: string | undefined;
  readonly card: ModelCard | undefined;
  /** How its makers would sample from it; absent where they said nothing. A server's answers are sampled so where a request says nothing else. */
  readonly defaults?: SamplingDefaults;
  /** How many numbers it consists of. */
  readonly parameters: number;
  /**
   * The tokens of a text prompt: with the special tokens that the tokenizer puts before a text (a beginning of text, where the model was
   * trained with one), and the one that begins a document in place of an empty prompt.
   *
   * @throws UsageError `WEFT_GENERATE_PROMPT` for an empty one that nothing can begin
   */
  encode(prompt: string): Uint32Array;
  /**
   * Writes on from a prompt, token by token. Generations that run at once are computed in one batch, and each is, bit for bit, what it
   * would be alone. It runs ahead of the loop by a few tokens; leaving the loop early ends it.
   *
   * @param prompt text (special tokens in it are ordinary text), which is encoded as by {@link TextModel.encode}, or tokens; an empty one
   *   begins a document
   * @throws UsageError `WEFT_GENERATE_CONTEXT` when the prompt fills the context, `WEFT_GENERATE_PROMPT` for an empty one that
   *   nothing can begin, `WEFT_GENERATE_TOKEN` for tokens the model lacks, `WEFT_GENERATE_OPTION` for an option out of range;
   *   WeftError `WEFT_GENERATE_NOT_FINITE` when the scores are not numbers, `WEFT_GENERATE_CLOSED` after `close()`; the
   *   signal's reason when it is aborted.
   */
  generate(prompt: string | Uint32Array, options?: GenerationOptions): AsyncGenerator<GeneratedToken>;
  /**
   * Looks for the likeliest texts behind a prompt by beam search: Sutskever et al. 2014, section 3.2. Its hypotheses share one reading of
   * the prompt and are computed in one batch, beside other generations. Absent for a model without a cache of keys and values.
   *
   * @returns the texts that were found, best first, as many as beams where there are so many
   * @throws as {@link TextModel.generate}; UsageError `WEFT_GENERATE_OPTION` for more beams than slots, too
   */
  readonly beamSearch?: (prompt: string | Uint32Array, options?: BeamSearchOptions) => Promise<readonly BeamText[]>;
  /** Most tokens of a prompt and each text together, for so many beams to be in memory at once; there with `beamSearch`. */
  readonly beamLength?: (beams: number) => number;
  /**
   * `ln p(ids[i] | ids[< i])` for every i ≥ 1; the first is NaN. A text longer than the context is read in windows that
   * overlap by half, so that each token has at least half a context before it.
   *
   * @throws as {@link TextModel.generate}
   */
  score(ids: Uint32Array, options?: ScoreOptions): Promise<Float32Array>;
  /**
   * What the model makes of a text as a whole: the mean of its last layer's outputs over the tokens (C). Absent for a model without a
   * cache of keys and values.
   *
   * @throws as {@link TextModel.generate}
   */
  readonly embed?: (ids: Uint32Array, options?: WorkOptions) => Promise<Float32Array>;
  /** The same model with each of its adapters: they share its weights, its memory and its batch, and are closed with it. Absent without. */
  readonly adapters?: readonly TextModel[];
  /** What its engine is doing; absent for a model without a cache of keys and values, whose generations take turns. */
  readonly status?: () => EngineStatus;
  /**
   * Opens a reader of what the model attends to, whose weights it reads from the model's folder as they are then: a text model keeps none
   * in memory. Absent without a folder. The reader is the caller's to close.
   *
   * @throws as loading the folder, and `WEFT_GENERATE_WEIGHTS` when it holds another model by now
   */
  readonly openAttention?: () => Promise<AttentionReader>;
  /** Frees the session when the run in progress is done; generations under way fail with `WEFT_GENERATE_CLOSED`. Safe to call twice. */
  close(): Promise<void>;
}
