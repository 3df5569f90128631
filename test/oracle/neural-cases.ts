/** Cases of products, normalisations, attention, losses and dropout. */

import { createRandom, hostTensor } from '../../src/core/index.ts';
import {
  attention,
  blockMatmul,
  blockSizes,
  cachedAttention,
  constant,
  crossEntropy,
  crossEntropyGradient,
  dequantizeBlocks,
  dropoutMask,
  layerNorm,
  logSoftmax,
  matmul,
  multiply,
  rmsNorm,
  rotary,
  softmax,
} from '../../src/graph/index.ts';
import type { BlockAttributes, BlockTensors, MatmulOptions, Tensor } from '../../src/graph/index.ts';
import { rotaryAngles } from '../../src/nn/index.ts';
import { toHost } from './nd-array.ts';
import { given, ids, normal, opCase, positive, seeds } from './op-case.ts';
import type { OpCase, OpCases } from './op-case.ts';

/** The kinds whose cases stand here. */
export type NeuralKind =
  | 'matmul'
  | 'blockMatmul'
  | 'dequantizeBlocks'
  | 'softmax'
  | 'logSoftmax'
  | 'layerNorm'
  | 'rmsNorm'
  | 'rotary'
  | 'attention'
  | 'cachedAttention'
  | 'crossEntropy'
  | 'crossEntropyGradient'
  | 'dropoutMask';

type Cases = readonly [OpCase, ...OpCase[]];

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Every combination of transposes on matrices and on batches, with a factor; then shapes where the batch axes broadcast. */
function products(): Cases {
  const cases: OpCase[] = [];
  for (const [transposeA, transposeB] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const options: MatmulOptions = { transposeA, transposeB };
    const name = `${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}`;
    const [a, b] = [transposeA ? [3, 2] : [2, 3], transposeB ? [4, 3] : [3, 4]];
    const build = ({ a, b }: { readonly a: Tensor; readonly b: Tensor }): Tensor => matmul(a, b, options);
    cases.push(
      opCase(`${name} of matrices`, { a: normal(...a), b: normal(...b) }, build),
      opCase(`${name} times a factor`, { a: normal(...a), b: normal(...b) }, ({ a, b }) => matmul(a, b, { ...options, alpha: 0.25 })),
      opCase(`${name} of a batch by a matrix`, { a: normal(5, ...a), b: normal(...b) }, build),
      opCase(`${name} of a matrix by a batch`, { a: normal(...a), b: normal(5, ...b) }, build),
      opCase(`${name} of batches, with a factor`, { a: normal(2, 3, ...a), b: normal(2, 3, ...b) }, ({ a, b }) =>
        matmul(a, b, { ...options, alpha: -1.5 }),
      ),
      opCase(`${name} of stretched batches`, { a: normal(2, 1, ...a), b: normal(3, ...b) }, build),
    );
  }
  cases.push(
    opCase('of one row', { a: normal(1, 3), b: normal(3, 1) }, ({ a, b }) => matmul(a, b)),
    opCase('of a tensor with itself', { x: normal(3, 3) }, ({ x }) => matmul(x, x, { transposeB: true })),
    opCase('of larger matrices', { a: normal(9, 19), b: normal(5, 19) }, ({ a, b }) => matmul(a, b, { transposeB: true })),
  );
  return cases as unknown as Cases;
}

interface AttentionCase {
  readonly heads: number;
  readonly groups: number;
  readonly time: number;
  readonly length?: number;
  readonly causal?: boolean;
  readonly rate?: number;
  /** Width of a value's head where it differs from a query's. */
  readonly valueWidth?: number;
  readonly softCap?: number;
  readonly window?: number;
  /** Shape of what is added to the scores. */
  readonly bias?: readonly number[];
}

