/** A whole run of training: text → tokenizer → tokens → weights → model folder, to be interrupted and resumed at will. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';

import { UsageError, sweepUnfinished, writeFileAtomic } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { trainingMemory } from '../cost/index.ts';
import { makeBatches } from '../data/index.ts';
import type { Batch, Batches } from '../data/index.ts';
import { readSafetensors } from '../formats/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { languageModelling, readCheckpointState, train } from '../train/index.ts';
import type { CheckpointState, Weights } from '../train/index.ts';
import type { WorkflowHooks } from './events.ts';
import { countOf, finishRun } from './finish-run.ts';
import type { Trained } from './finish-run.ts';
import { follow } from './follow-training.ts';
import { holdRunFolder } from './hold-run-folder.ts';
import { prepare, reopen, requireTokens, shareTokens } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { TRAINING, modelOf, optimizerOf } from './recipe-parts.ts';
import type { FullTraining } from './recipe-parts.ts';
import { difference } from './recipe-difference.ts';
import { DEFAULT_RUN_FOLDER } from './recipe.ts';
import type { Recipe } from './recipe.ts';
import { damaged, openMetrics, readRecipe, runPaths } from './run-folder.ts';
import type { RunPaths } from './run-folder.ts';
import type { RunResult } from './run-result.ts';
import { writeSample } from './write-sample.ts';

/** Stands for the vocabulary until there is one. */
const FIRST_VOCABULARY = 257;

/** At most so many batches of held-out text in an evaluation on the way; the one at the end takes all. */
export const EVALUATION_BATCHES = 16;

/**
 * Runs a recipe.
 *
 * @returns what came of it; the run folder is then a model folder.
 * @throws UsageError `WEFT_RUN_EXISTS` when the folder holds another run's checkpoint, `WEFT_RUN_BUSY` when one goes on there.
 */
export async function trainRun(recipe: Recipe, hooks: WorkflowHooks = {}): Promise<RunResult> {
  const paths = runPaths(recipe.out ?? DEFAULT_RUN_FOLDER);
  return holdRunFolder(paths.folder, () => begin(recipe, paths, hooks));
}

async function begin(recipe: Recipe, paths: RunPaths, hooks: WorkflowHooks): Promise<RunResult> {
  if (existsSync(paths.checkpoint)) {
    throw new UsageError({
      code: 'WEFT_RUN_EXISTS',
      action: `start a run in ${paths.folder}`,
      rule: 'it holds the checkpoint of another run',
      remedy: `Continue that run with weft train --resume ${paths.folder}, or give another --out.`,
    });
  }
  // Sharded weights and those of other programs lie beside a config.json, too.
  if (['config.json', 'model.safetensors'].some((file) => existsSync(join(paths.folder, file)))) {
    throw new UsageError({
      code: 'WEFT_RUN_EXISTS',
      action: `start a run in ${paths.folder}`,
      rule: 'it holds a model, which the run would overwrite',
      remedy: 'Give another --out.',
    });
  }
  await beginFolder(recipe, paths);
  return run(recipe, paths, hooks);
}

/** Options of {@link resumeRun}. */
export interface ResumeOptions extends WorkflowHooks {
  /** The recipe as the user gave it beside the folder; it must be the one that the run was started with. */
  readonly recipe?: Recipe;
}

/** Continues a run from its last checkpoint, bit for bit; from the beginning when it had none yet. */
export async function resumeRun(folder: string, { recipe, ...hooks }: ResumeOptions = {}): Promise<RunResult> {
  const saved = await readRecipe(folder);
  const differing = recipe === undefined ? undefined : difference({ ...recipe, out: folder }, { ...saved, out: folder });
  if (differing !== undefined) {
    throw new UsageError({
      code: 'WEFT_RUN_RECIPE',
      action: `resume the run in ${folder}`,
      rule: 'the recipe differs from the one it was started with',
      value: differing,
      remedy: 'Leave the recipe out, or start a new run in another folder.',
    });
  }
  return holdRunFolder(folder, () => run({ ...saved, out: folder }, runPaths(folder), hooks));
}

