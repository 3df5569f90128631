/**
 * Micro-batches: a batch whose widest tensor is large is computed a few examples at a time, and the gradients are summed as
 * for accumulation. The memory of activations falls by as much.
 */

import { elementCount } from '../core/index.ts';
import { isKind } from '../graph/index.ts';
import type { Graph } from '../graph/index.ts';
import { feedOf } from './objective.ts';
import type { AnyBatch, FeedData } from './objective.ts';

/** Elements of the widest tensor that is computed at once: 256 MiB. Smaller parts cost time on two threads, see docs/log.md. */
const WIDEST = 1 << 26;
/** Tokens of a micro-batch, at least: adding to the gradients costs an eightieth of the products of so many. */
const FEWEST_TOKENS = 1024;

/**
 * Examples to compute at once: the batch, or the largest part of it whose widest tensor is small enough.
 *
 * @param forward The forward pass of the whole batch.
 */
export function microBatchSizeOf(
  forward: Graph,
  { batchSize, tokensPerExample }: { readonly batchSize: number; readonly tokensPerExample: number },
): number {
  const computed = forward.nodes.filter((node) => !isKind(node, 'input') && !isKind(node, 'constant'));
  const sizes = computed.flatMap((node) => node.outputs.map(({ shape }) => elementCount(shape.map(({ size }) => Number(size)))));
  const widest = Math.max(...sizes) / batchSize;
  let best = batchSize;
  for (let size = batchSize; size * tokensPerExample >= FEWEST_TOKENS; size--) {
    if (batchSize % size !== 0) continue;
    best = size;
    if (widest * size <= WIDEST) break;
  }
  return best;
}

/** The named tensors of a batch in so many equal parts of its examples, views of the same memory. */
export function splitBatch(batch: AnyBatch, names: readonly string[], parts: number): readonly ReadonlyMap<string, FeedData>[] {
  return Array.from(
    { length: parts },
    (_, part) =>
      new Map(
        names.map((name) => {
          const data = feedOf(batch, name) as FeedData;
          const length = data.length / parts;
          return [name, data.subarray(part * length, (part + 1) * length)] as const;
        }),
      ),
  );
}
