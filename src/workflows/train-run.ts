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
import type { Weights } from '../train/index.ts';
import type { WorkflowHooks } from './events.ts';
import { countOf, finishRun } from './finish-run.ts';
import { follow } from './follow-training.ts';
import { holdRunFolder } from './hold-run-folder.ts';
import { prepare, reopen, requireTokens } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { TRAINING, modelOf, optimizerOf } from './recipe-parts.ts';
import type { FullTraining } from './recipe-parts.ts';
import { DEFAULT_RUN_FOLDER } from './recipe.ts';
import type { Recipe } from './recipe.ts';
import { damaged, openMetrics, readRecipe, runPaths } from './run-folder.ts';
import type { RunPaths } from './run-folder.ts';
import type { RunResult } from './run-result.ts';

/** Stands for the vocabulary until there is one. */
const FIRST_VOCABULARY = 257;

/** At most so many batches of held-out text in an evaluation on the way; the one at the end takes all. */
const EVALUATION_BATCHES = 16;

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
  // What the numbers alone forbid is told before text is read: a tokenizer may take minutes.
  modelOf(recipe, FIRST_VOCABULARY);
  optimizerOf({ ...TRAINING, ...recipe.training });
  await writeFileAtomic(paths.recipe, `${JSON.stringify(recipe, undefined, 2)}\n`);
  // Best weights of a run that never came to a checkpoint are not this run's.
  await rm(paths.best, { force: true });
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

async function run(recipe: Recipe, paths: RunPaths, hooks: WorkflowHooks): Promise<RunResult> {
  const { onEvent } = hooks;
  const started = performance.now();
  for (const folder of [paths.folder, join(paths.checkpoint, '..'), join(paths.folder, 'onnx'), paths.trainTokens, paths.heldOutTokens])
    await sweepUnfinished(folder);
  const resuming = existsSync(paths.checkpoint);
  const prepared = resuming ? await reopen(paths) : await prepare(recipe, paths, hooks);
  try {
    const model = modelOf(recipe, prepared.tokenizer.vocabSize);
    const training = { ...TRAINING, ...recipe.training };
    requireTokens(prepared, model.contextLength);
    const batches = makeBatches(prepared.train, {
      batchSize: training.batchSize,
      contextLength: model.contextLength,
      seed: recipe.seed ?? 1,
    });
    const heldOut = heldOutBatches(prepared, batches);
    const tokensPerStep = training.batchSize * model.contextLength * training.accumulate;
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
    warnOfMemory(model, training, hooks);

    const { labelSmoothing, zLoss } = training;
    const steps = train(languageModelling(model, batches.contextLength, { labelSmoothing, zLoss }), batches, {
      optimizer: optimizerOf(training),
      steps: training.steps,
      clipNorm: training.clipNorm,
      accumulate: training.accumulate,
      seed: recipe.seed ?? 1,
      heldOut,
      evaluateEvery: training.evaluateEvery ?? Math.max(1, Math.ceil(training.steps / 10)),
      recipe,
      ...(training.average === undefined ? {} : { average: training.average }),
      ...(training.patience === undefined ? {} : { patience: training.patience }),
      ...(training.minutes === undefined ? {} : { seconds: training.minutes * 60 }),
      ...(recipe.threads === undefined ? {} : { threads: recipe.threads }),
      ...(resuming ? { resumeFrom: paths.checkpoint } : {}),
    });
    const { trainLoss } = await follow(steps, {
      training,
      paths,
      bytesPerToken: prepared.heldOut.bytes / Math.max(1, prepared.heldOut.tokens),
      resume: 'weft train --resume',
      log,
      hooks,
    });
    const weights = existsSync(paths.best) ? await bestWeights(paths.best) : steps.averaged;

    const result = await finishRun({ recipe, training, paths, prepared, model, weights, state: steps.state, trainLoss }, hooks);
    return { ...result, seconds: (performance.now() - started) / 1000 };
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
function heldOutBatches(prepared: Prepared, { batchSize, contextLength }: Batches): Iterable<Batch> {
  const held = makeBatches(prepared.heldOut, { batchSize, contextLength, seed: 1, order: 'sequential' });
  const count = Math.min(EVALUATION_BATCHES, Math.max(1, held.batchesPerEpoch));
  return Array.from({ length: count }, (_, index) => held.batch(index));
}

/** The first place where two recipes differ, e.g. `training.steps`; undefined where they are the same. */
function difference(a: unknown, b: unknown, path: readonly string[] = []): string | undefined {
  if (!isRecord(a) || !isRecord(b)) return JSON.stringify(a) === JSON.stringify(b) ? undefined : path.join('.');
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(a[key], b[key], [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
