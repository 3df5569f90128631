/** How a tokenizer is trained, told by the readable twins. */

import type { TokenizerType } from '../tokenizer.ts';
import { countPairs, keyOf, learnMergesSlowly, sortPairs } from './bpe-twin.ts';
import { type LearntModel, encodeWords } from './encode-words.ts';
import {
  type CountTraining,
  type EncodingExplanation,
  type LearntToken,
  type Marking,
  type MergeStep,
  type MergeTraining,
  type PairRule,
  SHOWN,
  type TrainingExplanation,
  type UnigramTraining,
  type WordSymbols,
} from './explanation.ts';
import { bestPaths, latticeOf, learnUnigramSlowly, seedTokens } from './unigram-twin.ts';
import { type Unit, countSymbols, countWords, symbolsOf } from './words.ts';

/** What is to be trained; everything is checked and bounded. */
export interface TrainingPlan {
  readonly type: TokenizerType;
  readonly marking: Marking;
  readonly unit: Unit;
  readonly rule: PairRule;
  readonly merges: number | undefined;
  readonly vocabSize: number | undefined;
  readonly encode: string | undefined;
}

/** Merges where neither their number nor a size is given. */
const MERGES = 10;
/** Seeds of Unigram at most, characters aside. */
const MOST_SEEDS = 2000;
/** As SentencePiece: `num_sub_iterations` and `shrinking_factor`. */
const ITERATIONS = 2;
const SHRINKING = 0.75;

/** Trains, and tells every step. */
export function tellTraining(texts: readonly string[], plan: TrainingPlan): TrainingExplanation {
  const { type } = plan;
  if (type === 'words' || type === 'characters') return tellCounting(texts, type, plan);
  const words = countWords(texts, (word) => symbolsOf(word, plan.marking, plan.unit));
  return type === 'unigram' ? tellUnigram(words, plan) : tellMerges(words, type, plan);
}

function tellMerges(words: readonly WordSymbols[], type: 'bpe' | 'wordpiece', plan: TrainingPlan): MergeTraining {
  const { rule, unit, marking, vocabSize } = plan;
  const prefix = type === 'wordpiece' ? '##' : '';
  const tokens = countSymbols(words).map(({ symbol }) => symbol);
  const most = plan.merges ?? (vocabSize === undefined ? MERGES : Math.max(0, vocabSize - tokens.length));
  const steps: MergeStep[] = [];
  const ranks = new Map<string, number>();
  let last = words;
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  for (const { pairs, merged, words: after } of learnMergesSlowly(words, { merges: most, rule, prefix })) {
    const best = pairs[0] as (typeof pairs)[number];
    ranks.set(keyOf(best.left, best.right), steps.length);
    if (!idOf.has(merged)) idOf.set(merged, idOf.size);
    steps.push({
      step: steps.length + 1,
      pairs: pairs.slice(0, SHOWN),
      distinctPairs: pairs.length,
      best,
      ties: pairs.filter((pair) => pair[rule] === best[rule]).length - 1,
      merged,
      words: after.slice(0, SHOWN),
    });
    last = after;
  }
  const left = sortPairs(countPairs(last), rule, idOf);
  const vocabulary = [...idOf].map(([token, id]): LearntToken => ({ id, token }));
  return {
    type,
    rule,
    unit,
    ...common(words, plan, vocabulary),
    steps,
    pairs: left.slice(0, SHOWN),
    distinctPairs: left.length,
    stopped: steps.length < most ? 'pairs' : 'size',
    ...encoded(plan, type === 'bpe' ? { type, idOf, ranks, marking, unit } : { type, idOf, prefix }),
  };
}

function tellUnigram(words: readonly WordSymbols[], plan: TrainingPlan): UnigramTraining {
  const seeds = seedTokens(words, MOST_SEEDS);
  const required = seeds.filter((seed) => seed.required).length;
  // A quarter of what is not required, so that there is something to prune.
  const vocabSize = Math.max(required, plan.vocabSize ?? required + (plan.merges ?? Math.ceil((seeds.length - required) / 4)));
  const { model, rounds } = learnUnigramSlowly(words, {
    vocabSize,
    seeds,
    iterations: ITERATIONS,
    shrinkingFactor: SHRINKING,
    estimate: 'smoothed',
  });
  const vocabulary = [...model]
    .sort(([, a], [, b]) => b - a)
    .map(([token, logProbability], id): LearntToken => ({ id, token, logProbability }));
  const idOf = new Map(vocabulary.map(({ token, id }) => [token, id]));
  return {
    type: 'unigram',
    ...common(words, plan, vocabulary),
    seeds: seeds.slice(0, SHOWN),
    distinctSeeds: seeds.length,
    rounds: rounds.map((round) => ({
      ...round,
      iterations: round.iterations.map((iteration) => ({
        ...iteration,
        tokens: iteration.tokens.slice(0, SHOWN),
        dropped: iteration.dropped.slice(0, SHOWN),
      })),
      pruned: round.pruned.slice(0, Math.min(SHOWN, round.removed + 4)),
    })),
    best: words.slice(0, SHOWN).map((word) => ({
      ...word,
      symbols: bestPaths(latticeOf(word.symbols, model), word.symbols.length)[0]?.edges.map(({ token }) => token) ?? word.symbols,
    })),
    ...encoded(plan, { type: 'unigram', idOf, model, marking: plan.marking }),
  };
}

function tellCounting(texts: readonly string[], type: 'words' | 'characters', plan: TrainingPlan): CountTraining {
  const words = countWords(texts, (word) => [...word]);
  const counted =
    type === 'words'
      ? words.map(({ word, count }) => ({ token: word, count }))
      : countSymbols([{ word: '', count: 1, symbols: [...texts.join('')] }])
          .map(({ symbol, count }) => ({ token: symbol, count }))
          .sort((a, b) => b.count - a.count);
  const kept = counted.slice(0, plan.vocabSize ?? counted.length).map(({ token }) => token);
  // Characters have their ids in the order of code points, as `trainTokenizer` gives them; words in the order of their counts.
  const tokens = type === 'words' ? kept : kept.sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  const vocabulary = tokens.map((token, id): LearntToken => ({ id, token }));
  const idOf = new Map(vocabulary.map(({ token, id }) => [token, id]));
  return {
    type,
    ...common(words, plan, vocabulary),
    counts: counted.slice(0, SHOWN),
    distinct: counted.length,
    ...encoded(plan, type === 'words' ? { type, idOf } : { type, idOf }),
  };
}

function common(
  words: readonly WordSymbols[],
  { marking }: TrainingPlan,
  vocabulary: readonly LearntToken[],
): Pick<MergeTraining, 'marking' | 'words' | 'distinctWords' | 'totalWords' | 'alphabet' | 'distinctSymbols' | 'vocabulary' | 'vocabSize'> {
  const alphabet = countSymbols(words);
  return {
    marking,
    words: words.slice(0, SHOWN),
    distinctWords: words.length,
    totalWords: words.reduce((sum, { count }) => sum + count, 0),
    alphabet: alphabet.slice(0, SHOWN),
    distinctSymbols: alphabet.length,
    vocabulary,
    vocabSize: vocabulary.length,
  };
}

function encoded({ encode }: TrainingPlan, model: LearntModel): { readonly encoding?: EncodingExplanation } {
  return encode === undefined ? {} : { encoding: encodeWords(encode, model) };
}
