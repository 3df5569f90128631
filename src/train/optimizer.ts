/**
 * What an optimizer is: rules of update, each for some of the parameters. A rule is graph: from a parameter, its gradient and its state
 * to their next values.
 */

import { UsageError } from '../core/index.ts';
import type { Tensor } from '../graph/index.ts';
import type { Schedule } from './schedules.ts';

/** A parameter as optimizers choose by: its name, e.g. `blocks.0.attention.query.weight`, and its shape. */
export interface OptimizedParameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** How parameters are updated. Its scalars are computed in float64 outside of the graph and fed at each step. */
export interface UpdateRule {
  /** Names of its state, one tensor of the parameter's shape each. */
  readonly stateNames: readonly string[];
  /** Names of the scalars that the update needs. */
  readonly scalarNames: readonly string[];
  /** Whether every element is updated by itself, so that small parameters can be updated as one vector. */
  readonly elementwise: boolean;
  readonly learningRate: Schedule;
  /** The scalars at a step, counted from 0. */
  scalars(step: number): Readonly<Record<string, number>>;
  /** The next values. `gradientScale` is the clipping factor, still to be applied. */
  update(context: UpdateContext): { readonly parameter: Tensor; readonly states: readonly Tensor[] };
}

/** What {@link UpdateRule.update} works on. */
export interface UpdateContext {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly gradientScale: Tensor;
  readonly states: readonly Tensor[];
  readonly scalars: Readonly<Record<string, Tensor>>;
  /** Whether weight decay applies. */
  readonly decays: boolean;
}

/** A rule and the parameters that it is for. */
export interface ParameterGroup {
  readonly rule: UpdateRule;
  /** Which parameters; the first group that has one takes it. */
  readonly has: (parameter: OptimizedParameter) => boolean;
  /** Which of them weight decay shrinks; default those with two axes or more, as in GPT-2 and its kin. */
  readonly decays?: (parameter: OptimizedParameter) => boolean;
}

/** Rules of update for all parameters of a model. */
export interface Optimizer {
  readonly groups: readonly ParameterGroup[];
  /** What a step reports: the first group's. */
  readonly learningRate: Schedule;
}

/** An optimizer with one rule for all parameters. */
export function singleRule(rule: UpdateRule): Optimizer {
  return { groups: [{ rule, has: () => true }], learningRate: rule.learningRate };
}

/** The place of the group that updates a parameter. */
export function groupOf({ groups }: Optimizer, parameter: OptimizedParameter): number {
  const place = groups.findIndex(({ has }) => has(parameter));
  if (place >= 0) return place;
  throw new UsageError({
    code: 'WEFT_TRAIN_GROUP',
    action: 'train',
    rule: 'every parameter belongs to a group of the optimizer',
    value: parameter.name,
    remedy: 'End the groups with one that has no match, for all other parameters.',
  });
}

/** Options of one group of {@link parameterGroups}. */
export interface GroupOptions {
  /** Which parameters, by their name or otherwise; default all that no earlier group has. */
  readonly match?: RegExp | ((parameter: OptimizedParameter) => boolean);
  /** How they are updated. */
  readonly optimizer: Optimizer;
  /** Whether weight decay applies to them; default to those with two axes or more. */
  readonly decays?: boolean;
}

/**
 * Different optimizers, or one with different options, for different parameters.
 *
 * @param groups The first that matches a parameter updates it.
 * @throws UsageError `WEFT_TRAIN_GROUP`, when training starts, where no group matches a parameter.
 *
 * @example
 * ```ts
 * import { adamw, parameterGroups } from 'weft/train';
 *
 * const optimizer = parameterGroups([
 *   { match: /^head\./, optimizer: adamw({ learningRate: 1e-2 }) },
 *   { optimizer: adamw({ learningRate: 1e-3 }) },
 * ]);
 * console.log(optimizer.groups.length); // 2
 * ```
 */
export function parameterGroups(groups: readonly GroupOptions[]): Optimizer {
  const all = groups.flatMap(({ match, optimizer, decays }) => {
    const matches =
      match === undefined ? (): boolean => true : match instanceof RegExp ? (p: OptimizedParameter) => match.test(p.name) : match;
    return optimizer.groups.map((group): ParameterGroup => ({
      ...group,
      has: (parameter) => matches(parameter) && group.has(parameter),
      ...(decays === undefined ? {} : { decays: () => decays }),
    }));
  });
  const [first] = all;
  if (first === undefined) {
    throw new UsageError({
      code: 'WEFT_TRAIN_GROUP',
      action: 'make an optimizer',
      rule: 'it has a group or more',
      value: 'none',
      remedy: 'Give a group without match for all parameters.',
    });
  }
  return { groups: all, learningRate: first.rule.learningRate };
}
