/**
 * A recipe: the plain data that describes a whole training run, from text to model folder. It is what `recipe.ts` exports,
 * what the flags of `weft train` set, and what a checkpoint keeps.
 */

import { z } from 'zod';

import { UsageError, checkOptions } from '../core/index.ts';
import type { TrainableType } from '../tokenizers/index.ts';

/** Where a run goes when its recipe does not say. */
export const DEFAULT_RUN_FOLDER = 'runs/default';

/** Describes a training run; only `text` must be given. */
export interface Recipe {
  /** Files, folders or globs. */
  readonly text: string | readonly string[];
  /** The field of a JSON line that holds the text; default `text`. */
  readonly textField?: string;
  /** Share of the documents held out from training, in (0, 1); default 0.05. */
  readonly heldOut?: number;
  /** A folder or `tokenizer.json` to use, or how to train one. */
  readonly tokenizer?: string | TokenizerRecipe;
  readonly model?: ModelRecipe;
  readonly training?: TrainingRecipe;
  /** The run's folder; default {@link DEFAULT_RUN_FOLDER}. */
  readonly out?: string;
  /** Seed of the split, the order, the weights and dropout; default 1. */
  readonly seed?: number;
  /** Threads; default one a core. */
  readonly threads?: number;
}

/** The kinds of tokenizer that a run can train; the list is here so that reading a recipe loads no tokenizers. */
const TOKENIZER_TYPES = [
  'bpe',
  'character-bpe',
  'sentencepiece-bpe',
  'unigram',
  'wordpiece',
  'words',
  'whitespace',
  'characters',
] as const satisfies readonly TrainableType[];

/** How to train a tokenizer. */
export interface TokenizerRecipe {
  /** Default `bpe`; the others have the defaults of `trainTokenizer`. */
  readonly type?: TrainableType;
  /** Tokens at most, special ones included; default all characters for `characters`, 2048 for the others. */
  readonly vocabSize?: number;
  /** `bpe` only: how text is cut before merging; default `gpt4`. */
  readonly splitting?: 'gpt2' | 'gpt4';
}

/** The model's shape. */
export interface ModelRecipe {
  /** Default `llama`. */
  readonly architecture?: 'llama' | 'gpt';
  /** Default 4. */
  readonly layers?: number;
  /** Default 4; divides the width. */
  readonly heads?: number;
  /** `llama` only: default as many as heads. */
  readonly kvHeads?: number;
  /** Default 128. */
  readonly width?: number;
  /** Width inside the feed-forward blocks; default the architecture's. */
  readonly hidden?: number;
  /** Positions seen at once, at least 2; default 128. */
  readonly contextLength?: number;
  /** `gpt` only: share dropped in training; default 0. */
  readonly dropout?: number;
  /** The output layer is the embedding; default true. */
  readonly tiedHead?: boolean;
}

/** How to train. */
export interface TrainingRecipe {
  /** Default 2000. */
  readonly steps?: number;
  /** Ends the run earlier when this much time is over; default no limit. */
  readonly minutes?: number;
  /** Sequences in a batch; default 16. */
  readonly batchSize?: number;
  /** Batches in a step; default 1. */
  readonly accumulate?: number;
  /** `muon` takes the matrices of hidden layers itself and leaves all others to AdamW; default `adamw`. */
  readonly optimizer?: 'adamw' | 'muon' | 'lion' | 'sgd';
  /** Peak learning rate; default 1e-3. */
  readonly learningRate?: number;
  /** `muon` only: peak learning rate of the matrices; default 0.02. */
  readonly matrixLearningRate?: number;
  /** `sgd` only: default 0.9. */
  readonly momentum?: number;
  /** Default `cosine`. */
  readonly schedule?: 'cosine' | 'linear' | 'warmup-stable-decay' | 'one-cycle' | 'constant';
  /** Steps of warm-up; default a twentieth of the steps. */
  readonly warmup?: number;
  /** Default 0.1; 0 for the matrices of `muon`. */
  readonly weightDecay?: number;
  /** Decay of AdamW's two moments, or of Lion's momentum; default [0.9, 0.99]. */
  readonly betas?: readonly [number, number];
  /** Largest global norm of the gradient, 0 for no limit; default 1. */
  readonly clipNorm?: number;
  /** Share of a target that is spread over all tokens; default 0. */
  readonly labelSmoothing?: number;
  /** Weight of the z-loss; default 0. */
  readonly zLoss?: number;
  /** Share of itself that a running average of the weights keeps at each step; the average is evaluated and saved. Default: none. */
  readonly average?: number;
  /** Steps between evaluations; default a tenth of the steps. */
  readonly evaluateEvery?: number;
  /** Steps between checkpoints; default as evaluations. */
  readonly checkpointEvery?: number;
  /** Ends the run when so many evaluations in a row were no better; default never. */
  readonly patience?: number;
}

const count = z.number().int().positive();
const positive = z.number().positive();
const share = z.number().gt(0).lt(1);
const fraction = z.number().min(0).lt(1);

const TOKENIZER = z.strictObject({
  type: z.exactOptional(z.enum(TOKENIZER_TYPES)),
  vocabSize: z.exactOptional(count),
  splitting: z.exactOptional(z.enum(['gpt2', 'gpt4'])),
});

