/** From a recipe to what it describes: the model, the optimizer, the defaults of training. */

import { UsageError } from '../core/index.ts';
import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adamw, constantRate, lion, muon, oneCycle, sgd, warmupCosine, warmupLinear, warmupStableDecay } from '../train/index.ts';
import type { Optimizer, Schedule } from '../train/index.ts';
import type { Recipe, TrainingRecipe } from './recipe.ts';

/** A training recipe with its defaults filled in. */
export type FullTraining = TrainingRecipe &
  Required<
    Pick<
      TrainingRecipe,
      | 'steps'
      | 'batchSize'
      | 'accumulate'
      | 'optimizer'
      | 'learningRate'
      | 'schedule'
      | 'weightDecay'
      | 'betas'
      | 'clipNorm'
      | 'labelSmoothing'
      | 'zLoss'
    >
  >;

/** Defaults of a recipe's training. */
export const TRAINING: FullTraining = {
  steps: 2000,
  batchSize: 16,
  accumulate: 1,
  optimizer: 'adamw',
  learningRate: 1e-3,
  schedule: 'cosine',
  weightDecay: 0.1,
  betas: [0.9, 0.99],
  clipNorm: 1,
  labelSmoothing: 0,
  zLoss: 0,
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
  const { optimizer, learningRate, matrixLearningRate, momentum, weightDecay, betas } = training;
  for (const [name, value, owner] of [
    ['matrixLearningRate', matrixLearningRate, 'muon'],
    ['momentum', momentum, 'sgd'],
  ] as const) {
    if (value === undefined || optimizer === owner) continue;
    throw new UsageError({
      code: 'WEFT_RECIPE_VALUE',
      action: `train with ${optimizer}`,
      rule: `it has no ${name}`,
      value: String(value),
      remedy: `Leave training.${name} out, or choose training.optimizer ${owner}.`,
    });
  }
  const rate = scheduleOf(training, learningRate);
  switch (optimizer) {
    case 'adamw':
      return adamw({ learningRate: rate, weightDecay, betas });
    case 'lion':
      return lion({ learningRate: rate, weightDecay, betas });
    case 'sgd':
      return sgd({ learningRate: rate, weightDecay, momentum: momentum ?? 0.9 });
    case 'muon': {
      const others = adamw({ learningRate: rate, weightDecay, betas });
      return muon({ learningRate: scheduleOf(training, matrixLearningRate ?? 0.02), others });
    }
  }
}

function scheduleOf({ steps: total, schedule, warmup = Math.ceil(total / 20) }: FullTraining, peak: number): Schedule {
  switch (schedule) {
    case 'cosine':
      return warmupCosine({ peak, warmup, total });
    case 'linear':
      return warmupLinear({ peak, warmup, total });
    case 'warmup-stable-decay':
      return warmupStableDecay({ peak, warmup, total });
    case 'one-cycle':
      return oneCycle({ peak, total });
    case 'constant':
      return constantRate(peak);
  }
}
