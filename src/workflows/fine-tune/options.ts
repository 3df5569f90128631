/** What a run of fine-tuning may be asked: checked when it begins, kept in its folder, checked again when it goes on. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { UsageError, WeftError } from '../../core/index.ts';
import type { LoraTarget } from '../../finetune/index.ts';

/** How a model is fine-tuned. */
export const FINE_TUNE_METHODS = ['lora', 'full', 'dpo', 'grpo'] as const;
/** How a model is fine-tuned. */
export type FineTuneMethod = (typeof FINE_TUNE_METHODS)[number];
/** Short names of layers. */
export const FINE_TUNE_TARGETS: readonly LoraTarget[] = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];

/** Options of `fineTuneRun`. */
export interface FineTuneRunOptions {
  /** Files, folders or globs of chats (lora, full), pairs (dpo) or prompts (grpo), one a line of JSON. */
  readonly data: string | readonly string[];
  /** Default `lora`. */
  readonly method?: FineTuneMethod | undefined;
  /** Folder of the run, and of what comes of it; default `finetuned`. */
  readonly out?: string | undefined;
  /** Rank of the adapter; 0 trains all weights. Default 8, for `full` 0. */
  readonly rank?: number | undefined;
  /** Default twice the rank. */
  readonly alpha?: number | undefined;
  readonly targets?: readonly LoraTarget[] | undefined;
  /** Rate of dropout in the adapter; default 0. */
  readonly dropout?: number | undefined;
  /** Round the base model's weights to 4 or 8 bits under the adapter (QLoRA); default not. */
  readonly bits?: 4 | 8 | undefined;
  /** The highest rate; default by the method. */
  readonly learningRate?: number | undefined;
  /** Times that all data is seen; default 3, for dpo 1. */
  readonly epochs?: number | undefined;
  /** Steps in all, instead of epochs; default 100 for grpo. */
  readonly steps?: number | undefined;
  /** Sequences, pairs or, for grpo, prompts of a step; default 8, for grpo 2. */
  readonly batchSize?: number | undefined;
  /** Tokens of a sequence; default the model's context, at most 1024. */
  readonly contextLength?: number | undefined;
  /** Share of the data that is held out; default 0.05. */
  readonly heldOut?: number | undefined;
  /** How strongly dpo (default 0.1) and grpo (default 0.04) hold the model to what it was. */
  readonly beta?: number | undefined;
  /** Replies to each prompt, for grpo; default 8. */
  readonly group?: number | undefined;
  /** File whose default export judges replies, for grpo. */
  readonly rewardFile?: string | undefined;
  /** Jinja file of the chats' template, for a model that has none of its own; default a plain one. */
  readonly template?: string | undefined;
  /** Save a model with the adapter merged into it instead of the adapter. Default false. */
  readonly merge?: boolean | undefined;
  readonly seed?: number | undefined;
  /** Threads; default one a core. */
  readonly threads?: number | undefined;
}

const whole = (least: number): z.ZodNumber => z.number().int().min(least);
const SCHEMA: z.ZodType<FineTuneRunOptions> = z.strictObject({
  data: z.union([z.string(), z.array(z.string())]),
  method: z.enum(FINE_TUNE_METHODS).optional(),
  out: z.string().optional(),
  rank: whole(0).optional(),
  alpha: z.number().positive().optional(),
  targets: z.array(z.enum(FINE_TUNE_TARGETS as [LoraTarget, ...LoraTarget[]])).optional(),
  dropout: z.number().min(0).lt(1).optional(),
  bits: z.union([z.literal(4), z.literal(8)]).optional(),
  learningRate: z.number().positive().optional(),
  epochs: z.number().positive().optional(),
  steps: whole(1).optional(),
  batchSize: whole(1).optional(),
  contextLength: whole(2).optional(),
  heldOut: z.number().min(0).lt(1).optional(),
  beta: z.number().positive().optional(),
  group: whole(2).optional(),
  rewardFile: z.string().optional(),
  template: z.string().optional(),
  merge: z.boolean().optional(),
  seed: z.number().int().optional(),
  threads: whole(1).optional(),
});

