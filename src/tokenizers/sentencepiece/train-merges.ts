/**
 * Learns the pieces of SentencePiece's byte pair encoding, which works on characters.
 *
 * It is `Trainer::Train` of bpe_model_trainer.cc (0.1.97), ties and all: the most frequent pair first, of equal ones the shorter,
 * then by code points; a piece that comes about in a second way is not merged in that way. SentencePiece scans the most frequent
 * twentieth of all pairs for every merge and chooses them anew after a hundred; here a queue holds all pairs. Counts are taken
 * again from the places of a pair when one of them may be gone, as there; and as there, of three equal symbols in a row the second
 * pair is forgotten, and stays so when the first is merged with what is before it (0.1.99 mended that).
 */

import { createPairCounts } from '../bpe/pair-counts.ts';
import { compareCodePoints } from '../training/compare-code-points.ts';
import { createPairQueue } from '../training/pair-queue.ts';
import { createPlaceLists, createSymbolLists } from '../training/symbol-lists.ts';
import { CLOSED, type PieceLimits, createPieceRule } from './train-piece-rule.ts';
import { ANY_SCRIPT } from './train-scripts.ts';
import { FIRST_CHARACTER, type TrainingWords } from './train-words.ts';

/** When to stop, and whom to tell. */
export interface MergeLearning extends PieceLimits {
  /** Pieces at most, characters included. */
  readonly size: number;
  /** A pair that occurs less often is not merged. */
  readonly minFrequency: number;
  readonly onMerge?: ((pieces: number) => void) | undefined;
}

/** What a symbol spells. */
interface Spelling {
  readonly text: string;
  /** Symbols of its characters. */
  readonly characters: readonly number[];
  /** What it leaves to the {@link PieceRule}. */
  readonly script: number;
}

/** The pieces of `words`: merged ones in their order, then the characters, the most frequent first. */
export function learnSentencePieceMerges(words: TrainingWords, learning: MergeLearning): readonly string[] {
  const { size, minFrequency, onMerge } = learning;
  const { characters, characterCounts, symbols, starts, counts } = words;
  const rule = createPieceRule(words, learning);
  const spellings: Spelling[] = Array.from({ length: FIRST_CHARACTER }, () => ({ text: '', characters: [], script: CLOSED }));
  characters.forEach((character, index) => {
    const symbol = FIRST_CHARACTER + index;
    spellings.push({ text: String.fromCodePoint(character), characters: [symbol], script: rule(symbol, 0, ANY_SCRIPT) });
  });
  const spellingOf = (symbol: number): Spelling => spellings[symbol] as Spelling;

  const { ids, next, previous, words: wordOf } = createSymbolLists(symbols, starts);
  const pairs = createPairCounts();
  const lists = createPlaceLists();
  /** By pair: what it would be, or undefined when there is no such piece. Absent for pairs that are new. */
  const results: (Spelling | undefined)[] = [];
  /** By pair: the first node of its list of places, and whether its count must be taken again. */
  const heads: number[] = [];
  const stale: boolean[] = [];
  const queue = createPairQueue((pair, other) => {
    const [a, b] = [results[pair] as Spelling, results[other] as Spelling];
    return (a.characters.length - b.characters.length || compareCodePoints(a.text, b.text)) < 0;
  });

  const joined = (left: number, right: number): Spelling | undefined => {
    const [first, second] = [spellingOf(left), spellingOf(right)];
    let { script } = first;
    let { length } = first.characters;
    if (script === CLOSED || second.script === CLOSED) return undefined;
    for (const symbol of second.characters) {
      script = rule(symbol, length++, script);
      if (script === CLOSED) return undefined;
    }
    return { text: first.text + second.text, characters: [...first.characters, ...second.characters], script };
  };
  const pairAt = (left: number, right: number): number => {
    const pair = pairs.place(ids[left] as number, ids[right] as number);
    if (pair === results.length) {
      results.push(joined(ids[left] as number, ids[right] as number));
      heads.push(-1);
      stale.push(false);
    }
    return pair;
  };
  /** Takes the count of a pair from its places, and forgets those that are gone. */
  const recount = (pair: number): void => {
    const [left, right] = [pairs.left(pair), pairs.right(pair)];
    let count = 0;
    let head = -1;
    let last = -1;
    let before = -1; // Right place of the pair that was counted last.
    for (let node = heads[pair] as number; node >= 0; node = lists.after(node)) {
      const at = lists.place(node);
      const second = next[at] as number;
      if (at === before || ids[at] !== left || second < 0 || ids[second] !== right) {
        before = -1;
        continue;
      }
      count += counts[wordOf[at] as number] as number;
      before = second;
      if (last < 0) head = node;
      else lists.link(last, node);
      last = node;
    }
    if (last >= 0) lists.link(last, -1);
    heads[pair] = head;
    pairs.add(pair, count - pairs.count(pair));
    stale[pair] = false;
  };
  const enqueueNew = (): void =>
    lists.drain((pair, head) => {
      heads[pair] = head;
      recount(pair);
      if (pairs.count(pair) > 0) queue.push(pair, pairs.count(pair), 0);
    });
  const append = (left: number, right: number): void => {
    const pair = pairAt(left, right);
    if (results[pair] !== undefined) lists.append(pair, left);
  };

  for (let at = 0; at < ids.length; at++) if ((next[at] as number) >= 0) append(at, next[at] as number);
  enqueueNew();

  const pieces: string[] = [];
  const seen = new Set<string>();
  let doubled: number[] = [];
  const spoil = (left: number, right: number, merged: number): void => {
    if (left < 0 || right < 0) return;
    const pair = pairAt(left, right);
    if (pair === merged || stale[pair] === true) return;
    stale[pair] = true;
    if (pairs.left(pair) === pairs.right(pair)) doubled.push(pair);
  };
  while (pieces.length + characters.length < size && queue.size() > 0) {
    queue.pop();
    const { pair, count } = queue.top;
    if (stale[pair] === true) recount(pair);
    if (pairs.count(pair) !== count) {
      if (pairs.count(pair) > 0) queue.push(pair, pairs.count(pair), 0);
      continue;
    }
    if (count < minFrequency) break;
    const result = results[pair] as Spelling;
    if (seen.has(result.text)) continue;
    seen.add(result.text);
    pieces.push(result.text);
    const merged = spellings.length;
    spellings.push(result);
    for (let node = heads[pair] as number; node >= 0; node = lists.after(node)) {
      const at = lists.place(node);
      const second = next[at] as number;
      if (ids[at] !== pairs.left(pair) || second < 0 || ids[second] !== pairs.right(pair)) continue;
      const before = previous[at] as number;
      const after = next[second] as number;
      spoil(before, at, pair);
      spoil(second, after, pair);
      ids[at] = merged;
      ids[second] = -1;
      next[at] = after;
      if (after >= 0) previous[after] = at;
      if (before >= 0) append(before, at);
      if (after >= 0) append(at, after);
    }
    enqueueNew();
    // What is forgotten of a pair of equal symbols depends on when it is counted.
    for (const twin of doubled) recount(twin);
    doubled = [];
    onMerge?.(pieces.length + characters.length);
  }
  const byCount = Array.from(characters, (character, index) => ({ character, count: characterCounts[index] as number }));
  byCount.sort((a, b) => b.count - a.count || a.character - b.character);
  return [...pieces, ...byCount.map(({ character }) => String.fromCodePoint(character))];
}
