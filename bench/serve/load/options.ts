/** What the measurements of serving have in common. */

import type { ModelChoice } from '../model.ts';

/** How much is measured, on what. */
export interface LoadOptions {
  readonly choice: ModelChoice;
  readonly threads: number;
  readonly rounds: number;
  /** Tokens of a prompt, and new ones. */
  readonly prompt: number;
  readonly tokens: number;
  /** Sequences at once; there are as many slots. */
  readonly sequences: number;
}

/** Requests that may wait. */
export const QUEUE = 64;
