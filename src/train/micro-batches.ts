/**
 * Micro-batches: a batch whose widest tensor is large is computed a few sequences at a time, and the gradients are summed as
 * for accumulation. The memory of activations falls by as much.
 */

import { elementCount } from '../core/index.ts';
import type { Batch } from '../data/index.ts';
import { isKind } from '../graph/index.ts';
import type { Graph } from '../graph/index.ts';

/** Elements of the widest tensor that is computed at once: 256 MiB. Smaller parts cost time on two threads, see docs/log.md. */
const WIDEST = 1 << 26;
/** Tokens of a micro-batch, at least: adding to the gradients costs an eightieth of the products of so many. */
const FEWEST_TOKENS = 1024;

/**
 * Sequences to compute at once: the batch, or the largest part of it whose widest tensor is small enough.
 *
 * @param forward The forward pass of the whole batch.
 */
export function microBatchSizeOf(
  forward: Graph,
  { batchSize, contextLength }: { readonly batchSize: number; readonly contextLength: number },
): number {
  const computed = forward.nodes.filter((node) => !isKind(node, 'input') && !isKind(node, 'constant'));
  const sizes = computed.flatMap((node) => node.outputs.map(({ shape }) => elementCount(shape.map(({ size }) => Number(size)))));
  const widest = Math.max(...sizes) / batchSize;
  let best = batchSize;
  for (let size = batchSize; size * contextLength >= FEWEST_TOKENS; size--) {
    if (batchSize % size !== 0) continue;
    best = size;
    if (widest * size <= WIDEST) break;
  }
  return best;
}

/** A batch (B T) in parts of so many tokens, views of the same memory. */
export function splitBatch({ inputs, targets }: Batch, tokens: number): readonly Pick<Batch, 'inputs' | 'targets'>[] {
  return Array.from({ length: inputs.length / tokens }, (_, part) => {
    const range = [part * tokens, (part + 1) * tokens] as const;
    return { inputs: inputs.subarray(...range), targets: targets.subarray(...range) };
  });
}
