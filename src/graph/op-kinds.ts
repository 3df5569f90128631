/**
 * Every kind of operation and its attributes: the union that the tables of shape rules (`graph`), gradients (`autodiff`)
 * and lowerings (`onnx`) are typed by, so that an operation which lacks one of them does not compile.
 */

import type { DType, HostTensor } from '../core/index.ts';
import type { Shape } from './axis.ts';

/** How a parameter is filled before training. */
export type Initializer =
  | { readonly kind: 'normal'; readonly standardDeviation: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

/** What a graph input is: data fed at each run, a trained weight, or state that is carried from run to run. */
export type InputRole = 'feed' | 'parameter' | 'state';

/** What becomes of the products of queries and keys. */
export interface AttentionScores {
  /** Their factor. */
  readonly scale: number;
  /** Then, `cap · tanh(score / cap)`. Gemma Team 2024 ("Gemma 2"), section 2. */
  readonly softCap?: number;
  /** Keys that a query of causal attention sees at most, its own among them. Jiang et al. 2023 ("Mistral 7B"), section 2. */
  readonly window?: number;
}

/** A matrix out × in of whole numbers, each row in blocks that share a scale; as ONNX Runtime's MatMulNBits packs them. */
export interface BlockAttributes {
  readonly bits: 4 | 8;
  /** Numbers that share a scale: a power of 2, at least 16. */
  readonly blockSize: number;
  readonly in: number;
  readonly out: number;
  /** What is multiplied is rounded to 8 bits in blocks, too: faster, and a row has the same bits whatever other rows there are. Default false. */
  readonly roundedInputs?: boolean;
}

type None = Readonly<Record<string, never>>;

/** A number for the rows of an image and one for its columns. */
export type Pair = readonly [number, number];

/** How a kernel moves over an image: steps, zeros on every side, the distance of the kernel's elements, and channels that do not mix. */
export interface ConvolutionAttributes {
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
}

/** How a window moves over an image. */
export interface PoolingAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/** The attributes of each kind of operation. */
export interface OpAttributes {
  // leaves
  readonly input: {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: Shape;
    readonly role: InputRole;
    readonly initializer?: Initializer;
  };
  readonly constant: { readonly value: HostTensor; readonly shape: Shape };
  // element by element, one operand
  readonly negate: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly reciprocal: None;
  readonly abs: None;
  readonly tanh: None;
  readonly sigmoid: None;
  readonly erf: None;
  readonly relu: None;
  readonly gelu: { readonly form: 'erf' | 'tanh' };
  readonly silu: None;
  readonly cast: { readonly to: DType };
  // element by element, NumPy broadcasting
  readonly add: None;
  readonly subtract: None;
  readonly multiply: None;
  readonly divide: None;
  readonly maximum: None;
  readonly minimum: None;
  readonly less: None;
  readonly equal: None;
  readonly where: None;
  // shape
  readonly reshape: { readonly shape: Shape };
  readonly expand: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly slice: { readonly axis: number; readonly start: number; readonly end: number };
  readonly pad: { readonly axis: number; readonly before: number; readonly after: number };
  readonly concat: { readonly axis: number };
  // reductions
  readonly sum: { readonly axes: readonly number[]; readonly keep: boolean };
  readonly max: { readonly axes: readonly number[]; readonly keep: boolean };
  readonly sumOfSquares: None;
  // products
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  readonly blockMatmul: BlockAttributes;
  readonly dequantizeBlocks: BlockAttributes;
  // rows of a table
  readonly gather: None;
  readonly scatterRows: { readonly rows: number };
  // normalisation, attention, loss
  readonly softmax: None;
  readonly logSoftmax: None;
  readonly layerNorm: { readonly epsilon: number };
  readonly rmsNorm: { readonly epsilon: number };
  readonly rotary: { readonly inverse: boolean };
  readonly attention: AttentionScores & {
    readonly causal: boolean;
    /** The operand behind the values is added to the scores. */
    readonly biased?: boolean;
  };
  readonly cachedAttention: AttentionScores & { readonly heads: number; readonly kvHeads: number; readonly rotary: boolean };
  readonly crossEntropy: None;
  // images
  readonly conv2d: ConvolutionAttributes;
  readonly convTranspose2d: ConvolutionAttributes & { readonly outputPadding: Pair };
  readonly maxPool2d: PoolingAttributes;
  readonly averagePool2d: PoolingAttributes;
  readonly batchNorm: { readonly epsilon: number };
  // gradients that a device can do in fewer passes as one operation
  readonly geluGradient: { readonly form: 'erf' | 'tanh' };
  readonly crossEntropyGradient: None;
  readonly maxPool2dGradient: PoolingAttributes;
  // random
  readonly dropoutMask: { readonly rate: number };
}

/** The name of an operation. */
export type OpKind = keyof OpAttributes;
