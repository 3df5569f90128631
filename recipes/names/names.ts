/** The names that makemore is taught on, split as Karpathy's notebooks and their published losses do. */

import { readFileSync } from 'node:fs';

import { pythonShuffle } from './python-shuffle.ts';

/** Names as token ids: a to z are 0 to 25, behind each stands {@link END}. */
export interface Names {
  readonly train: readonly (readonly number[])[];
  readonly dev: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
}

/** The token that ends a name, and stands before one. */
export const END = 26;

/** Tokens: the letters and the end. */
export const VOCABULARY = 27;

/**
 * Reads names.txt (32,033 names, a line each): 80% to train on, 10% and 10% held out, after `random.seed(42); random.shuffle(names)`.
 *
 * @param path of the file; from https://github.com/karpathy/makemore
 */
export function readNames(path: string = process.argv[2] ?? '../shared/data/text/names.txt'): Names {
  const texts = pythonShuffle(readFileSync(path, 'utf8').trim().split('\n'), 42).map((name) => [
    ...Array.from(name, (letter) => letter.charCodeAt(0) - 97),
    END,
  ]);
  const [first, second] = [0.8, 0.9].map((share) => Math.floor(share * texts.length));
  return { train: texts.slice(0, first), dev: texts.slice(first, second), test: texts.slice(second) };
}
