/** Parameters of a model by component. */

import type { ParameterSpec } from '../graph/index.ts';

/** A part of a model as users think of it. */
export type Component = 'token embedding' | 'position embedding' | 'attention' | 'feed-forward' | 'normalization' | 'output head' | 'other';

/** How many numbers a model is made of. */
export interface ParameterCount {
  readonly total: number;
  /** Those with at least one parameter, in the order of the model. */
  readonly components: readonly { readonly component: Component; readonly parameters: number }[];
}

/** The component of a parameter, by the first pattern that its name matches. A tied head has no parameters of its own. */
const COMPONENTS: readonly (readonly [Component, RegExp])[] = [
  ['normalization', /(^|\.)(\w*[nN]orm)\./],
  ['token embedding', /^tokens\./],
  ['position embedding', /^positions\./],
  ['attention', /\.attention\./],
  ['feed-forward', /\.feedForward\./],
  ['output head', /^head\./],
  ['other', /(?:)/],
];

/**
 * Counts the parameters of a model by component.
 *
 * @param model - any model; no weights are needed.
 * @returns the total and each component's share.
 *
 * @example
 * ```ts
 * import { countParameters, preset } from 'weft/cost';
 *
 * console.log(countParameters(preset('gpt2')).total); // 124439808
 * ```
 */
export function countParameters(model: { readonly parameters: readonly ParameterSpec[] }): ParameterCount {
  const counts = new Map<Component, number>();
  let total = 0;
  for (const { name, shape } of model.parameters) {
    const parameters = shape.reduce((product, { size }) => product * Number(size), 1);
    const component = COMPONENTS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';
    counts.set(component, (counts.get(component) ?? 0) + parameters);
    total += parameters;
  }
  const components = (
    ['token embedding', 'position embedding', 'attention', 'feed-forward', 'normalization', 'output head', 'other'] as const
  ).flatMap((component) => {
    const parameters = counts.get(component);
    return parameters === undefined ? [] : [{ component, parameters }];
  });
  return { total, components };
}
