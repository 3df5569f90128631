/**
 * Chooses the next token from a row of scores.
 *
 * Decided: the order of the steps, and what each does, are those of Hugging Face `transformers` (repetition penalty,
 * temperature, top-k, top-p, min-p), each on what the one before left. The number that decides a draw is hashed from the
 * seed and the token's place in its generation alone, so that the text does not depend on what else is computed beside it.
 */

import { UsageError, createRandom } from '../../core/index.ts';
import { fastExp } from './fast-exp.ts';
import { cutAtMass, likeliest, precedes } from './order.ts';
import type { Sampling } from './options.ts';

/** One row of scores, and what decides a choice beside it. */
export interface Choice {
  /** Scores of each token, numbers; -Infinity forbids one. */
  readonly logits: Float32Array;
  /** Their log-softmax. */
  readonly logProbabilities: Float32Array;
  /** Tokens of the prompt and of the text so far, for the repetition penalty; each once. */
  readonly seen: Iterable<number>;
  /** How often each token of the text so far occurred, for the presence and frequency penalties; default none did. */
  readonly counts?: ReadonlyMap<number, number>;
  /** Tokens that may be taken, a bit each; default all. At least one may. */
  readonly allowed?: Uint32Array | undefined;
  /** Tokens that may not be taken; default none. */
  readonly forbidden?: Iterable<number> | undefined;
  /** A number in [0, 1): see {@link drawUniform}. */
  readonly uniform: number;
}

/** Chooses tokens; holds the arrays it works in, so one belongs to one generation at a time. */
export interface Sampler {
  /** Whether `counts` are looked at. */
  readonly counts: boolean;
  /** @throws UsageError `WEFT_GENERATE_OPTION` when no token is left that may be taken */
  choose(choice: Choice): number;
}

/** The settings that decide which token is chosen. */
export type ChoiceSettings = Pick<
  Sampling,
  'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty' | 'presencePenalty' | 'frequencyPenalty' | 'logitBias'
>;

/** Counts up to which one pass with insertion finds the top tokens faster than quickselect does. */
const FEW = 64;
/** Buckets to a difference of logits of 1: all that has a say is in the first few hundred. */
const PER_UNIT = 8;

/** A number in [0, 1) with 53 random bits, from the seed and the token's place in its generation. */
export function drawUniform(seed: number, index: number): number {
  const random = createRandom(seed, `token ${index}`);
  return ((random.uint32() >>> 5) * 0x400_0000 + (random.uint32() >>> 6)) / 2 ** 53;
}

