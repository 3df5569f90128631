/** A whole run of training: text → tokenizer → tokens → weights → model folder, to be interrupted and resumed at will. */

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { UsageError, sweepUnfinished, writeFileAtomic } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { makeBatches } from '../data/index.ts';
import type { Batch, Batches } from '../data/index.ts';
import { readSafetensors, saveModel, writeModelCard, writeSafetensors } from '../formats/index.ts';
import { createTextModel, inferenceModel } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import { evaluateText, measureBaselines } from '../eval/index.ts';
import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adamw, constantRate, readCheckpointState, train, warmupCosine, warmupStableDecay } from '../train/index.ts';
import type { Optimizer, TrainingRun, Weights } from '../train/index.ts';
import { comparisonRows } from './baseline-rows.ts';
import type { WorkflowHooks } from './events.ts';
import { documentsOf, prepare, reopen, requireTokens } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { DEFAULT_RUN_FOLDER } from './recipe.ts';
import type { Recipe, TrainingRecipe } from './recipe.ts';
import { openMetrics, readRecipe, runPaths } from './run-folder.ts';
import type { RunPaths } from './run-folder.ts';
import type { RunResult } from './run-result.ts';

/** A training recipe with its defaults filled in. */
export type FullTraining = TrainingRecipe &
  Required<Pick<TrainingRecipe, 'steps' | 'batchSize' | 'accumulate' | 'learningRate' | 'schedule' | 'weightDecay' | 'betas' | 'clipNorm'>>;

/** Stands for the vocabulary until there is one. */
const FIRST_VOCABULARY = 257;

/** Defaults of a recipe's training. */
const TRAINING: FullTraining = {
  steps: 2000,
  batchSize: 16,
  accumulate: 1,
  learningRate: 1e-3,
  schedule: 'cosine',
  weightDecay: 0.1,
  betas: [0.9, 0.99],
  clipNorm: 1,
};

/** At most so many batches of held-out text in an evaluation on the way; the one at the end takes all. */
const EVALUATION_BATCHES = 16;

/** At most so many bytes of held-out text for the numbers at the end. */
const EVALUATION_BYTES = 400_000;

/**
 * Runs a recipe.
 *
 * @returns what came of it; the run folder is then a model folder.
 * @throws UsageError `WEFT_RUN_EXISTS` when the folder holds another run's checkpoint.
 */
