import { describe, expect, it } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { gradients } from '../autodiff/index.ts';
import { createRandom, elementCount } from '../core/index.ts';
import { axes, buildGraph, input, matmul, parameter, sum } from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { NORMAL_002, gatedFeedForward } from './index.ts';
import { inTokenBlocks } from './token-blocks.ts';

const kinds = (graph: Graph, kind: string): number => graph.nodes.filter((node) => node.kind === kind).length;

describe('in blocks of tokens', () => {
  const blocksOf = (batch: number | string, time: number, widest: number): number => {
    let count = 0;
    inTokenBlocks(input('x', 'float32', axes('B T C', batch, time, 4)), widest, (block) => {
      count++;
      return block;
    });
    return count;
  };

  it('cuts what would be large to whole sequences of 512 tokens together at most', () => {
    expect(blocksOf(8, 256, 1536)).toBe(4);
    expect(blocksOf(6, 200, 4096)).toBe(3);
    expect(blocksOf(7, 256, 2048)).toBe(7);
  });

  it('leaves alone what is small, one long sequence, and sizes that are known at run time', () => {
    expect(blocksOf(8, 64, 512)).toBe(1);
    expect(blocksOf(4, 1024, 4096)).toBe(1);
    expect(blocksOf('B', 256, 1536)).toBe(1);
  });

  it('has the values and gradients of the whole, and joins the gradients of its blocks', () => {
    // The same layer twice: wide enough for blocks by what it says, and not.
    const x = input('x', 'float32', axes('B T C', 4, 256, 2));
    const weight = parameter('w', axes('C C', 2, 2), { kind: 'constant', value: 1 });
    const build = (widest: number): Graph => {
      const y = inTokenBlocks(x, widest, (block: Tensor) => matmul(block, weight));
      const [dx, dw] = gradients(sum(matmul(y, weight)), [x, weight]) as [Tensor, Tensor];
      return buildGraph({ y, dx, dw });
    };
    const [whole, blocks] = [build(1), build(1 << 21)];
    expect([kinds(whole, 'slice'), kinds(blocks, 'slice')]).toEqual([0, 4]);
    expect(kinds(blocks, 'pad')).toBe(0);
    const random = createRandom(1);
    const drawn = (...shape: readonly number[]): NdArray => ({
      dtype: 'float32',
      shape,
      data: Float64Array.from({ length: elementCount(shape) }, () => random.normal()),
    });
    const feeds = { x: drawn(4, 256, 2), w: drawn(2, 2) };
    const [a, b] = [evaluateGraph(whole, feeds), evaluateGraph(blocks, feeds)];
    for (const name of ['y', 'dx', 'dw'])
      for (const [index, value] of (a.get(name)?.data ?? []).entries()) expect(b.get(name)?.data[index]).toBeCloseTo(value, 9);
  });

  it('makes the parameters of a layer once', () => {
    const x = input('x', 'float32', axes('B T C', 8, 256, 16));
    const y = gatedFeedForward(x, { name: 'f', width: 16, hidden: 2048, outputInitializer: NORMAL_002 });
    expect(buildGraph({ y }).inputs.map(({ attributes: { name } }) => name)).toEqual([
      'x',
      'f.gate.weight',
      'f.up.weight',
      'f.down.weight',
    ]);
  });
});
