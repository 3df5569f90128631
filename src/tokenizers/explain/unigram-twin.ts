/**
 * The unigram language model as its paper describes it (Kudo 2018, section 3.2): a lattice of all segmentations, the best by Viterbi,
 * expected counts by forward and backward sums, new probabilities from them, and pruning by the loss of each token. Slow, and so the
 * explanation of training and encoding, and the oracle of the fast code. `sentencepiece` adds the details of SentencePiece 0.2
 * (`unigram_model_trainer.cc`), which are made for large texts: on three words they leave nothing to prune.
 *
 * Unlike SentencePiece it takes every substring that occurs twice as a seed, not only those that some other letters can follow.
 */

import type { PrunedToken, UnigramIteration, UnigramRound, UnigramSeed, WordSymbols } from './explanation.ts';
import { byCodePoint } from './words.ts';

/** Log-probabilities of tokens. */
export type Model = ReadonlyMap<string, number>;

/** A token between two characters of a word. */
export interface Edge {
  readonly start: number;
  readonly end: number;
  readonly token: string;
  readonly logProbability: number;
}

/** One segmentation. */
export interface Path {
  readonly edges: readonly Edge[];
  readonly logProbability: number;
}

/** Characters of a seed at most, as `max_sentencepiece_length`. */
const LONGEST_SEED = 16;

/**
 * All tokens that fit somewhere in a word, by where they begin. `unknown` is the log-probability of a character that is no token,
 * `longest` the number of characters of the longest token.
 */
export function latticeOf(
  characters: readonly string[],
  model: Model,
  { unknown = -Infinity, longest = LONGEST_SEED }: { readonly unknown?: number; readonly longest?: number } = {},
): Edge[] {
  const edges: Edge[] = [];
  for (let start = 0; start < characters.length; start++) {
    for (let end = start + 1; end <= Math.min(characters.length, start + longest); end++) {
      const token = characters.slice(start, end).join('');
      const logProbability = model.get(token) ?? (end === start + 1 ? unknown : -Infinity);
      if (logProbability > -Infinity) edges.push({ start, end, token, logProbability });
    }
  }
  return edges;
}

/** The `count` best segmentations of a lattice over `length` characters, the best first (Viterbi with several paths a place). */
export function bestPaths(edges: readonly Edge[], length: number, count: number = 1): Path[] {
  interface Way {
    readonly logProbability: number;
    readonly edge?: Edge;
    readonly before?: Way;
  }
  const ending = Array.from({ length: length + 1 }, (): Edge[] => []);
  for (const edge of edges) ending[edge.end]?.push(edge);
  const ways: Way[][] = [[{ logProbability: 0 }]];
  for (let end = 1; end <= length; end++) {
    const here = (ending[end] ?? []).flatMap((edge) =>
      (ways[edge.start] ?? []).map((before): Way => ({ logProbability: before.logProbability + edge.logProbability, edge, before })),
    );
    ways.push(here.sort((a, b) => b.logProbability - a.logProbability).slice(0, count));
  }
  return (ways[length] ?? []).map((last) => {
    const path: Edge[] = [];
    for (let way: Way | undefined = last; way?.edge !== undefined; way = way.before) path.unshift(way.edge);
    return { edges: path, logProbability: last.logProbability };
  });
}

/** The probability of each edge among all segmentations, and the log-probability of the word: forward and backward sums. */
export function edgeProbabilities(edges: readonly Edge[], length: number): { readonly probabilities: number[]; readonly total: number } {
  const forward = Array.from({ length: length + 1 }, (_, at) => (at === 0 ? 0 : -Infinity));
  const backward = Array.from({ length: length + 1 }, (_, at) => (at === length ? 0 : -Infinity));
  for (const { start, end, logProbability } of edges) {
    forward[end] = logAdd(forward[end] as number, (forward[start] as number) + logProbability);
  }
  for (const { start, end, logProbability } of [...edges].reverse()) {
    backward[start] = logAdd(backward[start] as number, (backward[end] as number) + logProbability);
  }
  const total = forward[length] as number;
  const probabilities = edges.map(({ start, end, logProbability }) =>
    Math.exp((forward[start] as number) + logProbability + (backward[end] as number) - total),
  );
  return { probabilities, total };
}

