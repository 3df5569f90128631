/**
 * The gradient rule of every kind of operation: given `y = f(x…)` and the loss's gradient by `y`, its gradient by each `x`.
 * Each rule stands beside its formula; `g` is the gradient that arrives.
 */

import { WeftError } from '../core/index.ts';
import {
  add,
  attentionOperands,
  cast,
  crossEntropyGradient,
  dequantizeBlocks,
  divide,
  equal,
  exp,
  expand,
  geluGradient,
  less,
  matmul,
  maxPool2dGradient,
  mean,
  multiply,
  negate,
  pad,
  reshape,
  rotary,
  scalar,
  scatterRows,
  sigmoid,
  slice,
  subtract,
  sum,
  tanh,
  transpose,
  where,
} from '../graph/index.ts';
import type { Node, OpKind, Shape, Tensor } from '../graph/index.ts';

import { averagePool2dGradient, batchNormGradients, conv2dGradients, convTranspose2dGradients } from './image-gradients.ts';
import { sizeOf } from './size-of.ts';

/** What a rule sees of a node: operands `x`, results `y`, gradients by the results `g` (only of those that were used). */
interface RuleContext<K extends OpKind> {
  readonly node: Node<K>;
  readonly x: readonly Tensor[];
  readonly y: readonly Tensor[];
  readonly g: readonly (Tensor | undefined)[];
}

/** Gradients by the operands, in their order; `undefined` where none flows. */
type GradientRule<K extends OpKind> = (context: RuleContext<K>) => readonly (Tensor | undefined)[];

const at = (list: readonly (Tensor | undefined)[], index: number): Tensor => {
  const tensor = list[index];
  if (tensor === undefined) throw new RangeError(`tensor ${index} is missing`);
  return tensor;
};

/** A rule for `y = f(x)` from `f'(x)·g`. */
function unary<K extends OpKind>(derivative: (x: Tensor, y: Tensor, g: Tensor) => Tensor): GradientRule<K> {
  return ({ x, y, g }) => [derivative(at(x, 0), at(y, 0), at(g, 0))];
}

/** A rule for `y = f(a, b)` with broadcasting: each side's gradient is summed over the axes that were stretched. */
function binary<K extends OpKind>(
  left: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
  right: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
): GradientRule<K> {
  return ({ x, y, g }) => {
    const [a, b, result, gradient] = [at(x, 0), at(x, 1), at(y, 0), at(g, 0)];
    return [reduceTo(left(gradient, a, b, result), a.shape), reduceTo(right(gradient, a, b, result), b.shape)];
  };
}

/** A zero that is chosen where no gradient flows, and stays 0 where the gradient is infinite. */
const zero = (g: Tensor): Tensor => scalar(0, g.dtype);

const none: GradientRule<OpKind> = ({ x }) => x.map(() => undefined);

function forInferenceOnly<K extends OpKind>(action: string, remedy: string): GradientRule<K> {
  return () => {
    throw new WeftError({ code: 'WEFT_GRADIENT_NONE', action: `differentiate ${action}`, rule: 'it has no gradient', remedy });
  };
}

