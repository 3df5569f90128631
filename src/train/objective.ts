/**
 * What is trained, whatever it is: the tensors of a batch, and the loss on them. A model is a function over symbolic tensors, and so is
 * its loss; the loop, the optimizers and checkpoints know nothing else of it.
 */

import { UsageError } from '../core/index.ts';
import type { DType } from '../core/index.ts';
import { buildGraph, input, isKind } from '../graph/index.ts';
import type { Node, ParameterSpec, Shape, Tensor } from '../graph/index.ts';
import type { ForwardContext } from '../nn/index.ts';

/** Element type and shape of one tensor of a batch; the first axis counts the examples. */
export interface FeedSpec {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A loss and the parameters that it trains. */
export interface TrainedLoss {
  /** The sum over the examples (or tokens) of the batch; a step divides it by how many there are. A scalar. */
  readonly total: Tensor;
  /** Which parameters it trains, by name; default all. */
  readonly trains?: (parameterName: string) => boolean;
}

/** What an objective makes of a batch. */
export interface Losses {
  /**
   * One loss; or, where networks are trained against each other, several, each for parameters of its own. The first is the one that a
   * step reports.
   */
  readonly losses: readonly TrainedLoss[];
  /** More scalars to report, sums over the examples as losses are. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/** What is trained: see {@link defineObjective}. */
export interface Objective<F extends string = string> {
  /** The tensors of a batch of so many examples. */
  feeds(batchSize: number): Readonly<Record<F, FeedSpec>>;
  /** The losses on a batch. */
  losses(feeds: Readonly<Record<F, Tensor>>, context: ForwardContext): Losses;
  /** Tokens of an example, for the choice of how many are computed at once; default 1. */
  readonly tokensPerExample: number;
  /** Those that a loss trains, in the order of their use. */
  readonly parameters: readonly ParameterSpec[];
  /** Those that no loss trains, such as a base model's under an adapter: they are given, and stay as they are. */
  readonly frozen: readonly ParameterSpec[];
  /** States that the model changes itself and that are saved with the parameters, such as running means. */
  readonly buffers: readonly ParameterSpec[];
  /** States that the model carries from batch to batch, zeros at first: name and shape. */
  carries(batchSize: number): readonly { readonly name: string; readonly shape: Shape }[];
}

/** Numbers of one tensor of a batch, row-major. */
export type FeedData = Float32Array | Int32Array | Uint8Array;

/** A batch of any objective. */
export interface AnyBatch {
  /** How many examples (or tokens) count. */
  readonly kept: number;
}

/** A batch: the numbers of each tensor that an objective is fed, by its name, and how many examples (or tokens) count. */
export type ExampleBatch<F extends string> = Readonly<Record<F, FeedData>> & AnyBatch;

/** Batches by number: the same number always gives the same batch. */
export interface BatchSource<B extends AnyBatch = AnyBatch> {
  readonly batchSize: number;
  /** A batch that is made for the step, such as texts that the model has written, may take its time. */
  batch(index: number): B | Promise<B>;
}

/** The numbers of one tensor of a batch; undefined where it has none. */
export function feedOf(batch: AnyBatch, name: string): FeedData | undefined {
  return (batch as unknown as Readonly<Record<string, FeedData | undefined>>)[name];
}

/**
 * Defines what is trained.
 *
 * @param definition `feeds`: the tensors of a batch of so many examples. `losses`: from these, the loss. Both are called whenever a graph
 *   is built; `context` says how (see `ForwardContext`).
 * @throws UsageError `WEFT_TRAIN_OBJECTIVE` when a loss is no scalar, or none depends on a parameter.
 *
 * @example
 * ```ts
 * import { axes, multiply, subtract, sum } from 'weft/graph';
 * import { linear } from 'weft/nn';
 * import { adamw, defineObjective, train } from 'weft/train';
 *
 * // A line through points: the squared distance, summed over the examples.
 * const line = defineObjective({
 *   feeds: (batchSize) => ({
 *     x: { dtype: 'float32', shape: axes('B C', batchSize, 1) },
 *     y: { dtype: 'float32', shape: axes('B C', batchSize, 1) },
 *   }),
 *   losses: ({ x, y }) => {
 *     const error = subtract(linear(x, { name: 'line', in: 1, out: 1, bias: true }), y);
 *     return { losses: [{ total: sum(multiply(error, error)) }] };
 *   },
 * });
 * const x = Float32Array.of(0, 1, 2, 3);
 * const batches = { batchSize: 4, batch: () => ({ x, y: x.map((value) => 2 * value + 1), kept: 4 }) };
 * const run = train(line, batches, { optimizer: adamw({ learningRate: 0.05, weightDecay: 0 }), steps: 400 });
 * for await (const step of run) if (step.index === 399) console.log(step.loss < 1e-3); // true
 * console.log(run.weights.get('line.bias')?.data[0]?.toFixed(1)); // 1.0
 * ```
 */
export function defineObjective<F extends string>(
  definition: Pick<Objective<F>, 'feeds' | 'losses'> & { readonly tokensPerExample?: number },
): Objective<F> {
  const { feeds, losses } = definition;
  const trace = (
    batchSize: number,
  ): { readonly inputs: readonly Node<'input'>[]; readonly isTrained: (spec: ParameterSpec) => boolean } => {
    const updates = new Map<string, Tensor>();
    const built = losses(inputsOf(feeds(batchSize)), { training: true, updates });
    for (const { total } of built.losses) {
      if (total.shape.length === 0) continue;
      throw new UsageError({
        code: 'WEFT_TRAIN_OBJECTIVE',
        action: 'define an objective',
        rule: 'a loss is a scalar, the sum over the examples',
        value: `${total.shape.length} axes`,
        remedy: 'Reduce it with sum.',
      });
    }
    const outputs = [...built.losses.map(({ total }) => total), ...updates.values()];
    return {
      inputs: buildGraph(Object.fromEntries(outputs.map((tensor, index) => [String(index), tensor]))).inputs,
      isTrained: ({ name }) => built.losses.some(({ trains }) => trains?.(name) ?? true),
    };
  };
  // Two examples: one alone has no statistics of a batch.
  const { inputs, isTrained } = trace(2);
  const specs = (role: 'parameter' | 'state'): readonly ParameterSpec[] =>
    inputs.flatMap(({ attributes: { name, shape, initializer, role: own } }) =>
      own === role && initializer !== undefined ? [{ name, shape, initializer }] : [],
    );
  const all = specs('parameter');
  const parameters = all.filter(isTrained);
  if (parameters.length === 0) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OBJECTIVE',
      action: 'define an objective',
      rule: 'a loss depends on a parameter that it trains, or more',
      value: all.length === 0 ? 'none' : `it trains none of ${all.length}`,
      remedy: 'Build the loss from layers or parameters, and let `trains` hold for some of them.',
    });
  }
  return {
    feeds,
    losses,
    tokensPerExample: definition.tokensPerExample ?? 1,
    parameters,
    frozen: all.filter((spec) => !isTrained(spec)),
    buffers: specs('state'),
    carries: (batchSize) =>
      trace(batchSize).inputs.flatMap(({ attributes: { name, shape, role, initializer } }) =>
        role === 'state' && initializer === undefined ? [{ name, shape }] : [],
      ),
  };
}

/** The inputs of a batch's tensors. */
export function inputsOf<F extends string>(feeds: Readonly<Record<F, FeedSpec>>): Readonly<Record<F, Tensor>> {
  const entries = Object.entries<FeedSpec>(feeds).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)] as const);
  return Object.fromEntries(entries) as Record<F, Tensor>;
}

/** The name of an input. */
export function inputName(tensor: Tensor): string {
  if (!isKind(tensor.node, 'input')) throw new RangeError('an input is needed');
  return tensor.node.attributes.name;
}
