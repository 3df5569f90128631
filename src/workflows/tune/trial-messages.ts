/** What a search and the processes of its trials say to each other, as JSON. */

import type { Recipe } from '../recipe.ts';

/** To the process: train a part of a run, time steps, or stop as soon as what there is can be saved. */
export type TrialRequest =
  | { readonly kind: 'train'; readonly recipe: Recipe; readonly until: number; readonly data: string; readonly heldOutTokens: number }
  | { readonly kind: 'time'; readonly recipe: Recipe; readonly vocabSize: number; readonly threads: number; readonly steps: number }
  | { readonly kind: 'stop' };

/** From the process: a step on the way, or how the request ended. */
export type TrialAnswer =
  | { readonly kind: 'step'; readonly step: number; readonly loss: number; readonly tokensPerSecond: number }
  | { readonly kind: 'trained'; readonly loss: number; readonly steps: number; readonly seconds: number }
  | { readonly kind: 'timed'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly steps: number }
  | { readonly kind: 'stopped' };
