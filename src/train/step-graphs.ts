/**
 * The graphs of training: the whole step in one, or its halves for gradient accumulation, and the evaluation of a batch.
 * Every tensor that is carried from step to step is an input and, under `next:` and its name, an output.
 */

import { gradients } from '../autodiff/index.ts';
import { add, axes, buildGraph, divide, input, isKind, minimum, reshape, sqrt, state, sumOfSquares } from '../graph/index.ts';
import type { Graph, Node, Tensor } from '../graph/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { meanCrossEntropy } from '../nn/index.ts';
import type { Optimizer } from './optimizers.ts';
import { WeftError } from '../core/index.ts';

/** What the graphs are built for. */
export interface StepOptions {
  readonly model: LanguageModel;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  readonly contextLength: number;
  /** The largest global norm of the gradient; 0 for no limit. */
  readonly clipNorm: number;
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

/** Clipping and the optimizer's update: the outputs of a step beside its loss. */
function updates(
  { optimizer, clipNorm }: StepOptions,
  parameters: readonly Tensor[],
  gradientOf: readonly Tensor[],
): Readonly<Record<string, Tensor>> {
  const squares = gradientOf.map(sumOfSquares);
  const gradientNorm = sqrt(squares.reduce(add));
  // PyTorch's clip_grad_norm_: factor min(1, max/(norm + 1e-6)). The norm waits for every gradient, and every use of a weight
  // comes before a gradient: this is what makes it safe to write the updates in place.
  const factor = clipNorm > 0 ? minimum(divide(clipNorm, add(gradientNorm, 1e-6)), 1) : minimum(add(gradientNorm, 1), 1);
  const scalars = Object.fromEntries(optimizer.scalarNames.map((name) => [name, input(`optimizer:${name}`, 'float32', [])]));
  const outputs: Record<string, Tensor> = { gradientNorm };
  for (const [index, parameter] of parameters.entries()) {
    const name = nameOf(parameter);
    const stateNames = stateNamesOf(optimizer, name);
    const next = optimizer.update({
      parameter,
      gradient: gradientOf[index] as Tensor,
      gradientScale: factor,
      states: stateNames.map((stateName) => state(stateName, parameter.shape)),
      scalars,
      decays: parameter.shape.length >= 2,
    });
    outputs[nextOf(name)] = next.parameter;
    for (const [at, stateName] of stateNames.entries()) outputs[nextOf(stateName)] = next.states[at] as Tensor;
  }
  return outputs;
}

/** The whole step in one graph: forward, backward, clipping, update. */
export function stepGraph(options: StepOptions): Graph {
  const { loss, parameters } = batchLoss(options, true);
  const graph = buildGraph({ loss, ...updates(options, parameters, gradients(loss, parameters)) });
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
  return buildGraph(
    updates(
      options,
      parameters,
      parameters.map((parameter) => state(`gradient:${nameOf(parameter)}`, parameter.shape)),
    ),
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
    if (role === 'feed' || update === undefined) continue;
    // What the update waits for: the norm, with all that comes before it, and what it is computed from.
    const awaited = new Set<Node>([update]);
    for (const node of awaited) if (!beforeNorm.has(node)) for (const x of node.inputs) awaited.add(x.node);
    const late = (readers.get(input as Node) ?? []).filter((reader) => !awaited.has(reader));
    if (late.length > 0 || (norm !== undefined && !awaited.has(norm))) {
      throw new WeftError({
        code: 'WEFT_TRAIN_ORDER',
        action: 'update in place',
        rule: 'every use of a weight or state must come before its update',
        value: name,
        remedy: 'Compute an update from its tensor and the gradient, and nothing else from that tensor.',
      });
    }
  }
}
