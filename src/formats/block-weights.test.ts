/** Rounding in blocks: near the numbers it stands for, packed as MatMulNBits reads it, and a model on it that runs and learns. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import { gpt, llama, linearLayers, withBlockWeights } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { roundBlocks, roundWeights, unroundBlocks } from './index.ts';

function matrixOf(out: number, width: number, seed: number, shift = 0): HostTensor<'float32'> {
  const random = createRandom(seed, 'matrix');
  return hostTensor(
    'float32',
    [out, width],
    Float32Array.from({ length: out * width }, () => random.normal() + shift),
  );
}

const options = fc.record({
  bits: fc.constantFrom(4 as const, 8 as const),
  blockSize: fc.constantFrom(16, 32, 64),
  zeroPoints: fc.boolean(),
});

test('every number lies within its step of the one it stands for', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 80 }), fc.constantFrom(0, 3, -3));
  fc.assert(
    fc.property(options, sizes, fc.integer(), ({ bits, blockSize, zeroPoints }, [out, width, shift], seed) => {
      const matrix = matrixOf(out, width, seed, shift);
      const rounded = roundBlocks(matrix, { bits, blockSize, zeroPoints });
      const back = unroundBlocks(rounded).data;
      const blocks = Math.ceil(width / blockSize);
      for (const [index, value] of matrix.data.entries()) {
        const [row, block] = [Math.floor(index / width), Math.floor((index % width) / blockSize)];
        const step = Math.abs(rounded.scales.data[row * blocks + block]!);
        // Half a step; a whole one where the highest number of a range without zero point is cut, or a zero point is itself rounded.
        expect(Math.abs(back[index]! - value)).toBeLessThanOrEqual(step * 1.001 + 1e-7);
      }
      const mean = back.reduce((total, value, index) => total + Math.abs(value - matrix.data[index]!), 0) / back.length;
      const steps = rounded.scales.data.reduce((total, scale) => total + Math.abs(scale), 0) / rounded.scales.data.length;
      expect(mean).toBeLessThan(0.75 * steps + 1e-7);
    }),
    { seed: 1 },
  );
});

test('takes half a byte or one a number, and four bytes a block', () => {
  const matrix = matrixOf(64, 256, 1);
  const bytes = (bits: 4 | 8, zeroPoints: boolean): number => {
    const { values, scales, zeroPoints: zeros } = roundBlocks(matrix, { bits, zeroPoints });
    return values.data.byteLength + scales.data.byteLength + (zeros?.data.byteLength ?? 0);
  };
  expect(bytes(4, false)).toBe((64 * 256) / 2 + 64 * 8 * 4);
  expect(bytes(8, false)).toBe(64 * 256 + 64 * 8 * 4);
  expect(bytes(4, true)).toBe((64 * 256) / 2 + 64 * 8 * 4 + 64 * 4);
});

test('4 bits without zero points are llama.cpp’s Q4_0: the largest magnitude is -8 steps', () => {
  const { scales, values } = roundBlocks(hostTensor('float32', [1, 4], Float32Array.of(4, -1, 0.26, 8)), { bits: 4, blockSize: 16 });
  expect(scales.data[0]).toBe(-1);
  expect([...values.data.subarray(0, 2)]).toEqual([4 | (9 << 4), 8 | (0 << 4)]);
});

test.each([
  [{ bits: 5 as 4 }, [2, 32]],
  [{ bits: 4, blockSize: 24 }, [2, 32]],
  [{ bits: 4 }, [32]],
] as const)('WEFT_FORMAT_BLOCKS: %o of %j', (wrong, shape) => {
  const run = (): unknown => roundBlocks(hostTensor('float32', [...shape]), wrong);
  expect(run).toThrow(expect.objectContaining({ code: 'WEFT_FORMAT_BLOCKS' }));
});

test('numbers that are not finite are refused', () => {
  for (const value of [NaN, Infinity])
    for (const zeroPoints of [false, true])
      expect(() => roundBlocks(hostTensor('float32', [1, 16], new Float32Array(16).fill(value, 3, 4)), { bits: 8, zeroPoints })).toThrow(
        expect.objectContaining({ code: 'WEFT_FORMAT_BLOCKS' }),
      );
});

const MODELS: readonly LanguageModel[] = [
  gpt({ layers: 2, heads: 2, width: 16, hidden: 40, contextLength: 6, vocabSize: 11 }),
  llama({ layers: 2, heads: 4, kvHeads: 2, headWidth: 4, width: 16, hidden: 40, contextLength: 6, vocabSize: 11 }),
];

describe.each(MODELS.map((model) => [model.architecture, model] as const))('%s', (_, model) => {
  const random = createRandom(5, 'model');
  const weights = new Map(
    [...initialize(model.parameters, { seed: 1 })].map(
      ([name, { shape, data }]) =>
        [
          name,
          hostTensor(
            'float32',
            shape,
            data.map(() => 0.3 * random.normal()),
          ),
        ] as const,
    ),
  );
  const graphOf = (built: LanguageModel) =>
    buildGraph({ logits: built.logits(built.hidden(input('ids', 'int32', axes('B T', 1, 6)), {}), {}) });
  const feedsOf = (given: ReadonlyMap<string, HostTensor>): Record<string, NdArray> => ({
    ...Object.fromEntries([...given].map(([name, tensor]) => [name, fromHost(tensor)])),
    ids: fromHost(hostTensor('int32', [1, 6], Int32Array.of(3, 1, 4, 1, 5, 9))),
  });

  test.each([
    [4, false],
    [4, true],
    [8, false],
    [8, true],
  ] as const)('runs on %i-bit weights as on the numbers they stand for; zero points %s', async (bits, zeroPoints) => {
    const rounded = roundWeights(model, weights, { bits, zeroPoints });
    const blockModel = withBlockWeights(model, rounded.blocks);
    expect(linearLayers(blockModel)).toEqual(linearLayers(model));
    expect(blockModel.parameters.map(({ name }) => name).sort()).toEqual([...rounded.weights.keys()].sort());
    const standing = new Map(weights);
    for (const [name, matrix] of rounded.blocks) standing.set(`${name}.weight`, unroundBlocks(matrix));
    const expected = evaluateGraph(graphOf(model), feedsOf(standing)).get('logits');
    expect(relativeError(evaluateGraph(graphOf(blockModel), feedsOf(rounded.weights)).get('logits'), expected)).toBeLessThan(1e-6);
    expect(relativeError((await runOnnx(graphOf(blockModel), feedsOf(rounded.weights))).get('logits'), expected)).toBeLessThan(1e-5);
  });
});
