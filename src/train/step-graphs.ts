/**
 * The graphs of training: the whole step in one, or its halves for gradient accumulation, and the evaluation of a batch.
 * Every tensor that is carried from step to step is an input and, under `next:` and its name, an output.
 */

import { gradients } from '../autodiff/index.ts';
import { WeftError } from '../core/index.ts';
import { add, axes, buildGraph, concat, divide, input, isKind, minimum, reshape, sqrt, state, sumOfSquares } from '../graph/index.ts';
import type { Graph, Node, Tensor } from '../graph/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { meanCrossEntropy } from '../nn/index.ts';
import { bucketsOf, isAlone } from './buckets.ts';
import type { Bucket } from './buckets.ts';
import type { Optimizer } from './optimizers.ts';

/** What the graphs are built for. */
export interface StepOptions {
  readonly model: LanguageModel;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  readonly contextLength: number;
  /** The largest global norm of the gradient; 0 for no limit. */
  readonly clipNorm: number;
  /**
   * Parameters that are updated as one vector; default each by itself. Whoever runs the graph lays a bucket's parameters
   * beside each other in the memory of the vector.
   */
  readonly buckets?: readonly Bucket[];
}

/** The output that replaces a carried input. */
export function nextOf(name: string): string {
  return `next:${name}`;
}

/** The names of the state that an optimizer keeps for a parameter. */
export function stateNamesOf(optimizer: Optimizer, parameterName: string): readonly string[] {
  return optimizer.stateNames.map((name) => `${name}:${parameterName}`);
}

interface Loss {
  readonly loss: Tensor;
  readonly parameters: readonly Tensor[];
}

/** The loss of a batch: `ids` and `targets` (B T) in, mean over `denominator` targets out. */
function batchLoss({ model, batchSize, contextLength }: StepOptions, dropout: boolean): Loss {
  const ids = input('ids', 'int32', axes('B T', batchSize, contextLength));
  const targets = input('targets', 'int32', axes('B T', batchSize, contextLength));
  const hidden = model.hidden(ids, { dropout }); // B T C
  const rows = { name: 'N', size: batchSize * contextLength };
  const logits = model.logits(reshape(hidden, [rows, ...hidden.shape.slice(-1)])); // N V
  const { loss } = meanCrossEntropy(logits, reshape(targets, [rows]));
  const parameters = buildGraph({ loss }).inputs.filter((node) => node.attributes.role === 'parameter');
  return { loss, parameters: parameters.map(asTensor) };
}

function asTensor(node: Node<'input'>): Tensor {
  const { name, dtype, shape } = node.attributes;
  return { node, index: 0, dtype, shape, label: name };
}

function nameOf(tensor: Tensor): string {
  if (!isKind(tensor.node, 'input')) throw new RangeError('a parameter is an input');
  return tensor.node.attributes.name;
}

