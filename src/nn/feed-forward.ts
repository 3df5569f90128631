/** The position-wise blocks between attentions. */

import { gelu, multiply, relu, scope, silu } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import type { ForwardContext } from './context.ts';
import { linear } from './layers.ts';
import { inTokenBlocks } from './token-blocks.ts';

/** Options of the feed-forward blocks. */
export interface FeedForwardOptions {
  readonly name: string;
  readonly width: number;
  readonly hidden: number;
  /** Default false. */
  readonly bias?: boolean;
  /** Of the projection back to the width. */
  readonly outputInitializer: Initializer;
}

/** What stands between the two products: GELU (Hendrycks and Gimpel 2016) exactly or by a tanh, ReLU, or its square (So et al. 2021, "Primer"). */
export type FeedForwardActivation = 'gelu' | 'geluTanh' | 'relu' | 'reluSquared';

const ACTIVATIONS: Readonly<Record<FeedForwardActivation, (x: Tensor) => Tensor>> = {
  gelu: (x) => gelu(x, 'erf'),
  geluTanh: (x) => gelu(x, 'tanh'),
  relu,
  reluSquared(x) {
    const positive = relu(x);
    return multiply(positive, positive);
  },
};

/** `W2 · gelu(W1 · x)`, or with another activation. Vaswani et al. 2017, section 3.3. */
export function feedForward(
  x: Tensor,
  options: FeedForwardOptions & { readonly activation: FeedForwardActivation },
  context: ForwardContext = {},
): Tensor {
  const { name, width, hidden, bias = false, outputInitializer, activation } = options;
  return scope(name, () =>
    inTokenBlocks(x, hidden, (block) => {
      const up = linear(block, { name: 'up', in: width, out: hidden, bias }, context); // B T C -> B T 4C
      const active = ACTIVATIONS[activation](up);
      return linear(active, { name: 'down', in: hidden, out: width, bias, initializer: outputInitializer }, context); // B T 4C -> B T C
    }),
  );
}

/**
 * SwiGLU: `W3 · (silu(W1 · x) ∘ W2 · x)`. Shazeer 2020, equation 6. B T C -> B T C.
 *
 * @example
 * ```ts
 * import { axes, collectParameters, input } from 'weft/graph';
 * import { NORMAL_002, gatedFeedForward } from 'weft/nn';
 *
 * const x = input('x', 'float32', axes('B T C', 2, 8, 32));
 * const y = gatedFeedForward(x, { name: 'feedForward', width: 32, hidden: 96, outputInitializer: NORMAL_002 });
 * console.log(collectParameters([y]).length); // 3
 * ```
 */
export function gatedFeedForward(x: Tensor, options: FeedForwardOptions, context: ForwardContext = {}): Tensor {
  const { name, width, hidden, bias = false, outputInitializer } = options;
  return scope(name, () =>
    inTokenBlocks(x, hidden, (block) => {
      const gate = linear(block, { name: 'gate', in: width, out: hidden, bias }, context);
      const up = linear(block, { name: 'up', in: width, out: hidden, bias }, context);
      return linear(multiply(silu(gate), up), { name: 'down', in: hidden, out: width, bias, initializer: outputInitializer }, context);
    }),
  );
}
