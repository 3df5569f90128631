/**
 * Learns the merges of a byte pair encoding from counted pieces (Sennrich et al. 2016, section 3.2).
 *
 * All pieces lie end to end as one linked list of symbols. Each pair of neighbours has its count and a list of its occurrences, so
 * that a merge touches only these. The queue is lazy: an entry whose count is stale is pushed again. Order, ties and the handling of
 * tokens that come about twice are those of Hugging Face's `BpeTrainer` (tokenizers 0.23, `models/bpe/trainer.rs`), so that the
 * merges are the same.
 */

import { ALPHABET } from '../byte-alphabet.ts';
import { LONGEST_TOKEN } from '../tokenizer.ts';
import type { PieceCounts } from './count-pieces.ts';
import { createMergeQueue } from './merge-queue.ts';
import type { Merge } from './merge-table.ts';
import { createPairCounts } from './pair-counts.ts';

/** When to stop, and whom to tell. */
export interface LearnOptions {
  /** Tokens at most, the 256 bytes included. */
  readonly size: number;
  /** A pair that occurs less often is not merged. */
  readonly minFrequency: number;
  readonly onMerge?: ((tokens: number) => void) | undefined;
}

/** What was learnt. */
export interface Learnt {
  /** Bytes of each token by id; the first 256 are the single bytes in the order of {@link ALPHABET}. */
  readonly tokens: readonly Uint8Array[];
  readonly merges: readonly Merge[];
}

/** Learns merges until there are enough tokens or no pair is frequent enough. */
export function learnMerges(pieces: PieceCounts, { size, minFrequency, onMerge }: LearnOptions): Learnt {
  const tokens: Uint8Array[] = ALPHABET.map((byte) => Uint8Array.of(byte));
  const idOf = new Map(tokens.map((bytes, id) => [textOf(bytes), id]));
  const symbols = createSymbols(pieces);
  const { ids, next, previous, weights } = symbols;
  const pairs = createPairCounts();
  const queue = createMergeQueue(pairs);
  const occurrences = createOccurrences(pairs);

  for (let at = 0; at < ids.length; at++) {
    const after = next[at] as number;
    if (after < 0) continue;
    const pair = pairs.place(ids[at] as number, ids[after] as number);
    pairs.add(pair, weights[at] as number);
    occurrences.append(pair, at);
  }
  occurrences.drain((pair, head) => queue.push(pair, pairs.count(pair), head));

  const merges: Merge[] = [];
  const { top } = queue;
  while (idOf.size < size && queue.size() > 0) {
    queue.pop();
    const pair = top.place;
    if (top.count !== pairs.count(pair)) {
      if (pairs.count(pair) > 0) queue.push(pair, pairs.count(pair), top.head);
      continue;
    }
    if (top.count < Math.max(1, minFrequency)) break;
    const left = pairs.left(pair);
    const right = pairs.right(pair);
    const [first, last] = [tokens[left] as Uint8Array, tokens[right] as Uint8Array];
    // Text that is one letter over and over doubles its longest token at every merge.
    if (first.length + last.length > LONGEST_TOKEN) continue;
    const bytes = joined(first, last);
    const text = textOf(bytes);
    let result = idOf.get(text);
    if (result === undefined) {
      result = tokens.length;
      tokens.push(bytes);
      idOf.set(text, result);
    }
    merges.push({ left, right, result });
    for (let node = top.head; node >= 0; node = occurrences.after(node)) {
      const at = occurrences.position(node);
      const second = next[at] as number;
      if (ids[at] !== left || second < 0 || ids[second] !== right) continue; // Merged meanwhile.
      const weight = weights[at] as number;
      const before = previous[at] as number;
      const after = next[second] as number;
      if (before >= 0) {
        pairs.add(pairs.place(ids[before] as number, left), -weight);
        const made = pairs.place(ids[before] as number, result);
        pairs.add(made, weight);
        occurrences.append(made, before);
      }
      if (after >= 0) {
        pairs.add(pairs.place(right, ids[after] as number), -weight);
        const made = pairs.place(result, ids[after] as number);
        pairs.add(made, weight);
        occurrences.append(made, at);
        previous[after] = at;
      }
      ids[at] = result;
      ids[second] = -1;
      next[at] = after;
    }
    occurrences.drain((made, head) => {
      if (pairs.count(made) > 0) queue.push(made, pairs.count(made), head);
    });
    onMerge?.(tokens.length);
  }
  return { tokens, merges: withoutRepeats(merges) };
}

/** All pieces end to end, as a linked list of symbols; every symbol knows how often its piece was seen. */
interface Symbols {
  readonly ids: Int32Array;
  /** Place of the next symbol of the piece, or -1. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly weights: Float64Array;
}

function createSymbols({ size, bytes, starts, counts }: PieceCounts): Symbols {
  const idOfByte = new Int32Array(256);
  ALPHABET.forEach((byte, id) => (idOfByte[byte] = id));
  const ids = new Int32Array(bytes.length);
  const next = new Int32Array(bytes.length);
  const previous = new Int32Array(bytes.length);
  const weights = new Float64Array(bytes.length);
  for (let piece = 0; piece < size; piece++) {
    const start = starts[piece] as number;
    const end = starts[piece + 1] as number;
    for (let at = start; at < end; at++) {
      ids[at] = idOfByte[bytes[at] as number] as number;
      next[at] = at + 1 < end ? at + 1 : -1;
      previous[at] = at > start ? at - 1 : -1;
      weights[at] = counts[piece] as number;
    }
  }
  return { ids, next, previous, weights };
}

/** Lists of positions by pair, gathered while a merge is done and handed over with {@link drain}. */
interface Occurrences {
  append(pair: number, position: number): void;
  /** Hands every list gathered since the last call over, by its first node. */
  drain(take: (pair: number, head: number) => void): void;
  position(node: number): number;
  /** The next node of the list, or -1. */
  after(node: number): number;
}

function createOccurrences(pairs: { readonly size: () => number }): Occurrences {
  let positions = new Int32Array(1 << 16);
  let following = new Int32Array(1 << 16);
  let nodes = 0;
  let heads = new Int32Array(1 << 14); // Head node + 1 of the list being gathered for a pair; 0 is none.
  let tails = new Int32Array(1 << 14);
  let gathered: number[] = [];
  return {
    append(pair, position) {
      if (nodes === positions.length) {
        positions = enlarged(positions, nodes * 2);
        following = enlarged(following, nodes * 2);
      }
      if (pair >= heads.length) {
        const length = Math.max(pairs.size(), heads.length * 2);
        heads = enlarged(heads, length);
        tails = enlarged(tails, length);
      }
      const node = nodes++;
      positions[node] = position;
      following[node] = -1;
      if (heads[pair] === 0) {
        heads[pair] = node + 1;
        gathered.push(pair);
      } else following[tails[pair] as number] = node;
      tails[pair] = node;
    },
    drain(take) {
      for (const pair of gathered) {
        take(pair, (heads[pair] as number) - 1);
        heads[pair] = 0;
      }
      gathered = [];
    },
    position: (node) => positions[node] as number,
    after: (node) => following[node] as number,
  };
}

function enlarged(old: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(old);
  return larger;
}

/** A pair that was merged twice counts once, at its last place: so does a map of ranks. */
function withoutRepeats(merges: readonly Merge[]): readonly Merge[] {
  const last = new Map(merges.map(({ left, right }, rank) => [`${left} ${right}`, rank]));
  return merges.filter(({ left, right }, rank) => last.get(`${left} ${right}`) === rank);
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

/** Bytes as a key: one character a byte. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