/** The tokens to begin with: characters, and what occurs twice or more; by the text that they cover. */
export function seedTokens(words: readonly WordSymbols[], most: number): UnigramSeed[] {
  const counts = new Map<string, { count: number; length: number }>();
  for (const { symbols, count } of words) {
    for (let start = 0; start < symbols.length; start++) {
      for (let end = start + 1; end <= Math.min(symbols.length, start + LONGEST_SEED); end++) {
        const token = symbols.slice(start, end).join('');
        counts.set(token, { count: (counts.get(token)?.count ?? 0) + count, length: end - start });
      }
    }
  }
  const all = [...counts].map(([token, { count, length }]) => ({ token, count, score: count * length, required: length === 1 }));
  const characters = all.filter(({ required }) => required);
  const longer = all
    .filter(({ required, count }) => !required && count > 1)
    .sort((a, b) => b.score - a.score || byCodePoint(a.token, b.token))
    .slice(0, Math.max(0, most - characters.length));
  const seeds = [...characters, ...longer];
  const sum = seeds.reduce((total, { score }) => total + score, 0);
  return seeds
    .map((seed) => ({ ...seed, logProbability: Math.log(seed.score / sum) }))
    .sort((a, b) => b.score - a.score || byCodePoint(a.token, b.token));
}

/**
 * How expected counts become probabilities. `plain`: each divided by their sum, as the paper has it. `smoothed`: each taken for a
 * little more, so that what a text of three words does not need falls behind and not to e^-400. `sentencepiece`: digamma for the
 * logarithm, which takes from rare tokens more than from frequent ones (Liang and Klein 2007), and what is hardly expected is dropped.
 */
export type Estimate = 'plain' | 'smoothed' | 'sentencepiece';

const SMOOTHING = 0.01;

/** SentencePiece drops a token that is expected less often (`kExpectedFrequencyThreshold`). */
const LEAST_EXPECTED = 0.5;

/** One iteration: expected counts under the model, then the probabilities that these give. */
export function iterate(
  words: readonly WordSymbols[],
  model: Model,
  estimate: Estimate = 'plain',
): { readonly model: Model; readonly iteration: UnigramIteration } {
  const expected = new Map([...model.keys()].map((token) => [token, 0]));
  let [logLikelihood, wordCount] = [0, 0];
  for (const { symbols, count } of words) {
    const edges = latticeOf(symbols, model);
    const { probabilities, total } = edgeProbabilities(edges, symbols.length);
    edges.forEach(({ token }, index) => expected.set(token, (expected.get(token) ?? 0) + count * (probabilities[index] as number)));
    logLikelihood += count * total;
    wordCount += count;
  }
  const least = estimate === 'sentencepiece' ? LEAST_EXPECTED : Number.MIN_VALUE;
  const log = estimate === 'sentencepiece' ? digamma : Math.log;
  const more = estimate === 'smoothed' ? SMOOTHING : 0;
  const kept = [...expected].filter(([, count]) => count + more >= least);
  const logSum = log(kept.reduce((sum, [, count]) => sum + count + more, 0));
  const tokens = kept.map(([token, count]) => ({ token, expected: count, logProbability: log(count + more) - logSum }));
  return {
    model: new Map(tokens.map(({ token, logProbability }) => [token, logProbability])),
    iteration: {
      loss: -logLikelihood / wordCount,
      tokens: tokens.sort((a, b) => b.logProbability - a.logProbability || byCodePoint(a.token, b.token)),
      size: tokens.length,
      dropped: [...expected].filter(([, count]) => count + more < least).map(([token]) => token),
    },
  };
}

