/**
 * ParameterSpace of a search: plain data that says between which values to look, and on which scale.
 *
 * Linear, logarithmic and whole numbers and choices are those of Bergstra et al. 2011 ("Algorithms for Hyper-Parameter Optimization",
 * section 2); that one parameter counts only beside some values of another makes the space a tree (its section 4).
 */

import { UsageError } from '../../core/index.ts';

/** What a parameter may be given: plain data that a recipe can hold. */
export type ParameterValue = string | number | boolean | readonly (string | number | boolean)[];

/** Values that other parameters must have: each path with one value or a list of them. */
export type Condition = Readonly<Record<string, ParameterValue>>;

/** A number between two bounds, both included. */
export interface NumberParameter {
  readonly kind: 'number';
  readonly low: number;
  readonly high: number;
  /** On which scale near values are alike. */
  readonly scale: 'linear' | 'log';
  readonly integer: boolean;
  /** When it counts; default always. */
  readonly when?: Condition;
}

/** One of a few values without an order. */
export interface ChoiceParameter<T extends ParameterValue = ParameterValue> {
  readonly kind: 'choice';
  readonly options: readonly T[];
  /** When it counts; default always. */
  readonly when?: Condition;
}

/** Any parameter. */
export type AnyParameter = NumberParameter | ChoiceParameter;

/** ParameterSpace by name. One with a condition stands behind those that the condition names. */
export type ParameterSpace = Readonly<Record<string, AnyParameter>>;

/** A value for each parameter that counts. */
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

/**
 * A number from `low` to `high`, all equally likely at first.
 *
 * @throws UsageError `WEFT_TUNE_PARAMETER` where the bounds are no numbers in order.
 *
 * @example
 * ```ts
 * import { uniform } from 'weft/workflows';
 *
 * console.log(uniform(0, 0.3).scale); // linear
 * ```
 */
export function uniform(low: number, high: number): NumberParameter {
  return numberParameter('uniform', { kind: 'number', low, high, scale: 'linear', integer: false });
}

/**
 * A number from `low` to `high` whose logarithm is equally likely at first: for learning rates and weights of penalties.
 *
 * @throws UsageError `WEFT_TUNE_PARAMETER` where the bounds are no positive numbers in order.
 *
 * @example
 * ```ts
 * import { logUniform } from 'weft/workflows';
 *
 * console.log(logUniform(1e-4, 1e-2).scale); // log
 * ```
 */
export function logUniform(low: number, high: number): NumberParameter {
  return numberParameter('logUniform', { kind: 'number', low, high, scale: 'log', integer: false });
}

/**
 * A whole number from `low` to `high`, all equally likely at first.
 *
 * @throws UsageError `WEFT_TUNE_PARAMETER` where the bounds are no whole numbers in order.
 *
 * @example
 * ```ts
 * import { integer } from 'weft/workflows';
 *
 * console.log(integer(1, 8).integer); // true
 * ```
 */
export function integer(low: number, high: number): NumberParameter {
  return numberParameter('integer', { kind: 'number', low, high, scale: 'linear', integer: true });
}

/**
 * A whole number from `low` to `high`, small ones as likely as the logarithmic scale makes them.
 *
 * @throws UsageError `WEFT_TUNE_PARAMETER` where the bounds are no positive whole numbers in order.
 *
 * @example
 * ```ts
 * import { logInteger } from 'weft/workflows';
 *
 * console.log(logInteger(8, 512).high); // 512
 * ```
 */
export function logInteger(low: number, high: number): NumberParameter {
  return numberParameter('logInteger', { kind: 'number', low, high, scale: 'log', integer: true });
}

/**
 * One of the given values; that some are near each other is not known.
 *
 * @throws UsageError `WEFT_TUNE_PARAMETER` without values, or where one is given twice.
 *
 * @example
 * ```ts
 * import { choice } from 'weft/workflows';
 *
 * console.log(choice('adamw', 'muon').options); // [ 'adamw', 'muon' ]
 * ```
 */
export function choice<const T extends readonly ParameterValue[]>(...options: T): ChoiceParameter<T[number]> {
  const texts = options.map((option) => JSON.stringify(option));
  const twice = texts.find((text, index) => texts.indexOf(text) !== index);
  if (options.length === 0 || twice !== undefined) {
    throw new UsageError({
      code: 'WEFT_TUNE_PARAMETER',
      action: 'make a choice',
      rule: options.length === 0 ? 'there must be a value to choose' : 'a value may be given once',
      ...(twice === undefined ? {} : { value: twice }),
      remedy: "Give different values, e.g. choice('adamw', 'muon').",
    });
  }
  return { kind: 'choice', options };
}

/**
 * A parameter that counts only where others have the given values; elsewhere the recipe's own value stays.
 *
 * @param when - each path with its value, or a list of values; it stands before this parameter in the space.
 *
 * @example
 * ```ts
 * import { choice, logUniform, onlyWhen } from 'weft/workflows';
 *
 * const space = {
 *   'training.optimizer': choice('adamw', 'muon'),
 *   'training.matrixLearningRate': onlyWhen({ 'training.optimizer': 'muon' }, logUniform(0.002, 0.2)),
 * };
 * console.log(space['training.matrixLearningRate'].when); // { 'training.optimizer': 'muon' }
 * ```
 */
export function onlyWhen<P extends AnyParameter>(when: Condition, parameter: P): P & { readonly when: Condition } {
  return { ...parameter, when };
}

/** True when a parameter counts beside `values`. */
export function isActive({ when = {} }: AnyParameter, values: ParameterValues): boolean {
  return Object.entries(when).every(([name, wanted]) => {
    const value = values[name];
    return value !== undefined && (sameValue(value, wanted) || (Array.isArray(wanted) && wanted.some((one) => sameValue(value, one))));
  });
}

/** True for two equal values. */
export function sameValue(a: ParameterValue, b: ParameterValue): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function numberParameter(name: string, parameter: NumberParameter): NumberParameter {
  const { low, high, scale, integer: whole } = parameter;
  const fits = whole ? Number.isSafeInteger : Number.isFinite;
  if (fits(low) && fits(high) && low < high && (scale === 'linear' || low > 0)) return parameter;
  const kind = `${scale === 'log' ? 'positive ' : ''}${whole ? 'whole ' : ''}numbers`;
  throw new UsageError({
    code: 'WEFT_TUNE_PARAMETER',
    action: `make ${name}`,
    rule: `its bounds must be ${kind}, the lower one first`,
    value: `${low}, ${high}`,
    remedy: `Give ${name} two ${kind} in order.`,
  });
}
