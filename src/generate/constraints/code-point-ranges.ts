/** Sets of Unicode code points as sorted, disjoint ranges. Surrogates are no characters: UTF-8 cannot hold them, so no set has them. */

/** First and last code point. */
export type CodePointRange = readonly [first: number, last: number];

/** Ranges in order, none touching the next, without surrogates. */
export type CodePoints = readonly CodePointRange[];

const LAST = 0x10_ffff;

/** Every code point but the surrogates. */
export const ALL_CODE_POINTS: CodePoints = [
  [0, 0xd7ff],
  [0xe000, LAST],
];

/** The set of all points of `ranges`, which may be in any order and overlap. */
export function codePoints(ranges: readonly CodePointRange[]): CodePoints {
  const sorted = ranges.filter(([first, last]) => first <= last).sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return intersected(joined, ALL_CODE_POINTS);
}

/** The points that both have. Touching ranges stay apart where the surrogates lie between. */
export function intersected(a: CodePoints, b: CodePoints): CodePoints {
  const common: CodePointRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [left, right] = [a[i] as CodePointRange, b[j] as CodePointRange];
    const [first, last] = [Math.max(left[0], right[0]), Math.min(left[1], right[1])];
    if (first <= last) common.push([first, last]);
    if (left[1] < right[1]) i++;
    else j++;
  }
  return common;
}

/** Every point that `set` lacks. */
export function complemented(set: CodePoints): CodePoints {
  const rest: CodePointRange[] = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) rest.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) rest.push([next, LAST]);
  return intersected(rest, ALL_CODE_POINTS);
}

/** Whether the set has the point. */
export function hasCodePoint(set: CodePoints, point: number): boolean {
  return set.some(([first, last]) => point >= first && point <= last);
}
