/** A piece's lattice, its best path and the runners-up, as data. */

import type { PieceSteps } from './explanation.ts';
import { type Model, bestPaths, edgeProbabilities, latticeOf } from './unigram-twin.ts';

/** Paths that are told: the best, and two that lost. */
const PATHS = 3;

/** How a lattice is told; `unknown` and `longest` as in `latticeOf`. */
export function tellLattice(
  characters: readonly string[],
  model: Model,
  idOf: (token: string) => number | undefined,
  options: { readonly unknown?: number; readonly longest?: number } = {},
): PieceSteps & { readonly how: 'lattice' } {
  // A text that the twin trained on has all its characters; another may not.
  const unknown = options.unknown ?? unknownScore(model);
  const edges = latticeOf(characters, model, { ...options, unknown });
  const paths = bestPaths(edges, characters.length, PATHS);
  const { probabilities } = edgeProbabilities(edges, characters.length);
  const best = new Set(paths[0]?.edges);
  return {
    how: 'lattice',
    characters,
    edges: edges.map((edge, index) => ({ ...edge, id: idOf(edge.token), probability: probabilities[index] ?? 0, best: best.has(edge) })),
    paths: paths.map((path) => ({ tokens: path.edges.map(({ token }) => token), logProbability: path.logProbability })),
  };
}

/** What an unknown character costs: ten below the least likely token (`kUnkPenalty` of SentencePiece, and Hugging Face's). */
export function unknownScore(model: Model): number {
  let least = 0;
  for (const score of model.values()) if (score < least) least = score;
  return least - 10;
}