/** What {@link trainPart} needs beside the recipe. */
export interface PartOptions extends WorkflowHooks {
  /** Steps in all after which to stop, with a checkpoint. */
  readonly until: number;
  /** A folder with tokenizer and tokens that were prepared from the same text. */
  readonly data: string;
  /** Tokens of held-out text in an evaluation, whatever the batches. */
  readonly heldOutTokens: number;
}

/**
 * Trains a part of a run: on from its checkpoint where it has one, up to a step, and no further than to a checkpoint there.
 * `weft train --resume` on its folder goes on to the end and to a model.
 */
export async function trainPart(recipe: Recipe, { until, data, heldOutTokens, ...hooks }: PartOptions): Promise<CheckpointState> {
  const paths = runPaths(recipe.out ?? DEFAULT_RUN_FOLDER);
  return holdRunFolder(paths.folder, async () => {
    const before = existsSync(paths.checkpoint) ? await readCheckpointState(paths.checkpoint) : undefined;
    if (before === undefined) await beginFolder(recipe, paths);
    else if (before.step >= until) return before;
    const part = { until, heldOutTokens, prepare: () => shareTokens(runPaths(data), paths) };
    return training(recipe, paths, { hooks, ...part, after: ({ state }) => Promise.resolve(state) });
  });
}

async function beginFolder(recipe: Recipe, paths: RunPaths): Promise<void> {
  // What the numbers alone forbid is told before text is read: a tokenizer may take minutes.
  modelOf(recipe, FIRST_VOCABULARY);
  optimizerOf({ ...TRAINING, ...recipe.training });
  await writeFileAtomic(paths.recipe, `${JSON.stringify(recipe, undefined, 2)}\n`);
  // Best weights of a run that never came to a checkpoint are not this run's.
  await rm(paths.best, { force: true });
}