const MODEL = z.strictObject({
  architecture: z.exactOptional(z.enum(['llama', 'gpt'])),
  layers: z.exactOptional(count),
  heads: z.exactOptional(count),
  kvHeads: z.exactOptional(count),
  width: z.exactOptional(count),
  hidden: z.exactOptional(count),
  contextLength: z.exactOptional(z.number().int().min(2)),
  dropout: z.exactOptional(fraction),
  tiedHead: z.exactOptional(z.boolean()),
});

const TRAINING = z.strictObject({
  steps: z.exactOptional(count),
  minutes: z.exactOptional(positive),
  batchSize: z.exactOptional(count),
  accumulate: z.exactOptional(count),
  optimizer: z.exactOptional(z.enum(['adamw', 'muon', 'lion', 'sgd'])),
  learningRate: z.exactOptional(positive),
  matrixLearningRate: z.exactOptional(positive),
  momentum: z.exactOptional(fraction),
  schedule: z.exactOptional(z.enum(['cosine', 'linear', 'warmup-stable-decay', 'one-cycle', 'constant'])),
  warmup: z.exactOptional(z.number().int().min(0)),
  weightDecay: z.exactOptional(z.number().min(0)),
  betas: z.exactOptional(z.tuple([fraction, fraction])),
  clipNorm: z.exactOptional(z.number().min(0)),
  labelSmoothing: z.exactOptional(fraction),
  zLoss: z.exactOptional(z.number().min(0)),
  average: z.exactOptional(share),
  evaluateEvery: z.exactOptional(count),
  checkpointEvery: z.exactOptional(count),
  patience: z.exactOptional(count),
});

const RECIPE = z.strictObject({
  text: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  textField: z.exactOptional(z.string().min(1)),
  heldOut: z.exactOptional(share),
  tokenizer: z.exactOptional(z.union([z.string().min(1), TOKENIZER])),
  model: z.exactOptional(MODEL),
  training: z.exactOptional(TRAINING),
  out: z.exactOptional(z.string().min(1)),
  seed: z.exactOptional(z.number().int().min(0)),
  threads: z.exactOptional(count),
});

/** The objects inside a recipe, and the keys each knows. */
const SECTIONS = { tokenizer: TOKENIZER, model: MODEL, training: TRAINING } as const;

/**
 * Gives a recipe back as it is: for types and completion in `recipe.ts`.
 *
 * @example
 * ```ts
 * import { defineRecipe } from 'weft/workflows';
 *
 * const recipe = defineRecipe({ text: 'notes/*.md', model: { layers: 2 }, training: { steps: 500 } });
 * console.log(recipe.model?.layers); // 2
 * ```
 */
export function defineRecipe(recipe: Recipe): Recipe {
  return recipe;
}

/**
 * Checks a recipe from outside: every key known, every value of its kind and range.
 *
 * @param value - what a file exported or flags made.
 * @param origin - where it comes from, for messages, e.g. `recipe.ts`.
 * @returns the recipe, without anything that is not plain data.
 * @throws UsageError `WEFT_OPTION_UNKNOWN` with the nearest known key, `WEFT_RECIPE_VALUE` for a value out of its range.
 *
 * @example
 * ```ts
 * import { checkRecipe } from 'weft/workflows';
 *
 * try {
 *   checkRecipe({ text: 'a.txt', training: { stpes: 10 } }, 'recipe.ts');
 * } catch (error) {
 *   console.log((error as Error).message); // Cannot use recipe.ts (training) as the option is unknown: stpes
 * }
 * ```
 */
export function checkRecipe(value: unknown, origin: string): Recipe {
  if (isRecord(value)) {
    checkOptions(`use ${origin}`, value, Object.keys(RECIPE.shape));
    for (const [name, schema] of Object.entries(SECTIONS)) {
      const section = value[name];
      if (isRecord(section)) checkOptions(`use ${origin} (${name})`, section, Object.keys(schema.shape));
    }
  }
  const result = RECIPE.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String) ?? [];
  throw new UsageError({
    code: 'WEFT_RECIPE_VALUE',
    action: `use ${origin}`,
    rule: path.length === 0 ? 'a recipe is an object with the key text' : `${path.join('.')} does not fit (${issueText(issue)})`,
    value: shown(
      path.reduce<unknown>(
        (inside, key) => (isRecord(inside) || Array.isArray(inside) ? (inside as Record<string, unknown>)[key] : inside),
        value,
      ),
    ),
    remedy:
      path.length === 0 || path[0] === 'text'
        ? 'Give text: a file, folder or glob, or a list of them.'
        : `Correct ${path.join('.')}; the type Recipe of weft/workflows says what it may be.`,
  });
}

/** zod's words for an issue, in our form: `expected number, received string`. */
function issueText(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'invalid';
  // The innermost alternative of a union says more than "Invalid input".
  const inner = issue.code === 'invalid_union' ? issue.errors.flat().find(({ path }) => path.length > 0) : undefined;
  const kinds =
    issue.code === 'invalid_union' ? issue.errors.flat().map(({ message }) => /expected (\w+)/.exec(message)?.[1] ?? message) : [];
  const text =
    inner !== undefined ? `${inner.path.join('.')}: ${inner.message}` : kinds.length > 0 ? `expected ${kinds.join(' or ')}` : issue.message;
  return text.replace(/Invalid (?:input|option|string): /, '').replace(/^Too (?:small|big): /, '');
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
