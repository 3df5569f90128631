/**
 * Sets of code points as automata over the bytes of UTF-8.
 *
 * Decided: a tree that branches on one byte after another, in which no two branches of a node share a byte, so that half a
 * character never leaves more than one place to be in. Source of the cutting into runs of bytes: Russ Cox, "Regular Expression
 * Matching in the Wild" (2010), and RFC 3629 section 4.
 */

import type { CodePoints } from './code-point-ranges.ts';

/** Bytes from `low` to `high`, and what must follow them to complete a character; nothing where they are the last. */
export interface Utf8Edge {
  readonly low: number;
  readonly high: number;
  readonly tail: readonly Utf8Edge[] | undefined;
}

type Run = readonly (readonly [low: number, high: number])[];

/** The tree of a set. Tails that are alike are one object. */
export function utf8Edges(set: CodePoints): readonly Utf8Edge[] {
  const runs: Run[] = [];
  for (const [first, last] of set) addRuns(runs, first, last);
  return treeOf(runs, 0, { tails: new Map(), ids: new Map() });
}

/** The last code point of each length. */
const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff, 0x10_ffff];

function addRuns(runs: Run[], first: number, last: number): void {
  for (const end of LENGTH_ENDS) {
    if (first > end) continue;
    if (last > end) {
      addRuns(runs, first, end);
      addRuns(runs, end + 1, last);
      return;
    }
    break;
  }
  // A range is one run of bytes only where the bytes behind the first that differs take all their values.
  for (let bytes = 1; bytes < (last > 0x7f ? 4 : 0); bytes++) {
    const mask = (1 << (6 * bytes)) - 1;
    if ((first & ~mask) === (last & ~mask)) break;
    if ((first & mask) !== 0) {
      addRuns(runs, first, first | mask);
      addRuns(runs, (first | mask) + 1, last);
      return;
    }
    if ((last & mask) !== mask) {
      addRuns(runs, first, (last & ~mask) - 1);
      addRuns(runs, last & ~mask, last);
      return;
    }
  }
  const [low, high] = [utf8Of(first), utf8Of(last)];
  runs.push(low.map((byte, index) => [byte, high[index] as number]));
}

function utf8Of(point: number): readonly number[] {
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 0x3f)];
  const end = [0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
  if (point < 0x1_0000) return [0xe0 | (point >> 12), ...end];
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), ...end];
}

/** The runs are in order and disjoint: two that share a first byte begin with the same range, and stand together. */
function treeOf(runs: readonly Run[], depth: number, known: Known): readonly Utf8Edge[] {
  const edges: Utf8Edge[] = [];
  for (let from = 0; from < runs.length;) {
    const [low, high] = (runs[from] as Run)[depth] as readonly [number, number];
    let to = from + 1;
    while (to < runs.length && runs[to]?.[depth]?.[0] === low) to++;
    const isLast = (runs[from] as Run).length === depth + 1;
    const tail = isLast ? undefined : treeOf(runs.slice(from, to), depth + 1, known);
    const before = edges.at(-1);
    if (before !== undefined && before.high + 1 === low && before.tail === tail) edges[edges.length - 1] = { ...before, high };
    else edges.push({ low, high, tail });
    from = to;
  }
  const key = edges.map(({ low, high, tail }) => `${low}-${high}:${tail === undefined ? '' : known.ids.get(tail)}`).join(' ');
  const same = known.tails.get(key);
  if (same !== undefined) return same;
  known.tails.set(key, edges);
  known.ids.set(edges, known.ids.size);
  return edges;
}

/** Every tail once, by what it looks like. */
interface Known {
  readonly tails: Map<string, readonly Utf8Edge[]>;
  readonly ids: Map<readonly Utf8Edge[], number>;
}
