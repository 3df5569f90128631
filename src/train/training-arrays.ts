/**
 * The arrays of one training: weights, the optimizer's state, averages and sums of gradients, bucket by bucket in memory and, as views of
 * the same memory, parameter by parameter; and the model's own states.
 */

import { WeftError, allocate, elementCount, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { Shape } from '../graph/index.ts';
import { initialize } from '../nn/index.ts';
import type { Bucket } from './buckets.ts';
import type { Objective } from './objective.ts';
import type { Optimizer, ParameterGroup } from './optimizer.ts';
import { averageOf } from './step-graphs.ts';

/** Weights by parameter name, and the model's own states by theirs. */
export type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/** What the arrays are made for. */
export interface ArrayOptions {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly buckets: readonly Bucket[];
  readonly microBatchSize: number;
  readonly seed: number;
  /** Whether gradients are summed over parts of a step. */
  readonly inParts: boolean;
  /** Whether a running average of the weights is kept. */
  readonly average: boolean;
  /** Weights to start from. */
  readonly weights: Weights | undefined;
}

/** See {@link createArrays}. */
export interface TrainingArrays {
  /** All that graphs read and write beside what is fed, by the names of their inputs. */
  readonly carried: Map<string, HostTensor>;
  /** Trained weights in the model's order, then its states that are saved with them. */
  readonly weights: Weights;
  readonly averaged: Weights;
  readonly optimizerState: Weights;
  /** Sums of gradients; none where a step is computed at once. */
  readonly gradients: Weights;
  /** What the model carries from batch to batch, zeros at first. */
  readonly carries: Weights;
}

/**
 * Makes the arrays, with the weights to start from in them.
 *
 * @throws WeftError `WEFT_TRAIN_WEIGHTS` when a weight to start from is missing or has another shape.
 */
export function createArrays(options: ArrayOptions): TrainingArrays {
  const { objective, optimizer, buckets, microBatchSize, seed, inParts, average } = options;
  const { parameters, frozen, buffers } = objective;
  const carried = new Map<string, HostTensor>();
  /** Memory for buckets under `prefix`, carried as a whole and by parameter; the views, by parameter. */
  const reserve = (prefix: string, those: readonly Bucket[] = buckets): Map<string, HostTensor<'float32'>> => {
    const views = new Map<string, HostTensor<'float32'>>();
    for (const { name, length, parts } of those) {
      const memory = allocate('float32', length);
      carried.set(`${prefix}${name}`, hostTensor('float32', [length], memory));
      for (const part of parts)
        views.set(part.name, hostTensor('float32', part.shape, memory.subarray(part.start, part.start + part.length)));
    }
    for (const [name, view] of views) carried.set(`${prefix}${name}`, view);
    return views;
  };
  const own = (specs: readonly { readonly name: string; readonly shape: Shape }[]): Map<string, HostTensor<'float32'>> => {
    const made = new Map(specs.map(({ name, shape }) => [name, hostTensor('float32', sizesOf(shape))] as const));
    for (const [name, tensor] of made) carried.set(name, tensor);
    return made;
  };

  const trained = reserve('');
  const weights = new Map(parameters.map(({ name }) => [name, trained.get(name) as HostTensor<'float32'>]));
  const optimizerState = new Map<string, HostTensor<'float32'>>();
  const keep = (prefix: string, those?: readonly Bucket[]): Weights => {
    const views = reserve(prefix, those);
    for (const [name, view] of views) optimizerState.set(`${prefix}${name}`, view);
    return views;
  };
  for (const bucket of buckets)
    for (const name of (optimizer.groups[bucket.group] as ParameterGroup).rule.stateNames) keep(`${name}:`, [bucket]);
  const averaged = average ? keep(averageOf('')) : new Map<string, HostTensor<'float32'>>();
  const gradients = inParts ? reserve('gradient:') : new Map<string, HostTensor<'float32'>>();
  for (const [name, tensor] of own(buffers)) weights.set(name, tensor);
  const carries = own(objective.carries(microBatchSize));

  const initial = options.weights ?? initialize([...parameters, ...frozen, ...buffers], { seed });
  for (const [name, { data }] of weights) data.set(weightOf(initial, name, data.length).data);
  for (const { name, shape } of frozen) carried.set(name, weightOf(initial, name, elementCount(sizesOf(shape))));
  for (const [name, { data }] of averaged) data.set(weightOf(weights, name, data.length).data);
  return { carried, weights, averaged, optimizerState, gradients, carries };
}

function sizesOf(shape: Shape): readonly number[] {
  return shape.map(({ size }) => Number(size));
}

function weightOf(weights: Weights, name: string, length: number): HostTensor<'float32'> {
  const given = weights.get(name);
  if (given?.data.length === length) return given;
  throw new WeftError({
    code: 'WEFT_TRAIN_WEIGHTS',
    action: 'start training',
    rule: given === undefined ? 'a weight is missing' : 'a weight has another shape',
    value: name,
    remedy: 'Give the weights of this very model.',
  });
}
