/** The sessions of one training, tied to its arrays (see training-arrays.ts), which the step's graph updates in place. */

import { UsageError, WeftError, createRandom, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { Graph } from '../graph/index.ts';
import { isDropoutSeed, isNoise } from '../nn/index.ts';
import { compileGraph } from '../runtime/index.ts';
import type { Binding, Session } from '../runtime/index.ts';
import { bucketsOf } from './buckets.ts';
import { microBatchSizeOf, splitBatch } from './micro-batches.ts';
import { finiteChecks } from './diagnose.ts';
import { feedOf } from './objective.ts';
import type { AnyBatch, FeedData, FeedSpec, Objective } from './objective.ts';
import type { Optimizer } from './optimizer.ts';
import { accumulateGraph, applyGraph, checkedOutputs, evaluationGraph, metricOf, nextOf, scalarName, stepGraph } from './step-graphs.ts';
import type { StepOptions } from './step-graphs.ts';
import { createArrays } from './training-arrays.ts';
import type { Weights } from './training-arrays.ts';

/** Options of {@link createTrainer}. */
export interface TrainerOptions {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  /** The largest global norm of the gradient; 0 for no limit. */
  readonly clipNorm: number;
  /** Small batches in a step. */
  readonly accumulate: number;
  /** Blocks of the model are computed again in the backward pass instead of being kept: less memory, a third more work. */
  readonly checkpointing?: boolean;
  /** Share of itself that a running average of the weights keeps at each step; without it there is none. */
  readonly average?: number;
  /** Examples that are computed at once, a divisor of the batch; default the batch, fewer where its tensors are large. */
  readonly microBatchSize?: number;
  /** Of initial weights and of dropout. */
  readonly seed: number;
  /** Weights to start from; default fresh ones. They are copied, but for those that stay as they are, which are read where they lie. */
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
 * it copies the sum first, on one thread. So is the folding of constants: it would spread weights in 4 bits to 32.
 */
const SESSION = {
  memoryArena: true,
  memoryPattern: false,
  graphOptimization: 'basic',
  config: { 'optimization.disable_specified_optimizers': 'MatMulAddFusion;ConstantFolding' },
} as const;

/** A norm is never negative. */
const NOT_COMPUTED = -1;

/** What one step gave. */
export interface StepResult {
  /** Mean loss of the examples, or of the kept targets, nats. */
  readonly loss: number;
  /** Means that the objective reports. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

/** A graph that is tied to its arrays. */
interface Bound {
  run(): Promise<void>;
  /** The seeds of dropout and the noise that it reads, by name. */
  readonly seeds: readonly HostTensor[];
  readonly noises: readonly HostTensor[];
}

/** What an evaluation gave. */
export type EvaluationResult = Pick<StepResult, 'loss' | 'metrics'>;

/** See {@link createTrainer}. */
export interface Trainer {
  /** The weights as they are now: the arrays that training writes, and no others. Copy them to keep them. */
  readonly weights: Weights;
  /** Their running average, where there is one. */
  readonly averaged: Weights;
  /** The optimizer's state as it is now, and the running average. */
  readonly optimizerState: Weights;
  /** What the model carries from batch to batch. */
  readonly carried: Weights;
  /** One step on `accumulate` batches; `step` counts from 0 and sets schedules, dropout and noise. */
  // oxlint-disable-next-line no-unnecessary-type-parameters -- without it, batches written out would be refused their tensors
  step<B extends AnyBatch>(step: number, batches: readonly B[]): Promise<StepResult>;
  /** Means over batches, without training; with the averaged weights where there are some. What the model carries begins as zeros. */
  evaluate<B extends AnyBatch>(batches: Iterable<B>): Promise<EvaluationResult>;
  close(): void;
}

/**
 * Builds and compiles the graphs of a training.
 *
 * Memory: 16 bytes a trained parameter (weight, gradient, two moments), 4 another, and the activations of a micro-batch.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { objective, optimizer, batchSize, accumulate, seed, threads, profile, average, checkpointing = false } = options;
  const fed = new Map<string, HostTensor>();
  const sessions: Session[] = [];
  const bindings: Binding[] = [];

  const { parameters, buffers, tokensPerExample } = objective;
  const buckets = bucketsOf(
    parameters.map(({ name, shape }) => ({ name, shape: shape.map(({ size }) => Number(size)) })),
    optimizer,
  );
  const whole: StepOptions = {
    objective,
    optimizer,
    batchSize,
    clipNorm: options.clipNorm,
    buckets,
    checkpointing,
    ...(average === undefined ? {} : { average }),
  };
  const microBatchSize = options.microBatchSize ?? microBatchSizeOf(evaluationGraph(whole), { batchSize, tokensPerExample });
  const stepOptions: StepOptions = { ...whole, batchSize: microBatchSize };
  if (!Number.isInteger(batchSize / microBatchSize))
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action: 'start training',
      rule: 'microBatchSize must divide the batch size',
      value: `${microBatchSize} of ${batchSize}`,
      remedy: 'Leave it out for a size that fits.',
    });
  const microBatches = batchSize / microBatchSize;
  const inParts = accumulate * microBatches > 1;
  const feeds = Object.entries<FeedSpec>(objective.feeds(batchSize));
  const arrays = createArrays({
    objective,
    optimizer,
    buckets,
    microBatchSize,
    seed,
    inParts,
    average: average !== undefined,
    weights: options.weights,
  });
  const { carried, weights, carries } = arrays;
  if (carries.size > 0 && microBatches > 1) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action: 'start training',
      rule: 'a model that carries states from batch to batch computes all examples of a batch at once',
      value: `${microBatchSize} of ${batchSize}`,
      remedy: 'Leave microBatchSize out, or train on smaller batches.',
    });
  }

  /** Scalars that graphs give: the loss, the gradient's norm, metrics. */
  const results = new Map<string, HostTensor>();
  const resultOf = (name: string): number => Number(results.get(name)?.data[0]);
  const modelStates = new Set([...carries.keys(), ...buffers.map(({ name }) => name)]);

  /**
   * Compiles a graph and ties every input and output of it to an array: carried ones to the same array on both sides, but for the states
   * that a model changes itself: a backward pass may still read them, so they are copied when the run is over.
   *
   * @param own arrays that this graph uses instead of those of training
   */
  const bind = async (graph: Graph, own: ReadonlyMap<string, HostTensor> = new Map()): Promise<Bound> => {
    const session = await compileGraph(graph, {
      ...SESSION,
      ...(threads === undefined ? {} : { threads }),
      ...(profile === undefined ? {} : { profile }),
    });
    sessions.push(session);
    const inputs: Record<string, HostTensor> = {};
    for (const {
      attributes: { name, dtype, shape, role },
    } of graph.inputs) {
      const store = role === 'feed' ? fed : carried;
      const tensor =
        own.get(name) ??
        store.get(name) ??
        hostTensor(
          dtype,
          shape.map(({ size }) => Number(size)),
        );
      if (!own.has(name)) store.set(name, tensor);
      inputs[name] = tensor;
    }
    const outputs: Record<string, HostTensor> = {};
    const copies: (readonly [from: HostTensor, to: HostTensor])[] = [];
    for (const name of graph.outputs.keys()) {
      const isResult = name === 'loss' || name === 'gradientNorm' || name.startsWith(metricOf(''));
      const carriedName = name.slice(nextOf('').length);
      let tensor = isResult ? (results.get(name) ?? hostTensor('float32', [])) : (own.get(carriedName) ?? carried.get(carriedName));
      if (tensor === undefined) throw new RangeError(`no array for ${name}`);
      if (isResult) results.set(name, tensor);
      else if (modelStates.has(carriedName)) {
        const fresh = hostTensor('float32', tensor.shape);
        copies.push([fresh, tensor]);
        tensor = fresh;
      }
      outputs[name] = tensor;
    }
    // A bucket is written where its parameters are read; the graph was checked to read them first.
    const binding = session.bind(inputs, outputs, { overlap: 'allowed' });
    bindings.push(binding);
    const names = Object.keys(inputs).sort();
    const read = (is: (name: string) => boolean): readonly HostTensor[] => names.filter(is).map((name) => inputs[name] as HostTensor);
    return {
      seeds: read(isDropoutSeed),
      noises: read(isNoise),
      async run() {
        await binding.run();
        for (const [from, to] of copies) (to.data as Float32Array).set(from.data as Float32Array);
      },
    };
  };

  const compute = await bind((inParts ? accumulateGraph : stepGraph)(stepOptions));
  const apply = inParts ? await bind(applyGraph(stepOptions)) : undefined;
  let evaluation: { readonly bound: Bound; readonly states: ReadonlyMap<string, HostTensor> } | undefined;

  const feedScalar = (name: string, value: number): void => {
    const tensor = fed.get(name);
    if (tensor !== undefined) tensor.data[0] = value;
  };
  /** Runs a graph on the parts of some batches; means over what they keep. */
  const runParts = async (bound: Bound, batches: readonly AnyBatch[], purpose: string): Promise<EvaluationResult> => {
    for (const batch of batches) requireShape(batch, { batchSize, feeds });
    const kept = batches.reduce((sum, batch) => sum + batch.kept, 0);
    feedScalar('denominator', Math.max(1, kept));
    const totals = new Map<string, number>();
    const names = feeds.map(([name]) => name);
    for (const [part, data] of batches.flatMap((batch) => splitBatch(batch, names, microBatches)).entries()) {
      for (const [name, numbers] of data) (fed.get(name)?.data as FeedData | undefined)?.set(numbers);
      draw(bound, { seed, purpose: `${purpose} ${part}` });
      await bound.run();
      for (const name of results.keys()) totals.set(name, (totals.get(name) ?? 0) + resultOf(name));
    }
    const metrics = [...totals].flatMap(([name, total]) =>
      name.startsWith(metricOf('')) ? [[name.slice(metricOf('').length), total] as const] : [],
    );
    return { loss: totals.get('loss') ?? NaN, metrics: Object.fromEntries(metrics) };
  };
  /** What is not finite first, with the weights as they are and the last part of the batch. */
  const firstBadTensor = async (): Promise<string | undefined> => {
    const { graph, tensors } = finiteChecks(checkedOutputs(stepOptions));
    const session = await compileGraph(graph, { ...SESSION, ...(threads === undefined ? {} : { threads }) });
    sessions.push(session);
    const inputs = Object.fromEntries(
      graph.inputs.map(({ attributes: { name, role } }) => [name, (role === 'feed' ? fed : carried).get(name) as HostTensor]),
    );
    const flags = await session.run(inputs);
    for (const [output, tensor] of tensors) if (Number.isNaN(Number(flags[output]?.data[0]))) return tensor;
    return undefined;
  };

  return {
    weights,
    averaged: arrays.averaged,
    optimizerState: arrays.optimizerState,
    carried: carries,
    async step(step, batches) {
      for (const [group, { rule }] of optimizer.groups.entries())
        for (const [name, value] of Object.entries(rule.scalars(step))) feedScalar(scalarName(group, name), value);
      for (const { data } of arrays.gradients.values()) data.fill(0);
      const norm = results.get('gradientNorm');
      if (norm !== undefined) norm.data[0] = NOT_COMPUTED;
      let means: EvaluationResult;
      try {
        means = await runParts(compute, batches, String(step));
        await apply?.run();
      } catch (error) {
        // The step fails where the norm is not finite; see `oneIfFinite`.
        if (resultOf('gradientNorm') === NOT_COMPUTED || Number.isFinite(resultOf('gradientNorm'))) throw error;
        throw diverged(step, resultOf('gradientNorm'), await firstBadTensor());
      }
      return { ...means, gradientNorm: resultOf('gradientNorm') };
    },
    async evaluate(batches) {
      if (evaluation === undefined) {
        const states = new Map([...carries].map(([name, { shape }]) => [name, hostTensor('float32', shape)] as const));
        evaluation = {
          bound: await bind(evaluationGraph(stepOptions), new Map<string, HostTensor>([...states, ...arrays.averaged])),
          states,
        };
      }
      for (const { data } of evaluation.states.values()) (data as Float32Array).fill(0);
      const totals = new Map<string, number>();
      let count = 0;
      for (const [index, batch] of [...batches].entries()) {
        const { loss, metrics } = await runParts(evaluation.bound, [batch], `evaluation ${index}`);
        for (const [name, value] of Object.entries({ ...metrics, loss })) totals.set(name, (totals.get(name) ?? 0) + value * batch.kept);
        count += batch.kept;
      }
      if (count === 0)
        throw new UsageError({
          code: 'WEFT_TRAIN_OPTION',
          action: 'evaluate',
          rule: 'the held-out batches have no target',
          remedy: 'Give batches that can be read more than once, such as an array of them.',
        });
      const { loss = NaN, ...metrics } = Object.fromEntries([...totals].map(([name, total]) => [name, total / count]));
      return { loss, metrics };
    },
    close() {
      for (const binding of bindings) binding.close();
      for (const session of sessions) session.close();
    },
  };
}

/** A batch of another shape would be computed in part, or more than once. */
function requireShape(
  batch: AnyBatch,
  { batchSize, feeds }: { readonly batchSize: number; readonly feeds: readonly (readonly [string, FeedSpec])[] },
): void {
  for (const [name, { shape }] of feeds) {
    const length = feedOf(batch, name)?.length;
    const wanted = shape.reduce((product, { size }) => product * Number(size), 1);
    if (length === wanted) continue;
    throw new UsageError({
      code: 'WEFT_TRAIN_BATCH',
      action: 'compute a batch',
      rule: `its ${name} must be ${batchSize} examples of ${wanted / batchSize} numbers, ${wanted} in all`,
      value: length === undefined ? 'missing' : String(length),
      remedy: 'Give batches of the shape that the training was made for, held-out ones too.',
    });
  }
}

function diverged(step: number, norm: number, tensor: string | undefined): WeftError {
  return new WeftError({
    code: 'WEFT_TRAIN_DIVERGED',
    action: `take step ${step}`,
    rule: 'loss and gradient must be finite',
    value: `gradient norm ${norm}${tensor === undefined ? '' : `, from ${tensor}`}`,
    remedy: 'Train with a lower learning rate or a longer warm-up, and look at the batch; the weights are those before the step.',
  });
}

/** Draws what a graph reads of seeds and noise afresh: functions of the seed and the purpose, so that a resumed run draws the same. */
function draw({ seeds, noises }: Bound, { seed, purpose }: { readonly seed: number; readonly purpose: string }): void {
  if (seeds.length > 0) {
    const random = createRandom(seed, `dropout ${purpose}`);
    for (const { data } of seeds) for (let index = 0; index < data.length; index++) data[index] = random.uint32() | 0;
  }
  if (noises.length > 0) {
    const random = createRandom(seed, `noise ${purpose}`);
    for (const { data } of noises) for (let index = 0; index < data.length; index++) data[index] = random.normal();
  }
}
