/** The ways of splitting text that are known by name, with the patterns that files give for them. */

import { GPT2_PATTERN, splitGpt2, splitGpt2Batch } from './gpt2.ts';
import { GPT4_PATTERN, QWEN2_PATTERN, splitGpt4, splitGpt4Batch, splitQwen2, splitQwen2Batch } from './gpt4.ts';
import { O200K_PATTERN, splitO200k, splitO200kBatch } from './o200k.ts';
import type { BatchSplitter, Splitter } from './runs.ts';

/** A way of splitting text before byte pairs are merged: GPT-2's, GPT-4's (and Llama 3's), GPT-4o's, or Qwen 2's. */
export type Splitting = 'gpt2' | 'gpt4' | 'o200k' | 'qwen2';

/** A splitter, the same for many pieces at a time, and the regular expression that says the same. */
export interface SplittingRule {
  readonly splitOne: Splitter;
  readonly splitBatch: BatchSplitter;
  readonly pattern: string;
}

/** Every known splitting. */
export const SPLITTINGS: { readonly [name in Splitting]: SplittingRule } = {
  gpt2: { splitOne: splitGpt2, splitBatch: splitGpt2Batch, pattern: GPT2_PATTERN },
  gpt4: { splitOne: splitGpt4, splitBatch: splitGpt4Batch, pattern: GPT4_PATTERN },
  o200k: { splitOne: splitO200k, splitBatch: splitO200kBatch, pattern: O200K_PATTERN },
  qwen2: { splitOne: splitQwen2, splitBatch: splitQwen2Batch, pattern: QWEN2_PATTERN },
};

/** The splitting that a regular expression of a file describes, if it is a known one. */
export function splittingOf(pattern: string): Splitting | undefined {
  return (Object.keys(SPLITTINGS) as Splitting[]).find((name) => SPLITTINGS[name].pattern === pattern);
}
