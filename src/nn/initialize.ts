/** Initial weights, by the specification that each parameter carries. */

import { createRandom, elementCount, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { Initializer, ParameterSpec } from '../graph/index.ts';

/**
 * Fills parameters. Each has a random stream of its own, named after it: adding a layer does not change the others.
 *
 * @example
 * ```ts
 * import { axes } from 'weft/graph';
 * import { initialize } from 'weft/nn';
 *
 * const weights = initialize([{ name: 'up.weight', shape: axes('C C', 4, 2), initializer: { kind: 'normal', standardDeviation: 0.02 } }], { seed: 1 });
 * console.log(weights.get('up.weight')?.data.length); // 8
 * ```
 */
export function initialize(parameters: readonly ParameterSpec[], { seed }: { readonly seed: number }): Map<string, HostTensor<'float32'>> {
  return new Map(
    parameters.map(({ name, shape, initializer }) => {
      const sizes = shape.map(({ size }) => Number(size));
      const data = new Float32Array(elementCount(sizes));
      const random = createRandom(seed, name);
      if (initializer.kind === 'constant') data.fill(initializer.value);
      else if (initializer.kind === 'uniform')
        for (let i = 0; i < data.length; i++) data[i] = (2 * random.uniform() - 1) * initializer.bound;
      else for (let i = 0; i < data.length; i++) data[i] = random.normal() * initializer.standardDeviation;
      return [name, hostTensor('float32', sizes, data)];
    }),
  );
}

/**
 * PyTorch's default for the weight and the bias of Linear and Conv: uniform within ±1/√(inputs of an output).
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
 *
 * @example
 * ```ts
 * import { fanInUniform } from 'weft/nn';
 *
 * console.log(fanInUniform(16)); // { kind: 'uniform', bound: 0.25 }
 * ```
 */
export function fanInUniform(inputs: number): Initializer {
  return { kind: 'uniform', bound: 1 / Math.sqrt(inputs) };
}