function attending(name: string, options: AttentionCase): OpCase {
  const { heads, groups, time, length = time, causal = true, rate = 0, valueWidth = 4, bias: biasShape } = options;
  const inputs = { q: normal(2, heads, time, 4), k: normal(2, groups, length, 4), v: normal(2, groups, length, valueWidth) };
  const scores = {
    causal,
    scale: 0.5,
    ...(options.softCap === undefined ? {} : { softCap: options.softCap }),
    ...(options.window === undefined ? {} : { window: options.window }),
  };
  if (rate === 0 && biasShape !== undefined)
    return opCase(name, { ...inputs, bias: normal(...biasShape) }, ({ q, k, v, bias }) => attention([q, k, v], { ...scores, bias }));
  if (rate === 0) return opCase(name, inputs, ({ q, k, v }) => attention([q, k, v], scores));
  if (biasShape !== undefined)
    return opCase(
      name,
      { ...inputs, bias: normal(...biasShape), rows: seeds(2, heads, time, 1), columns: seeds(length) },
      ({ q, k, v, bias, rows, columns }) => attention([q, k, v], { ...scores, bias }, dropoutMask(rows, columns, rate)),
    );
  return opCase(name, { ...inputs, rows: seeds(2, heads, time, 1), columns: seeds(length) }, ({ q, k, v, rows, columns }) =>
    attention([q, k, v], scores, dropoutMask(rows, columns, rate)),
  );
}

interface CachedCase {
  readonly heads: number;
  readonly groups: number;
  /** New tokens of each text. */
  readonly time: number;
  /** Tokens of each text with the new ones. */
  readonly lengths: readonly number[];
  readonly rotary: boolean;
  /** Width of a head; default 16. */
  readonly width?: number;
  readonly softCap?: number;
  readonly window?: number;
}

/** Caches hold numbers up to what each text has, zeros behind. Rows behind the end of a shorter first text mean nothing: they are left out. */
function cached(name: string, { heads, groups, time, lengths, rotary, width = 16, ...scores }: CachedCase): OpCase {
  const [batch, longest] = [lengths.length, 6];
  const cache = range(batch * groups * longest * width).map((index) => {
    const position = Math.floor(index / width) % longest;
    const before = (lengths[Math.floor(index / (groups * longest * width))] ?? 0) - time;
    return position < before ? Math.fround(Math.sin(index)) : 0;
  });
  const shape = [batch, groups, longest, width];
  const angles = rotaryAngles(longest, width, 100);
  const counts = lengths.flatMap((length) => range(time).map((t) => Number(Math.max(0, length - time) + t < length)));
  const rowsThatCount = constant(hostTensor('float32', [batch, time, 1], Float32Array.from(counts)));
  return opCase(
    name,
    {
      q: normal(batch, time, heads * width),
      k: normal(batch, time, groups * width),
      v: normal(batch, time, groups * width),
      pastKeys: given(cache, shape),
      pastValues: given(
        cache.map((value) => value * 0.5),
        shape,
      ),
      lastPositions: ids(lengths.map((length) => length - 1)),
      totalLength: ids([Math.max(...lengths)], []),
    },
    ({ q, k, v, pastKeys, pastValues, lastPositions, totalLength }) => {
      const caches = { pastKeys, pastValues, lastPositions, totalLength };
      const turning = rotary ? { angles: { cos: constant(angles.cos, 'M D'), sin: constant(angles.sin, 'M D') } } : {};
      const [output, ...next] = cachedAttention(
        { queries: q, keys: k, values: v, ...caches, ...turning },
        { heads, kvHeads: groups, scale: 0.3, ...scores },
      );
      return [multiply(output as Tensor, rowsThatCount), ...next];
    },
    0,
  );
}

/** Blocks of numbers without a pattern, as operands. */
function blocks(attributes: BlockAttributes, withZeros: boolean) {
  const { values, scales, zeroPoints } = blockSizes(attributes);
  const bytes = (count: number, factor: number): readonly number[] =>
    range(count).map((index) => (index * index * 7 + index * factor) % 256);
  const count = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  return {
    values: given(bytes(count(values), 31), values, 'uint8'),
    scales: given(
      range(count(scales)).map((index) => Math.fround(0.01 + 0.003 * Math.sin(index))),
      scales,
    ),
    ...(withZeros ? { zeroPoints: given(bytes(count(zeroPoints), 57), zeroPoints, 'uint8') } : {}),
  };
}

