/**
 * Byte pair encoding as a textbook prints it (Sennrich et al. 2016, section 3.2): count all pairs, merge the best, begin again. Slow,
 * and so the explanation of training and encoding, and the oracle of the fast code in `bpe/`.
 *
 * WordPiece is trained by the same loop: with `count`, as Hugging Face's trainer does, or with the likelihood that Schuster and
 * Nakajima 2012, section 3, describe.
 */

import type { PairRule, PairScore, WordSymbols } from './explanation.ts';
import { countSymbols, join } from './words.ts';

/** A pair of neighbours. */
export type Pair = Pick<PairScore, 'left' | 'right'>;

/** Every pair of neighbours with its count, and how much oftener it is than its halves would make it. */
export function countPairs(words: readonly WordSymbols[]): PairScore[] {
  const symbols = new Map(countSymbols(words).map(({ symbol, count }) => [symbol, count]));
  const pairs = new Map<string, Pair & { count: number }>();
  for (const { symbols: parts, count } of words) {
    for (let at = 0; at + 1 < parts.length; at++) {
      const [left, right] = [parts[at] as string, parts[at + 1] as string];
      const key = keyOf(left, right);
      pairs.set(key, { left, right, count: (pairs.get(key)?.count ?? 0) + count });
    }
  }
  return [...pairs.values()].map((pair) => ({
    ...pair,
    likelihood: pair.count / ((symbols.get(pair.left) ?? 1) * (symbols.get(pair.right) ?? 1)),
  }));
}

/** The symbols after a merge: from the left, every place where the pair stands. */
export function mergePair(symbols: readonly string[], { left, right }: Pair, merged: string): readonly string[] {
  const after: string[] = [];
  for (let at = 0; at < symbols.length;) {
    const found = symbols[at] === left && symbols[at + 1] === right;
    after.push(found ? merged : (symbols[at] as string));
    at += found ? 2 : 1;
  }
  return after;
}

/** When to stop, and which pair is the best. */
export interface TwinOptions {
  readonly merges: number;
  readonly minFrequency?: number;
  readonly rule?: PairRule;
  /** What falls away from a right half: `##` in WordPiece. */
  readonly prefix?: string;
}

/** One turn of the loop. */
export interface TwinStep {
  /** The pairs that were counted, the best first. */
  readonly pairs: readonly PairScore[];
  readonly merged: string;
  readonly words: readonly WordSymbols[];
}

/** Learns merges. The best pair is the one with the highest score, then the lowest left id, then the lowest right id. */
export function* learnMergesSlowly(start: readonly WordSymbols[], options: TwinOptions): Generator<TwinStep> {
  const { merges, minFrequency = 1, rule = 'count', prefix = '' } = options;
  const ids = new Map(countSymbols(start).map(({ symbol }, id) => [symbol, id]));
  let words = start;
  for (let done = 0; done < merges; done++) {
    const pairs = sortPairs(countPairs(words), rule, ids).filter(({ count }) => count >= minFrequency);
    const [best] = pairs;
    if (best === undefined) return;
    const merged = join(best.left, best.right, prefix);
    if (!ids.has(merged)) ids.set(merged, ids.size);
    words = words.map((word) => ({ ...word, symbols: mergePair(word.symbols, best, merged) }));
    yield { pairs, merged, words };
  }
}

/** The best first. */
export function sortPairs(pairs: readonly PairScore[], rule: PairRule, ids: ReadonlyMap<string, number>): PairScore[] {
  const id = (symbol: string): number => ids.get(symbol) ?? ids.size;
  return [...pairs].sort((a, b) => b[rule] - a[rule] || id(a.left) - id(b.left) || id(a.right) - id(b.right));
}

/** A merge that was done on a piece. */
export interface AppliedMerge extends Pair {
  readonly rank: number;
  readonly symbols: readonly string[];
}

/** Encodes: the merge that was learnt first is done first, the leftmost among equals, until none fits. */
export function applyMerges(start: readonly string[], rankOf: (pair: Pair) => number | undefined, prefix: string = ''): AppliedMerge[] {
  const done: AppliedMerge[] = [];
  for (let symbols = [...start]; ;) {
    let best: (Pair & { readonly rank: number; readonly at: number }) | undefined;
    for (let at = 0; at + 1 < symbols.length; at++) {
      const [left, right] = [symbols[at] as string, symbols[at + 1] as string];
      const rank = rankOf({ left, right });
      if (rank !== undefined && rank < (best?.rank ?? Infinity)) best = { left, right, rank, at };
    }
    if (best === undefined) return done;
    const { left, right, rank, at } = best;
    symbols = [...symbols.slice(0, at), join(left, right, prefix), ...symbols.slice(at + 2)];
    done.push({ rank, left, right, symbols });
  }
}

/** A pair as a key; no token has U+0000 twice. */
export function keyOf(left: string, right: string): string {
  return `${left}\u0000\u0000${right}`;
}
