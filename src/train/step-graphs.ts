/**
 * The graphs of training: the whole step in one, or its halves for gradient accumulation, and the evaluation of a batch.
 * Every tensor that is carried from step to step is an input and, under `next:` and its name, an output.
 */

import { gradients } from '../autodiff/index.ts';
import { WeftError, hostTensor } from '../core/index.ts';
import {
  add,
  axes,
  buildGraph,
  cast,
  concat,
  constant,
  divide,
  gather,
  input,
  isKind,
  less,
  minimum,
  multiply,
  reshape,
  sqrt,
  state,
  subtract,
  sum,
  sumOfSquares,
} from '../graph/index.ts';
import type { Graph, Node, Shape, Tensor } from '../graph/index.ts';
import { bucketsOf, isAlone } from './buckets.ts';
import type { Bucket } from './buckets.ts';
import { inputName, inputsOf } from './objective.ts';
import type { Objective, TrainedLoss } from './objective.ts';
import type { Optimizer, ParameterGroup } from './optimizer.ts';

/** What the graphs are built for. */
export interface StepOptions {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  /** The largest global norm of the gradient; 0 for no limit. */
  readonly clipNorm: number;
  /**
   * Parameters that are updated as one vector; default each by itself. Whoever runs the graph lays a bucket's parameters
   * beside each other in the memory of the vector.
   */
  readonly buckets?: readonly Bucket[];
  /** Blocks of the model are computed again in the backward pass instead of being kept; default false. */
  readonly checkpointing?: boolean;
  /** Share of itself that a running average of the weights keeps at each step; without it there is none. */
  readonly average?: number;
}

/** The output that replaces a carried input. */
export function nextOf(name: string): string {
  return `next:${name}`;
}

/** The name of a running average. */
export function averageOf(name: string): string {
  return `average:${name}`;
}

/** The input of an optimizer's scalar. */
export function scalarName(group: number, name: string): string {
  return `optimizer:${group}:${name}`;
}

interface Built {
  /** Each loss as a mean, with the parameters that it trains. */
  readonly losses: readonly { readonly loss: Tensor; readonly trained: readonly Tensor[] }[];
  readonly parameters: readonly Tensor[];
  /** Means, by the names of their outputs. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** What the model's own states become, by the names of their outputs. */
  readonly updates: Readonly<Record<string, Tensor>>;
}

/** The losses of a batch, each its sum divided by a fed `denominator`, the number of targets of the whole step. */
function build({ objective, batchSize, checkpointing = false }: StepOptions, training: boolean): Built {
  const updates = new Map<string, Tensor>();
  const context = training ? { dropout: true, training, updates, checkpointing } : { updates };
  const { losses, metrics = {} } = objective.losses(inputsOf(objective.feeds(batchSize)), context);
  const denominator = input('denominator', 'float32', []);
  const meanOf = (total: Tensor): Tensor => divide(total, denominator);
  const means = losses.map(({ total }) => meanOf(total));
  const graph = buildGraph(Object.fromEntries(means.map((loss, index) => [String(index), loss])));
  const parameters = graph.inputs.filter((node) => node.attributes.role === 'parameter').map(asTensor);
  return {
    parameters,
    losses: losses.map((_, index) => ({
      loss: means[index] as Tensor,
      trained: parameters.filter((parameter) => ownerOf(losses, inputName(parameter)) === index),
    })),
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, total]) => [metricOf(name), meanOf(total)])),
    updates: Object.fromEntries([...updates].map(([name, next]) => [nextOf(name), next])),
  };
}

/** The parameters that a loss trains, in the order of their use. */
function trainedOf({ losses, parameters }: Built): readonly Tensor[] {
  return parameters.filter((parameter) => losses.some(({ trained }) => trained.includes(parameter)));
}

/** The place of the loss that trains a parameter: the first that may. */
function ownerOf(losses: readonly TrainedLoss[], name: string): number {
  return losses.findIndex(({ trains }) => trains?.(name) ?? true);
}

/** The output of a metric. */
export function metricOf(name: string): string {
  return `metric:${name}`;
}

/** The gradients of all parameters that are trained, by name. */
function gradientsOf({ losses }: Built): ReadonlyMap<string, Tensor> {
  return new Map(
    losses.flatMap(({ loss, trained }) =>
      gradients(loss, trained).map((gradient, index) => [inputName(trained[index] as Tensor), gradient] as const),
    ),
  );
}

function asTensor(node: Node<'input'>): Tensor {
  const { name, dtype, shape } = node.attributes;
  return { node, index: 0, dtype, shape, label: name };
}

