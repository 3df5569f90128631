/** The names that makemore is taught on, split as Karpathy's notebooks and their published losses do. */

import { readFileSync } from 'node:fs';

import { pythonShuffle } from './python-shuffle.ts';

/** Names as token ids: 0 ends a name (and stands before one), a to z are 1 to 26. */
export interface Names {
  readonly train: readonly (readonly number[])[];
  readonly dev: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
}

/** Tokens: the letters and the end. */
export const VOCABULARY = 27;

/** The letters of a name; what stands for its end is left out. */
export function spell(ids: readonly number[]): string {
  return ids.map((id) => (id === 0 ? '' : String.fromCharCode(96 + id))).join('');
}

/**
 * Reads names.txt (32,033 names, a line each): 80% to train on, 10% and 10% held out, after `random.seed(42); random.shuffle(names)`.
 *
 * @param path of the file; from https://github.com/karpathy/makemore
 */
export function readNames(path: string = process.argv[2] ?? '../shared/data/text/names.txt'): Names {
  const texts = pythonShuffle(readFileSync(path, 'utf8').trim().split('\n'), 42).map((name) => [
    ...Array.from(name, (letter) => letter.charCodeAt(0) - 96),
    0,
  ]);
  const [first, second] = [0.8, 0.9].map((share) => Math.floor(share * texts.length));
  return { train: texts.slice(0, first), dev: texts.slice(first, second), test: texts.slice(second) };
}
