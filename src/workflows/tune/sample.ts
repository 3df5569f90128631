/** Random search: every parameter by itself, evenly on its scale. Bergstra and Bengio 2012, "Random Search for Hyper-Parameter Optimization". */

import type { Random } from '../../core/index.ts';
import { isActive } from './parameters.ts';
import type { AnyParameter, ParameterValue, ParameterValues, ParameterSpace } from './parameters.ts';
import { fromLine, lineOf } from './scale.ts';

/** A value for each parameter that counts, drawn by `draw` in the order of the space. */
export function drawValues(
  parameters: ParameterSpace,
  draw: (parameter: AnyParameter, name: string) => ParameterValue,
): Record<string, ParameterValue> {
  const values: Record<string, ParameterValue> = {};
  for (const [name, parameter] of Object.entries(parameters)) if (isActive(parameter, values)) values[name] = draw(parameter, name);
  return values;
}

/** Values of random search. */
export function randomValues(parameters: ParameterSpace, random: Random): ParameterValues {
  return drawValues(parameters, (parameter) => {
    if (parameter.kind === 'choice') return parameter.options[random.integer(parameter.options.length)] ?? '';
    const { low, high } = lineOf(parameter);
    return fromLine(parameter, low + (high - low) * random.uniform());
  });
}