/** A sampler for a vocabulary of `vocabSize` tokens. */
export function createSampler(vocabSize: number, settings: ChoiceSettings): Sampler {
  const { temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = settings;
  const counting = presencePenalty !== 0 || frequencyPenalty !== 0;
  const adjusts = repetitionPenalty !== 1 || counting || logitBias.size > 0;
  let adjusted: Float32Array | undefined;
  const cutsK = topK > 0 && topK < vocabSize;
  const plain = temperature === 1 && !adjusts && !cutsK && topP === 1 && minP === 0;
  /** Tokens in question, in ascending order. */
  let ids = new Uint32Array();
  let scratch = new Uint32Array();
  let masses = new Float64Array();
  const makeRoom = (): void => {
    if (ids.length > 0) return;
    [ids, scratch, masses] = [new Uint32Array(vocabSize), new Uint32Array(vocabSize), new Float64Array(vocabSize)];
  };

  /** The last token that top-k keeps. */
  const topKCut = (logits: Float32Array, max: number): number => {
    if (topK <= FEW) return likeliest(logits, topK)[topK - 1] as number;
    for (let id = 0; id < vocabSize; id++) ids[id] = id;
    return cutAtMass({ logits, ids, max, bucketsPerUnit: PER_UNIT, scratch }, topK);
  };

  /** Collects in `ids` the tokens that top-k keeps and, where top-p need not come before, min-p. */
  const collect = (logits: Float32Array, max: number): number => {
    const last = cutsK ? topKCut(logits, max) : undefined;
    const least = Math.max(
      last === undefined ? -Infinity : (logits[last] as number),
      topP === 1 ? max + temperature * Math.log(minP) : -Infinity,
    );
    let count = 0;
    for (let id = 0; id < vocabSize; id++) {
      if ((logits[id] as number) >= least && (last === undefined || !precedes(logits, last, id))) ids[count++] = id;
    }
    return count;
  };

  /** Keeps in `ids` what top-p and then min-p keep. */
  const cutTail = (
    logits: Float32Array,
    { max, total, count }: { readonly max: number; readonly total: number; readonly count: number },
  ): number => {
    const last = cutAtMass(
      { logits, ids: ids.subarray(0, count), masses, max, bucketsPerUnit: PER_UNIT / temperature, scratch },
      topP * total,
    );
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const id = ids[index] as number;
      if ((masses[id] as number) >= minP && !precedes(logits, last, id)) ids[kept++] = id; // the likeliest has mass 1
    }
    return kept;
  };

  /** The scores after penalties, biases and what is forbidden, in an array of our own. */
  const adjust = (raw: Float32Array, { seen, counts, allowed, forbidden = [] }: Choice): Float32Array => {
    adjusted ??= new Float32Array(vocabSize);
    adjusted.set(raw);
    if (repetitionPenalty !== 1) penalise(adjusted, seen, repetitionPenalty);
    if (counting && counts !== undefined)
      for (const [id, count] of counts) adjusted[id] = (adjusted[id] as number) - presencePenalty - count * frequencyPenalty;
    for (const [id, bias] of logitBias) adjusted[id] = (adjusted[id] as number) + bias;
    if (allowed !== undefined) forbid(adjusted, allowed);
    for (const id of forbidden) adjusted[id] = -Infinity;
    return adjusted;
  };

  return {
    counts: counting,
    choose(choice) {
      const { logits: raw, logProbabilities, allowed, forbidden, uniform } = choice;
      const isRestricted = allowed !== undefined || forbidden !== undefined;
      if (plain && !isRestricted) return drawPlain(logProbabilities, uniform);
      const logits = adjusts || isRestricted ? adjust(raw, choice) : raw;
      const best = argmax(logits);
      if (logits[best] === -Infinity) throw nothingLeft();
      if (temperature === 0) return best;
      makeRoom();
      const max = logits[best] as number;
      let count = collect(logits, max);
      let total = 0;
      for (let index = 0; index < count; index++) {
        const id = ids[index] as number;
        const mass = fastExp(((logits[id] as number) - max) / temperature);
        masses[id] = mass;
        total += mass;
      }
      if (topP < 1) {
        count = cutTail(logits, { max, total, count });
        total = 0;
        for (let index = 0; index < count; index++) total += masses[ids[index] as number] as number;
      }
      let left = uniform * total;
      let chosen = best;
      for (let index = 0; index < count && left >= 0; index++) {
        const mass = masses[ids[index] as number] as number;
        if (mass === 0) continue;
        chosen = ids[index] as number;
        left -= mass;
      }
      return chosen;
    },
  };
}

function nothingLeft(): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_OPTION',
    action: 'choose a token',
    rule: 'one must be left that may follow',
    value: 'the biases forbid all of them',
    remedy: 'Forbid fewer tokens with logitBias.',
  });
}

/** Draws from the distribution as it is: its masses sum to one already, so the tokens behind the one drawn are not looked at. */
function drawPlain(logProbabilities: Float32Array, uniform: number): number {
  let left = uniform;
  let chosen = 0;
  for (let id = 0; id < logProbabilities.length; id++) {
    const mass = fastExp(logProbabilities[id] as number);
    if (mass === 0) continue;
    chosen = id;
    left -= mass;
    if (left < 0) break;
  }
  return chosen;
}

/** Index of the largest logit, the first of equal ones. */
function argmax(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if ((logits[id] as number) > (logits[best] as number)) best = id;
  return best;
}

/** Keskar et al. 2019, "CTRL", section 4.1, in the form of Hugging Face: negative logits are multiplied. */
function penalise(logits: Float32Array, seen: Iterable<number>, penalty: number): void {
  for (const id of seen) logits[id] = (logits[id] as number) < 0 ? (logits[id] as number) * penalty : (logits[id] as number) / penalty;
}

/** Leaves those tokens alone whose bit is set. */
function forbid(logits: Float32Array, allowed: Uint32Array): void {
  for (let id = 0; id < logits.length; id++) if ((((allowed[id >>> 5] as number) >>> (id & 31)) & 1) === 0) logits[id] = -Infinity;
}
