/**
 * Chats as batches: several behind one another in a sequence, marked so that attention keeps them apart.
 *
 * Decided: which chats share a sequence is settled once, by first fit from the longest down (Johnson 1973), which leaves little empty;
 * epochs differ in the order of the sequences. So a batch depends on its number alone, and a run resumes at any step.
 */

import { UsageError, checkOptions } from '../../core/index.ts';
import type { BatchSource } from '../../train/index.ts';
import type { ChatExample } from '../../tokenizers/index.ts';
import { shuffled } from '../shuffled.ts';

/** Sequences that are trained on together; each tensor is B T. */
export interface ChatBatch {
  readonly inputs: Int32Array;
  /** The token after each input where it is to be learnt, else -1. */
  readonly targets: Int32Array;
  /** Which text of its sequence each token belongs to; -1 for what fills it up. */
  readonly segments: Int32Array;
  /** The place of each token in its text. */
  readonly positions: Int32Array;
  /** The weight of each target, 0 where there is none. */
  readonly weights: Float32Array;
  /** Targets that count. */
  readonly kept: number;
}

/** A chat, and how much it counts where an objective asks for that; default 1. */
export type WeightedExample = ChatExample & { readonly weight?: number };

/** Batches of chats. */
export interface ChatBatches extends BatchSource<ChatBatch> {
  readonly contextLength: number;
  readonly batchesPerEpoch: number;
  /** Sequences of an epoch. */
  readonly sequences: number;
  /** Chats that were too long, and lost their end; and those of them that lost all of their replies, and are left out. */
  readonly cut: number;
  readonly leftOut: number;
  batch(index: number): ChatBatch;
}

/** Options of {@link packChats}. */
export interface PackChatsOptions {
  /** Sequences of a batch, B. */
  readonly batchSize: number;
  /** Tokens of a sequence, T. */
  readonly contextLength: number;
  /** Decides the order. */
  readonly seed: number;
  /** Several chats in a sequence; default true. */
  readonly pack?: boolean;
  /** `shuffled` (default), for training; `sequential`, for evaluation: every sequence once, the last batch padded. */
  readonly order?: 'shuffled' | 'sequential';
}

interface Sequence {
  readonly chats: readonly WeightedExample[];
  /** Inputs in it. */
  readonly length: number;
}

/**
 * Packs chats into batches.
 *
 * @param examples as `chatReplies` gives them
 * @throws UsageError `WEFT_CHAT_OPTION` when an option is out of its range, `WEFT_CHAT_TOO_LONG` when no reply fits into a sequence.
 *
 * @example
 * ```ts
 * import { packChats } from 'weft/finetune';
 *
 * const chat = { ids: Int32Array.of(5, 6, 7), isReply: Uint8Array.of(0, 1, 1) };
 * const batches = packChats([chat, chat], { batchSize: 1, contextLength: 5, seed: 1 });
 * const { inputs, targets, segments } = batches.batch(0);
 * console.log([...inputs], [...targets], [...segments]); // [ 5, 6, 5, 6, 0 ] [ 6, 7, 6, 7, -1 ] [ 0, 0, 1, 1, -1 ]
 * ```
 */
