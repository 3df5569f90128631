/** Language models that see a window of so many tokens and say what comes after it, once a window. */

import { axes, collectParameters, input } from '../graph/index.ts';
import type { ParameterSpec, Tensor } from '../graph/index.ts';
import { linear } from '../nn/index.ts';
import type { ForwardContext } from '../nn/index.ts';

/** A language model that predicts one token from a window of `contextLength`: a definition, without weights. */
export interface WindowDefinition<A extends string, C> extends Forward {
  readonly architecture: A;
  readonly config: C;
  readonly vocabSize: number;
  /** Tokens of a window. */
  readonly contextLength: number;
  /** The token that stands in a window for what is before the text begins. */
  readonly padToken: number;
  /** Its parameters in the order of their use. */
  readonly parameters: readonly ParameterSpec[];
}

interface Forward {
  /** Windows of ids (int32, B T, T the context length) to the last layer's output (B C). */
  hidden(ids: Tensor, context: ForwardContext): Tensor;
  /** The last layer's output (B C) to logits (B V). */
  logits(hidden: Tensor): Tensor;
}

/** The output layer with small logits at first, so that the first loss is that of equal chances. B F -> B V. */
export function evenHead(x: Tensor, { in: width, out }: { readonly in: number; readonly out: number }): Tensor {
  const initializer = { kind: 'normal', standardDeviation: 0.1 / Math.sqrt(width) } as const;
  return linear(x, { name: 'head', in: width, out, bias: true, initializer });
}

/** Completes a model definition with its parameters, found by building it once. */
export function defineWindowModel<
  A extends string,
  C extends { readonly vocabSize: number; readonly contextLength: number; readonly padToken: number },
>(architecture: A, config: C, forward: Forward): WindowDefinition<A, C> {
  const { vocabSize, contextLength, padToken } = config;
  const trace = forward.logits(forward.hidden(input('ids', 'int32', axes('B T', 1, contextLength)), {}));
  return { architecture, config, vocabSize, contextLength, padToken, parameters: collectParameters([trace]), ...forward };
}
