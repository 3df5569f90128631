/**
 * A small model that guesses for a large one of the same vocabulary. Leviathan et al. 2023; Chen et al. 2023, "Speculative Sampling".
 *
 * Decided: a guess is drawn from the small model's distribution with the very number that will decide the draw from the large one's, which
 * is known beforehand. Where the two distributions are alike, the two draws are mostly the same.
 *
 * Decided: it runs on one thread. The threads of the large model's session wait by spinning, and those of the small one's would wait for
 * cores that these have, and the other way round: a piece of the large model took twice its time.
 */

import type { LanguageModel } from '../../models/index.ts';
import { createBatchRunner } from './batch-runner.ts';
import type { BatchRunner, Scores, Weights } from './batch-runner.ts';
import { COSTLY_GUESSES } from './guessing.ts';
import type { Drafter } from './lookup-drafter.ts';

/** See {@link createDraftModel}. */
export interface DraftModel {
  /**
   * A drafter for one text; it guesses nothing while all slots are taken.
   *
   * @param choose the guess by the small model's scores, for the token in the place `place` of prompt and text
   */
  createDrafter(choose: (scores: Scores, place: number) => number): Drafter;
  /** Frees the model; no drafter may be at work. */
  close(): void;
}

/** Tokens of a text that are read at once. */
const PIECE = 512;

/** Makes a small model ready to guess for `slots` texts at once. */
export async function createDraftModel(model: LanguageModel, weights: Weights, { slots }: { readonly slots: number }): Promise<DraftModel> {
  const runner = await createBatchRunner(model, weights, { slots, longest: model.contextLength, threads: 1 });
  const free = Array.from({ length: slots }, (_, slot) => slot);
  return {
    createDrafter(choose) {
      let slot: number | undefined;
      let known: number[] = [];
      return {
        cost: COSTLY_GUESSES,
        async propose(text, most) {
          slot ??= free.pop();
          if (slot === undefined || text.length + most > model.contextLength) return [];
          // What was guessed wrong is read over.
          let same = 0;
          while (same < known.length && same < text.length - 1 && known[same] === text[same]) same++;
          known = text.slice();
          const guesses: number[] = [];
          for (let from = same; guesses.length < most; from = known.length - 1) {
            const next = choose(await readText(runner, { slot, text: known, from }), known.length);
            guesses.push(next);
            if (guesses.length < most) known.push(next);
          }
          return guesses;
        },
        release() {
          if (slot !== undefined) free.push(slot);
          slot = undefined;
        },
      };
    },
    close: runner.close,
  };
}

/** Reads a text from a place on; the scores behind it. */
async function readText(
  runner: BatchRunner,
  { slot, text, from }: { readonly slot: number; readonly text: readonly number[]; readonly from: number },
): Promise<Scores> {
  let scores: Scores = { logits: new Float32Array(), logProbabilities: new Float32Array() };
  for (let past = from; past < text.length; past += PIECE) {
    const tokens = Uint32Array.from(text.slice(past, past + PIECE));
    scores = await runner.read({ slot, tokens, past, rowCount: 1 }, undefined);
  }
  return scores;
}