export async function trainRun(recipe: Recipe, hooks: WorkflowHooks = {}): Promise<RunResult> {
  const paths = runPaths(recipe.out ?? DEFAULT_RUN_FOLDER);
  if (existsSync(paths.checkpoint)) {
    throw new UsageError({
      code: 'WEFT_RUN_EXISTS',
      action: `start a run in ${paths.folder}`,
      rule: 'it holds the checkpoint of another run',
      remedy: `Continue that run with weft train --resume ${paths.folder}, or give another --out.`,
    });
  }
  if (existsSync(join(paths.folder, 'model.safetensors'))) {
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
  if (recipe !== undefined && JSON.stringify(sorted({ ...recipe, out: folder })) !== JSON.stringify(sorted({ ...saved, out: folder }))) {
    throw new UsageError({
      code: 'WEFT_RUN_RECIPE',
      action: `resume the run in ${folder}`,
      rule: 'the recipe differs from the one it was started with',
      remedy: 'Leave the recipe out, or start a new run in another folder.',
    });
  }
  return run({ ...saved, out: folder }, runPaths(folder), hooks);
}

async function run(recipe: Recipe, paths: RunPaths, hooks: WorkflowHooks): Promise<RunResult> {
  const { onEvent, signal } = hooks;
  const started = performance.now();
  for (const folder of [paths.folder, join(paths.checkpoint, '..'), join(paths.folder, 'onnx'), paths.trainTokens, paths.heldOutTokens])
    await sweepUnfinished(folder);
  const resuming = existsSync(paths.checkpoint);
  const prepared = (resuming ? await reopen(paths) : undefined) ?? (await prepare(recipe, paths, hooks));
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
    const parameters = model.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
    const tokensPerStep = training.batchSize * model.contextLength * training.accumulate;
    const resumedFrom = resuming ? (await readCheckpointState(paths.checkpoint)).step : 0;
    onEvent?.({ kind: 'phase', phase: 'training' });
    onEvent?.({
      kind: 'model',
      architecture: model.architecture,
      parameters,
      contextLength: model.contextLength,
      tokensPerStep,
      resumedFrom,
    });

    const steps = train(model, batches, {
      optimizer: optimizerOf(training),
      steps: training.steps,
      clipNorm: training.clipNorm,
      accumulate: training.accumulate,
      seed: recipe.seed ?? 1,
      heldOut,
      evaluateEvery: training.evaluateEvery ?? Math.max(1, Math.ceil(training.steps / 10)),
      recipe,
      ...(training.patience === undefined ? {} : { patience: training.patience }),
      ...(training.minutes === undefined ? {} : { seconds: training.minutes * 60 }),
      ...(recipe.threads === undefined ? {} : { threads: recipe.threads }),
      ...(resuming ? { resumeFrom: paths.checkpoint } : {}),
    });
    const { trainLoss } = await follow(steps, { training, paths, prepared, resumedFrom, hooks });
    const weights = existsSync(paths.best) ? await bestWeights(paths.best) : steps.weights;
    const { state } = steps;

    // Everything that can still fail comes after the weights are safe in the model folder.
    const card = {
      name: basename(resolve(paths.folder)) || 'model',
      createdAt: new Date().toISOString(),
      architecture: model.architecture,
      config: { ...model.config },
      parameters,
      data: {
        files: typeof recipe.text === 'string' ? [recipe.text] : [...recipe.text],
        documents: prepared.train.documents,
        bytes: prepared.train.bytes,
        tokens: prepared.train.tokens,
        heldOutBytes: prepared.heldOut.bytes,
      },
      training: {
        steps: state.step,
        tokensSeen: state.tokensSeen,
        seconds: state.seconds,
        trainLoss,
        batchSize: training.batchSize,
        contextLength: model.contextLength,
        learningRate: training.learningRate,
        tokensPerSecond: state.tokensSeen / Math.max(1e-9, state.seconds),
        seed: recipe.seed ?? 1,
      },
    };
    onEvent?.({ kind: 'phase', phase: 'save' });
    await saveModel(paths.folder, { model, weights, tokenizer: prepared.tokenizer, card });
    await writeFileAtomic(join(paths.folder, 'onnx', 'model.onnx'), inferenceModel(model, weights));
    onEvent?.({ kind: 'saved', what: 'model', path: paths.folder, step: state.step });

    const textModel = await createTextModel(
      { model, weights, tokenizer: prepared.tokenizer, name: card.name },
      recipe.threads === undefined ? {} : { threads: recipe.threads },
    );
    try {
      onEvent?.({ kind: 'phase', phase: 'evaluation' });
      const limits = { byteLimit: EVALUATION_BYTES, ...(signal === undefined ? {} : { signal }) };
      const quality = await evaluateText(textModel, repeatable(prepared, 'heldOut'), {
        ...limits,
        onProgress: ({ bytes }) =>
          onEvent?.({
            kind: 'progress',
            phase: 'evaluation',
            done: bytes,
            total: Math.min(EVALUATION_BYTES, prepared.heldOut.bytes),
            unit: 'bytes',
          }),
      });
      onEvent?.({ kind: 'phase', phase: 'baselines' });
      const baselines = {
        ...(await measureBaselines(repeatable(prepared, 'heldOut'), { ...limits, train: repeatable(prepared, 'train') })),
      };
      onEvent?.({ kind: 'comparison', bytes: quality.bytes, rows: comparisonRows(quality.bitsPerByte, baselines) });
      const { loss, perplexity, bitsPerByte } = quality;
      await showSamples(textModel, prepared, state.step, hooks);
      await writeModelCard(paths.folder, { ...card, heldOut: { loss, perplexity, bitsPerByte }, baselines });
      return {
        parameters,
        vocabSize: model.vocabSize,
        steps: state.step,
        tokensSeen: state.tokensSeen,
        tokensPerSecond: state.tokensSeen / Math.max(1e-9, state.seconds),
        trainLoss,
        heldOut: { loss, perplexity, bitsPerByte },
        baselines,
        model: paths.folder,
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      await textModel.close();
    }
  } finally {
    prepared.train.close();
    prepared.heldOut.close();
  }
}

interface Following {
  readonly training: FullTraining;
  readonly paths: RunPaths;
  readonly prepared: Prepared;
  readonly resumedFrom: number;
  readonly hooks: WorkflowHooks;
}

/** Steps whose mean loss is the run's training loss. */
const RECENT_STEPS = 50;

/** Seconds of training after which a checkpoint is due, whatever the recipe says. */
const CHECKPOINT_SECONDS = 60;

/** Trains: logs every step, keeps checkpoints and the best weights, and stops when asked to, with a checkpoint. */
async function follow(
  run: TrainingRun,
  { training, paths, prepared, resumedFrom, hooks: { onEvent, signal } }: Following,
): Promise<{ readonly trainLoss: number }> {
  const log = await openMetrics(paths.metrics, resumedFrom);
  const every = training.checkpointEvery ?? training.evaluateEvery ?? Math.max(1, Math.ceil(training.steps / 10));
  const bytesPerToken = prepared.heldOut.bytes / Math.max(1, prepared.heldOut.tokens);
  const recent = log.losses.slice(-RECENT_STEPS);
  let savedAt = 0;
  const save = async (step: number): Promise<void> => {
    await run.save(paths.checkpoint);
    savedAt = run.state.seconds;
    onEvent?.({ kind: 'saved', what: 'checkpoint', path: paths.checkpoint, step });
  };
  for await (const { index, loss, learningRate, gradientNorm, tokensPerSecond, tokensSeen, seconds, evaluation } of run) {
    const step = index + 1;
    recent.push(loss);
    if (recent.length > RECENT_STEPS) recent.shift();
    await log.append({ kind: 'step', step, loss, learningRate, gradientNorm, tokensPerSecond, tokensSeen, seconds });
    const perStep = seconds / Math.max(1, step);
    const secondsLeft = Math.min(
      (training.steps - step) * perStep,
      training.minutes === undefined ? Infinity : Math.max(0, training.minutes * 60 - seconds),
    );
    onEvent?.({
      kind: 'step',
      step,
      steps: training.steps,
      loss,
      learningRate,
      gradientNorm,
      tokensPerSecond,
      tokensSeen,
      seconds,
      secondsLeft,
    });
    if (evaluation !== undefined) {
      const record = {
        step,
        loss: evaluation.loss,
        perplexity: Math.exp(evaluation.loss),
        bitsPerByte: evaluation.loss / Math.LN2 / bytesPerToken,
        seconds,
      } as const;
      await log.append({ kind: 'eval', ...record });
      onEvent?.({ kind: 'eval', ...record, best: evaluation.best });
      if (evaluation.best) await writeSafetensors(paths.best, new Map<string, HostTensor>(run.weights));
    }
    if (signal?.aborted === true) {
      await save(step);
      onEvent?.({ kind: 'stopped', reason: 'interrupted', step, remedy: `Continue with: weft train --resume ${paths.folder}` });
      signal.throwIfAborted();
    }
    if (step % every === 0 || step === training.steps || seconds - savedAt > CHECKPOINT_SECONDS) await save(step);
  }
  const { step } = run.state;
  if (step < training.steps) {
    if (savedAt < run.state.seconds) await save(step);
    onEvent?.({
      kind: 'stopped',
      reason: training.minutes !== undefined && run.state.seconds >= training.minutes * 60 ? 'time' : 'early',
      step,
    });
  }
  return { trainLoss: recent.reduce((sum, loss) => sum + loss, 0) / Math.max(1, recent.length) };
}

async function bestWeights(path: string): Promise<Weights> {
  const { tensors } = await readSafetensors(path);
  return tensors as Map<string, HostTensor<'float32'>>;
}

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

/** Windows of held-out text, the same at every evaluation. */
function heldOutBatches(prepared: Prepared, { batchSize, contextLength }: Batches): Iterable<Batch> {
  const held = makeBatches(prepared.heldOut, { batchSize, contextLength, seed: 1, order: 'sequential' });
  const count = Math.min(EVALUATION_BATCHES, Math.max(1, held.batchesPerEpoch));
  return Array.from({ length: count }, (_, index) => held.batch(index));
}

/** Documents that can be read more than once. */
function repeatable(prepared: Prepared, part: 'train' | 'heldOut'): AsyncIterable<{ readonly text: string }> {
  return { [Symbol.asyncIterator]: () => documentsOf(prepared[part], prepared.tokenizer) };
}

/** A few texts that begin as held-out documents do. */
async function showSamples(model: TextModel, prepared: Prepared, step: number, { onEvent, signal }: WorkflowHooks): Promise<void> {
  if (onEvent === undefined) return;
  onEvent({ kind: 'phase', phase: 'samples' });
  let seed = 0;
  for await (const { text } of documentsOf(prepared.heldOut, prepared.tokenizer)) {
    if (seed === 3) return;
    const middle = text.slice(Math.floor(text.length / 3));
    const asked = model.tokenizer.encode(middle.slice(middle.indexOf('\n') + 1).slice(0, 60));
    const ids = asked.subarray(0, Math.floor(model.contextLength / 2));
    const prompt = model.tokenizer.decode(ids);
    if (prompt.trim() === '') continue;
    let written = '';
    for await (const token of model.generate(ids, {
      temperature: 0.7,
      topP: 0.95,
      seed: seed++,
      maxTokens: 60,
      ...(signal === undefined ? {} : { signal }),
    }))
      written += token.text;
    onEvent({ kind: 'sample', step, prompt, text: written });
  }
}

/** The same object with keys in order, for comparison. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
