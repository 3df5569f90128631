/** What every language model here is: a configuration and a function over symbolic tensors. */

import { UsageError } from '../core/index.ts';
import { axes, collectParameters, input } from '../graph/index.ts';
import type { ParameterSpec, Tensor } from '../graph/index.ts';
import type { ForwardContext } from '../nn/index.ts';

/** A causal language model of one architecture: a definition, without weights. */
export interface ModelDefinition<A extends string, C> extends Forward {
  readonly architecture: A;
  readonly config: C;
  readonly vocabSize: number;
  /** The longest text, in tokens. */
  readonly contextLength: number;
  /** Its parameters in the order of their use. */
  readonly parameters: readonly ParameterSpec[];
}

/** What a model computes. */
export interface Forward {
  /** Ids (int32, B T) to the last layer's output (B T C). */
  hidden(ids: Tensor, context: ForwardContext): Tensor;
  /** The last layer's output (… C) to logits (… V); `context` default {}. */
  logits(hidden: Tensor, context?: ForwardContext): Tensor;
}

/** Completes a model definition with its parameters, found by building it once. */
export function defineLanguageModel<A extends string, C extends { readonly vocabSize: number; readonly contextLength: number }>(
  architecture: A,
  config: C,
  forward: Forward,
): ModelDefinition<A, C> {
  return {
    architecture,
    config,
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    parameters: collectParameters([trace(forward)]),
    ...forward,
  };
}

/** The logits of one token: a graph that holds all of the model. */
export function trace(forward: Forward): Tensor {
  return forward.logits(forward.hidden(input('ids', 'int32', axes('B T', 1, 1)), {}), {});
}

/** Throws unless each of `values` is a whole number of at least 1. */
export function requireCounts(action: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new UsageError({
        code: 'WEFT_MODEL_SIZE',
        action,
        rule: `${name} must be a whole number of at least 1`,
        value: String(value),
        remedy: `Give ${name} a positive whole number.`,
      });
    }
  }
}

/** Throws unless an option keeps its rule, which reads after its name. */
export function requireOption(
  action: string,
  [name, value]: readonly [string, number | string],
  { rule, holds }: { readonly rule: string; readonly holds: boolean },
): void {
  if (!holds)
    throw new UsageError({
      code: 'WEFT_MODEL_OPTION',
      action,
      rule: `${name} must be ${rule}`,
      value: String(value),
      remedy: `Give another ${name}, or leave it out.`,
    });
}

/** Throws unless `divisor` divides `value`. */
export function requireDivisor(
  action: string,
  [divisorName, divisor]: readonly [string, number],
  [valueName, value]: readonly [string, number],
): void {
  if (value % divisor !== 0) {
    const choices = Array.from({ length: Math.min(value, 64) }, (_, index) => index + 1).filter((count) => value % count === 0);
    throw new UsageError({
      code: 'WEFT_MODEL_HEADS',
      action,
      rule: `${divisorName} must divide ${valueName}`,
      value: `${divisor} ${divisorName}, ${valueName} ${value}`,
      remedy: `Choose ${divisorName} among ${choices.join(', ')}, or another ${valueName}.`,
    });
  }
}