/** The gradient rules. An operation without one does not compile. */
export const GRADIENT_RULES: { readonly [K in OpKind]: GradientRule<K> } = {
  input: none,
  constant: none,
  negate: unary((_x, _y, g) => negate(g)),
  exp: unary((_x, y, g) => multiply(g, y)), // e^x
  log: unary((x, _y, g) => divide(g, x)), // 1/x
  sqrt: unary((_x, y, g) => divide(multiply(g, 0.5), y)), // 1/(2√x)
  reciprocal: unary((_x, y, g) => negate(multiply(g, multiply(y, y)))), // -1/x²
  abs: unary((x, _y, g) => where(less(x, 0), negate(g), g)),
  tanh: unary((_x, y, g) => multiply(g, subtract(1, multiply(y, y)))), // 1 - tanh²
  sigmoid: unary((_x, y, g) => multiply(g, multiply(y, subtract(1, y)))), // σ(1 - σ)
  erf: unary((x, _y, g) => multiply(g, multiply(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI)))), // 2/√π e^(-x²)
  relu: unary((x, _y, g) => where(less(0, x), g, zero(g))),
  gelu: ({ node, x, g }) => [geluGradient(at(x, 0), at(g, 0), node.attributes.form)],
  silu: unary((x, y, g) => {
    const s = sigmoid(x);
    return multiply(g, add(y, multiply(s, subtract(1, y)))); // σ(1 + x(1 - σ)) = y + σ(1 - y)
  }),
  cast: ({ x, g }) => [at(x, 0).dtype.startsWith('float') ? cast(at(g, 0), at(x, 0).dtype) : undefined],
  add: binary(
    (g) => g,
    (g) => g,
  ),
  subtract: binary(
    (g) => g,
    (g) => negate(g),
  ),
  multiply: binary(
    (g, _a, b) => multiply(g, b),
    (g, a) => multiply(g, a),
  ),
  divide: binary(
    (g, _a, b) => divide(g, b),
    (g, _a, b, y) => negate(divide(multiply(g, y), b)),
  ), // -a/b²
  maximum: binary(
    (g, a, b) => where(less(a, b), zero(g), g),
    (g, a, b) => where(less(a, b), g, zero(g)),
  ),
  minimum: binary(
    (g, a, b) => where(less(a, b), g, zero(g)),
    (g, a, b) => where(less(a, b), zero(g), g),
  ),
  less: none,
  equal: none,
  where: ({ x, g }) => {
    const [condition, yes, no, gradient] = [at(x, 0), at(x, 1), at(x, 2), at(g, 0)];
    return [
      undefined,
      reduceTo(where(condition, gradient, zero(gradient)), yes.shape),
      reduceTo(where(condition, zero(gradient), gradient), no.shape),
    ];
  },
  reshape: ({ x, g }) => [reshape(at(g, 0), at(x, 0).shape)],
  expand: ({ x, g }) => [reduceTo(at(g, 0), at(x, 0).shape)],
  transpose: ({ node, g }) => {
    const inverse: number[] = [];
    for (const [to, from] of node.attributes.permutation.entries()) inverse[from] = to;
    return [transpose(at(g, 0), inverse)];
  },
  slice: ({ node, x, g }) => {
    const { axis, start, end } = node.attributes;
    return [pad(at(g, 0), axis, { before: start, after: sizeOf(at(x, 0).shape[axis]) - end })];
  },
  pad: ({ node, x, g }) => {
    const { axis, before } = node.attributes;
    return [slice(at(g, 0), axis, { start: before, end: before + sizeOf(at(x, 0).shape[axis]) })];
  },
  concat: ({ node, x, g }) => {
    let start = 0;
    return x.map((part) => {
      const end = start + sizeOf(part.shape[node.attributes.axis]);
      const gradient = slice(at(g, 0), node.attributes.axis, { start, end });
      start = end;
      return gradient;
    });
  },
  sum: ({ node, x, g }) => [expand(withReducedAxes(at(g, 0), at(x, 0).shape, node.attributes.axes), at(x, 0).shape)],
  max: ({ node, x, y, g }) => {
    const { axes } = node.attributes;
    const [input, highest, gradient] = [
      at(x, 0),
      withReducedAxes(at(y, 0), at(x, 0).shape, axes),
      withReducedAxes(at(g, 0), at(x, 0).shape, axes),
    ];
    const hit = cast(equal(input, highest), input.dtype); // Ties share the gradient, as in PyTorch's amax.
    return [multiply(divide(hit, sum(hit, { axes, keep: true })), gradient)];
  },
  sumOfSquares: ({ x, g }) => [multiply(multiply(at(x, 0), 2), at(g, 0))],
  matmul: ({ node, x, g }) => {
    const { transposeA, transposeB, alpha } = node.attributes;
    const [a, b, gradient] = [at(x, 0), at(x, 1), at(g, 0)];
    const dA = transposeA
      ? matmul(b, gradient, { transposeA: transposeB, transposeB: true, alpha })
      : matmul(gradient, b, { transposeB: !transposeB, alpha });
    // A weight used by a batch of rows: one product over all rows instead of one a batch and a sum.
    const flat = b.shape.length === 2 && a.shape.length > 2 && !transposeA;
    const [rows, rowGradients] = flat ? [flatten(a), flatten(gradient)] : [a, gradient];
    const dB = transposeB
      ? matmul(rowGradients, rows, { transposeA: true, transposeB: transposeA, alpha })
      : matmul(rows, rowGradients, { transposeA: !transposeA, alpha });
    return [reduceTo(dA, a.shape), reduceTo(dB, b.shape)];
  },
  blockMatmul: ({ node, x, g }) => {
    // dx = g·W. W is made where it is needed, rather than kept from the forward pass: all layers' would be as large as the model in float32.
    const [values, scales, zeroPoints] = [at(x, 1), at(x, 2), x[3]];
    const weight = dequantizeBlocks({ values, scales, zeroPoints }, node.attributes);
    return [matmul(at(g, 0), weight), ...x.slice(1).map(() => undefined)];
  },
  dequantizeBlocks: none,
  gather: ({ x, g }) => [scatterRows(at(g, 0), at(x, 1), sizeOf(at(x, 0).shape[0])), undefined],
  scatterRows: forInferenceOnly('scatterRows', 'Second derivatives of table look-ups are not available.'),
  softmax: ({ y, g }) => {
    const [p, gradient] = [at(y, 0), at(g, 0)];
    return [multiply(p, subtract(gradient, sum(multiply(gradient, p), { axes: [-1], keep: true })))]; // p∘(g - Σ g∘p)
  },
  logSoftmax: ({ y, g }) => [subtract(at(g, 0), multiply(exp(at(y, 0)), sum(at(g, 0), { axes: [-1], keep: true })))], // g - softmax·Σg
  layerNorm: ({ x, y, g }) => {
    // x̂ = (x - mean)·inv; g' = g·w; dx = inv·(g' - mean(g') - x̂·mean(g'·x̂)); dw = Σ g·x̂; db = Σ g
    const [input, weight, gradient] = [at(x, 0), at(x, 1), at(g, 0)];
    const inverse = at(y, 2);
    const normal = multiply(subtract(input, at(y, 1)), inverse);
    const weighted = multiply(gradient, weight);
    const centred = subtract(
      subtract(weighted, mean(weighted, { axes: [-1], keep: true })),
      multiply(normal, mean(multiply(weighted, normal), { axes: [-1], keep: true })),
    );
    return [
      multiply(inverse, centred),
      reduceTo(multiply(gradient, normal), weight.shape),
      ...(x[2] === undefined ? [] : [reduceTo(gradient, x[2].shape)]),
    ];
  },
  rmsNorm: ({ x, y, g }) => {
    // x̂ = x·inv; g' = g·w; dx = inv·(g' - x̂·mean(g'·x̂)); dw = Σ g·x̂
    const [input, weight, gradient, inverse] = [at(x, 0), at(x, 1), at(g, 0), at(y, 1)];
    const normal = multiply(input, inverse);
    const weighted = multiply(gradient, weight);
    const centred = subtract(weighted, multiply(normal, mean(multiply(weighted, normal), { axes: [-1], keep: true })));
    return [multiply(inverse, centred), reduceTo(multiply(gradient, normal), weight.shape)];
  },
  rotary: ({ node, x, g }) => [rotary(at(g, 0), { cos: at(x, 1), sin: at(x, 2) }, !node.attributes.inverse), undefined, undefined], // A rotation's transpose turns back.
  attention: ({ node, x, y, g }) => {
    // dP = (dO·Vᵀ)∘M; dS = P∘(dP - rowsum(dO∘O)); dQ = α·dS·K; dK = α·dSᵀ·Q; dV = (P∘M)ᵀ·dO. Heads that share keys are rows of one product.
    // A bias is added to the scores: its gradient is dS. A cap c: dS∘(1 - tanh²(α·QKᵀ/c)) goes on to the products.
    const [q, k, v] = [at(x, 0), at(x, 1), at(x, 2)];
    const { bias, mask } = attentionOperands(x, node.attributes);
    const { scale: alpha, softCap } = node.attributes;
    const [o, p, gradient] = [at(y, 0), at(y, 1), at(g, 0)];
    const group = (tensor: Tensor): Tensor => groupHeads(tensor, k.shape);
    let dP = matmul(group(gradient), v, { transposeB: true });
    if (mask !== undefined) dP = multiply(dP, group(mask));
    const delta = group(sum(multiply(gradient, o), { axes: [-1], keep: true }));
    const dS = multiply(group(p), subtract(dP, delta));
    const dropped = mask === undefined ? group(p) : group(multiply(p, mask));
    let dProduct = dS;
    if (softCap !== undefined) {
      const capped = tanh(matmul(group(q), k, { transposeB: true, alpha: alpha / softCap }));
      dProduct = multiply(dS, subtract(1, multiply(capped, capped)));
    }
    return [
      reshape(matmul(dProduct, k, { alpha }), q.shape),
      matmul(dProduct, group(q), { transposeA: true, alpha }),
      matmul(dropped, group(gradient), { transposeA: true }),
      ...(bias === undefined ? [] : [reduceTo(reshape(dS, p.shape), bias.shape)]),
      ...(mask === undefined ? [] : [undefined]),
    ];
  },
  cachedAttention: forInferenceOnly('attention on a cache', 'Train with the graph that attends without a cache.'),
  crossEntropy: ({ x, y, g }) => [crossEntropyGradient(at(y, 1), at(x, 1), at(g, 0)), undefined],
  conv2d: ({ node, x, g }) => conv2dGradients([at(x, 0), at(x, 1), x[2]], at(g, 0), node.attributes),
  convTranspose2d: ({ node, x, g }) => convTranspose2dGradients([at(x, 0), at(x, 1), x[2]], at(g, 0), node.attributes),
  maxPool2d: ({ node, x, y, g }) => [maxPool2dGradient(at(x, 0), { y: at(y, 0), gradient: at(g, 0) }, node.attributes)],
  averagePool2d: ({ node, x, g }) => [averagePool2dGradient(at(x, 0), at(g, 0), node.attributes)],
  batchNorm: ({ node, x, y, g }) =>
    batchNormGradients([at(x, 0), at(x, 1)], { mean: at(y, 1), variance: at(y, 2), g: at(g, 0), epsilon: node.attributes.epsilon }),
  geluGradient: forInferenceOnly('the gradient of gelu', 'Build gelu from erf or tanh where second derivatives are needed.'),
  crossEntropyGradient: forInferenceOnly(
    'the gradient of the cross-entropy',
    'Build the loss from logSoftmax where second derivatives are needed.',
  ),
  maxPool2dGradient: forInferenceOnly('the gradient of maxPool2d', 'Build it from slices and maximum where second derivatives are needed.'),
  dropoutMask: none,
};