export function packChats(examples: readonly WeightedExample[], options: PackChatsOptions): ChatBatches {
  checkOptions('pack chats', options, ['batchSize', 'contextLength', 'seed', 'pack', 'order']);
  const { batchSize, contextLength, seed, pack = true, order = 'shuffled' } = options;
  for (const name of ['batchSize', 'contextLength'] as const) {
    const value = options[name];
    if (!Number.isSafeInteger(value) || value < 1) throw optionError(`${name} must be a whole number of at least 1`, String(value));
  }
  if (order !== 'shuffled' && order !== 'sequential') throw optionError('order must be shuffled or sequential', String(order));
  const fitting = examples.map((example) => fit(example, contextLength));
  const usable = fitting.filter(({ isReply }) => isReply.includes(1, 1));
  if (usable.length === 0) throw tooLong(contextLength);
  const sequences = pack
    ? firstFit(usable, contextLength)
    : usable.map((chat): Sequence => ({ chats: [chat], length: chat.ids.length - 1 }));
  const batchesPerEpoch = Math.max(1, (order === 'shuffled' ? Math.floor : Math.ceil)(sequences.length / batchSize));
  const orders = new Map<number, Int32Array>();
  const orderOf = (epoch: number): Int32Array => {
    const known = orders.get(epoch);
    if (known !== undefined) return known;
    orders.clear();
    const made =
      order === 'sequential' ? Int32Array.from(sequences.keys()) : shuffled(sequences.length, { seed, purpose: `chats ${epoch}` });
    orders.set(epoch, made);
    return made;
  };
  return {
    batchSize,
    contextLength,
    batchesPerEpoch,
    sequences: sequences.length,
    cut: fitting.filter((example, index) => example !== examples[index]).length,
    leftOut: examples.length - usable.length,
    batch(index) {
      const places = orderOf(Math.floor(index / batchesPerEpoch));
      const start = (index % batchesPerEpoch) * batchSize;
      return fill(
        Array.from({ length: batchSize }, (_, row) => sequences[places[start + row] ?? -1]),
        contextLength,
      );
    },
  };
}

/** The chat, or as much of it as has room: its last token is a target alone. */
function fit(example: WeightedExample, contextLength: number): WeightedExample {
  const most = contextLength + 1;
  return example.ids.length <= most ? example : { ...example, ids: example.ids.slice(0, most), isReply: example.isReply.slice(0, most) };
}

/** First fit decreasing; the sequences that may have room are looked through by how much they have. */
function firstFit(chats: readonly WeightedExample[], room: number): readonly Sequence[] {
  const sequences: { chats: WeightedExample[]; length: number }[] = [];
  /** Sequences by the room that is left, so that a full one is not looked at again. */
  const byRoom: number[][] = Array.from({ length: room + 1 }, () => []);
  for (const chat of chats.toSorted((a, b) => b.ids.length - a.ids.length)) {
    const needed = chat.ids.length - 1;
    let best = -1;
    for (let left = needed; left <= room && best < 0; left++) if ((byRoom[left] as number[]).length > 0) best = left;
    const place = best < 0 ? sequences.push({ chats: [], length: 0 }) - 1 : (byRoom[best] as number[]).pop();
    const sequence = sequences[place as number];
    if (sequence === undefined) throw new RangeError('a sequence is there');
    sequence.chats.push(chat);
    sequence.length += needed;
    (byRoom[room - sequence.length] as number[]).push(place as number);
  }
  return sequences;
}

function fill(rows: readonly (Sequence | undefined)[], contextLength: number): ChatBatch {
  const size = rows.length * contextLength;
  const [inputs, targets, segments, positions] = [
    new Int32Array(size),
    new Int32Array(size).fill(-1),
    new Int32Array(size).fill(-1),
    new Int32Array(size),
  ];
  const weights = new Float32Array(size);
  let kept = 0;
  for (const [row, sequence] of rows.entries()) {
    let at = row * contextLength;
    for (const [segment, { ids, isReply, weight = 1 }] of (sequence?.chats ?? []).entries()) {
      for (let index = 0; index + 1 < ids.length; index++, at++) {
        inputs[at] = ids[index] as number;
        segments[at] = segment;
        positions[at] = index;
        if (isReply[index + 1] !== 1) continue;
        targets[at] = ids[index + 1] as number;
        weights[at] = weight;
        kept++;
      }
    }
  }
  return { inputs, targets, segments, positions, weights, kept };
}

function optionError(rule: string, value: string): UsageError {
  return new UsageError({ code: 'WEFT_CHAT_OPTION', action: 'pack chats', rule, value, remedy: 'Give a value in its range.' });
}

function tooLong(contextLength: number): UsageError {
  return new UsageError({
    code: 'WEFT_CHAT_TOO_LONG',
    action: 'pack chats',
    rule: `at least one reply must begin within ${contextLength} tokens`,
    value: 'none does',
    remedy: 'Give a larger contextLength, or shorter chats.',
  });
}
