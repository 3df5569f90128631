/**
 * Loss, perplexity and bits per byte of a language model over held-out documents.
 *
 * Each document stands alone behind the start token. One longer than the model's context is scored in windows that
 * overlap by half: every token is scored once, with at least half a context before it where the document has that much.
 * (Strided windows: https://huggingface.co/docs/transformers/perplexity.)
 */

import { UsageError, WeftError, checkOptions } from '../core/index.ts';
import { emptyHeldOut, encodeDocuments } from './documents.ts';
import type { Documents } from './documents.ts';
import { bitsPerByte } from './metrics/bits-per-byte.ts';
import { perplexity } from './metrics/perplexity.ts';

/** A model as far as evaluation needs it; `TextModel` of `weft/generate` is one. */
export interface ScoringModel {
  /** Most tokens that the model looks at. */
  readonly contextLength: number;
  readonly tokenizer: {
    readonly vocabSize: number;
    /** The token that begins a document. */
    readonly endOfText: number | undefined;
    encode(text: string): Uint32Array;
  };
  /** ln p(ids[i] | ids[< i]) for i ≥ 1, of up to `contextLength` tokens. */
  score(ids: Uint32Array): Promise<Float32Array>;
}

/** What {@link evaluateText} found. */
export interface TextEvaluation {
  /** Mean of -ln p over the tokens, in nats. */
  readonly loss: number;
  /** `exp(loss)`. */
  readonly perplexity: number;
  /** Sum of -log2 p over the UTF-8 bytes of the text. */
  readonly bitsPerByte: number;
  readonly tokens: number;
  readonly bytes: number;
  readonly documents: number;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  readonly documents: number;
  readonly tokens: number;
  /** UTF-8 bytes of the documents that are done. */
  readonly bytes: number;
  /** Bits per byte of the documents that are done. */
  readonly bitsPerByte: number;
}

/** Options of {@link evaluateText}. */
export interface EvaluateTextOptions {
  /** Most UTF-8 bytes of text to score, in the documents' order; default all. */
  readonly byteLimit?: number;
  /** Called after each document. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** Stops the evaluation, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Evaluates a language model on held-out documents.
 *
 * A tokenizer without a start token leaves the first token of each document without anything to predict it from; that
 * token is charged as a uniform guess, so that the bits still pay for the whole text.
 *
 * @param model - what to evaluate.
 * @param documents - held-out documents; empty ones are left out.
 * @param options - see {@link EvaluateTextOptions}.
 * @returns loss and perplexity per token, bits per byte, and what they were taken over.
 * @throws UsageError `WEFT_EVAL_EMPTY` without text, `WEFT_EVAL_OPTION` for a context or limit out of range;
 *   WeftError `WEFT_EVAL_NOT_FINITE` when the model's scores are not numbers.
 *
 * @example
 * ```ts
 * import { evaluateText } from 'weft/eval';
 *
 * const guess = {
 *   contextLength: 8,
 *   tokenizer: { vocabSize: 257, endOfText: 256, encode: (text: string) => Uint32Array.from(new TextEncoder().encode(text)) },
 *   score: async (ids: Uint32Array) => new Float32Array(ids.length).fill(-Math.log(256)),
 * };
 * const { perplexity, bitsPerByte } = await evaluateText(guess, [{ text: 'A short document.' }]);
 * console.log(perplexity.toFixed(2), bitsPerByte.toFixed(2)); // 256.00 8.00
 * ```
 */
export async function evaluateText(model: ScoringModel, documents: Documents, options: EvaluateTextOptions = {}): Promise<TextEvaluation> {
  checkOptions('evaluate', options, ['byteLimit', 'onProgress', 'signal']);
  if (!(model.contextLength >= 2)) {
    throw new UsageError({
      code: 'WEFT_EVAL_OPTION',
      action: 'evaluate a model',
      rule: 'a context holds at least two tokens',
      value: String(model.contextLength),
      remedy: 'Give a model with a longer context.',
    });
  }
  const done = { nats: 0, tokens: 0, bytes: 0, documents: 0 };
  for await (const { text, utf8 } of encodeDocuments(documents, options.byteLimit)) {
    options.signal?.throwIfAborted();
    const ids = model.tokenizer.encode(text);
    done.nats += await scoreDocument(model, ids, options.signal);
    done.tokens += ids.length;
    done.bytes += utf8.length;
    done.documents++;
    options.onProgress?.({
      documents: done.documents,
      tokens: done.tokens,
      bytes: done.bytes,
      bitsPerByte: bitsPerByte(done.nats, done.bytes),
    });
  }
  if (done.bytes === 0) throw emptyHeldOut('evaluate a model');
  return {
    loss: done.nats / done.tokens,
    perplexity: perplexity(done.nats, done.tokens),
    bitsPerByte: bitsPerByte(done.nats, done.bytes),
    tokens: done.tokens,
    bytes: done.bytes,
    documents: done.documents,
  };
}

/** The sum of -ln p over the tokens of one document. */
async function scoreDocument(model: ScoringModel, tokens: Uint32Array, signal: AbortSignal | undefined): Promise<number> {
  const start = model.tokenizer.endOfText;
  const sequence = start === undefined ? tokens : behind(start, tokens);
  let nats = start === undefined && tokens.length > 0 ? Math.log(model.tokenizer.vocabSize) : 0;
  const context = model.contextLength;
  const stride = Math.floor(context / 2);
  let scored = 1; // the first position has nothing before it
  for (let begin = 0; scored < sequence.length; begin += stride) {
    signal?.throwIfAborted();
    const end = Math.min(begin + context, sequence.length);
    const logProbabilities = await model.score(sequence.subarray(begin, end));
    for (; scored < end; scored++) nats -= finite(logProbabilities[scored - begin], scored);
  }
  return nats;
}

function behind(start: number, tokens: Uint32Array): Uint32Array {
  const sequence = new Uint32Array(1 + tokens.length);
  sequence[0] = start;
  sequence.set(tokens, 1);
  return sequence;
}

function finite(logProbability: number | undefined, position: number): number {
  if (logProbability !== undefined && Number.isFinite(logProbability)) return logProbability;
  throw new WeftError({
    code: 'WEFT_EVAL_NOT_FINITE',
    action: 'evaluate a model',
    rule: `its score of token ${position} is not a finite number`,
    value: String(logProbability),
    remedy: 'The weights are damaged or training diverged: use an earlier checkpoint or a lower learning rate.',
  });
}
