/**
 * Pairs of replies as batches for direct preference optimisation. What the reference gives to each side is computed once, before
 * training: it does not change.
 */

import { UsageError, checkOptions } from '../core/index.ts';
import type { TextModel } from '../generate/index.ts';
import { chatReplies } from '../tokenizers/index.ts';
import type { ChatExample, ChatModel } from '../tokenizers/index.ts';
import type { BatchSource } from '../train/index.ts';
import { chatError } from './chats/chat.ts';
import type { Preference } from './chats/preference.ts';
import { requirePair } from './chats/preference.ts';
import { shuffled } from './shuffled.ts';

/** Pairs that are trained on together. */
export interface PreferenceBatch {
  /** B 2 T: chosen, rejected. */
  readonly inputs: Int32Array;
  /** The token after each input where it belongs to the reply, else -1. */
  readonly targets: Int32Array;
  /** B 2: log-probability of each reply by the reference. */
  readonly reference: Float32Array;
  /** B: 1, or 0 for what fills a batch up. */
  readonly counts: Float32Array;
  /** Pairs that count. */
  readonly kept: number;
}

/** Batches of pairs. */
export interface PreferenceBatches extends BatchSource<PreferenceBatch> {
  /** Tokens of the longest side, or as many as were asked for. */
  readonly contextLength: number;
  readonly batchesPerEpoch: number;
  batch(index: number): PreferenceBatch;
}

/** Options of {@link preferenceBatches}. */
export interface PreferenceBatchesOptions {
  /** Pairs of a batch, B. */
  readonly batchSize: number;
  /** Decides the order. */
  readonly seed: number;
  /** Tokens of a sequence, T; default those of the longest side. A pair that is longer is an error. */
  readonly contextLength?: number;
  /** `shuffled` (default), for training; `sequential`, for evaluation: every pair once, the last batch padded. */
  readonly order?: 'shuffled' | 'sequential';
}

/**
 * Encodes pairs by the reference's chat template, scores them with it, and makes batches of them.
 *
 * @param reference the model before training: its template and tokenizer, and its `score`
 * @throws WeftError `WEFT_CHAT_PAIR` when two sides are the same tokens, `WEFT_CHAT_TOO_LONG` when one has no room; UsageError
 *   `WEFT_CHAT_OPTION` when there is no pair or an option is out of its range; and as `chatReplies` does.
 */
export async function preferenceBatches(
  preferences: readonly Preference[],
  reference: ChatModel & Pick<TextModel, 'score' | 'contextLength'>,
  options: PreferenceBatchesOptions,
): Promise<PreferenceBatches> {
  checkOptions('make batches of pairs', options, ['batchSize', 'seed', 'contextLength', 'order']);
  const { batchSize, seed, order = 'shuffled' } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw optionError('batchSize must be a whole number of at least 1', String(batchSize));
  if (preferences.length === 0) throw optionError('there must be a pair', 'none');
  const pairs = await encodePairs(preferences, reference);
  const contextLength = options.contextLength ?? longestOf(pairs);
  const over = pairs.find(({ sides }) => sides.some(({ ids }) => ids.length - 1 > Math.min(contextLength, reference.contextLength)));
  if (over !== undefined) {
    throw chatError({
      code: 'WEFT_CHAT_TOO_LONG',
      origin: over.origin,
      rule: `both sides must have room in ${Math.min(contextLength, reference.contextLength)} tokens`,
      value: over.sides.map(({ ids }) => ids.length - 1).join(' and '),
      remedy: 'Shorten or leave out the pair.',
    });
  }
  const scores: (readonly [number, number])[] = [];
  for (const { sides } of pairs) scores.push([await replyScore(reference, sides[0]), await replyScore(reference, sides[1])]);
  const batchesPerEpoch = Math.max(1, (order === 'shuffled' ? Math.floor : Math.ceil)(pairs.length / batchSize));
  return {
    batchSize,
    contextLength,
    batchesPerEpoch,
    batch(index) {
      const epoch = Math.floor(index / batchesPerEpoch);
      const places = order === 'sequential' ? Int32Array.from(pairs.keys()) : shuffled(pairs.length, { seed, purpose: `pairs ${epoch}` });
      const start = (index % batchesPerEpoch) * batchSize;
      const rows = places.slice(start, start + batchSize);
      const [inputs, targets] = [new Int32Array(batchSize * 2 * contextLength), new Int32Array(batchSize * 2 * contextLength).fill(-1)];
      const given = new Float32Array(batchSize * 2);
      for (const [row, place] of rows.entries()) {
        for (const side of [0, 1] as const) {
          const example = (pairs[place] as EncodedPair).sides[side];
          const at = (row * 2 + side) * contextLength;
          inputs.set(example.ids.subarray(0, -1), at);
          for (let token = 1; token < example.ids.length; token++)
            if (example.isReply[token] === 1) targets[at + token - 1] = example.ids[token] as number;
          given[row * 2 + side] = scores[place]?.[side] ?? 0;
        }
      }
      const counts = Float32Array.from({ length: batchSize }, (_, row) => (row < rows.length ? 1 : 0));
      return { inputs, targets, reference: given, counts, kept: rows.length };
    },
  };
}

/**
 * Tokens of the longest side of pairs: the `contextLength` that holds them all.
 *
 * @throws as {@link preferenceBatches} does.
 */
export async function preferenceLength(preferences: readonly Preference[], model: ChatModel): Promise<number> {
  return longestOf(await encodePairs(preferences, model));
}

function longestOf(pairs: readonly EncodedPair[]): number {
  return pairs.reduce((most, { sides }) => Math.max(most, ...sides.map(({ ids }) => ids.length - 1)), 0);
}

interface EncodedPair {
  readonly sides: readonly [ChatExample, ChatExample];
  readonly origin: string;
}

async function encodePairs(preferences: readonly Preference[], model: ChatModel): Promise<readonly EncodedPair[]> {
  const pairs: EncodedPair[] = [];
  for (const preference of preferences) {
    const { prompt, chosen, rejected, origin } = requirePair(preference);
    // What stands before both sides is not to be learnt.
    const context = prompt.map((message) => ({ ...message, weight: 0 }));
    const encode = async (side: Preference['chosen']): Promise<ChatExample> =>
      (await chatReplies(model, [...context, ...side])).at(-1) ?? { ids: new Int32Array(0), isReply: new Uint8Array(0) };
    const sides = [await encode(chosen), await encode(rejected)] as const;
    if (sides[0].ids.join() === sides[1].ids.join()) {
      throw chatError({
        code: 'WEFT_CHAT_PAIR',
        origin,
        rule: 'the two sides must differ once the template has laid them out',
        value: `${sides[0].ids.length} equal tokens`,
        remedy: 'Take the pair out, or give replies that differ in more than what the template drops.',
      });
    }
    pairs.push({ sides, origin });
  }
  return pairs;
}

/** The log-probability of what the example's model is to write. */
async function replyScore(reference: Pick<TextModel, 'score'>, { ids, isReply }: ChatExample): Promise<number> {
  const scores = await reference.score(Uint32Array.from(ids));
  return scores.reduce((total, score, index) => (index > 0 && isReply[index] === 1 ? total + score : total), 0);
}

function optionError(rule: string, value: string): UsageError {
  return new UsageError({ code: 'WEFT_CHAT_OPTION', action: 'make batches of pairs', rule, value, remedy: 'Give a value in its range.' });
}
