/** A function over symbolic tensors, computed for many examples: compiled once for a batch of them, run batch after batch. */

import { UsageError, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { buildGraph, input } from '../graph/index.ts';
import type { Shape, Tensor } from '../graph/index.ts';
import { compileGraph } from './compile.ts';

/** Options of {@link computeRows}. */
export interface ComputeRowsOptions {
  /** Parameters and states of the model, by name. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** Examples computed at once; default 256. */
  readonly batchSize?: number;
  /** Default one a core. */
  readonly threads?: number;
}

/**
 * Applies a function to examples.
 *
 * @param build From tensors of a batch, named as `rows` are, to the result, whose first axis counts the examples, too.
 * @param rows For each tensor all examples, along its first axis.
 * @returns the results of all examples, float32.
 * @throws UsageError `WEFT_RUNTIME_ROWS` when there are no examples, unequally many, or a weight is missing.
 *
 * @example
 * ```ts
 * import { hostTensor } from 'weft';
 * import { multiply } from 'weft/graph';
 * import { computeRows } from 'weft/runtime';
 *
 * const x = hostTensor('float32', [3, 1], Float32Array.of(1, 2, 3));
 * const doubled = await computeRows(({ x }) => multiply(x, 2), { x }, { weights: new Map(), batchSize: 2 });
 * console.log([...doubled.data]); // [ 2, 4, 6 ]
 * ```
 */
export async function computeRows<F extends string>(
  build: (batch: Readonly<Record<F, Tensor>>) => Tensor,
  rows: Readonly<Record<F, HostTensor>>,
  { weights, batchSize = 256, threads }: ComputeRowsOptions,
): Promise<HostTensor<'float32'>> {
  const entries = Object.entries<HostTensor>(rows);
  const count = entries[0]?.[1].shape[0] ?? 0;
  const unequal = entries.find(([, { shape }]) => shape[0] !== count);
  if (count === 0 || unequal !== undefined) {
    throw refused(
      'every tensor has as many examples, one or more',
      unequal === undefined ? 'none' : `${unequal[0]} has ${unequal[1].shape[0]} instead of ${count}`,
    );
  }
  const size = Math.min(batchSize, count);
  const shapeOf = ({ shape }: HostTensor): Shape =>
    shape.map((length, axis) => ({ name: axis === 0 ? 'B' : '', size: axis === 0 ? size : length }));
  const tensors = Object.fromEntries(entries.map(([name, tensor]) => [name, input(name, tensor.dtype, shapeOf(tensor))]));
  const graph = buildGraph({ result: build(tensors as Record<F, Tensor>) });
  const feeds: Record<string, HostTensor> = {};
  for (const { attributes } of graph.inputs) {
    if (attributes.role === 'feed') continue;
    const weight = weights.get(attributes.name);
    if (weight === undefined) throw refused('every weight is given', attributes.name);
    feeds[attributes.name] = weight;
  }
  const used = new Set(graph.inputs.map(({ attributes }) => attributes.name));
  const session = await compileGraph(graph, threads === undefined ? {} : { threads });
  let result: HostTensor<'float32'> | undefined;
  try {
    for (let next = 0; next < count; next += size) {
      const start = Math.min(next, count - size); // The last batch is as large as the others: it begins earlier.
      for (const [name, { dtype, shape, data }] of entries) {
        const width = data.length / count;
        if (used.has(name)) feeds[name] = hostTensor(dtype, [size, ...shape.slice(1)], data.slice(start * width, (start + size) * width));
      }
      const made = (await session.run(feeds))['result'] as HostTensor<'float32'>;
      result ??= hostTensor('float32', [count, ...made.shape.slice(1)]);
      result.data.set(made.data, (start * made.data.length) / size);
    }
  } finally {
    session.close();
  }
  return result as HostTensor<'float32'>;
}

function refused(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_RUNTIME_ROWS',
    action: 'compute rows',
    rule,
    value,
    remedy: 'Give all examples, and the weights of this very model.',
  });
}
