/** One text as it is written: from a row of scores to the token that follows, its text, and whether it is the last. */

import type { Tokenizer } from '../tokenizers/index.ts';
import type { Scores } from './batching/batch-runner.ts';
import type { Constraint } from './constraints/create-constraint.ts';
import type { Sampling } from './sampling/options.ts';
import { requireNumbers, topAlternatives } from './sampling/probabilities.ts';
import { createSampler, drawUniform } from './sampling/sampler.ts';
import type { GeneratedToken, TokenAlternative } from './text-model.ts';
import { createTextStream } from './text-stream.ts';

/** What {@link createTokenWriter} writes with. */
export interface WriterSource {
  readonly tokenizer: Tokenizer;
  /** Tokens that end a text. */
  readonly endTokens: ReadonlySet<number>;
  /** Most tokens that are written, at least 1. */
  readonly limit: number;
  /** What the text must keep to. */
  readonly constraint?: Constraint | undefined;
  /** What the text follows; default it is a text by itself. */
  readonly before?: Uint32Array | undefined;
  /** Tokens that have no text; default none. */
  readonly silent?: ReadonlySet<number> | undefined;
}

/** See {@link createTokenWriter}. */
export interface TokenWriter {
  /** The next token. The last one has a `finishReason`; no further call may follow. */
  write(scores: Scores): GeneratedToken;
  /** The token that would be drawn by these scores as the text's token number `index`, were they those of the model: see draft-model.ts. */
  guess(scores: Scores, index: number): number;
}

/** A token that was taken, and what is known of its place. */
export type TakenToken = Pick<GeneratedToken, 'id' | 'logProbability' | 'alternatives'>;

/** From tokens that were taken to tokens with their text, of which the last has a `finishReason`. */
export interface TokenSpeller {
  /** @param closed whether nothing may follow, whatever the token is */
  push(token: TakenToken, closed: boolean): GeneratedToken;
}

const NOTHING = { text: '', stopped: false };

/** Spells one text: up to an end token, one of the `stop` texts, or `limit` tokens. */
export function createTokenSpeller(
  { tokenizer, endTokens, limit, before, silent }: Omit<WriterSource, 'constraint'>,
  stop: readonly string[],
): TokenSpeller {
  const stream = createTextStream(tokenizer, stop, before);
  let count = 0;
  return {
    push(token, closed) {
      count++;
      const ended = endTokens.has(token.id);
      // The end token would say no more than that nothing follows.
      let { text, stopped } = ended ? stream.end() : silent?.has(token.id) === true ? NOTHING : stream.push(token.id);
      const last = count >= limit || closed;
      if (last && !ended && !stopped) {
        const rest = stream.end();
        text += rest.text;
        stopped = rest.stopped;
      }
      const whole = { ...token, text };
      return ended || stopped || last ? { ...whole, finishReason: ended || stopped || closed ? 'stop' : 'length' } : whole;
    },
  };
}

/** Writes on from `prompt` by the scores of each step. */
export function createTokenWriter(
  { tokenizer, endTokens: ownEnds, limit, constraint, before }: WriterSource,
  prompt: Uint32Array,
  sampling: Sampling,
): TokenWriter {
  const { seed, minTokens, ignoreEnd, alternatives: alternativeCount } = sampling;
  const endTokens = new Set([...(ignoreEnd ? [] : ownEnds), ...sampling.endTokens]);
  const silent = ignoreEnd ? ownEnds : undefined;
  const sampler = createSampler(tokenizer.vocabSize, sampling);
  const speller = createTokenSpeller({ tokenizer, endTokens, limit, before, silent }, sampling.stop);
  const seen = new Set(sampling.repetitionPenalty === 1 ? [] : prompt);
  const counts = new Map<number, number>();
  let index = 0;
  // A model's table may be longer than the vocabulary, for speed: what lies behind is no token.
  const tokensOf = (scores: Scores): Scores => ({
    logits: scores.logits.subarray(0, tokenizer.vocabSize),
    logProbabilities: scores.logProbabilities.subarray(0, tokenizer.vocabSize),
  });
  return {
    guess: (scores, place) => sampler.choose({ ...tokensOf(scores), seen, counts, uniform: drawUniform(seed, place) }),
    write(scores) {
      requireNumbers(scores.logProbabilities);
      const { logits, logProbabilities } = tokensOf(scores);
      const id = sampler.choose({
        logits,
        logProbabilities,
        seen,
        counts,
        allowed: constraint?.mask(),
        forbidden: index < minTokens ? endTokens : undefined,
        uniform: drawUniform(seed, index),
      });
      constraint?.accept(id);
      index++;
      if (sampling.repetitionPenalty !== 1) seen.add(id);
      if (sampler.counts) counts.set(id, (counts.get(id) ?? 0) + 1);
      const alternatives = alternativesOf(logProbabilities, alternativeCount, tokenizer);
      return speller.push({ id, logProbability: logProbabilities[id] as number, alternatives }, constraint?.ended === true);
    },
  };
}

const NONE: readonly TokenAlternative[] = [];

/** The likeliest tokens of a row, likeliest first. */
export function alternativesOf(logProbabilities: Float32Array, count: number, tokenizer: Tokenizer): readonly TokenAlternative[] {
  if (count === 0) return NONE;
  return topAlternatives(logProbabilities, count).map(({ id, logProbability }) => ({ id, text: tokenizer.decode([id]), logProbability }));
}
