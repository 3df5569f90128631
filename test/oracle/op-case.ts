/** What a case of an operation is: operands with their values, and what is built of them. */

import { createRandom } from '../../src/core/index.ts';
import type { DType, Random } from '../../src/core/index.ts';
import { axes, input } from '../../src/graph/index.ts';
import type { OpKind, Shape, Tensor } from '../../src/graph/index.ts';
import { fill } from './nd-array.ts';
import type { NdArray } from './nd-array.ts';

/** An operand: its type and where its values come from. */
export interface CaseInput {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly values: (random: Random) => NdArray;
}

/** One case of an operation. */
export interface OpCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly build: (tensors: Readonly<Record<string, Tensor>>) => readonly Tensor[];
  /** How many of the results, from the first, have a gradient to be checked. */
  readonly differentiable: number;
}

/** The cases of each kind of operation: one at least. */
export type OpCases = { readonly [K in OpKind]: readonly [OpCase, ...OpCase[]] };

/** A case; `build` gives the results to check, of which the first has a gradient unless said otherwise. */
export function opCase<const I extends Readonly<Record<string, CaseInput>>>(
  name: string,
  inputs: I,
  build: (tensors: { readonly [N in keyof I]: Tensor }) => Tensor | readonly Tensor[],
  differentiable = 1,
): OpCase {
  return {
    name,
    inputs,
    differentiable,
    build: (tensors) => {
      const built = build(tensors as { readonly [N in keyof I]: Tensor });
      return 'node' in built ? [built] : built;
    },
  };
}

function drawn(dtype: DType, shape: readonly number[], draw: (random: Random) => number): CaseInput {
  return { dtype, shape: axes('', ...shape), values: (random) => fill(dtype, shape, () => draw(random)) };
}

/** Numbers of the normal distribution, rounded to float32 so that both sides of a comparison begin with the same. */
export const normal = (...shape: readonly number[]): CaseInput => drawn('float32', shape, (random) => Math.fround(random.normal()));
/** Numbers between 0.5 and 3: for logarithms, roots and denominators. */
export const positive = (...shape: readonly number[]): CaseInput =>
  drawn('float32', shape, (random) => Math.fround(0.5 + 2.5 * random.uniform()));
/** Zeros and ones. */
export const flags = (...shape: readonly number[]): CaseInput => drawn('bool', shape, (random) => random.integer(2));
/** Any int32. */
export const seeds = (...shape: readonly number[]): CaseInput => drawn('int32', shape, (random) => random.uint32() | 0);
/** Given numbers. */
export const given = (values: readonly number[], shape: readonly number[] = [values.length], dtype: DType = 'float32'): CaseInput => ({
  dtype,
  shape: axes('', ...shape),
  values: () => ({ dtype, shape, data: Float64Array.from(values) }),
});
/** Ids as int32, or int64 where said. */
export const ids = (values: readonly number[], shape: readonly number[] = [values.length], dtype: DType = 'int32'): CaseInput =>
  given(values, shape, dtype);

/** The operands of a case as graph inputs and as values, the same at every call. */
export function operandsOf({ name, inputs }: OpCase): {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly feeds: Readonly<Record<string, NdArray>>;
} {
  const random = createRandom(1, name);
  const entries = Object.entries(inputs);
  return {
    tensors: Object.fromEntries(entries.map(([key, { dtype, shape }]) => [key, input(key, dtype, shape)])),
    feeds: Object.fromEntries(entries.map(([key, { values }]) => [key, values(random)])),
  };
}
