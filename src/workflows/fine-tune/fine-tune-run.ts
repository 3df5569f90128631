/** Fine-tuning of a model folder: chats, pairs or a reward in; an adapter's folder, or a model's, out. Interrupted and resumed at will. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { FormatError, UsageError, sweepUnfinished, writeFileAtomic } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import { DEFAULT_CHAT_TEMPLATE, lora, startAdapter } from '../../finetune/index.ts';
import type { RewardFunction } from '../../finetune/index.ts';
import { loadModel, mergeAdapter, readSafetensors, roundWeights, saveAdapter, saveModel } from '../../formats/index.ts';
import type { LoadedModel } from '../../formats/index.ts';
import { createTextModel } from '../../generate/index.ts';
import { withAdapters, withBlockWeights } from '../../models/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import type { AdapterDefinition } from '../../nn/index.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import { adamw, createTrainer, readCheckpointState, train, warmupCosine } from '../../train/index.ts';
import type { BatchSource, ExampleBatch, TrainingRun, Weights } from '../../train/index.ts';
import type { WorkflowHooks } from '../events.ts';
import { countOf } from '../finish-run.ts';
import { follow } from '../follow-training.ts';
import { holdRunFolder } from '../hold-run-folder.ts';
import { openMetrics, runPaths } from '../run-folder.ts';
import type { RunPaths } from '../run-folder.ts';
import { prepareMethod } from './methods.ts';
import { fillOptions, planPath, readPlan } from './options.ts';
import type { FineTuneMethod, FineTunePlan, FineTuneRunOptions, FullOptions } from './options.ts';

/** What came of fine-tuning. */
export interface FineTuneResult {
  readonly method: FineTuneMethod;
  /** The folder, and what lies in it. */
  readonly folder: string;
  readonly kind: 'adapter' | 'model';
  /** Numbers that were trained. */
  readonly trained: number;
  readonly parameters: number;
  readonly steps: number;
  readonly seconds: number;
  /** Mean loss of the last steps. */
  readonly trainLoss: number;
  /** Loss and metrics on what was held out; without any, undefined. */
  readonly heldOut: Readonly<Record<string, number>> | undefined;
  /** The same before training. */
  readonly heldOutBefore: Readonly<Record<string, number>> | undefined;
}

/** Hooks of a run, and the function that judges replies where the method needs one. */
export interface FineTuneHooks extends WorkflowHooks {
  readonly reward?: RewardFunction;
}

/**
 * Fine-tunes the model in a folder.
 *
 * @param folder a model folder; it is not changed
 * @param options see `FineTuneRunOptions`
 * @returns what came of it; the run's folder then holds an adapter as PEFT has it or, for all weights and with `merge`, a model
 * @throws UsageError `WEFT_FINETUNE_OPTION` for options that are out of order, `WEFT_RUN_EXISTS` when the folder holds another run or a
 *   model, `WEFT_RUN_BUSY` when a run goes on there; and what reading data and model may throw.
 */
export async function fineTuneRun(folder: string, options: FineTuneRunOptions, hooks: FineTuneHooks = {}): Promise<FineTuneResult> {
  const full = fillOptions(options);
  const paths = runPaths(full.out);
  return holdRunFolder(paths.folder, async () => {
    const taken = [
      planPath(paths.folder),
      ...['config.json', 'adapter_config.json', 'recipe.json'].map((file) => join(paths.folder, file)),
    ];
    if (taken.some((file) => existsSync(file))) {
      throw new UsageError({
        code: 'WEFT_RUN_EXISTS',
        action: `start a run in ${paths.folder}`,
        rule: 'it holds another run, a model or an adapter',
        remedy: `Continue that run with weft finetune --resume ${paths.folder}, or give another --out.`,
      });
    }
    return run({ base: resolve(folder), options }, { full, paths, hooks, begin: true });
  });
}

/** Continues a run of fine-tuning from its last checkpoint, bit for bit; from the beginning when it had none yet. */
export async function resumeFineTune(folder: string, hooks: FineTuneHooks = {}): Promise<FineTuneResult> {
  const plan = await readPlan(folder);
  return holdRunFolder(folder, () => run(plan, { full: fillOptions(plan.options), paths: runPaths(folder), hooks, begin: false }));
}

