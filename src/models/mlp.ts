/** The feed-forward network: linear layers with an activation between them. Rumelhart, Hinton and Williams 1986. */

import { checkOptions } from '../core/index.ts';
import { axes, collectParameters, gelu, input, relu, sigmoid, tanh } from '../graph/index.ts';
import type { ParameterSpec, Tensor } from '../graph/index.ts';
import { linear } from '../nn/index.ts';
import { requireCounts, requireOption } from './language-model.ts';

type Activation = 'tanh' | 'relu' | 'sigmoid' | 'gelu';

const ACTIVATIONS: Readonly<Record<Activation, (x: Tensor) => Tensor>> = { tanh, relu, sigmoid, gelu: (x) => gelu(x) };
/** What keeps the scale of activations from layer to layer. He et al. 2015, section 2.2; PyTorch's `calculate_gain`. */
const GAINS: Readonly<Record<Activation, number>> = { tanh: 5 / 3, relu: Math.SQRT2, sigmoid: 1, gelu: 1 };

/** Configuration of {@link mlp}. */
export interface MlpConfig {
  /** Numbers in, widths of the hidden layers, numbers out. */
  readonly sizes: readonly number[];
  /** Between the layers; the last has none. */
  readonly activation: Activation;
  readonly bias: boolean;
}

/** What {@link mlp} makes: a definition, without weights. */
export interface MlpModel {
  readonly architecture: 'mlp';
  readonly config: MlpConfig;
  /** In the order of their use: `layers.0.weight` (out in), `layers.0.bias` (out) and so on. */
  readonly parameters: readonly ParameterSpec[];
  /** Numbers in (… C) to numbers out (… C). */
  forward(x: Tensor): Tensor;
}

/**
 * A feed-forward network. Weights begin with deviation `1/√in` (√2 of it before a ReLU, 5/3 before a tanh), biases as zeros.
 *
 * @param options `activation` defaults to `tanh`, `bias` to true
 * @throws UsageError `WEFT_MODEL_SIZE` when a size is no positive whole number, `WEFT_MODEL_OPTION` when another option is out of its range
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { mlp } from 'weft/models';
 *
 * const model = mlp({ sizes: [10, 8, 1] });
 * console.log(model.parameters.map(({ name, shape }) => `${name} ${formatShape(shape)}`)[0]); // layers.0.weight C C = 8 10
 * console.log(formatShape(model.forward(input('x', 'float32', axes('B C', 4, 10))).shape)); // B C = 4 1
 * ```
 */
export function mlp(options: Pick<MlpConfig, 'sizes'> & Partial<MlpConfig>): MlpModel {
  const action = 'make a feed-forward network';
  checkOptions(action, options, ['sizes', 'activation', 'bias']);
  const config: MlpConfig = { activation: 'tanh', bias: true, ...options };
  const { sizes, activation, bias } = config;
  requireOption(action, ['sizes', sizes.join('-')], { rule: 'two numbers or more', holds: sizes.length >= 2 });
  requireCounts(action, Object.fromEntries(sizes.map((size, index) => [`sizes[${index}]`, size])));
  requireOption(action, ['activation', activation], {
    rule: `one of ${Object.keys(ACTIVATIONS).join(', ')}`,
    holds: Object.hasOwn(ACTIVATIONS, activation),
  });
  const forward = (x: Tensor): Tensor =>
    sizes.slice(1).reduce((y, out, layer) => {
      const width = sizes[layer] ?? 0;
      const isLast = layer === sizes.length - 2;
      const standardDeviation = (isLast ? 1 : GAINS[activation]) / Math.sqrt(width);
      const next = linear(y, { name: `layers.${layer}`, in: width, out, bias, initializer: { kind: 'normal', standardDeviation } });
      return isLast ? next : ACTIVATIONS[activation](next); // … in -> … out
    }, x);
  return {
    architecture: 'mlp',
    config,
    parameters: collectParameters([forward(input('x', 'float32', axes('B C', 1, sizes[0] ?? 0)))]),
    forward,
  };
}
