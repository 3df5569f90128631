/** The numbers that PyTorch gave (see make-torch-vectors.py), and the formula that their operands come from. */

import { readFileSync } from 'node:fs';

import { elementCount, hostTensor } from '../../src/core/index.ts';
import type { HostTensor } from '../../src/core/index.ts';
import type { NdArray } from '../oracle/nd-array.ts';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Results and gradients of single operations. */
export interface TorchOperations {
  readonly provenance: string;
  readonly cases: readonly { readonly name: string; readonly result: Plain; readonly gradients: Readonly<Record<string, Plain>> }[];
}

/** Loss, logits and gradients of a whole model on one batch. */
export interface TorchModel {
  readonly provenance: string;
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  readonly loss: number;
  readonly logits: Plain;
  readonly parameters: readonly { readonly name: string; readonly gradient: Plain }[];
  /** Steps of AdamW (rate 0.01, betas 0.9 and 0.99, decay 0.1 of matrices) with clipping at 0.5, and each parameter's sum after them. */
  readonly training: {
    readonly steps: readonly { readonly loss: number; readonly gradientNorm: number }[];
    readonly sumsAfter: Readonly<Record<string, number>>;
  };
}

/** A parameter after each of five steps of an optimizer, and rates of schedules. */
export interface TorchOptimizers {
  readonly provenance: string;
  readonly cases: readonly { readonly name: string; readonly after: readonly Plain[] }[];
  readonly schedules: Readonly<Record<string, readonly number[]>>;
}

/** A module on inputs that the formula gives: what comes out, and gradients of the sum of `output · numbers(90)`. */
export interface TorchModuleCase {
  readonly name: string;
  /** The shapes of its state dict; the numbers are salted from 100 on in this order. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly output: Plain;
  readonly gradients: Readonly<Record<string, Plain>>;
}

/** Cases of `nn.MultiheadAttention`. */
export interface TorchAttention {
  readonly cases: readonly (TorchModuleCase & { readonly probabilities: Plain })[];
}

/** Cases of `nn.Transformer`. */
export interface TorchTransformer {
  readonly cases: readonly (TorchModuleCase & { readonly arguments: Readonly<Record<string, number | string | boolean>> })[];
}

/** Reads torch-NAME.json. */
export function torchVectors(name: 'attention'): TorchAttention;
export function torchVectors(name: 'transformer'): TorchTransformer;
export function torchVectors(name: 'optimizers'): TorchOptimizers;
export function torchVectors(name: 'operations'): TorchOperations;
export function torchVectors(name: string): TorchModel;
export function torchVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`torch-${name}.json`, import.meta.url), 'utf8'));
}

/** The numbers of make-torch-vectors.py's function of the same name. */
export function numbers(
  salt: number,
  shape: readonly number[],
  { scale = 1, shift = 0 }: { readonly scale?: number; readonly shift?: number } = {},
): HostTensor<'float32'> {
  const values = Float32Array.from(
    { length: elementCount(shape) },
    (_, i) => (((i * 7919 + salt * 104729 + i * i * 31) % 2003) / 2003 - 0.5) * scale + shift,
  );
  return hostTensor('float32', shape, values);
}

/** The weights that a model of the vectors begins with, in their order. */
export function weightsOf({ parameters }: TorchModel): ReadonlyMap<string, HostTensor<'float32'>> {
  return new Map(
    parameters.map(({ name, gradient: { shape } }, index) => [
      name,
      numbers(100 + index, shape, { scale: 0.5, shift: name.endsWith('orm.weight') ? 1 : 0 }),
    ]),
  );
}

/** The state dict of a module of the vectors. */
export function stateDictOf({ parameters }: TorchModuleCase): ReadonlyMap<string, HostTensor<'float32'>> {
  return new Map(
    Object.entries(parameters).map(([name, shape], index) => [
      name,
      numbers(100 + index, shape, { scale: 0.8, shift: name.includes('norm') && name.endsWith('weight') ? 1 : 0 }),
    ]),
  );
}

/** A vector of the file as the oracle's array. */
export function arrayOf({ shape, data }: Plain): NdArray {
  return { dtype: 'float32', shape, data: Float64Array.from(data) };
}
