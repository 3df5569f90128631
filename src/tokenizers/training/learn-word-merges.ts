/**
 * Learns the merges of a byte pair encoding of characters, in words that may be marked inside or at their end.
 *
 * It is `BpeTrainer::do_train` of Hugging Face's tokenizers (0.23, `models/bpe/trainer.rs`), which its WordPiece trainer uses too;
 * see `bpe/learn-merges.ts` for byte-level text. Theirs numbers marked characters as it meets them in a hash table, so that ties
 * fall otherwise from run to run; here they have the order of their code points.
 */

import { createPairCounts } from '../bpe/pair-counts.ts';
import { LONGEST_TOKEN } from '../tokenizer.ts';
import { compareCodePoints } from './compare-code-points.ts';
import { createPairQueue } from './pair-queue.ts';
import { createPlaceLists, createSymbolLists } from './symbol-lists.ts';

/** What to learn, and whom to tell. */
export interface WordMergeLearning {
  /** Tokens at most. */
  readonly size: number;
  /** A pair that occurs less often is not merged. */
  readonly minFrequency: number;
  /** Characters at most: the most frequent are kept, and the others are left out of the words. */
  readonly alphabetLimit: number;
  /** Marks tokens that do not begin a word; empty for none. */
  readonly prefix: string;
  /** Marks tokens that end a word; empty for none. */
  readonly suffix: string;
  /** The order of marked characters, which decides ties. Default by their code points. */
  readonly compareMarked?: ((a: string, b: string) => number) | undefined;
  readonly onMerge?: ((tokens: number) => void) | undefined;
}

/** What was learnt. */
export interface LearntWordMerges {
  /** The characters, then these marked, then what was merged. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
  /** How many tokens there were before the first merge. */
  readonly alphabet: number;
}

/** Learns until there are enough tokens or no pair is frequent enough. */
export function learnWordMerges(counts: ReadonlyMap<string, number>, learning: WordMergeLearning): LearntWordMerges {
  const { size, minFrequency, prefix, onMerge } = learning;
  const { tokens, idOf, symbols, starts, weights } = createAlphabet(counts, learning);
  const alphabet = tokens.length;
  const { ids, next, previous, words } = createSymbolLists(symbols, starts);
  const pairs = createPairCounts();
  const lists = createPlaceLists();
  const queue = createPairQueue((pair, other) => {
    const left = pairs.left(pair) - pairs.left(other);
    return left === 0 ? pairs.right(pair) < pairs.right(other) : left < 0;
  });
  const enqueueNew = (): void =>
    lists.drain((pair, head) => {
      if (pairs.count(pair) > 0) queue.push(pair, pairs.count(pair), head);
    });
  const count = (left: number, right: number, at: number): void => {
    const pair = pairs.place(left, right);
    pairs.add(pair, weights[words[at] as number] as number);
    lists.append(pair, at);
  };
  for (let at = 0; at < ids.length; at++) {
    const after = next[at] as number;
    if (after >= 0) count(ids[at] as number, ids[after] as number, at);
  }
  enqueueNew();

  const merges = new Map<number, readonly [string, string]>();
  while (tokens.length < size && queue.size() > 0) {
    queue.pop();
    const { pair, count: seen, head } = queue.top;
    if (seen !== pairs.count(pair)) {
      if (pairs.count(pair) > 0) queue.push(pair, pairs.count(pair), head);
      continue;
    }
    if (seen < Math.max(1, minFrequency)) break;
    const left = pairs.left(pair);
    const right = pairs.right(pair);
    const [first, second] = [tokens[left] as string, tokens[right] as string];
    const token = first + (second.startsWith(prefix) ? second.slice(prefix.length) : second);
    if (token.length > LONGEST_TOKEN) continue;
    let result = idOf.get(token);
    if (result === undefined) {
      result = tokens.length;
      tokens.push(token);
      idOf.set(token, result);
    }
    // A pair that is merged twice counts once, at its last place.
    merges.delete(pair);
    merges.set(pair, [first, second]);
    for (let node = head; node >= 0; node = lists.after(node)) {
      const at = lists.place(node);
      const behind = next[at] as number;
      if (ids[at] !== left || behind < 0 || ids[behind] !== right) continue; // Merged meanwhile.
      const weight = weights[words[at] as number] as number;
      const before = previous[at] as number;
      const after = next[behind] as number;
      if (before >= 0) {
        pairs.add(pairs.place(ids[before] as number, left), -weight);
        count(ids[before] as number, result, before);
      }
      if (after >= 0) {
        pairs.add(pairs.place(right, ids[after] as number), -weight);
        count(result, ids[after] as number, at);
        previous[after] = at;
      }
      ids[at] = result;
      ids[behind] = -1;
      next[at] = after;
    }
    enqueueNew();
    onMerge?.(tokens.length);
  }
  return { tokens, merges: [...merges.values()], alphabet };
}

interface Alphabet {
  readonly tokens: string[];
  readonly idOf: Map<string, number>;
  /** Words as ids, end to end. */
  readonly symbols: Int32Array;
  readonly starts: Int32Array;
  /** How often each word occurs. */
  readonly weights: Float64Array;
}

/** The characters, plain and marked, and the words made of them. */
function createAlphabet(counts: ReadonlyMap<string, number>, learning: WordMergeLearning): Alphabet {
  const { alphabetLimit, prefix, suffix, compareMarked = compareCodePoints } = learning;
  const seen = new Map<string, number>();
  for (const [word, count] of counts) for (const character of word) seen.set(character, (seen.get(character) ?? 0) + count);
  const kept = [...seen].sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b)).slice(0, alphabetLimit);
  const tokens = kept.map(([character]) => character).sort(compareCodePoints);
  const idOf = new Map(tokens.map((token, id) => [token, id]));

  const words = [...counts.keys()].sort();
  const lists = words.map((word) => {
    const characters = [...word];
    const { length } = characters;
    return characters
      .map((character, index) =>
        idOf.has(character) ? (index > 0 ? prefix : '') + character + (index === length - 1 ? suffix : '') : undefined,
      )
      .filter((token) => token !== undefined);
  });
  const marked = new Set<string>();
  for (const list of lists) for (const token of list) if (!idOf.has(token)) marked.add(token);
  for (const token of [...marked].sort(compareMarked)) {
    idOf.set(token, tokens.length);
    tokens.push(token);
  }
  const symbols = new Int32Array(lists.reduce((sum, list) => sum + list.length, 0));
  const starts = new Int32Array(words.length + 1);
  let at = 0;
  lists.forEach((list, word) => {
    starts[word] = at;
    for (const token of list) symbols[at++] = idOf.get(token) as number;
  });
  starts[words.length] = at;
  return { tokens, idOf, symbols, starts, weights: Float64Array.from(words, (word) => counts.get(word) as number) };
}
