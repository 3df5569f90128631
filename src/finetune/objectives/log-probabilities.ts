/** What a model gives to the tokens of texts, as graph. */

import { axes, crossEntropy, log, abs, add, exp, maximum, negate, reshape } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import type { ForwardContext } from '../../nn/index.ts';

/** `ln p(target | inputs up to it)` of each token, 0 where the target is negative: ids B T -> B T. */
export function tokenLogProbabilities(
  model: LanguageModel,
  { inputs, targets }: { readonly inputs: Tensor; readonly targets: Tensor },
  context: ForwardContext,
): Tensor {
  const hidden = model.hidden(inputs, context); // B T C
  const rows = { name: 'N', size: targets.shape.reduce((product, { size }) => product * Number(size), 1) };
  const logits = model.logits(reshape(hidden, [rows, ...hidden.shape.slice(-1)]), context); // N V
  const losses = crossEntropy(logits, reshape(targets, [rows]))[0] as Tensor;
  return reshape(negate(losses), targets.shape);
}

/** `ln σ(x)` without overflow: `-max(-x, 0) - ln(1 + e^-|x|)`. */
export function logSigmoid(x: Tensor): Tensor {
  return negate(add(maximum(negate(x), 0), log(add(exp(negate(abs(x))), 1))));
}

/** B (more) T as (B·more) T. */
export function asRows(x: Tensor): Tensor {
  const rows = x.shape.slice(0, -1).reduce((product, { size }) => product * Number(size), 1);
  return reshape(x, [...axes('B', rows), ...x.shape.slice(-1)]);
}
