/** Self-attention's kinds against their definitions, and each by a cache against the whole text. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, get } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { createRandom } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { NORMAL_002, alibiSlopes, attentionCache, rotaryAngles, selfAttention } from './index.ts';
import type { SelfAttentionOptions } from './index.ts';

const [B, T, C] = [2, 6, 16];
const SIZES = {
  name: 'attention',
  width: C,
  heads: 4,
  kvHeads: 2,
  headWidth: 4,
  bias: false,
  outputInitializer: NORMAL_002,
  dropoutRate: 0,
};
const angles = (positions: number): ReturnType<typeof rotaryAngles> => rotaryAngles(positions, 4, 100);

const KINDS: Readonly<Record<string, Partial<SelfAttentionOptions>>> = {
  plain: {},
  'with biases of queries, keys and values': { bias: true, outputBias: false },
  ALiBi: { alibi: true },
  'ALiBi of 3 heads': { alibi: true, heads: 3, kvHeads: 3 },
  'QK-norm and rotary': { queryKeyNorm: 1e-6, angles },
  'capped scores': { softCap: 0.5 },
  'a window': { window: 3 },
  'a window, QK-norm, a cap and rotary': { window: 2, queryKeyNorm: 1e-6, softCap: 1, angles },
};

const x = input('x', 'float32', axes('B T C', B, T, C));
const numbersOf = (graph: Graph): Record<string, NdArray> =>
  Object.fromEntries(
    graph.inputs.flatMap(({ attributes: { name, role, shape } }) => {
      const random = createRandom(1, name);
      const sizes = shape.map(({ size }) => Number(size));
      return role === 'state' ? [[name, fill('float32', sizes, () => 0)]] : [[name, fill('float32', sizes, () => random.normal() * 0.7)]];
    }),
  );

describe.for(Object.entries(KINDS))('%s', ([, kind]) => {
  const options: SelfAttentionOptions = { ...SIZES, ...kind };
  const whole = buildGraph({ y: selfAttention(x, options, {}) });
  const feeds = numbersOf(whole);
  const expected = evaluateGraph(whole, feeds).get('y') as NdArray;

  test('on ONNX Runtime as in the interpreter', async () => {
    expect(relativeError((await runOnnx(whole, feeds)).get('y'), expected)).toBeLessThan(1e-4);
  });

  test.for([T, 1])('by a cache, %i tokens a run, as the whole text', async (time) => {
    const cache = attentionCache(B, time, T);
    const y = selfAttention(input('x', 'float32', axes('B T C', B, time, C)), options, { cache });
    const graph = buildGraph({ y, ...Object.fromEntries([...cache.updates].map(([name, tensor]) => [`next:${name}`, tensor])) });
    const states = numbersOf(graph);
    for (let start = 0; start < T; start += time) {
      const results = await runOnnx(graph, {
        ...states,
        ...feeds,
        x: fill('float32', [B, time, C], ([b = 0, t = 0, c = 0]) => get(feeds['x']!, [b, start + t, c])),
        ...('positions' in states ? { positions: fill('int32', [B, time], ([, t = 0]) => start + t) } : {}),
        lastPositions: fill('int32', [B], () => start + time - 1),
        totalLength: fill('int32', [], () => start + time),
      });
      for (const name of cache.updates.keys()) states[name] = results.get(`next:${name}`) as NdArray;
      const rows = fill('float32', [B, time, C], ([b = 0, t = 0, c = 0]) => get(expected, [b, start + t, c]));
      expect(relativeError(results.get('y'), rows), `from ${start}`).toBeLessThan(1e-4);
    }
  });
});

test('ALiBi: a score falls by the slope of its head with each token of distance', () => {
  const graph = buildGraph({ y: selfAttention(x, { ...SIZES, kvHeads: 4, alibi: true }, {}) });
  const node = graph.nodes.find(({ kind }) => kind === 'attention');
  const bias = node?.inputs[3] as Tensor;
  const values = evaluateGraph(buildGraph({ bias }), {}).get('bias') as NdArray;
  for (const [head, slope] of alibiSlopes(4).entries())
    for (let s = 1; s < T; s++) expect(get(values, [0, head, 0, s]) - get(values, [0, head, 0, s - 1])).toBeCloseTo(slope, 6);
});

test('ALiBi with a cap is refused', () => {
  expect(() => selfAttention(x, { ...SIZES, alibi: true, softCap: 1 }, {})).toThrow(expect.objectContaining({ code: 'WEFT_NN_SCORES' }));
});
