/** Hypotheses that are texts: what may follow each, where each ends, and what each reads as. */

import type { Scores } from '../batching/batch-runner.ts';
import type { Constraint } from '../constraints/create-constraint.ts';
import { requireNumbers, topAlternatives } from '../sampling/probabilities.ts';
import type { TokenLogProbability } from '../sampling/probabilities.ts';
import type { BeamText, GeneratedToken, TokenAlternative } from '../text-model.ts';
import { createTextStream } from '../text-stream.ts';
import { alternativesOf, createTokenSpeller } from '../token-writer.ts';
import type { TakenToken, WriterSource } from '../token-writer.ts';
import { createBeams } from './beams.ts';
import type { Beams, FinishedBeam } from './beams.ts';

/** What texts are searched with. */
export interface TextBeamsSource extends WriterSource {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly stop: readonly string[];
  /** How many of the likeliest tokens to report with each token. */
  readonly alternatives: number;
}

/** A text so far. */
export interface TextBeam {
  readonly tokens: readonly TakenToken[];
  readonly constraint: Constraint | undefined;
  /** Whether nothing may follow its last token. */
  readonly closed: boolean;
  /** The likeliest tokens in the next place, once they are known. */
  next: readonly TokenAlternative[];
}

/** See {@link createTextBeams}. */
export interface TextBeams {
  readonly beams: Beams<TextBeam>;
  /** The likeliest tokens that may follow a text; throws `WEFT_GENERATE_NOT_FINITE` where scores are no numbers. */
  likeliest(scores: Scores, beam: TextBeam): readonly TokenLogProbability[];
  /** What a text reads as at its end. */
  read(found: FinishedBeam<TextBeam>): BeamText;
}

/** Tokens without text of their own that may be among those of a stop text. */
const SLACK = 8;

/** A search for the likeliest texts. */
export function createTextBeams(source: TextBeamsSource): TextBeams {
  const { tokenizer, constraint, beams: count, lengthPenalty, limit, stop, before = new Uint32Array() } = source;
  /** Tokens that a stop text may be spread over: each has a byte, but for special ones. */
  const reach = Math.max(0, ...stop.map((text) => Buffer.byteLength(text))) + SLACK;
  const shown = Array.from(before.slice(-SLACK));
  /** Whether a stop text ends with the last token; it did not before. */
  const stops = (tokens: readonly TakenToken[]): boolean => {
    if (stop.length === 0) return false;
    const from = Math.max(0, tokens.length - reach);
    const earlier = tokens.slice(Math.max(0, from - SLACK), from).map(({ id }) => id);
    const stream = createTextStream(tokenizer, stop, [...shown, ...earlier]);
    return tokens.slice(from).reduce((stopped, { id }) => stream.push(id).stopped || stopped, false);
  };
  const spell = ({ tokens, closed }: Pick<TextBeam, 'tokens' | 'closed'>): readonly GeneratedToken[] => {
    const speller = createTokenSpeller(source, stop);
    return tokens.map((token, index) => speller.push(token, closed && index === tokens.length - 1));
  };
  const beams = createBeams<TextBeam>({
    beams: count,
    penalty: (length) => length ** lengthPenalty,
    limit,
    start: { tokens: [], constraint, closed: false, next: [] },
    extend(before, { id, logProbability }) {
      const follows = before.constraint?.clone();
      follows?.accept(id);
      const state = {
        tokens: [...before.tokens, { id, logProbability, alternatives: before.next }],
        constraint: follows,
        closed: follows?.ended === true,
        next: [],
      };
      return { state, ended: source.endTokens.has(id) || state.closed || stops(state.tokens) };
    },
  });
  let restricted: Float32Array | undefined;
  return {
    beams,
    likeliest(scores, beam) {
      requireNumbers(scores.logProbabilities);
      const row = scores.logProbabilities.subarray(0, tokenizer.vocabSize);
      beam.next = alternativesOf(row, source.alternatives, tokenizer);
      if (beam.constraint === undefined) return topAlternatives(row, beams.width);
      restricted ??= new Float32Array(row.length);
      restricted.set(row);
      beam.constraint.restrict(restricted);
      return topAlternatives(restricted, beams.width).filter(({ logProbability }) => logProbability > -Infinity);
    },
    read({ state, logProbability, score }) {
      const tokens = spell(state);
      const text = tokens.map((token) => token.text).join('');
      return { text, tokens, logProbability, score, finishReason: tokens.at(-1)?.finishReason ?? 'length' };
    },
  };
}
