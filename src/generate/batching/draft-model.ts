/** A small model that guesses for a large one of the same vocabulary. Leviathan et al. 2023; Chen et al. 2023, "Speculative Sampling". */

import type { LanguageModel } from '../../models/index.ts';
import { createBatchRunner } from './batch-runner.ts';
import type { BatchRunner, Weights } from './batch-runner.ts';
import type { Drafter } from './lookup-drafter.ts';

/** See {@link createDraftModel}. */
export interface DraftModel {
  /** A drafter for one text; it guesses nothing while all slots are taken. */
  createDrafter(): Drafter;
  /** Frees the model; no drafter may be at work. */
  close(): void;
}

/** Tokens of a text that are read at once. */
const PIECE = 512;

/** Makes a small model ready to guess for `slots` texts at once. Its likeliest token is the guess, whatever the text is drawn with. */
export async function createDraftModel(
  model: LanguageModel,
  weights: Weights,
  { slots, threads }: { readonly slots: number; readonly threads?: number | undefined },
): Promise<DraftModel> {
  const runner = await createBatchRunner(model, weights, { slots, longest: model.contextLength, threads });
  const free = Array.from({ length: slots }, (_, slot) => slot);
  return {
    createDrafter() {
      let slot: number | undefined;
      let read: number[] = [];
      return {
        async propose(text, most) {
          slot ??= free.pop();
          if (slot === undefined || text.length + most > model.contextLength) return [];
          // What was guessed wrong is read over.
          let same = 0;
          while (same < read.length && same < text.length - 1 && read[same] === text[same]) same++;
          read = text.slice();
          let next = await likeliest(runner, { slot, text, from: same });
          const guesses: number[] = [];
          while (guesses.length < most) {
            guesses.push(next);
            if (guesses.length === most) break;
            read.push(next);
            next = await likeliest(runner, { slot, text: read, from: read.length - 1 });
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

/** Reads a text from a place on; the likeliest token behind it. */
async function likeliest(
  runner: BatchRunner,
  { slot, text, from }: { readonly slot: number; readonly text: readonly number[]; readonly from: number },
): Promise<number> {
  let logits: Float32Array = new Float32Array();
  for (let past = from; past < text.length; past += PIECE) {
    const tokens = Uint32Array.from(text.slice(past, past + PIECE));
    ({ logits } = await runner.read({ slot, tokens, past, rowCount: 1 }, undefined));
  }
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id;
  return best;
}
