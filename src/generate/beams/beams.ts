/**
 * Beam search of one text: Sutskever et al. 2014, section 3.2. Hypotheses that ended are compared by their log-probability over a penalty of
 * their length. A text is done when as many have ended as there are beams and none that goes on is better, for its length, than the worst
 * of them. With one beam this is greedy search.
 *
 * Decided: it is told scores and says what goes on from what; who computes them, one text or many at once, is not its matter.
 */

import type { TokenLogProbability } from '../sampling/probabilities.ts';

/** What one more token makes of a hypothesis. */
export interface Extension<T> {
  readonly state: T;
  /** Whether it ends with that token. */
  readonly ended: boolean;
}

/** A hypothesis that goes on. */
export interface LiveBeam<T> {
  /** Its place among those that went on before: the one that it continues. */
  readonly parent: number;
  /** Its last token; undefined at the beginning of the text. */
  readonly token: number | undefined;
  /** Natural logarithm of its probability. */
  readonly logProbability: number;
  readonly state: T;
}

/** A hypothesis that is over. */
export interface FinishedBeam<T> {
  readonly state: T;
  /** Natural logarithm of its probability, its end included. */
  readonly logProbability: number;
  /** That, over the length penalty. */
  readonly score: number;
  /** Whether it came to its end, or was cut at the limit. */
  readonly ended: boolean;
}

/** What is asked for. */
export interface BeamsOptions<T> {
  readonly beams: number;
  /** What the log-probability of a text of so many tokens, its end among them, is divided by. */
  readonly penalty: (length: number) => number;
  /** Tokens of the text at most, at least 1. */
  readonly limit: number;
  /** The state of a text without tokens. */
  readonly start: T;
  /** What a token makes of a hypothesis; asked for those alone that are among the best. */
  readonly extend: (state: T, next: TokenLogProbability) => Extension<T>;
}

/** See {@link createBeams}. */
export interface Beams<T> {
  /** Those that go on, likeliest first; one at first, none at the end. */
  readonly live: readonly LiveBeam<T>[];
  /** Those that are over, best first, at most as many as beams. */
  readonly finished: readonly FinishedBeam<T>[];
  /** How many of the likeliest tokens behind each hypothesis are to be known. */
  readonly width: number;
  /** Takes the likeliest tokens behind each that goes on, in their order, {@link Beams.width} of them where there are so many. */
  advance(next: readonly (readonly TokenLogProbability[])[]): void;
}

/** A search at the beginning of a text. */
export function createBeams<T>({ beams, penalty, limit, start, extend }: BeamsOptions<T>): Beams<T> {
  // Of 2·beams continuations at most half end, so that enough are left to go on.
  const width = 2 * beams;
  let live: readonly LiveBeam<T>[] = [{ parent: 0, token: undefined, logProbability: 0, state: start }];
  let finished: readonly FinishedBeam<T>[] = [];
  let length = 0;
  const finish = (state: T, logProbability: number, ended: boolean): void => {
    const score = logProbability / penalty(length);
    finished = [...finished, { state, logProbability, score, ended }].toSorted((a, b) => b.score - a.score).slice(0, beams);
  };
  return {
    get live() {
      return live;
    },
    get finished() {
      return finished;
    },
    width,
    advance(next) {
      length++;
      const best = live
        .flatMap((from, parent) =>
          (next[parent] ?? []).map((one) => ({ from, parent, ...one, total: from.logProbability + one.logProbability })),
        )
        .sort((a, b) => b.total - a.total)
        .slice(0, width);
      const going: LiveBeam<T>[] = [];
      for (const [rank, { from, parent, id, logProbability, total }] of best.entries()) {
        if (going.length === beams && rank >= beams) break;
        const { state, ended } = extend(from.state, { id, logProbability });
        if (!ended) {
          if (going.length < beams) going.push({ parent, token: id, logProbability: total, state });
        } else if (rank < beams) finish(state, total, true); // An end that is no better than what goes on in a full beam is none.
      }
      live = going;
      // Enough have ended, and what goes on is no better than the worst of them: waiting for as many ends alone would let a sure model's
      // unlikely hypotheses, which end at once, cut its likely one off.
      const [worst, likeliest] = [finished[beams - 1], live[0]];
      if (worst !== undefined && likeliest !== undefined && likeliest.logProbability / penalty(length) <= worst.score) live = [];
      if (length < limit) return;
      for (const { state, logProbability } of live) finish(state, logProbability, false);
      live = [];
    },
  };
}
