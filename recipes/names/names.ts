/** The names that makemore is taught on, split as the programs did whose losses are published. */

import { readFileSync } from 'node:fs';

import { pythonShuffle, torchPermutation } from './shuffles.ts';

/** Names as token ids: a to z are 0 to 25, behind each stands {@link END}. */
export interface Names {
  readonly train: readonly (readonly number[])[];
  readonly dev?: readonly (readonly number[])[];
  readonly test: readonly (readonly number[])[];
}

/** The token that ends a name, and stands before one. */
export const END = 26;

/** Tokens: the letters and the end. */
export const VOCABULARY = 27;

/** Which split: that of Karpathy's notebooks, or that of makemore.py. */
export type NamesSplit = 'notebooks' | 'makemore';

/**
 * Reads names.txt (32,033 names, a line each) and splits it.
 *
 * @param split `notebooks`: 80% to train on, 10% and 10% held out, after `random.seed(42); random.shuffle(names)`. `makemore`: the last
 *   1,000 held out, after `torch.manual_seed(3407); torch.randperm(len(names))`.
 * @param path of the file; from https://github.com/karpathy/makemore
 */
export function readNames(split: NamesSplit = 'notebooks', path: string = process.argv[2] ?? '../shared/data/text/names.txt'): Names {
  const encode = (name: string): readonly number[] => [...Array.from(name, (letter) => letter.charCodeAt(0) - 97), END];
  const names = readFileSync(path, 'utf8').trim().split('\n');
  if (split === 'makemore') {
    const texts = torchPermutation(names, 3407).map(encode);
    return { train: texts.slice(0, -1000), test: texts.slice(-1000) };
  }
  const texts = pythonShuffle(names, 42).map(encode);
  const [first, second] = [0.8, 0.9].map((share) => Math.floor(share * texts.length));
  return { train: texts.slice(0, first), dev: texts.slice(first, second), test: texts.slice(second) };
}