/** The buckets that the graphs update: those that were asked for, or one a parameter. */
function bucketsFor({ buckets, optimizer }: StepOptions, parameters: readonly Tensor[]): readonly Bucket[] {
  return (
    buckets ??
    bucketsOf(
      parameters.map((tensor) => ({ name: inputName(tensor), shape: tensor.shape.map(({ size }) => Number(size)) })),
      optimizer,
      false,
    )
  );
}

/** A carried tensor of a bucket: of the parameter's shape when it is alone, else a vector. */
function bucketState(prefix: string, bucket: Bucket): Tensor {
  const [first] = bucket.parts;
  return state(`${prefix}${bucket.name}`, isAlone(bucket) && first !== undefined ? axes('', ...first.shape) : axes('N', bucket.length));
}

/** Clipping and the optimizer's update: the outputs of a step beside its loss. */
function updatesOf(
  { optimizer, clipNorm, average }: StepOptions,
  buckets: readonly Bucket[],
  of: {
    readonly parameter: (bucket: Bucket) => Tensor;
    readonly gradient: (bucket: Bucket) => Tensor;
    /** What must be computed before any update; see {@link lateOutputs}. */
    readonly first?: readonly Tensor[];
  },
): Readonly<Record<string, Tensor>> {
  const gradientOf = buckets.map(of.gradient);
  const norm = sqrt(gradientOf.map(sumOfSquares).reduce(add));
  const gradientNorm = (of.first ?? []).reduce((sumSoFar, tensor) => add(sumSoFar, multiply(sum(tensor), 0)), norm);
  // PyTorch's clip_grad_norm_: factor min(1, max/(norm + 1e-6)). The norm waits for every gradient, and every use of a weight
  // comes before a gradient: this is what makes it safe to write the updates in place.
  const clipped = clipNorm > 0 ? minimum(divide(clipNorm, add(gradientNorm, 1e-6)), 1) : minimum(add(gradientNorm, 1), 1);
  const factor = multiply(clipped, oneIfFinite(gradientNorm));
  const outputs: Record<string, Tensor> = { gradientNorm };
  for (const [index, bucket] of buckets.entries()) {
    const { rule } = optimizer.groups[bucket.group] as ParameterGroup;
    const next = rule.update({
      parameter: of.parameter(bucket),
      gradient: gradientOf[index] as Tensor,
      gradientScale: factor,
      states: rule.stateNames.map((name) => bucketState(`${name}:`, bucket)),
      scalars: Object.fromEntries(rule.scalarNames.map((name) => [name, input(scalarName(bucket.group, name), 'float32', [])])),
      decays: bucket.decays,
    });
    outputs[nextOf(bucket.name)] = next.parameter;
    for (const [at, name] of rule.stateNames.entries()) outputs[nextOf(`${name}:${bucket.name}`)] = next.states[at] as Tensor;
    if (average !== undefined) {
      const running = bucketState(averageOf(''), bucket);
      outputs[nextOf(averageOf(bucket.name))] = add(multiply(running, average), multiply(next.parameter, 1 - average));
    }
  }
  return outputs;
}

/**
 * 1 where a scalar is finite. Where it is not, the run fails, before any update is written: a row is looked up in a table that lacks it. So
 * weights survive a step that would have made them nothing but infinities.
 */
function oneIfFinite(norm: Tensor): Tensor {
  const isBad = subtract(1, cast(less(norm, Infinity), 'int32')); // NaN is not below infinity.
  return reshape(gather(constant(hostTensor('float32', [1, 1], Float32Array.of(1))), reshape(isBad, axes('N', 1))), []);
}

/** All tensors of a step's forward and backward pass, for {@link finiteChecks}. */
export function checkedOutputs(options: StepOptions): Readonly<Record<string, Tensor>> {
  const built = build(options, true);
  return {
    ...Object.fromEntries(built.losses.map(({ loss }, index) => [`loss ${index}`, loss])),
    ...Object.fromEntries(gradientsOf(built)),
  };
}

/** The whole step in one graph: forward, backward, clipping, update. */
export function stepGraph(options: StepOptions): Graph {
  const built = build(options, true);
  const byName = new Map(built.parameters.map((tensor) => [inputName(tensor), tensor]));
  const gradientByName = gradientsOf(built);
  const buckets = bucketsFor(options, trainedOf(built));
  const values: Readonly<Record<string, Tensor>> = { loss: firstLoss(built), ...built.metrics, ...built.updates };
  const withUpdates = (first: readonly Tensor[]): Graph =>
    buildGraph({
      ...values,
      ...updatesOf(options, buckets, {
        first,
        parameter: (bucket) => (isAlone(bucket) ? (byName.get(bucket.name) as Tensor) : bucketState('', bucket)),
        gradient: (bucket) => {
          const parts = bucket.parts.map(({ name, length }) => [gradientByName.get(name) as Tensor, length] as const);
          const [alone] = parts;
          if (isAlone(bucket) && alone !== undefined) return alone[0];
          return concat(
            parts.map(([gradient, length]) => reshape(gradient, axes('N', length))),
            0,
          );
        },
      }),
    });
  const graph = withUpdates([]);
  const late = lateOutputs(graph, Object.keys(values));
  const ordered = late.length === 0 ? graph : withUpdates(late.map((name) => values[name] as Tensor));
  requireUpdatesLast(ordered, new Set(Object.keys(built.updates)));
  return ordered;
}

