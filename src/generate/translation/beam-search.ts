/**
 * Beam search over a batch of texts: Sutskever et al. 2014, section 3.2. Hypotheses that ended are compared by their log-probability
 * over the length penalty of Wu et al. 2016 ("GNMT"), equation 14, `((5 + length) / 6)^α`. A text is done when as many have ended as there
 * are beams and none that goes on is better, for its length, than the worst of them. With one beam this is greedy search.
 */

/** A target and how likely it is. */
export interface Hypothesis {
  /** Tokens without those that begin and end a text. */
  readonly tokens: Uint32Array;
  /** Natural logarithm of its probability, its end included. */
  readonly logProbability: number;
  /** That, over the length penalty. */
  readonly score: number;
  /** Whether it came to its end, or was cut at the limit. */
  readonly ended: boolean;
}

/** What is asked for. */
export interface BeamSearchOptions {
  readonly beams: number;
  /** α; 0 for none. */
  readonly lengthPenalty: number;
  readonly startToken: number;
  readonly endToken: number;
  /** Tokens of each text at most. */
  readonly limits: readonly number[];
  /**
   * Reads one token of each hypothesis, text after text; gives the log-probabilities (rows V) of what follows, row after row.
   *
   * @param parents the row of the last call that each hypothesis goes on from
   */
  step(tokens: Int32Array, parents: Int32Array, position: number): Promise<Float32Array>;
}

interface Live {
  readonly tokens: readonly number[];
  readonly logProbability: number;
  readonly row: number;
}

/** The best hypotheses of each text, best first, as many as there are beams. */
export async function beamSearch({
  beams,
  lengthPenalty,
  startToken,
  endToken,
  limits,
  step,
}: BeamSearchOptions): Promise<readonly (readonly Hypothesis[])[]> {
  const penalty = (length: number): number => ((5 + length) / 6) ** lengthPenalty;
  const texts = limits.map((limit, text) => ({
    limit,
    live: [{ tokens: [], logProbability: 0, row: text * beams }] as Live[],
    done: [] as Hypothesis[],
  }));
  const finish = (text: (typeof texts)[number], tokens: readonly number[], logProbability: number, ended: boolean): void => {
    // The end is a token too: what is empty has a length of one.
    const score = logProbability / penalty(tokens.length + Number(ended));
    text.done.push({ tokens: Uint32Array.from(tokens), logProbability, score, ended });
  };
  const rows = texts.length * beams;
  for (let position = 0; texts.some(({ live }) => live.length > 0); position++) {
    const [tokens, parents] = [new Int32Array(rows).fill(startToken), Int32Array.from({ length: rows }, (_, row) => row)];
    for (const [index, { live }] of texts.entries()) {
      for (const [beam, { tokens: before, row }] of live.entries()) {
        tokens[index * beams + beam] = before.at(-1) ?? startToken;
        parents[index * beams + beam] = row;
      }
    }
    const logProbabilities = await step(tokens, parents, position);
    const vocabSize = logProbabilities.length / rows;
    for (const [index, text] of texts.entries()) {
      const { live } = text;
      // Of 2·beams continuations at most half end, so that enough are left to go on.
      const best: { readonly from: Live; readonly row: number; readonly token: number; readonly logProbability: number }[] = [];
      for (const [beam, from] of live.entries()) {
        const row = index * beams + beam;
        const scores = logProbabilities.subarray(row * vocabSize, (row + 1) * vocabSize);
        for (const token of largest(scores, 2 * beams))
          best.push({ from, row, token, logProbability: from.logProbability + (scores[token] ?? 0) });
      }
      best.sort((a, b) => b.logProbability - a.logProbability);
      text.live = [];
      for (const [rank, { from, row, token, logProbability }] of best.slice(0, 2 * beams).entries()) {
        if (token === endToken) {
          // An end that is no better than what goes on in a full beam is none.
          if (rank < beams) finish(text, from.tokens, logProbability, true);
        } else if (text.live.length < beams) text.live.push({ tokens: [...from.tokens, token], logProbability, row });
      }
      // Enough have ended, and what goes on is no better than the worst of them: waiting for as many ends alone would let a sure model's
      // unlikely hypotheses, which end at once, cut its likely one off.
      text.done = text.done.toSorted((a, b) => b.score - a.score).slice(0, beams);
      const worst = text.done[beams - 1];
      const [next] = text.live;
      if (worst !== undefined && next !== undefined && next.logProbability / penalty(position + 1) <= worst.score) text.live = [];
      if (position + 1 < text.limit) continue;
      for (const { tokens: cut, logProbability } of text.live) finish(text, cut, logProbability, false);
      text.live = [];
    }
  }
  return texts.map(({ done }) => done.toSorted((a, b) => b.score - a.score).slice(0, beams));
}

/** The places of the `count` largest numbers, largest first; of equals the first. */
function largest(values: Float32Array, count: number): readonly number[] {
  const places: number[] = [];
  let smallest = -Infinity;
  for (let place = 0; place < values.length; place++) {
    const value = values[place] as number;
    if (places.length >= count && !(value > smallest)) continue;
    let at = places.length;
    while (at > 0 && value > (values[places[at - 1] as number] as number)) at--;
    places.splice(at, 0, place);
    if (places.length > count) places.pop();
    smallest = values[places.at(-1) as number] as number;
  }
  return places;
}