async function run(recipe: Recipe, paths: RunPaths, hooks: WorkflowHooks): Promise<RunResult> {
  const started = performance.now();
  const result = await training(recipe, paths, {
    hooks,
    samples: true,
    prepare: () => prepare(recipe, paths, hooks),
    async after(trained) {
      const weights = existsSync(paths.best) ? await bestWeights(paths.best) : trained.averaged;
      return finishRun({ ...trained, recipe, paths, weights }, hooks);
    },
  });
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

/** How {@link training} goes. */
interface Course<T> {
  /** What is made of the weights in the end. */
  readonly after: (trained: Omit<Trained, 'recipe' | 'paths' | 'weights'> & { readonly averaged: Weights }) => Promise<T>;
  readonly hooks: WorkflowHooks;
  /** Makes tokenizer and tokens for a run that has none yet. */
  readonly prepare: () => Promise<Prepared>;
  /** Whether texts are written on the way. */
  readonly samples?: boolean;
  readonly until?: number;
  readonly heldOutTokens?: number;
}

/** The steps of a run, from its checkpoint where it has one, and then what is made of them. */
async function training<T>(
  recipe: Recipe,
  paths: RunPaths,
  { hooks, prepare: prepareRun, samples = false, until, heldOutTokens, after }: Course<T>,
): Promise<T> {
  const { onEvent } = hooks;
  for (const folder of [paths.folder, join(paths.checkpoint, '..'), join(paths.folder, 'onnx'), paths.trainTokens, paths.heldOutTokens])
    await sweepUnfinished(folder);
  const resuming = existsSync(paths.checkpoint);
  const prepared = resuming ? await reopen(paths) : await prepareRun();
  try {
    const model = modelOf(recipe, prepared.tokenizer.vocabSize);
    const settings = { ...TRAINING, ...recipe.training };
    requireTokens(prepared, model.contextLength);
    const batches = makeBatches(prepared.train, {
      batchSize: settings.batchSize,
      contextLength: model.contextLength,
      seed: recipe.seed ?? 1,
    });
    const heldOut = heldOutBatches(prepared, batches, heldOutTokens);
    const tokensPerStep = settings.batchSize * model.contextLength * settings.accumulate;
    const { step: resumedFrom, bestLoss } = resuming ? await readCheckpointState(paths.checkpoint) : { step: 0 };
    if (bestLoss !== undefined) await requireBestWeights(paths);
    const log = await openMetrics(paths.metrics, resumedFrom);
    onEvent?.({ kind: 'phase', phase: 'training' });
    onEvent?.({
      kind: 'model',
      architecture: model.architecture,
      parameters: countOf(model),
      contextLength: model.contextLength,
      tokensPerStep,
      resumedFrom,
      earlier: log.earlier,
    });
    warnOfMemory(model, settings, hooks);

    const { labelSmoothing, zLoss } = settings;
    const steps = train(languageModelling(model, batches.contextLength, { labelSmoothing, zLoss }), batches, {
      optimizer: optimizerOf(settings),
      steps: settings.steps,
      clipNorm: settings.clipNorm,
      accumulate: settings.accumulate,
      seed: recipe.seed ?? 1,
      heldOut,
      evaluateEvery: settings.evaluateEvery ?? Math.max(1, Math.ceil(settings.steps / 10)),
      recipe,
      ...(settings.average === undefined ? {} : { average: settings.average }),
      ...(settings.patience === undefined ? {} : { patience: settings.patience }),
      ...(settings.minutes === undefined ? {} : { seconds: settings.minutes * 60 }),
      ...(recipe.threads === undefined ? {} : { threads: recipe.threads }),
      ...(resuming ? { resumeFrom: paths.checkpoint } : {}),
    });
    const { threads } = recipe;
    const sample = (weights: Weights): Promise<string> =>
      writeSample({ model, weights, ...(threads === undefined ? {} : { threads }) }, prepared);
    const { trainLoss } = await follow(steps, {
      training: settings,
      paths,
      bytesPerToken: prepared.heldOut.bytes / Math.max(1, prepared.heldOut.tokens),
      resume: 'weft train --resume',
      log,
      hooks,
      ...(until === undefined ? {} : { until }),
      ...(samples ? { sample } : {}),
    });
    return await after({ training: settings, prepared, model, averaged: steps.averaged, state: steps.state, trainLoss });
  } finally {
    prepared.train.close();
    prepared.heldOut.close();
  }
}

/** The best weights so far are a part of what is resumed: that they are gone is told before hours of training, not after. */
async function requireBestWeights({ folder, best }: RunPaths): Promise<void> {
  try {
    await readSafetensors(best, { names: [] });
  } catch (error) {
    throw damaged(folder, 'its best weights cannot be read', error);
  }
}

/** A batch that memory does not hold may end in the system killing the program, which then can say nothing. */
function warnOfMemory(model: LanguageModel, { batchSize }: FullTraining, { onEvent }: WorkflowHooks): void {
  const [needed, there] = [trainingMemory(model, { batchSize, contextLength: model.contextLength }).total, totalmem()];
  if (needed <= there) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  onEvent?.({
    kind: 'warning',
    text: `training takes about ${gigabytes(needed)} of memory, this machine has ${gigabytes(there)}`,
    remedy: 'Choose a smaller batch, context or model.',
  });
}

async function bestWeights(path: string): Promise<Weights> {
  const { tensors } = await readSafetensors(path);
  return tensors as Map<string, HostTensor<'float32'>>;
}

/** Windows of held-out text, the same at every evaluation. */
function heldOutBatches(
  prepared: Prepared,
  { batchSize, contextLength }: Batches,
  tokens: number = EVALUATION_BATCHES * batchSize * contextLength,
): Iterable<Batch> {
  const held = makeBatches(prepared.heldOut, { batchSize, contextLength, seed: 1, order: 'sequential' });
  const count = Math.max(1, Math.min(Math.round(tokens / (batchSize * contextLength)), held.batchesPerEpoch));
  return Array.from({ length: count }, (_, index) => held.batch(index));
}