/** Operands as constants: the matrix has no gradient. */
function constants(operands: ReturnType<typeof blocks>): BlockTensors {
  const entries = Object.entries(operands).map(([name, { values }]) => [name, constant(toHost(values(createRandom(1, ''))))]);
  return Object.fromEntries(entries) as BlockTensors;
}

/** Every width and both kinds of zero, rows that are no multiple of a block among them. */
function blockCases(kind: 'blockMatmul' | 'dequantizeBlocks'): Cases {
  const cases = ([4, 8] as const).flatMap((bits) =>
    [false, true].flatMap((withZeros) =>
      (
        [
          [16, 64],
          [32, 96],
          [32, 40],
          [128, 24],
        ] as const
      ).map(([blockSize, width]): OpCase => {
        const attributes = { bits, blockSize, in: width, out: 5 };
        const operands = blocks(attributes, withZeros);
        const name = `${bits} bits in blocks of ${blockSize}, ${width} wide${withZeros ? ', zero points' : ''}`;
        return kind === 'dequantizeBlocks'
          ? opCase(name, operands, (tensors) => dequantizeBlocks(tensors as BlockTensors, attributes), 0)
          : opCase(name, { x: normal(2, 3, width) }, ({ x }) => blockMatmul(x, constants(operands), attributes));
      }),
    ),
  );
  return cases as unknown as Cases;
}

const angles = { cos: normal(5, 3), sin: normal(5, 3) };

