/**
 * Parzen estimators: the density of good (or of bad) values of one parameter, estimated from those that were tried.
 *
 * Bergstra et al. 2011, section 4: a number's density is a mixture of Gaussians, one on each value that was seen and one wide one for the
 * prior, cut off at the bounds; a Gaussian is as wide as the larger of the distances to its two neighbours, within limits. A whole number
 * has the mass of its stretch. A choice has the counts, and the prior counts as one value more.
 */

import type { Random } from '../../core/index.ts';
import { sameValue } from './parameters.ts';
import type { AnyParameter, ChoiceParameter, NumberParameter, ParameterValue } from './parameters.ts';
import { fromLine, lineOf, stretchOf, toLine } from './scale.ts';

/** A density that can be drawn from. */
export interface Parzen {
  draw(random: Random): ParameterValue;
  /** Logarithm of the density, or of the mass where values are discrete. */
  logDensity(value: ParameterValue): number;
}

/** The estimator of a parameter from the values that it was seen with. */
export function parzen(parameter: AnyParameter, seen: readonly ParameterValue[]): Parzen {
  return parameter.kind === 'choice' ? choiceParzen(parameter, seen) : numberParzen(parameter, seen as readonly number[]);
}

function choiceParzen({ options }: ChoiceParameter, seen: readonly ParameterValue[]): Parzen {
  const prior = 1 / options.length;
  const shares = options.map((option) => (prior + seen.filter((value) => sameValue(value, option)).length) / (1 + seen.length));
  return {
    draw(random) {
      let rest = random.uniform();
      const index = shares.findIndex((share) => (rest -= share) < 0);
      return options[index === -1 ? options.length - 1 : index] ?? '';
    },
    logDensity: (value) => Math.log(shares[options.findIndex((option) => sameValue(option, value))] ?? 0),
  };
}

interface Gaussian {
  readonly mean: number;
  readonly deviation: number;
  /** Its share of the line. */
  readonly inside: number;
}

function numberParzen(parameter: NumberParameter, seen: readonly number[]): Parzen {
  const { low, high } = lineOf(parameter);
  const places = seen.map((value) => toLine(parameter, value));
  const gaussians = deviations(places, { low, high }).map(({ mean, deviation }): Gaussian => ({
    mean,
    deviation,
    inside: cumulative((high - mean) / deviation) - cumulative((low - mean) / deviation),
  }));
  return {
    draw(random) {
      const { mean, deviation } = gaussians[random.integer(gaussians.length)] ?? { mean: (low + high) / 2, deviation: high - low };
      for (;;) {
        // At least a third of any of them lies inside: the mean does, and none is wider than the line.
        const place = mean + deviation * random.normal();
        if (place >= low && place <= high) return fromLine(parameter, place);
      }
    },
    logDensity(value) {
      const place = toLine(parameter, value as number);
      const stretch = parameter.integer ? stretchOf(parameter, value as number) : undefined;
      let sum = 0;
      for (const { mean, deviation, inside } of gaussians) {
        const z = (place - mean) / deviation;
        sum +=
          stretch === undefined
            ? Math.exp(-0.5 * z * z) / (Math.sqrt(2 * Math.PI) * deviation * inside)
            : (cumulative((stretch.high - mean) / deviation) - cumulative((stretch.low - mean) / deviation)) / inside;
      }
      return Math.log(Math.max(1e-12, sum / gaussians.length));
    },
  };
}

/** Means and widths: the prior's, as wide as the line, and one for each place. */
function deviations(places: readonly number[], { low, high }: { readonly low: number; readonly high: number }) {
  const line = high - low;
  const prior = { mean: (low + high) / 2, deviation: line };
  const means = [...places, prior.mean].sort((a, b) => a - b);
  const least = line / Math.min(100, 1 + means.length);
  const kernels = places.map((mean) => {
    const index = means.indexOf(mean);
    const last = means.lastIndexOf(mean);
    const left = mean - (means[index - 1] ?? low);
    const right = (means[last + 1] ?? high) - mean;
    return { mean, deviation: Math.min(line, Math.max(least, left, right)) };
  });
  return [prior, ...kernels];
}

/** The normal distribution's share below z, to 1.5e-7: Abramowitz and Stegun 1964, 7.1.26. */
function cumulative(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const tail =
    0.5 * t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp((-z * z) / 2);
  return z < 0 ? tail : 1 - tail;
}
