/**
 * Buckets: small parameters that lie beside each other in memory and are updated as one vector. An update is some fifteen
 * operations a tensor, and in a small model most of a step's operations were updates of tensors that fit into a cache line
 * or a page (a fifth of the step at 0.8M parameters).
 */

import { elementCount } from '../core/index.ts';
import { groupOf } from './optimizer.ts';
import type { OptimizedParameter, Optimizer, ParameterGroup } from './optimizer.ts';

/** Where a parameter lies in its bucket. */
export interface BucketPart {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element. */
  readonly start: number;
  readonly length: number;
}

/** Parameters that are updated together. */
export interface Bucket {
  /** The parameter's own name when it is alone. */
  readonly name: string;
  /** Whether weight decay applies. */
  readonly decays: boolean;
  /** The place of the optimizer's group that updates it. */
  readonly group: number;
  /** Elements in all. */
  readonly length: number;
  readonly parts: readonly BucketPart[];
}

/** A parameter of more elements than this is updated by itself. */
const SMALL = 1 << 18;
/** A bucket is full at so many elements: few enough to stay in a core's cache from one operation to the next. */
const FULL = 1 << 19;

/**
 * Packs parameters into buckets, in their order.
 *
 * @param together false for one bucket a parameter
 */
export function bucketsOf(parameters: readonly OptimizedParameter[], optimizer: Optimizer, together = true): readonly Bucket[] {
  const alone: Bucket[] = [];
  const filled: Bucket[] = [];
  const open = new Map<string, Bucket>();
  let count = 0;
  const close = (bucket: Bucket): void => {
    const [only] = bucket.parts;
    filled.push(bucket.parts.length === 1 && only !== undefined ? { ...bucket, name: only.name } : bucket);
  };
  for (const parameter of parameters) {
    const { name, shape } = parameter;
    const length = elementCount(shape);
    const group = groupOf(optimizer, parameter);
    const { rule, decays = isMatrix } = optimizer.groups[group] as ParameterGroup;
    const common = { decays: decays(parameter), group };
    if (!together || !rule.elementwise || length > SMALL) {
      alone.push({ name, ...common, length, parts: [{ name, shape, start: 0, length }] });
      continue;
    }
    const kind = JSON.stringify(common);
    let bucket = open.get(kind);
    if (bucket !== undefined && bucket.length + length > FULL) {
      close(bucket);
      bucket = undefined;
    }
    bucket ??= { name: `bucket ${count++}`, ...common, length: 0, parts: [] };
    open.set(kind, { ...bucket, length: bucket.length + length, parts: [...bucket.parts, { name, shape, start: bucket.length, length }] });
  }
  for (const bucket of open.values()) close(bucket);
  // ONNX Runtime computes what was added to the norm last first: the gradients of the last layers, whose operands are then free. The
  // buckets, which need gradients of all layers, come last.
  return [...filled, ...alone];
}

/** Whether weight decay applies where a group doesn't say: to tensors with two axes or more, as in GPT-2 and its kin. */
function isMatrix({ shape }: OptimizedParameter): boolean {
  return shape.length >= 2;
}

/** Whether a bucket holds one parameter, which keeps its shape. */
export function isAlone(bucket: Bucket): boolean {
  return bucket.parts.length === 1;
}