/** The buckets that the graphs update: those that were asked for, or one a parameter. */
function bucketsFor({ buckets }: StepOptions, parameters: readonly Tensor[]): readonly Bucket[] {
  return (
    buckets ??
    bucketsOf(
      parameters.map((tensor) => ({ name: nameOf(tensor), shape: tensor.shape.map(({ size }) => Number(size)) })),
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
function updates(
  { optimizer, clipNorm }: StepOptions,
  buckets: readonly Bucket[],
  of: { readonly parameter: (bucket: Bucket) => Tensor; readonly gradient: (bucket: Bucket) => Tensor },
): Readonly<Record<string, Tensor>> {
  const gradientOf = buckets.map(of.gradient);
  const gradientNorm = sqrt(gradientOf.map(sumOfSquares).reduce(add));
  // PyTorch's clip_grad_norm_: factor min(1, max/(norm + 1e-6)). The norm waits for every gradient, and every use of a weight
  // comes before a gradient: this is what makes it safe to write the updates in place.
  const factor = clipNorm > 0 ? minimum(divide(clipNorm, add(gradientNorm, 1e-6)), 1) : minimum(add(gradientNorm, 1), 1);
  const scalars = Object.fromEntries(optimizer.scalarNames.map((name) => [name, input(`optimizer:${name}`, 'float32', [])]));
  const outputs: Record<string, Tensor> = { gradientNorm };
  for (const [index, bucket] of buckets.entries()) {
    const stateNames = stateNamesOf(optimizer, bucket.name);
    const next = optimizer.update({
      parameter: of.parameter(bucket),
      gradient: gradientOf[index] as Tensor,
      gradientScale: factor,
      states: optimizer.stateNames.map((name) => bucketState(`${name}:`, bucket)),
      scalars,
      decays: bucket.decays,
    });
    outputs[nextOf(bucket.name)] = next.parameter;
    for (const [at, stateName] of stateNames.entries()) outputs[nextOf(stateName)] = next.states[at] as Tensor;
  }
  return outputs;
}

/** The whole step in one graph: forward, backward, clipping, update. */
export function stepGraph(options: StepOptions): Graph {
  const { loss, parameters } = batchLoss(options, true);
  const byName = new Map(parameters.map((tensor) => [nameOf(tensor), tensor]));
  const gradientByName = new Map(gradients(loss, parameters).map((gradient, index) => [nameOf(parameters[index] as Tensor), gradient]));
  const buckets = bucketsFor(options, parameters);
  const graph = buildGraph({
    loss,
    ...updates(options, buckets, {
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
  requireUpdatesLast(graph);
  return graph;
}

/** Forward and backward of one small batch, its gradients added to `gradient:…`. */
export function accumulateGraph(options: StepOptions): Graph {
  const { loss, parameters } = batchLoss(options, true);
  const sums = gradients(loss, parameters).map((gradient, index) => {
    const parameter = parameters[index] as Tensor;
    const name = `gradient:${nameOf(parameter)}`;
    return [nextOf(name), add(state(name, parameter.shape), gradient)] as const;
  });
  return buildGraph({ loss, ...Object.fromEntries(sums) });
}

/** Clipping and update from the accumulated `gradient:…`. */
export function applyGraph(options: StepOptions): Graph {
  const { parameters } = batchLoss(options, false);
  const byName = new Map(parameters.map((tensor) => [nameOf(tensor), tensor]));
  return buildGraph(
    updates(options, bucketsFor(options, parameters), {
      parameter: (bucket) => (isAlone(bucket) ? (byName.get(bucket.name) as Tensor) : bucketState('', bucket)),
      gradient: (bucket) => bucketState('gradient:', bucket),
    }),
  );
}

/** The loss of a batch, without dropout and without gradients. */
export function evaluationGraph(options: StepOptions): Graph {
  return buildGraph({ loss: batchLoss(options, false).loss });
}

/** Checks that no carried tensor can be read after its update was written over it: every reader comes before the update. */
function requireUpdatesLast(graph: Graph): void {
  const norm = graph.outputs.get('gradientNorm')?.node;
  const beforeNorm = new Set<Node>(norm === undefined ? [] : [norm]);
  for (const node of graph.nodes.toReversed()) if (beforeNorm.has(node)) for (const x of node.inputs) beforeNorm.add(x.node);
  const readers = new Map<Node, Node[]>();
  for (const node of graph.nodes) {
    if (beforeNorm.has(node)) continue;
    for (const x of node.inputs)
      if (isKind(x.node, 'input') && x.node.attributes.role !== 'feed') readers.set(x.node, [...(readers.get(x.node) ?? []), node]);
  }
  for (const input of graph.inputs) {
    const { name, role } = input.attributes;
    const update = graph.outputs.get(nextOf(name))?.node;
    if (role === 'feed') continue;
    // A parameter without an update of its own is updated with its bucket, by whom nobody here knows: it must not be read late.
    if (update === undefined && (readers.get(input) ?? []).length > 0) throw lateRead(name);
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