/** What the text would lose with each token: how often it is used, and how much less likely the tokens in its place are. */
export function pruningLosses(words: readonly WordSymbols[], model: Model): Omit<PrunedToken, 'removed'>[] {
  const frequency = new Map<string, number>();
  const wordsWith = new Map<string, number>();
  let wordCount = 0;
  for (const { symbols, count } of words) {
    const tokens = (bestPaths(latticeOf(symbols, model), symbols.length)[0]?.edges ?? []).map(({ token }) => token);
    for (const token of tokens) frequency.set(token, (frequency.get(token) ?? 0) + count);
    for (const token of new Set(tokens)) wordsWith.set(token, (wordsWith.get(token) ?? 0) + count);
    wordCount += count;
  }
  const sum = [...frequency.values()].reduce((total, count) => total + count, 0);
  return [...model.keys()].map((token) => {
    const characters = [...token];
    const paths = bestPaths(latticeOf(characters, model), characters.length, 2);
    const own = frequency.get(token) ?? 0;
    // A token whose own best segmentation is of others is never used; one without another segmentation cannot go.
    const alternative = (paths[0]?.edges.length === 1 ? paths[1] : paths[0])?.edges.map((edge) => edge.token) ?? [];
    if (alternative.length === 0) return { token, frequency: own, alternative, loss: Infinity };
    if (own === 0 || (paths[0]?.edges.length ?? 0) > 1) return { token, frequency: own, alternative, loss: 0 };
    const logAlternative = alternative.reduce((log, part) => log + Math.log((frequency.get(part) ?? 0) + own), 0);
    const logSum = Math.log(sum + own * (alternative.length - 1));
    const loss = ((wordsWith.get(token) ?? 0) / wordCount) * (Math.log(own / sum) - (logAlternative - alternative.length * logSum));
    return { token, frequency: own, alternative, loss };
  });
}

/** When to stop and how fast to get there. */
export interface UnigramOptions {
  readonly vocabSize: number;
  readonly seeds: readonly UnigramSeed[];
  /** Iterations before each pruning. */
  readonly iterations: number;
  /** What pruning keeps at least. */
  readonly shrinkingFactor: number;
  readonly estimate?: Estimate;
}

/** Learns a vocabulary: iterate and prune until it is small enough. */
export function learnUnigramSlowly(
  words: readonly WordSymbols[],
  { vocabSize, seeds, iterations, shrinkingFactor, estimate = 'plain' }: UnigramOptions,
): { readonly model: Model; readonly rounds: readonly UnigramRound[] } {
  const required = new Set(seeds.filter((seed) => seed.required).map(({ token }) => token));
  let model: Model = new Map(seeds.map(({ token, logProbability }) => [token, logProbability]));
  const rounds: UnigramRound[] = [];
  for (;;) {
    const done: UnigramIteration[] = [];
    for (let index = 0; index < iterations; index++) {
      const next = iterate(words, model, estimate);
      model = keepRequired(next.model, model, required);
      done.push({ ...next.iteration, size: model.size, dropped: next.iteration.dropped.filter((token) => !required.has(token)) });
    }
    const size = Math.max(vocabSize, Math.floor(shrinkingFactor * model.size));
    const losses = pruningLosses(words, model)
      .filter(({ token, loss }) => !required.has(token) && loss < Infinity)
      .sort((a, b) => a.loss - b.loss || byCodePoint(a.token, b.token));
    const removed = model.size > vocabSize ? Math.min(losses.length, model.size - size) : 0;
    const gone = new Set(losses.slice(0, removed).map(({ token }) => token));
    model = new Map([...model].filter(([token]) => !gone.has(token)));
    rounds.push({
      iterations: done,
      pruned: losses.map((loss) => ({ ...loss, removed: gone.has(loss.token) })),
      removed,
      size: model.size,
    });
    // Once more, for the probabilities that fit what is left.
    if (removed === 0 || model.size <= vocabSize)
      return { model: keepRequired(iterate(words, model, estimate).model, model, required), rounds };
  }
}

/** Characters that were dropped come back, less likely than all others, so that every text can be written. */
function keepRequired(next: Model, before: Model, required: ReadonlySet<string>): Model {
  const missing = [...required].filter((token) => !next.has(token) && before.has(token));
  const least = Math.min(...next.values());
  return new Map([...next, ...missing.map((token, index): [string, number] => [token, least - 1 - index * 1e-4])]);
}

/** log(exp(a) + exp(b)). */
function logAdd(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a];
  return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

/** The derivative of log Γ. Source: Abramowitz and Stegun 6.3.18, after moving x up by 6.3.5. */
export function digamma(x: number): number {
  let [at, sum] = [x, 0];
  for (; at < 7; at++) sum -= 1 / at;
  const squared = 1 / (at * at);
  return sum + Math.log(at) - 0.5 / at - squared * (1 / 12 - squared * (1 / 120 - squared * (1 / 252 - squared / 240)));
}
