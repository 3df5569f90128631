/**
 * The arrays and sessions of one training: weights and optimizer state in memory, updated in place by the step's graph.
 */

import { UsageError, WeftError, allocate, createRandom, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { Batch } from '../data/index.ts';
import type { Graph } from '../graph/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { initialize, isDropoutSeed } from '../nn/index.ts';
import { compileGraph } from '../runtime/index.ts';
import type { Binding, Session } from '../runtime/index.ts';
import { bucketsOf } from './buckets.ts';
import { microBatchSizeOf, splitBatch } from './micro-batches.ts';
import type { Optimizer } from './optimizers.ts';
import { accumulateGraph, applyGraph, evaluationGraph, nextOf, stepGraph } from './step-graphs.ts';
import type { StepOptions } from './step-graphs.ts';

/** Weights by parameter name. */
export type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/** Options of {@link createTrainer}. */
export interface TrainerOptions {
  readonly model: LanguageModel;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  readonly contextLength: number;
  /** The largest global norm of the gradient; 0 for no limit. */
  readonly clipNorm: number;
  /** Small batches in a step. */
  readonly accumulate: number;
  /** Sequences that are computed at once, a divisor of the batch; default the batch, fewer where its tensors are large. */
  readonly microBatchSize?: number;
  /** Of initial weights and of dropout. */
  readonly seed: number;
  /** Weights to start from; default fresh ones. They are copied. */
  readonly weights?: Weights;
  /** Threads of ONNX Runtime; default one a core. */
  readonly threads?: number;
  /** Writes ONNX Runtime's profile to files with this prefix. */
  readonly profile?: string;
}

/**
 * Sessions of training. The arena keeps the memory of freed activations, whose pages would otherwise be given back and
 * faulted in again at every operation (a fifth of a step). `basic`: the lowering has chosen the operators already, and a
 * later rewriting would undo its transposed products. Its fusion of a product and a sum (accumulated gradients) is left out:
 * it copies the sum first, on one thread.
 */
const SESSION = {
  memoryArena: true,
  memoryPattern: false,
  graphOptimization: 'basic',
  config: { 'optimization.disable_specified_optimizers': 'MatMulAddFusion' },
} as const;

/** What one step gave. */
export interface StepResult {
  /** Mean loss of the kept targets, nats. */
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

/** See {@link createTrainer}. */
export interface Trainer {
  readonly model: LanguageModel;
  /** The weights as they are now: the arrays that training writes. Copy them to keep them. */
  readonly weights: Weights;
  /** The optimizer's state as it is now. */
  readonly optimizerState: Weights;
  /** One step on `accumulate` batches; `step` counts from 0 and sets schedules and dropout. */
  step(step: number, batches: readonly Batch[]): Promise<StepResult>;
  /** Mean loss of batches without training. */
  evaluate(batches: Iterable<Batch>): Promise<number>;
  close(): void;
}

/**
 * Builds and compiles the graphs of a training.
 *
 * Memory: 16 bytes a parameter (weight, gradient, two moments) and the activations of a micro-batch.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { model, optimizer, batchSize, contextLength, accumulate, seed, threads, profile } = options;
  const carried = new Map<string, HostTensor>();
  const fed = new Map<string, HostTensor>();
  const sessions: Session[] = [];
  const bindings: Binding[] = [];

  const buckets = bucketsOf(model.parameters.map(({ name, shape }) => ({ name, shape: shape.map(({ size }) => Number(size)) })));
  const whole: StepOptions = { model, optimizer, batchSize, contextLength, clipNorm: options.clipNorm, buckets };
  const microBatchSize = options.microBatchSize ?? microBatchSizeOf(evaluationGraph(whole), whole);
  const stepOptions: StepOptions = { ...whole, batchSize: microBatchSize };
  if (!Number.isInteger(batchSize / microBatchSize))
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action: 'start training',
      rule: 'microBatchSize must divide the batch size',
      value: `${microBatchSize} of ${batchSize}`,
      remedy: 'Leave it out for a size that fits.',
    });
  const inParts = accumulate * (batchSize / microBatchSize) > 1;
  /** Memory for every bucket under `prefix`, carried as a whole and, as views, parameter by parameter; the views. */
  const reserve = (prefix: string): Map<string, HostTensor<'float32'>> => {
    const views = new Map<string, HostTensor<'float32'>>();
    for (const { name, length, parts } of buckets) {
      const memory = allocate('float32', length);
      carried.set(`${prefix}${name}`, hostTensor('float32', [length], memory));
      for (const part of parts)
        views.set(`${prefix}${part.name}`, hostTensor('float32', part.shape, memory.subarray(part.start, part.start + part.length)));
    }
    for (const [name, view] of views) carried.set(name, view);
    return views;
  };
  const weights = inOrder(
    reserve(''),
    model.parameters.map(({ name }) => name),
  );
  const optimizerState = new Map(optimizer.stateNames.flatMap((name) => [...reserve(`${name}:`)]));
  const gradientViews = inParts ? reserve('gradient:') : undefined;
  const initial = options.weights ?? initialize(model.parameters, { seed });
  for (const [name, { data }] of weights) {
    const given = initial.get(name);
    if (given === undefined || given.data.length !== data.length)
      throw new WeftError({
        code: 'WEFT_TRAIN_WEIGHTS',
        action: 'start training',
        rule: given === undefined ? 'a weight is missing' : 'a weight has another shape',
        value: name,
        remedy: 'Give the weights of this very model.',
      });
    data.set(given.data);
  }

  const results = { loss: hostTensor('float32', []), gradientNorm: hostTensor('float32', []) };

  /** Compiles a graph and ties every input and output of it to an array: carried ones to the same array on both sides. */
  const bind = async (graph: Graph): Promise<Binding> => {
    const session = await compileGraph(graph, {
      ...SESSION,
      ...(threads === undefined ? {} : { threads }),
      ...(profile === undefined ? {} : { profile }),
    });
    sessions.push(session);
    const feeds: Record<string, HostTensor> = {};
    for (const {
      attributes: { name, dtype, shape, role },
    } of graph.inputs) {
      const store = role === 'feed' ? fed : carried;
      const tensor =
        store.get(name) ??
        hostTensor(
          dtype,
          shape.map(({ size }) => Number(size)),
        );
      store.set(name, tensor);
      feeds[name] = tensor;
    }
    const outputs: Record<string, HostTensor> = {};
    for (const name of graph.outputs.keys()) {
      const tensor = name === 'loss' || name === 'gradientNorm' ? results[name] : carried.get(name.slice(nextOf('').length));
      if (tensor === undefined) throw new RangeError(`no array for ${name}`);
      outputs[name] = tensor;
    }
    // A bucket is written where its parameters are read; the graph was checked to read them first.
    const binding = session.bind(feeds, outputs, { overlap: 'allowed' });
    bindings.push(binding);
    return binding;
  };

  const computeBinding = await bind((inParts ? accumulateGraph : stepGraph)(stepOptions));
  const applyBinding = inParts ? await bind(applyGraph(stepOptions)) : undefined;
  let evaluation: Binding | undefined;

  const seeds = [...fed.entries()].filter(([name]) => isDropoutSeed(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const feedScalar = (name: string, value: number): void => {
    const tensor = fed.get(name);
    if (tensor !== undefined) tensor.data[0] = value;
  };
  const feedIds = (name: string, ids: Int32Array): void => {
    const tensor = fed.get(name);
    if (tensor !== undefined) (tensor.data as Int32Array).set(ids);
  };
  /** Runs a graph on the parts of some batches; their loss, the mean over the targets that they keep. */
  const runParts = async (binding: Binding, batches: readonly Batch[], before: (part: number) => void): Promise<number> => {
    for (const { inputs, targets } of batches) requireShape({ inputs, targets }, { batchSize, contextLength });
    const kept = batches.reduce((sum, batch) => sum + batch.kept, 0);
    feedScalar('denominator', Math.max(1, kept));
    let loss = 0;
    for (const [part, { inputs, targets }] of batches.flatMap((batch) => splitBatch(batch, microBatchSize * contextLength)).entries()) {
      feedIds('ids', inputs);
      feedIds('targets', targets);
      before(part);
      await binding.run();
      loss += Number(results.loss.data[0]);
    }
    return loss;
  };
  const feedDropout = (step: number, part: number): void => {
    if (seeds.length === 0) return;
    const random = createRandom(seed, `dropout ${step} ${part}`);
    for (const [, { data }] of seeds) for (let index = 0; index < data.length; index++) data[index] = random.uint32() | 0;
  };

  return {
    model,
    weights,
    optimizerState,
    async step(step, batches) {
      for (const [name, value] of Object.entries(optimizer.scalars(step))) feedScalar(`optimizer:${name}`, value);
      for (const { data } of gradientViews?.values() ?? []) data.fill(0);
      const loss = await runParts(computeBinding, batches, (part) => {
        feedDropout(step, part);
      });
      await applyBinding?.run();
      return { loss, gradientNorm: Number(results.gradientNorm.data[0]) };
    },
    async evaluate(batches) {
      evaluation ??= await bind(evaluationGraph(stepOptions));
      let [sum, count] = [0, 0];
      for (const batch of batches) {
        sum += (await runParts(evaluation, [batch], () => undefined)) * batch.kept;
        count += batch.kept;
      }
      if (count === 0)
        throw new UsageError({
          code: 'WEFT_TRAIN_OPTION',
          action: 'evaluate',
          rule: 'the held-out batches have no target',
          remedy: 'Give batches that can be read more than once, such as an array of them.',
        });
      return sum / count;
    },
    close() {
      for (const binding of bindings) binding.close();
      for (const session of sessions) session.close();
    },
  };
}

/** A batch of another shape would be computed in part, or more than once. */
function requireShape(
  batch: Pick<Batch, 'inputs' | 'targets'>,
  { batchSize, contextLength }: { readonly batchSize: number; readonly contextLength: number },
): void {
  for (const [name, { length }] of Object.entries(batch)) {
    if (length === batchSize * contextLength) continue;
    throw new UsageError({
      code: 'WEFT_TRAIN_BATCH',
      action: 'compute a batch',
      rule: `its ${name} must be ${batchSize} sequences of ${contextLength} tokens, ${batchSize * contextLength} in all`,
      value: String(length),
      remedy: 'Give batches of the batchSize and contextLength that the training was made for, held-out ones too.',
    });
  }
}

/** The same map in another order. */
function inOrder<V>(map: ReadonlyMap<string, V>, names: readonly string[]): Map<string, V> {
  return new Map(names.map((name) => [name, map.get(name) as V]));
}