interface Around {
  readonly full: FullOptions;
  readonly paths: RunPaths;
  readonly hooks: FineTuneHooks;
  /** The plan is written once the data is known to be in order. */
  readonly begin: boolean;
}

async function run(plan: FineTunePlan, { full, paths, hooks, begin }: Around): Promise<FineTuneResult> {
  const { onEvent } = hooks;
  for (const folder of [paths.folder, join(paths.checkpoint, '..')]) await sweepUnfinished(folder);
  const loaded = await loadModel(plan.base);
  const tokenizer = requireTokenizer(plan.base, loaded);
  const chatTemplate = loaded.chatTemplate ?? (full.template === undefined ? DEFAULT_CHAT_TEMPLATE : await readFile(full.template, 'utf8'));
  const prepared = prepareModel(loaded, full);
  const threads = full.threads === undefined ? {} : { threads: full.threads };
  const { eosTokenIds: endTokens } = loaded.generationConfig;
  const reference = await createTextModel(
    { model: prepared.base, weights: prepared.baseWeights, tokenizer, chatTemplate, endTokens },
    threads,
  );
  try {
    onEvent?.({ kind: 'phase', phase: 'text' });
    const started = performance.now();
    // What is trained as it is now, once training has begun.
    let trainedNow = (): Weights => new Map();
    const method = await prepareMethod(
      {
        model: prepared.model,
        reference,
        weights: () => new Map([...prepared.weights, ...trainedNow()]),
        reward: hooks.reward,
      },
      full,
    );
    onEvent?.({ kind: 'phaseEnd', phase: 'text', summary: method.summary, seconds: (performance.now() - started) / 1000 });
    if (begin) await writeFileAtomic(planPath(paths.folder), `${JSON.stringify(plan, undefined, 2)}\n`);
    const resuming = existsSync(paths.checkpoint);
    const resumedFrom = resuming ? (await readCheckpointState(paths.checkpoint)).step : 0;
    const log = await openMetrics(paths.metrics, resumedFrom);
    const { objective, batches } = method;
    const trained = objective.parameters.reduce(
      (sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1),
      0,
    );
    onEvent?.({ kind: 'phase', phase: 'training' });
    onEvent?.({
      kind: 'model',
      architecture: `${loaded.model.architecture} (${trained.toLocaleString('en')} numbers trained)`,
      parameters: countOf(loaded.model),
      contextLength: loaded.model.contextLength,
      tokensPerStep: batches.batchSize * objective.tokensPerExample,
      resumedFrom,
      earlier: log.earlier,
    });
    const evaluateEvery = Math.max(1, Math.ceil(method.steps / 10));
    const common = { clipNorm: 1, seed: full.seed, ...threads };
    // Measured apart, before and after: what is kept is the best, which may lie before an interruption.
    const measure = async (weights: Weights): Promise<FineTuneResult['heldOut']> =>
      method.heldOut === undefined ? undefined : evaluateOnce({ objective, batches, heldOut: method.heldOut }, { ...common, weights });
    const heldOutBefore = await measure(prepared.weights);
    const steps: TrainingRun = train(objective, batches as BatchSource<ExampleBatch<string>>, {
      ...common,
      weights: prepared.weights,
      optimizer: adamw({
        learningRate: warmupCosine({ peak: full.learningRate, warmup: Math.ceil(method.steps / 20), total: method.steps }),
        weightDecay: 0,
      }),
      steps: method.steps,
      evaluateEvery,
      recipe: plan,
      ...(method.heldOut === undefined ? {} : { heldOut: method.heldOut as readonly ExampleBatch<string>[] }),
      ...(resuming ? { resumeFrom: paths.checkpoint } : {}),
    });
    trainedNow = () => steps.weights;
    const { trainLoss } = await follow(steps, {
      training: { steps: method.steps, evaluateEvery },
      paths,
      bytesPerToken: method.bytesPerToken,
      resume: 'weft finetune --resume',
      log,
      hooks,
    });
    const best = existsSync(paths.best) ? await readWeights(paths.best) : steps.weights;
    const heldOut = await measure(new Map([...prepared.weights, ...best]));
    onEvent?.({ kind: 'phase', phase: 'save' });
    const kind = await save(paths.folder, { plan, full, loaded, tokenizer, chatTemplate, prepared, trained: best });
    onEvent?.({ kind: 'saved', what: 'model', path: paths.folder, step: steps.state.step });
    return {
      method: full.method,
      folder: paths.folder,
      kind,
      trained,
      parameters: countOf(loaded.model),
      steps: steps.state.step,
      seconds: steps.state.seconds,
      trainLoss,
      heldOut,
      heldOutBefore,
    };
  } finally {
    await reference.close();
  }
}

