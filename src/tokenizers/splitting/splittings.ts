/** The ways of splitting text that are known by name, with the patterns that files give for them. */

import { GPT2_PATTERN, splitGpt2 } from './gpt2.ts';
import { GPT4_PATTERN, splitGpt4 } from './gpt4.ts';
import type { Splitter } from './runs.ts';

/** A way of splitting text before byte pairs are merged. */
export type Splitting = 'gpt2' | 'gpt4';

/** A splitter and the regular expression that says the same. */
export interface SplittingRule {
  readonly split: Splitter;
  readonly pattern: string;
}

/** Every known splitting. */
export const SPLITTINGS: { readonly [name in Splitting]: SplittingRule } = {
  gpt2: { split: splitGpt2, pattern: GPT2_PATTERN },
  gpt4: { split: splitGpt4, pattern: GPT4_PATTERN },
};

/** The splitting that a regular expression of a file describes, if it is a known one. */
export function splittingOf(pattern: string): Splitting | undefined {
  return (Object.keys(SPLITTINGS) as Splitting[]).find((name) => SPLITTINGS[name].pattern === pattern);
}
