/**
 * Chooses the next token from a row of logits.
 *
 * Decided: the order of the steps, and what each does, are those of Hugging Face `transformers` (repetition penalty,
 * temperature, top-k, top-p, min-p), each on what the one before left. The number that decides a draw is hashed from the
 * seed and the token's place in its generation alone, so that the text does not depend on what else is computed beside it.
 */

import { createRandom } from '../../core/index.ts';
import { cutAtMass, likeliest, precedes } from './order.ts';
import type { Sampling } from './options.ts';

/** What decides a choice beside the logits. */
export interface ChoiceContext {
  /** Tokens of the prompt and of the text so far, for the repetition penalty; each once. */
  readonly seen: Iterable<number>;
  /** A number in [0, 1): see {@link drawUniform}. */
  readonly uniform: number;
}

/** Chooses tokens; holds the arrays it works in, so one belongs to one generation at a time. */
export interface Sampler {
  /** The next token. The logits must be numbers; -Infinity forbids a token. */
  choose(logits: Float32Array, context: ChoiceContext): number;
}

/** The settings that decide which token is chosen. */
export type ChoiceSettings = Pick<Sampling, 'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty'>;

/** Counts up to which one pass with insertion finds the top tokens faster than quickselect does. */
const FEW = 64;

/** A number in [0, 1) with 53 random bits, from the seed and the token's place in its generation. */
export function drawUniform(seed: number, index: number): number {
  const random = createRandom(seed, `token ${index}`);
  return ((random.uint32() >>> 5) * 0x400_0000 + (random.uint32() >>> 6)) / 2 ** 53;
}

/** A sampler for a vocabulary of `vocabSize` tokens. */
export function createSampler(vocabSize: number, settings: ChoiceSettings): Sampler {
  const { temperature, topK, topP, minP, repetitionPenalty } = settings;
  const penalised = repetitionPenalty === 1 ? undefined : new Float32Array(vocabSize);
  const masses = temperature === 0 ? new Float64Array(0) : new Float64Array(vocabSize);
  const ids = temperature === 0 || (topP === 1 && (topK === 0 || topK <= FEW || topK >= vocabSize)) ? new Uint32Array(0) : new Uint32Array(vocabSize);

  /** The last token that top-k keeps; none without it. */
  const topKCut = (logits: Float32Array): number | undefined => {
    if (topK === 0 || topK >= vocabSize) return undefined;
    if (topK <= FEW) return likeliest(logits, topK)[topK - 1];
    for (let id = 0; id < vocabSize; id++) ids[id] = id;
    return cutAtMass({ logits, ids }, topK);
  };

  /** The last token that top-p keeps, of those with a mass. */
  const topPCut = (logits: Float32Array, total: number): number => {
    // Tokens below this mass weigh less than 1 - p together: all of them are cut, unsorted.
    const least = ((1 - topP) * total) / vocabSize;
    let count = 0;
    for (let id = 0; id < vocabSize; id++) if ((masses[id] as number) > 0 && (masses[id] as number) >= least) ids[count++] = id;
    return cutAtMass({ logits, ids: ids.subarray(0, count), masses }, topP * total);
  };

  /** Sets the masses behind the cut, and those below `least`, to 0; returns the sum of the others. */
  const cutBehind = (logits: Float32Array, last: number | undefined, least: number): number => {
    let total = 0;
    for (let id = 0; id < vocabSize; id++) {
      if ((last !== undefined && precedes(logits, last, id)) || (masses[id] as number) < least) masses[id] = 0;
      else total += masses[id] as number;
    }
    return total;
  };

  return {
    choose(raw, { seen, uniform }) {
      const logits = penalised === undefined ? raw : penalise(raw, { seen, penalty: repetitionPenalty, into: penalised });
      const best = argmax(logits);
      if (temperature === 0) return best;

      const last = topKCut(logits);
      const max = logits[best] as number;
      let total = 0;
      for (let id = 0; id < vocabSize; id++) {
        const kept = last === undefined || !precedes(logits, last, id);
        const mass = kept ? Math.exp(((logits[id] as number) - max) / temperature) : 0;
        masses[id] = mass;
        total += mass;
      }
      if (topP < 1 || minP > 0) total = cutBehind(logits, topP < 1 ? topPCut(logits, total) : undefined, minP); // the likeliest has mass 1
      let left = uniform * total;
      let chosen = best;
      for (let id = 0; id < vocabSize; id++) {
        if (masses[id] === 0) continue;
        chosen = id;
        left -= masses[id] as number;
        if (left < 0) break;
      }
      return chosen;
    },
  };
}

/** Index of the largest logit, the first of equal ones. */
function argmax(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id;
  return best;
}

/** Keskar et al. 2019, "CTRL", section 4.1, in the form of Hugging Face: negative logits are multiplied. */
function penalise(logits: Float32Array, { seen, penalty, into }: { seen: Iterable<number>; penalty: number; into: Float32Array }): Float32Array {
  into.set(logits);
  for (const id of seen) into[id] = (logits[id] as number) < 0 ? (logits[id] as number) * penalty : (logits[id] as number) / penalty;
  return into;
}
