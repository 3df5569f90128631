/** From a recipe to what it describes: the model, the optimizer, the defaults of training. */

import { UsageError } from '../core/index.ts';
import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adamw, constantRate, warmupCosine, warmupStableDecay } from '../train/index.ts';
import type { Optimizer } from '../train/index.ts';
import type { Recipe, TrainingRecipe } from './recipe.ts';

/** A training recipe with its defaults filled in. */
export type FullTraining = TrainingRecipe &
  Required<Pick<TrainingRecipe, 'steps' | 'batchSize' | 'accumulate' | 'learningRate' | 'schedule' | 'weightDecay' | 'betas' | 'clipNorm'>>;

/** Defaults of a recipe's training. */
export const TRAINING: FullTraining = {
  steps: 2000,
  batchSize: 16,
  accumulate: 1,
  learningRate: 1e-3,
  schedule: 'cosine',
  weightDecay: 0.1,
  betas: [0.9, 0.99],
  clipNorm: 1,
};

/** The model that a recipe describes. */
export function modelOf({ model: asked = {} }: Pick<Recipe, 'model'>, vocabSize: number): LanguageModel {
  const {
    architecture = 'llama',
    layers = 4,
    heads = 4,
    width = 128,
    contextLength = 128,
    tiedHead = true,
    kvHeads,
    hidden,
    dropout,
  } = asked;
  const common = { layers, heads, width, contextLength, vocabSize, tiedHead, ...(hidden === undefined ? {} : { hidden }) };
  const foreign = architecture === 'llama' ? ({ dropout } as const) : ({ kvHeads } as const);
  for (const [name, value] of Object.entries(foreign)) {
    if (value === undefined) continue;
    throw new UsageError({
      code: 'WEFT_RECIPE_VALUE',
      action: `make a ${architecture} model`,
      rule: `it has no ${name}`,
      value: String(value),
      remedy: `Leave model.${name} out, or choose the other architecture.`,
    });
  }
  if (architecture === 'gpt') return gpt({ ...common, ...(dropout === undefined ? {} : { dropout }) });
  return llama({ ...common, ...(kvHeads === undefined ? {} : { kvHeads }) });
}

/** The optimizer that a recipe describes. */
export function optimizerOf(training: FullTraining): Optimizer {
  const { steps: total, learningRate: peak, schedule, weightDecay, betas } = training;
  const warmup = training.warmup ?? Math.ceil(total / 20);
  const rate = { cosine: warmupCosine, 'warmup-stable-decay': warmupStableDecay, constant: () => constantRate(peak) }[schedule]({
    peak,
    warmup,
    total,
  });
  return adamw({ learningRate: rate, weightDecay, betas });
}
