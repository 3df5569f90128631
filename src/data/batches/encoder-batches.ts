/** Batches for encoders that see a text from both sides: with masked tokens to find again, or with a label a text. Devlin et al. 2018. */

import { UsageError, allocate, checkOptions, createRandom } from '../../core/index.ts';
import { demandOption } from '../data-error.ts';
import { ORDER_OPTIONS, batchOrder } from './batch-order.ts';
import type { BatchOrderOptions } from './batch-order.ts';

/** A text as tokens, with what begins, parts and ends it; or two, of which the second is of another type. */
export interface EncoderText {
  readonly tokens: ArrayLike<number>;
  readonly second?: ArrayLike<number>;
}

/** Rows of texts, each array batch × length, row-major. */
export interface EncoderBatch {
  readonly ids: Int32Array;
  /** 0, and 1 in a second text. */
  readonly types: Int32Array;
  /** 1 where there is a token, 0 for padding. */
  readonly seen: Int32Array;
}

/** Rows of which some tokens are masked. */
export interface MaskedBatch extends EncoderBatch {
  /** The tokens that stood where some were masked, -1 elsewhere. */
  readonly targets: Int32Array;
  /** How many there are. */
  readonly kept: number;
}

/** Rows that have a label each. */
export interface LabelledBatch extends EncoderBatch {
  /** One a row, -1 for rows without a text. */
  readonly labels: Int32Array;
  /** Rows with a text. */
  readonly kept: number;
}

/** Batches by number; the same number always gives the same batch. */
export interface EncoderBatches<B extends EncoderBatch> {
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  batch(index: number): B;
}

/** What all batches of texts need. */
export interface EncoderBatchOptions extends BatchOrderOptions {
  /** Tokens of a row; shorter texts are padded. */
  readonly length: number;
  /** Default 0. */
  readonly padToken?: number;
}

/** Options of {@link maskedBatches}. */
export interface MaskedBatchOptions extends EncoderBatchOptions {
  readonly maskToken: number;
  /** The vocabulary that other tokens are drawn from. */
  readonly vocabSize: number;
  /** Share of a text's tokens that are to be found again; default 0.15, at least one. */
  readonly share?: number;
  /** Tokens that are never masked nor drawn, such as those that begin and end a text. */
  readonly specialTokens?: readonly number[];
}

const TEXT_OPTIONS = [...ORDER_OPTIONS, 'length', 'padToken'] as const;
/** Of the tokens to be found again, the shares that are masked, and that are another token; the rest stays. Devlin et al. 2018, appendix A.1. */
const [MASKED, OTHER] = [0.8, 0.1] as const;

/**
 * Batches of texts with 15% of their tokens to be found again: 80% of those are masked, 10% another token, 10% as they were. A text is
 * masked anew each epoch (Liu et al. 2019, "RoBERTa", section 4.1).
 *
 * @throws UsageError `WEFT_DATA_OPTION` when an option is out of range, `WEFT_DATA_LENGTH` when a text is longer than a row, or all of it special.
 *
 * @example
 * ```ts
 * import { maskedBatches } from 'weft/data';
 *
 * const texts = [{ tokens: [1, 7, 8, 9, 2] }];
 * const batches = maskedBatches(texts, { batchSize: 1, length: 6, maskToken: 3, vocabSize: 10, specialTokens: [0, 1, 2, 3] });
 * const { ids, targets, kept } = batches.batch(0);
 * console.log(ids.length, kept, targets[0]); // 6 1 -1
 * ```
 */