export const NEURAL_CASES: Pick<OpCases, NeuralKind> = {
  matmul: products(),
  blockMatmul: blockCases('blockMatmul'),
  dequantizeBlocks: blockCases('dequantizeBlocks'),
  softmax: [
    opCase('of rows', { x: normal(2, 3, 5) }, ({ x }) => softmax(x)),
    opCase('of large numbers', { x: given([1000, 1001, 999, -1000, 0, 88], [2, 3]) }, ({ x }) => softmax(x)),
    opCase('of one column', { x: normal(3, 1) }, ({ x }) => softmax(x)),
  ],
  logSoftmax: [
    opCase('of rows', { x: normal(2, 3, 5) }, ({ x }) => logSoftmax(x)),
    opCase('of large numbers', { x: given([1000, 1001, 999, -1000, 0, 88], [2, 3]) }, ({ x }) => logSoftmax(x)),
    opCase('of one column', { x: normal(3, 1) }, ({ x }) => logSoftmax(x)),
  ],
  layerNorm: [
    opCase('with a bias', { x: normal(2, 3, 8), w: normal(8), b: normal(8) }, ({ x, w, b }) => layerNorm(x, [w, b], 1e-5)),
    opCase('without a bias', { x: normal(2, 3, 8), w: normal(8) }, ({ x, w }) => layerNorm(x, [w], 1e-5)),
    opCase('its result alone', { x: normal(4, 8), w: normal(8) }, ({ x, w }) => layerNorm(x, [w], 1e-5).slice(0, 1)),
    opCase('with a large epsilon', { x: normal(4, 8), w: positive(8), b: normal(8) }, ({ x, w, b }) => layerNorm(x, [w, b], 0.5)),
    opCase('far from 0', { x: given(range(8).map((i) => 100 + i * i)), w: normal(8), b: normal(8) }, ({ x, w, b }) =>
      layerNorm(x, [w, b], 1e-5),
    ),
  ],
  rmsNorm: [
    opCase('of rows', { x: normal(2, 3, 8), w: normal(8) }, ({ x, w }) => rmsNorm(x, w, 1e-5)),
    opCase('its result alone', { x: normal(4, 8), w: normal(8) }, ({ x, w }) => rmsNorm(x, w, 1e-5).slice(0, 1)),
    opCase('with a large epsilon', { x: normal(4, 8), w: positive(8) }, ({ x, w }) => rmsNorm(x, w, 0.5)),
  ],
  rotary: [
    opCase('forward', { x: normal(2, 2, 5, 6) }, ({ x }) => rotary(x, angleConstants())),
    opCase('backward', { x: normal(2, 2, 5, 6) }, ({ x }) => rotary(x, angleConstants(), true)),
    opCase('of fewer positions than angles', { x: normal(1, 2, 3, 6) }, ({ x }) => rotary(x, angleConstants())),
    opCase(
      'by fed angles',
      { x: normal(1, 1, 5, 6), cos: { ...angles.cos }, sin: { ...angles.sin } },
      ({ x, cos, sin }) => rotary(x, { cos, sin }),
      0,
    ),
  ],
  attention: [
    attending('causal', { heads: 2, groups: 2, time: 3 }),
    attending('not causal', { heads: 2, groups: 2, time: 3, causal: false }),
    attending('of two query heads a key head', { heads: 4, groups: 2, time: 3 }),
    attending('of all query heads on one key head', { heads: 3, groups: 1, time: 3 }),
    attending('with dropout', { heads: 2, groups: 2, time: 4, rate: 0.4 }),
    attending('with dropout, of shared key heads', { heads: 4, groups: 2, time: 4, rate: 0.4 }),
    attending('of one token', { heads: 2, groups: 1, time: 1 }),
    attending('of the last tokens on all, causal', { heads: 2, groups: 2, time: 2, length: 5 }),
    attending('of the last tokens on all, of shared key heads', { heads: 4, groups: 2, time: 2, length: 5 }),
    attending('on values of another width', { heads: 2, groups: 2, time: 3, valueWidth: 6 }),
    attending('on values of another width, of shared key heads', { heads: 4, groups: 2, time: 3, valueWidth: 6 }),
    attending('on another text', { heads: 2, groups: 2, time: 2, length: 3, causal: false }),
    attending('with a bias', { heads: 2, groups: 2, time: 2, length: 3, causal: false, bias: [2, 2, 2, 3] }),
    attending('with a bias of keys', { heads: 2, groups: 2, time: 2, length: 3, causal: false, bias: [2, 1, 1, 3] }),
    attending('with a bias of queries and keys, causal', { heads: 2, groups: 2, time: 3, bias: [3, 3] }),
    attending('with a bias of heads, of shared key heads', { heads: 4, groups: 2, time: 3, bias: [1, 4, 1, 3] }),
    attending('with a bias and dropout', { heads: 4, groups: 2, time: 3, bias: [2, 1, 1, 3], rate: 0.4 }),
    attending('with capped scores', { heads: 2, groups: 2, time: 3, softCap: 0.7 }),
    attending('with capped scores and a bias, of shared key heads', { heads: 4, groups: 2, time: 3, softCap: 0.7, bias: [3] }),
    attending('in a window', { heads: 2, groups: 2, time: 5, window: 2 }),
    attending('in a window, of shared key heads', { heads: 4, groups: 2, time: 3, length: 5, window: 3 }),
    attending('in a window, with a bias', { heads: 2, groups: 1, time: 3, window: 2, bias: [2, 1, 1, 3] }),
  ],
  cachedAttention: [
    cached('of a first text', { heads: 2, groups: 2, time: 4, lengths: [4], rotary: false }),
    cached('of a first text, rotary', { heads: 4, groups: 2, time: 4, lengths: [4], rotary: true }),
    cached('of one more token', { heads: 2, groups: 2, time: 1, lengths: [4], rotary: false }),
    cached('of one more token, rotary, heads shared', { heads: 4, groups: 2, time: 1, lengths: [5], rotary: true }),
    cached('of one more token in a full cache', { heads: 4, groups: 1, time: 1, lengths: [6], rotary: true }),
    cached('of texts of unequal length', { heads: 4, groups: 2, time: 1, lengths: [5, 2, 3], rotary: true }),
    cached('of several more tokens', { heads: 2, groups: 1, time: 3, lengths: [5], rotary: true }),
    cached('of first texts of unequal length', { heads: 2, groups: 1, time: 4, lengths: [4, 2], rotary: true }),
    cached('of narrow heads', { heads: 2, groups: 2, time: 1, lengths: [3], rotary: false, width: 6 }),
    cached('of narrow heads, rotary, a first text', { heads: 2, groups: 1, time: 3, lengths: [3], rotary: true, width: 6 }),
    cached('of narrow heads, rotary, one more token', { heads: 4, groups: 2, time: 1, lengths: [5, 2], rotary: true, width: 8 }),
    cached('of narrow heads, rotary, several more tokens', { heads: 2, groups: 1, time: 3, lengths: [5], rotary: true, width: 8 }),
    cached('with capped scores', { heads: 2, groups: 2, time: 1, lengths: [4, 6], rotary: false, softCap: 0.5 }),
    cached('in a window, of a first text', { heads: 2, groups: 1, time: 5, lengths: [5], rotary: true, window: 2 }),
    cached('in a window, of one more token', { heads: 2, groups: 1, time: 1, lengths: [6, 3], rotary: false, window: 3 }),
    cached('in a window, of several more tokens', { heads: 2, groups: 1, time: 3, lengths: [6], rotary: false, window: 2 }),
  ],
  crossEntropy: [
    opCase('of rows', { logits: normal(4, 5), targets: ids([0, 4, 2, 2]) }, ({ logits, targets }) => crossEntropy(logits, targets)),
    opCase('where some targets do not count', { logits: normal(4, 5), targets: ids([-1, 4, -100, 0]) }, ({ logits, targets }) =>
      crossEntropy(logits, targets),
    ),
    opCase('where no target counts', { logits: normal(2, 5), targets: ids([-1, -1]) }, ({ logits, targets }) =>
      crossEntropy(logits, targets),
    ),
    opCase('by int64', { logits: normal(2, 5), targets: ids([3, -1], [2], 'int64') }, ({ logits, targets }) =>
      crossEntropy(logits, targets),
    ),
    opCase('its losses alone', { logits: normal(3, 4), targets: ids([3, -1, 0]) }, ({ logits, targets }) =>
      crossEntropy(logits, targets).slice(0, 1),
    ),
    opCase('of large logits', { logits: given([1000, 0, -1000, 50, 51, 52], [2, 3]), targets: ids([1, 2]) }, ({ logits, targets }) =>
      crossEntropy(logits, targets),
    ),
  ],
  crossEntropyGradient: [
    opCase(
      'of rows',
      { x: normal(3, 5), targets: ids([0, -1, 4]), g: normal(3) },
      ({ x, targets, g }) => crossEntropyGradient(logSoftmax(x), targets, g),
      0,
    ),
  ],
  dropoutMask: [
    opCase('of a matrix', { rows: seeds(20, 1), columns: seeds(30) }, ({ rows, columns }) => dropoutMask(rows, columns, 0.25), 0),
    opCase('of four axes', { rows: seeds(2, 3, 4, 1), columns: seeds(5) }, ({ rows, columns }) => dropoutMask(rows, columns, 0.5), 0),
    opCase('that drops little', { rows: seeds(50, 1), columns: seeds(50) }, ({ rows, columns }) => dropoutMask(rows, columns, 0.01), 0),
    opCase('that drops much', { rows: seeds(50, 1), columns: seeds(50) }, ({ rows, columns }) => dropoutMask(rows, columns, 0.95), 0),
    opCase('on activations', { x: normal(6, 5), rows: seeds(6, 1), columns: seeds(5) }, ({ x, rows, columns }) =>
      multiply(x, dropoutMask(rows, columns, 0.3)),
    ),
  ],
};

function angleConstants(): { readonly cos: Tensor; readonly sin: Tensor } {
  const { cos, sin } = rotaryAngles(5, 6, 10);
  return { cos: constant(cos, 'T D'), sin: constant(sin, 'T D') };
}
