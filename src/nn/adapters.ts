/**
 * Low-rank adapters of linear layers: beside `W·x` a layer computes `scale · B·A·x`, and training moves A and B alone.
 * Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1; the rank-stabilised scale is that of
 * Kalajdzievski 2023, "A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA".
 *
 * Decided: an adapter is data that says which layers it changes, by their names. A model is not rewritten for it: layers ask the
 * context they are built in. Several may be asked for at once; each has parameters of its own, named after it.
 */

import { add, axes, matmul, multiply, parameter, scopedName } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { dropout } from './context.ts';
import type { ForwardContext } from './context.ts';

/** The update of one layer: `rank` rows of A and columns of B. */
export interface LowRank {
  readonly rank: number;
  readonly alpha: number;
}

/** An adapter: which layers it changes, and how. It holds no numbers. */
export interface AdapterDefinition {
  /** Part of the names of its parameters: letters, digits, `_` and `-`. */
  readonly name: string;
  /** By the name of the layer, e.g. `blocks.0.attention.query`. */
  readonly layers: ReadonlyMap<string, LowRank>;
  /** The scale is alpha/√rank instead of alpha/rank. */
  readonly rankStabilized: boolean;
  /** Of what an adapter reads, in training. */
  readonly dropout: number;
}

/** The factor on `B·A`. */
export function adapterScale({ rankStabilized }: Pick<AdapterDefinition, 'rankStabilized'>, { rank, alpha }: LowRank): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** The parameters of one layer's update: A is rank × in, B is out × rank. */
export function adapterParameters(adapter: string, layer: string): { readonly a: string; readonly b: string } {
  const prefix = `${layer}.lora.${adapter}`;
  return { a: `${prefix}.A`, b: `${prefix}.B` };
}

/** Whether a parameter belongs to an adapter. */
export function isAdapterParameter(parameterName: string): boolean {
  return /\.lora\.[\w-]+\.[AB]$/.test(parameterName);
}

const ZERO: Initializer = { kind: 'constant', value: 0 };

/** Adds to `y`, what the layer in scope makes of `x`, what the context's adapters make of it. B begins as zeros: they then change nothing. */
export function withLowRank(x: Tensor, y: Tensor, context: ForwardContext): Tensor {
  const layer = scopedName();
  const [width, out] = [Number(x.shape.at(-1)?.size), Number(y.shape.at(-1)?.size)];
  let sum = y;
  for (const adapter of context.adapters ?? []) {
    const low = adapter.layers.get(layer);
    if (low === undefined) continue;
    const prefix = `lora.${adapter.name}`;
    // U(±1/√in), as PyTorch begins a linear layer and PEFT begins A.
    const a = parameter(`${prefix}.A`, axes('R C', low.rank, width), { kind: 'uniform', bound: 1 / Math.sqrt(width) });
    const b = parameter(`${prefix}.B`, axes('C R', out, low.rank), ZERO);
    const read = dropout(x, { name: prefix, rate: adapter.dropout }, context);
    const gate = context.adapterGates?.get(adapter.name);
    const low0 = matmul(read, a, { transposeB: true }); // … C -> … R
    const low1 = gate === undefined ? low0 : multiply(low0, gate);
    sum = add(sum, matmul(low1, b, { transposeB: true, alpha: adapterScale(adapter, low) })); // … R -> … C
  }
  return sum;
}