/** Sums a gradient over the axes along which its operand was stretched. */
function reduceTo(gradient: Tensor, shape: Shape): Tensor {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((axis, index) =>
    index < extra || (shape[index - extra]?.size === 1 && axis.size !== 1) ? [index] : [],
  );
  return axes.length === 0 ? gradient : reshape(sum(gradient, { axes }), shape);
}

/** Gives reduced axes back, with size 1. */
function withReducedAxes(tensor: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return reshape(
    tensor,
    shape.map((axis, index) => (axes.includes(index) ? { name: axis.name, size: 1 } : axis)),
  );
}

/** All axes but the last as one. */
function flatten(x: Tensor): Tensor {
  const rows = x.shape.slice(0, -1).reduce((product, axis) => product * sizeOf(axis), 1);
  return reshape(x, [{ name: 'N', size: rows }, ...x.shape.slice(-1)]);
}

/** B H T … with H/G heads a key head -> B G (H/G·T) …, which is the same memory. */
function groupHeads(x: Tensor, keyShape: Shape): Tensor {
  const [heads, groups] = [sizeOf(x.shape[1]), sizeOf(keyShape[1])];
  if (heads === groups) return x;
  const [batch, , time, last] = x.shape;
  if (batch === undefined || time === undefined || last === undefined) throw new RangeError('four axes are needed');
  return reshape(x, [batch, { name: 'G', size: groups }, { name: 'T', size: (heads / groups) * sizeOf(time) }, last]);
}

/** Applies the rule of a node's kind. What a kind gives beside its first result (statistics, probabilities) is for the backward pass itself. */
export function applyRule(node: Node, y: readonly Tensor[], g: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[] {
  const rule = GRADIENT_RULES[node.kind] as GradientRule<OpKind>;
  const beside = g.findIndex((gradient, index) => index > 0 && gradient !== undefined);
  if (beside !== -1) {
    throw new WeftError({
      code: 'WEFT_GRADIENT_NONE',
      action: `differentiate result ${beside} of ${node.kind}`,
      rule: 'only its first result has a gradient',
      remedy: 'Build the loss from the first result.',
    });
  }
  return rule({ node, x: node.inputs, y, g });
}