/**
 * Outputs that read a weight and that no gradient needs, such as a loss that is linear in it: nothing else would keep the update from
 * being written before they are computed.
 */
function lateOutputs(graph: Graph, names: readonly string[]): readonly string[] {
  const beforeNorm = ancestorsOf(graph.outputs.get('gradientNorm')?.node);
  return names.filter((name) =>
    [...ancestorsOf(graph.outputs.get(name)?.node)].some(
      (node) => !beforeNorm.has(node) && node.inputs.some((x) => isKind(x.node, 'input') && x.node.attributes.role === 'parameter'),
    ),
  );
}

/** A node and all that it is computed from. */
function ancestorsOf(node: Node | undefined): ReadonlySet<Node> {
  const found = new Set<Node>(node === undefined ? [] : [node]);
  for (const each of found) for (const x of each.inputs) found.add(x.node);
  return found;
}

function firstLoss({ losses }: Built): Tensor {
  return losses[0]?.loss as Tensor;
}

/** Forward and backward of one small batch, its gradients added to `gradient:…`. */
export function accumulateGraph(options: StepOptions): Graph {
  const built = build(options, true);
  const shapes = new Map(built.parameters.map((parameter) => [inputName(parameter), parameter.shape]));
  const sums = [...gradientsOf(built)].map(([parameter, gradient]) => {
    const name = `gradient:${parameter}`;
    return [nextOf(name), add(state(name, shapes.get(parameter) as Shape), gradient)] as const;
  });
  return buildGraph({ loss: firstLoss(built), ...built.metrics, ...built.updates, ...Object.fromEntries(sums) });
}

/** Clipping and update from the accumulated `gradient:…`. */
export function applyGraph(options: StepOptions): Graph {
  const built = build(options, false);
  const byName = new Map(built.parameters.map((tensor) => [inputName(tensor), tensor]));
  return buildGraph(
    updatesOf(options, bucketsFor(options, trainedOf(built)), {
      parameter: (bucket) => (isAlone(bucket) ? (byName.get(bucket.name) as Tensor) : bucketState('', bucket)),
      gradient: (bucket) => bucketState('gradient:', bucket),
    }),
  );
}

/** The loss and the metrics of a batch, without dropout and without gradients. */
export function evaluationGraph(options: StepOptions): Graph {
  const built = build(options, false);
  return buildGraph({ loss: firstLoss(built), ...built.metrics, ...built.updates });
}

/** Checks that no carried tensor can be read after its update was written over it: every reader comes before the update. */
function requireUpdatesLast(graph: Graph, copied: ReadonlySet<string>): void {
  const norm = graph.outputs.get('gradientNorm')?.node;
  const beforeNorm = ancestorsOf(norm);
  const readers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    if (beforeNorm.has(node)) continue;
    for (const x of node.inputs)
      if (isKind(x.node, 'input') && x.node.attributes.role !== 'feed') readers.set(x.node, [...(readers.get(x.node) ?? []), node]);
  }
  for (const input of graph.inputs) {
    const { name, role } = input.attributes;
    const update = graph.outputs.get(nextOf(name))?.node;
    // What the model changes itself is written elsewhere, and copied when the step is over.
    if (role === 'feed' || copied.has(nextOf(name))) continue;
    // A parameter without an update of its own is updated with its bucket, by whom nobody here knows: it must not be read late.
    if (update === undefined && role === 'parameter' && (readers.get(input) ?? []).length > 0) throw lateRead(name);
    if (update === undefined) continue;
    // What the update waits for: the norm, with all that comes before it, and what it is computed from.
    const awaited = new Set<Node>([update]);
    for (const node of awaited) if (!beforeNorm.has(node)) for (const x of node.inputs) awaited.add(x.node);
    const late = (readers.get(input as Node) ?? []).filter((reader) => !awaited.has(reader));
    if (late.length > 0 || (norm !== undefined && !awaited.has(norm))) throw lateRead(name);
  }
}

function lateRead(name: string): WeftError {
  return new WeftError({
    code: 'WEFT_TRAIN_ORDER',
    action: 'update in place',
    rule: 'every use of a weight or state must come before its update',
    value: name,
    remedy: 'Compute an update from its tensor and the gradient, and nothing else from that tensor.',
  });
}
