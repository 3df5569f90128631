/** Self-attention's kinds against their definitions, and each by a cache against the whole text. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, get } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { createRandom } from '../core/index.ts';
import { axes, buildGraph, concat, input, matmul, reshape, scope, slice, transpose } from '../graph/index.ts';
import type { Graph, Tensor } from '../graph/index.ts';
import { NORMAL_002, alibiSlopes, attentionCache, linear, rotaryAngles, selfAttention } from './index.ts';
import type { ForwardContext, SelfAttentionOptions } from './index.ts';

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
    const cache = attentionCache(B, time, { length: T });
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

describe('attention maps', () => {
  const LONG = 130;

  /** A layer's output made of its own map: what each head sees of the values, put together by the output layer. */
  const fromMap = (map: Tensor, from: Tensor, { heads, kvHeads, headWidth, bias, outputBias = bias }: SelfAttentionOptions): Tensor => {
    const [batch, time] = [from.shape[0]!, from.shape[1]!];
    const values = scope('attention', () => linear(from, { name: 'value', in: C, out: kvHeads * headWidth, bias })); // B T (G·D)
    const byHead = transpose(reshape(values, [batch, time, ...axes('G D', kvHeads, headWidth)]), [0, 2, 1, 3]); // B G T D
    const seen = Array.from({ length: heads }, (_, head) => {
      const group = Math.floor(head / (heads / kvHeads));
      return matmul(slice(map, 1, { start: head, end: head + 1 }), slice(byHead, 1, { start: group, end: group + 1 })); // B 1 T D
    });
    const joined = reshape(transpose(concat(seen, 1), [0, 2, 1, 3]), [batch, time, { name: 'C', size: heads * headWidth }]);
    return scope('attention', () => linear(joined, { name: 'output', in: heads * headWidth, out: C, bias: outputBias }));
  };

  test.for([
    ...Object.entries(KINDS).map(([name, kind]) => [name, kind, T] as const),
    ['a long text', { angles }, LONG] as const,
    ['a long text, ALiBi and a window', { alibi: true, window: 40 }, LONG] as const,
  ])('of %s explain the output, which stays as it is', ([, kind, time]) => {
    const options: SelfAttentionOptions = { ...SIZES, ...kind };
    const text = input('x', 'float32', axes('B T C', B, time, C));
    const attentionMaps = new Map<string, Tensor>();
    const y = scope('blocks.3', () => selfAttention(text, options, { attentionMaps }));
    const without = scope('blocks.3', () => selfAttention(text, options, {}));
    expect([...attentionMaps.keys()]).toEqual(['blocks.3.attention']);
    const map = attentionMaps.get('blocks.3.attention')!;
    expect(map.shape.map(({ size }) => size)).toEqual([B, options.heads, time, time]);

    const graph = buildGraph({ map, y, without, explained: scope('blocks.3', () => fromMap(map, text, options)) });
    const results = evaluateGraph(graph, numbersOf(graph));
    expect(relativeError(results.get('y'), results.get('without'))).toBeLessThan(1e-6);
    expect(relativeError(results.get('explained'), results.get('without'))).toBeLessThan(1e-6);
  });

  test('of texts that share a sequence stay within each text', () => {
    const segments = { ids: input('texts', 'int32', axes('B T', B, T)), positions: input('places', 'int32', axes('B T', B, T)) };
    const attentionMaps = new Map<string, Tensor>();
    selfAttention(x, SIZES, { segments, attentionMaps });
    const graph = buildGraph({ map: attentionMaps.get('attention')! });
    const texts = fill('int32', [B, T], ([, t = 0]) => (t < 2 ? 0 : 1));
    const map = evaluateGraph(graph, { ...numbersOf(graph), texts }).get('map') as NdArray;
    for (let t = 0; t < T; t++)
      for (let s = 0; s < T; s++) expect(get(map, [0, 1, t, s]) > 0, `${t} to ${s}`).toBe(s <= t && s < 2 === t < 2);
  });

  test('are not asked for, and change nothing', () => {
    const kinds = (context: ForwardContext, time = LONG): readonly string[] =>
      buildGraph({ y: selfAttention(input('x', 'float32', axes('B T C', B, time, C)), SIZES, context) }).nodes.map(({ kind }) => kind);
    expect(kinds({}).filter((kind) => kind === 'attention')).toHaveLength(2);
    expect(kinds({ attentionMaps: new Map() }).filter((kind) => kind === 'attention')).toHaveLength(1);
    expect(kinds({ attentionMaps: new Map() }, T)).toEqual(kinds({}, T));
  });

  test('a cache keeps none', () => {
    const attentionMaps = new Map<string, Tensor>();
    selfAttention(x, SIZES, { cache: attentionCache(B, T, { length: T }), attentionMaps });
    expect(attentionMaps.size).toBe(0);
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
