/**
 * The merges of a vocabulary that gives ranks alone, as tiktoken's files do. There, any two neighbours whose bytes are a token may
 * merge, lowest rank first, and a piece that is a token is taken whole.
 *
 * Where merging a token's own bytes under lower ranks leaves two parts, that pair is the only one that ever makes it: whatever
 * surrounds these bytes, they merge in the same order until something outside takes part. When that holds for every token, as in all
 * of OpenAI's encodings, the pairs are the merges. Where some token can't be reached so (Llama 3 has such), every way of cutting a
 * token into two tokens is a merge of its rank, as Hugging Face's conversion has it (transformers, `convert_slow_tokenizer.py`,
 * `TikTokenConverter`).
 */

import { createPieceMerger } from '../bpe/merge-piece.ts';
import type { Merge } from '../bpe/merge-table.ts';

/** What the ranks say. */
export interface RankedMerges {
  readonly merges: readonly Merge[];
  /** Whether merging a token's bytes always leads to it; if not, pieces must be looked up whole. */
  readonly complete: boolean;
}

/** Ids are below this. */
const MOST_IDS = 2 ** 24;

/** The merges of tokens, whose bytes are characters of a text, by ascending id. All single bytes are among them. */
export function mergesOfRanks(tokens: readonly (readonly [token: string, id: number])[]): RankedMerges {
  return reachingMerges(tokens) ?? { merges: everyMerge(tokens), complete: false };
}

function reachingMerges(tokens: readonly (readonly [string, number])[]): RankedMerges | undefined {
  const byteIds = new Int32Array(256);
  for (const [token, id] of tokens) if (token.length === 1) byteIds[token.charCodeAt(0)] = id;
  const merges: Merge[] = [];
  const [lefts, rights, results] = [0, 1, 2].map(() => new Int32Array(tokens.length)) as [Int32Array, Int32Array, Int32Array];
  const ranks = new Map<number, number>();
  const merge = createPieceMerger({ lefts, rights, results, rank: (left, right) => ranks.get(left * MOST_IDS + right) ?? -1 });
  let symbols = new Int32Array(256);
  for (const [token, id] of tokens) {
    if (token.length === 1) continue;
    if (token.length > symbols.length) symbols = new Int32Array(2 * token.length);
    for (let at = 0; at < token.length; at++) symbols[at] = byteIds[token.charCodeAt(at)] as number;
    if (merge(symbols, token.length) !== 2) return undefined;
    const [left, right] = symbols as unknown as readonly [number, number];
    ranks.set(left * MOST_IDS + right, merges.length);
    results[merges.length] = id;
    merges.push({ left, right, result: id });
  }
  return { merges, complete: true };
}

function everyMerge(tokens: readonly (readonly [string, number])[]): readonly Merge[] {
  const ids = new Map(tokens);
  return tokens.flatMap(([token, result]) => {
    const ways: Merge[] = [];
    for (let cut = 1; cut < token.length; cut++) {
      const [left, right] = [ids.get(token.slice(0, cut)), ids.get(token.slice(cut))];
      if (left !== undefined && right !== undefined) ways.push({ left, right, result });
    }
    return ways.sort((a, b) => a.left - b.left || a.right - b.right);
  });
}