interface PreparedModel {
  /** The model before training, and its weights. */
  readonly base: LanguageModel;
  readonly baseWeights: Weights;
  /** What is trained, and all that it begins with. */
  readonly model: LanguageModel;
  readonly weights: Weights;
  readonly adapter: AdapterDefinition | undefined;
}

function prepareModel({ model, weights }: LoadedModel, { rank, alpha, targets, dropout, bits, seed }: FullOptions): PreparedModel {
  if (rank === 0) return { base: model, baseWeights: weights, model, weights, adapter: undefined };
  const rounded = bits === undefined ? undefined : roundWeights(model, weights, { bits });
  const base = rounded === undefined ? model : withBlockWeights(model, rounded.blocks);
  const baseWeights = rounded?.weights ?? weights;
  const adapter = lora(model, {
    rank,
    ...(alpha === undefined ? {} : { alpha }),
    ...(targets === undefined ? {} : { targets }),
    ...(dropout === undefined ? {} : { dropout }),
  });
  return {
    base,
    baseWeights,
    model: withAdapters(base, [adapter]),
    weights: new Map([...baseWeights, ...startAdapter(model, adapter, { seed })]),
    adapter,
  };
}

async function save(
  folder: string,
  parts: {
    readonly plan: FineTunePlan;
    readonly full: FullOptions;
    readonly loaded: LoadedModel;
    readonly tokenizer: Tokenizer;
    readonly chatTemplate: string;
    readonly prepared: PreparedModel;
    readonly trained: Weights;
  },
): Promise<FineTuneResult['kind']> {
  const { plan, full, loaded, tokenizer, chatTemplate, trained } = parts;
  const { adapter } = parts.prepared;
  const { model, weights, generationConfig } = loaded;
  // The template is a part of what was learnt: without it the adapter is asked in other words than it was trained on.
  await writeFileAtomic(join(folder, 'chat_template.jinja'), chatTemplate);
  if (adapter !== undefined && !full.merge) {
    await saveAdapter(folder, {
      model,
      definition: adapter,
      weights: trained,
      baseName: plan.base,
      ...(full.bits === undefined ? { baseWeights: weights } : {}),
    });
    return 'adapter';
  }
  const whole = adapter === undefined ? trained : mergeAdapter(weights, { definition: adapter, weights: trained });
  await saveModel(folder, { model, weights: whole, tokenizer, chatTemplate, generationConfig });
  return 'model';
}

/** Held-out loss and metrics before training. */
async function evaluateOnce(
  {
    objective,
    batches,
    heldOut,
  }: Pick<Awaited<ReturnType<typeof prepareMethod>>, 'objective' | 'batches'> & {
    readonly heldOut: NonNullable<Awaited<ReturnType<typeof prepareMethod>>['heldOut']>;
  },
  common: { readonly weights: Weights; readonly clipNorm: number; readonly seed: number; readonly threads?: number },
): Promise<Readonly<Record<string, number>>> {
  const trainer = await createTrainer({
    ...common,
    objective,
    optimizer: adamw({ learningRate: 0 }),
    batchSize: batches.batchSize,
    accumulate: 1,
  });
  try {
    const { loss, metrics } = await trainer.evaluate(heldOut);
    return { loss, ...metrics };
  } finally {
    trainer.close();
  }
}

async function readWeights(path: string): Promise<Weights> {
  const { tensors } = await readSafetensors(path);
  return tensors as Map<string, HostTensor<'float32'>>;
}

function requireTokenizer(folder: string, { tokenizer }: LoadedModel): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new FormatError({
    code: 'WEFT_GENERATE_TOKENIZER',
    action: `fine-tune ${folder}`,
    rule: 'a model needs its tokenizer to read and write text',
    value: 'the folder has no tokenizer.json',
    remedy: "Put the model's tokenizer.json into the folder.",
  });
}