export function maskedBatches(texts: readonly EncoderText[], options: MaskedBatchOptions): EncoderBatches<MaskedBatch> {
  const action = 'make batches of masked texts';
  checkOptions(action, options, [...TEXT_OPTIONS, 'maskToken', 'vocabSize', 'share', 'specialTokens']);
  const { maskToken, vocabSize, share = 0.15, specialTokens = [], order: asked, seed = 1 } = options;
  demandOption(share > 0 && share <= 1, action, { rule: 'share is above 0 and at most 1', value: share });
  demandOption(Number.isSafeInteger(maskToken) && maskToken >= 0 && maskToken < vocabSize, action, {
    rule: 'maskToken is a token of the vocabulary',
    value: `${maskToken} of ${vocabSize}`,
  });
  const special = new Set(specialTokens);
  const ordinary = Array.from({ length: vocabSize }, (_, token) => token).filter((token) => !special.has(token));
  const order = rowsOf(action, texts, options);
  for (const text of texts)
    if (tokensOf(text).every((token) => special.has(token))) throw lengthError(action, 'a text has no token to mask');
  return {
    ...order,
    batch(index) {
      const { ids, types, seen } = order.fill(index);
      const targets = allocate('int32', ids.length).fill(-1);
      // For evaluation a text is masked once for all.
      const random = createRandom(seed, `masks ${asked === 'sequential' ? index % order.batchesPerEpoch : index}`);
      let kept = 0;
      for (let start = 0; start < ids.length; start += options.length) {
        const places: number[] = [];
        for (let at = start; at < start + options.length; at++) if (seen[at] === 1 && !special.has(ids[at] as number)) places.push(at);
        const count = Math.min(places.length, Math.max(1, Math.round(places.length * share)));
        for (let drawn = 0; drawn < count; drawn++) {
          const other = drawn + random.integer(places.length - drawn);
          [places[drawn], places[other]] = [places[other] as number, places[drawn] as number];
          const at = places[drawn] as number;
          targets[at] = ids[at] as number;
          const dice = random.uniform();
          if (dice < MASKED) ids[at] = maskToken;
          else if (dice < MASKED + OTHER) ids[at] = ordinary[random.integer(ordinary.length)] as number;
          kept++;
        }
      }
      return { ids, types, seen, targets, kept };
    },
  };
}

/**
 * Batches of texts that have a label each: a class, or whether the second text follows the first.
 *
 * @throws UsageError `WEFT_DATA_OPTION` when an option is out of range, `WEFT_DATA_LENGTH` when a text is longer than a row, or empty.
 *
 * @example
 * ```ts
 * import { labelledBatches } from 'weft/data';
 *
 * const texts = [{ tokens: [1, 5, 2], second: [6, 2], label: 1 }];
 * const { types, labels } = labelledBatches(texts, { batchSize: 1, length: 6 }).batch(0);
 * console.log([...types], [...labels]); // [ 0, 0, 0, 1, 1, 0 ] [ 1 ]
 * ```
 */
export function labelledBatches(
  texts: readonly (EncoderText & { readonly label: number })[],
  options: EncoderBatchOptions,
): EncoderBatches<LabelledBatch> {
  const action = 'make batches of labelled texts';
  checkOptions(action, options, TEXT_OPTIONS);
  const wrong = texts.find(({ label }) => !Number.isSafeInteger(label) || label < 0);
  demandOption(wrong === undefined, action, { rule: 'a label is an integer from 0', value: wrong?.label });
  const order = rowsOf(action, texts, options);
  return {
    ...order,
    batch(index) {
      const labels = allocate('int32', options.batchSize).fill(-1);
      const examples = order.examplesOf(index);
      for (const [row, example] of examples.entries()) labels[row] = texts[example]?.label ?? -1;
      return { ...order.fill(index), labels, kept: examples.length };
    },
  };
}

interface Rows {
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  examplesOf(index: number): readonly number[];
  fill(index: number): EncoderBatch;
}

function rowsOf(action: string, texts: readonly EncoderText[], options: EncoderBatchOptions): Rows {
  const { batchSize, length, padToken = 0 } = options;
  demandOption(Number.isSafeInteger(length) && length >= 1, action, { rule: 'length is a positive integer', value: length });
  const order = batchOrder(action, texts.length, options);
  for (const text of texts) {
    const tokens = text.tokens.length + (text.second?.length ?? 0);
    if (tokens > length || tokens === 0) throw lengthError(action, `${tokens} tokens, ${length} in a row`);
  }
  return {
    batchSize,
    ...order,
    fill(index) {
      const ids = allocate('int32', batchSize * length).fill(padToken);
      const types = allocate('int32', batchSize * length);
      const seen = allocate('int32', batchSize * length);
      for (const [row, example] of order.examplesOf(index).entries()) {
        const text = texts[example] as EncoderText;
        const tokens = tokensOf(text);
        ids.set(tokens, row * length);
        seen.fill(1, row * length, row * length + tokens.length);
        types.fill(1, row * length + text.tokens.length, row * length + tokens.length);
      }
      return { ids, types, seen };
    },
  };
}

function tokensOf({ tokens, second }: EncoderText): readonly number[] {
  return [...Array.from(tokens), ...Array.from(second ?? [])];
}

function lengthError(action: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_DATA_LENGTH',
    action,
    rule: 'every text has a token or more, and fits a row',
    value,
    remedy: 'Cut long texts, leave empty ones out, or give a greater length.',
  });
}