/** Options with their defaults. */
export type FullOptions = FineTuneRunOptions &
  Required<
    Pick<
      FineTuneRunOptions,
      'method' | 'out' | 'rank' | 'epochs' | 'batchSize' | 'heldOut' | 'seed' | 'group' | 'merge' | 'learningRate' | 'beta'
    >
  > & {
    readonly method: FineTuneMethod;
    readonly out: string;
    readonly rank: number;
    readonly epochs: number;
    readonly batchSize: number;
    readonly heldOut: number;
    readonly seed: number;
    readonly group: number;
    readonly merge: boolean;
    readonly learningRate: number;
    readonly beta: number;
  };

/** Where a run of fine-tuning goes where nobody says. */
export const DEFAULT_FINE_TUNE_FOLDER = 'finetuned';

/**
 * Checks options and fills in defaults.
 *
 * @throws UsageError `WEFT_FINETUNE_OPTION` when one is unknown, out of its range, or does not go with another.
 */
export function fillOptions(value: FineTuneRunOptions): FullOptions {
  const result = SCHEMA.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw optionError(`${issue?.path.join('.') || 'the options'} must be in order`, (issue?.message ?? '').slice(0, 120));
  }
  const options = Object.fromEntries(Object.entries(result.data).filter(([, each]) => each !== undefined)) as unknown as FineTuneRunOptions;
  const { method = 'lora', rank = method === 'full' ? 0 : 8, merge = false } = options;
  if (method === 'full' && rank !== 0) throw optionError('the method full trains all weights: it has no rank', String(rank));
  if (method === 'lora' && rank === 0) throw optionError('an adapter has a rank of at least 1', '0');
  if (options.bits !== undefined && (rank === 0 || merge))
    throw optionError('rounded weights stay as they are: they need an adapter, which is not merged', `${options.bits} bits`);
  if (method === 'grpo' && options.rewardFile === undefined) throw optionError('grpo needs a function that judges replies', 'none');
  const rates = { lora: 1e-3, full: 1e-4, dpo: rank === 0 ? 2e-5 : 5e-4, grpo: rank === 0 ? 2e-5 : 5e-4 };
  return {
    ...options,
    method,
    rank,
    merge,
    out: options.out ?? DEFAULT_FINE_TUNE_FOLDER,
    epochs: options.epochs ?? (method === 'dpo' ? 1 : 3),
    batchSize: options.batchSize ?? (method === 'grpo' ? 2 : 8),
    heldOut: options.heldOut ?? 0.05,
    seed: options.seed ?? 1,
    group: options.group ?? 8,
    learningRate: options.learningRate ?? rates[method],
    beta: options.beta ?? (method === 'grpo' ? 0.04 : 0.1),
  };
}

/** What the folder of a run keeps of how it was begun. */
export interface FineTunePlan {
  /** Folder of the base model. */
  readonly base: string;
  readonly options: FineTuneRunOptions;
}

const FILE = 'finetune.json';
const PLAN = z.object({ base: z.string(), options: z.unknown() });

/** The file of a plan. */
export function planPath(folder: string): string {
  return join(folder, FILE);
}

/** The plan of the run in a folder. */
export async function readPlan(folder: string): Promise<FineTunePlan> {
  try {
    const { base, options } = PLAN.parse(JSON.parse(await readFile(planPath(folder), 'utf8')));
    return { base, options: { ...(options as FineTuneRunOptions), out: folder } };
  } catch (error) {
    throw new WeftError({
      code: 'WEFT_RUN_MISSING',
      action: `resume the run in ${folder}`,
      rule: `its ${FILE} cannot be read`,
      value: (error as Error).message.split('\n')[0] ?? '',
      remedy: 'Give the folder of a run that `weft finetune` began.',
      cause: error,
    });
  }
}

function optionError(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_FINETUNE_OPTION',
    action: 'fine-tune',
    rule,
    value,
    remedy: 'Correct the option, or leave it out for its default; weft finetune --help lists them.',
  });
}
