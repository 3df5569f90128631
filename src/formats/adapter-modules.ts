/**
 * Low-rank updates of layers that are one matrix elsewhere. Rows of B belong to the layers in their order; updates that share A
 * stay of their rank, others become blocks: `[B₁ 0; 0 B₂]·[A₁; A₂]`.
 */

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { adapterScale } from '../nn/index.ts';
import type { LowRank } from '../nn/index.ts';

type Matrix = HostTensor<'float32'>;

/** The update of one of our layers, or rows that stay as they are. */
export interface LayerUpdate {
  readonly out: number;
  readonly low?: LowRank;
  readonly a?: Matrix;
  readonly b?: Matrix;
}

/** The update of one matrix elsewhere. */
export interface ModuleUpdate {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly rank: number;
  readonly alpha: number;
}

/** The updates of layers as one of the matrix that holds them all. */
export function joinUpdates(
  layers: readonly LayerUpdate[],
  { rankStabilized, width }: { readonly rankStabilized: boolean; readonly width: number },
): ModuleUpdate {
  const given = layers.flatMap(({ out, low, a, b }) =>
    low === undefined || a === undefined || b === undefined ? [] : [{ out, low, a, b }],
  );
  const [first] = given;
  if (first === undefined) throw new RangeError('an update is needed');
  const shared = given.every(({ low, a }) => low.alpha === first.low.alpha && equalData(a.data, first.a.data));
  const rank = shared ? first.low.rank : given.reduce((sum, { low }) => sum + low.rank, 0);
  const scale = adapterScale({ rankStabilized }, first.low);
  const a = new Float32Array(rank * width);
  const b = new Float32Array(layers.reduce((sum, { out }) => sum + out, 0) * rank);
  let [row, column] = [0, 0];
  for (const layer of layers) {
    if (layer.low !== undefined && layer.a !== undefined && layer.b !== undefined) {
      const own = layer.low.rank;
      const factor = adapterScale({ rankStabilized }, layer.low) / scale;
      a.set(layer.a.data, column * width);
      for (let i = 0; i < layer.out; i++)
        for (let j = 0; j < own; j++) b[(row + i) * rank + column + j] = factor * (layer.b.data[i * own + j] as number);
      if (!shared) column += own;
    }
    row += layer.out;
  }
  // Elsewhere the scale is computed from the rank of the whole.
  const alpha = shared ? first.low.alpha : scale * (rankStabilized ? Math.sqrt(rank) : rank);
  return { a: hostTensor('float32', [rank, width], a), b: hostTensor('float32', [row, rank], b), rank, alpha };
}

/** One matrix's update as those of the layers in it; each has a copy of A. */
export function splitUpdate(
  { a, b }: { readonly a: Matrix; readonly b: Matrix },
  layers: readonly { readonly out: number }[],
): readonly { readonly a: Matrix; readonly b: Matrix }[] {
  const [rank = 0] = a.shape;
  let row = 0;
  return layers.map(({ out }) => {
    const part = b.data.slice(row * rank, (row + out) * rank);
    row += out;
    return { a: hostTensor('float32', a.shape, a.data.slice()), b: hostTensor('float32', [out, rank], part) };
  });
}

function equalData(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
