/** Loss, logits and gradients of small GPT-2 and Llama models against PyTorch's, and a cache against the whole text. */

import { describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx, zeroStates } from '../../test/oracle/run-graph.ts';
import { arrayOf, torchVectors, weightsOf } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { axes, buildGraph, input, parameter, reshape, divide, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { attentionCache, tokenLosses } from '../nn/index.ts';
import { gpt, llama } from './index.ts';
import type { LanguageModel } from './index.ts';

const MODELS: readonly LanguageModel[] = [
  gpt({ layers: 2, heads: 2, width: 8, hidden: 16, contextLength: 6, vocabSize: 11 }),
  llama({ layers: 2, heads: 4, kvHeads: 2, headWidth: 4, width: 8, hidden: 12, contextLength: 6, vocabSize: 11 }),
];
const [B, T] = [2, 6];

describe.for(MODELS.map((model) => [model.architecture, model] as const))('%s', ([architecture, model]) => {
  const vector = torchVectors(architecture);
  const ids = input('ids', 'int32', axes('B T', B, T));
  const targets = input('targets', 'int32', axes('N', B * T));
  const hidden = model.hidden(ids, {});
  const logits = model.logits(reshape(hidden, axes('N C', B * T, 8)));
  const loss = divide(sum(tokenLosses(logits, targets)), input('denominator', 'float32', []));
  const parameters = vector.parameters.map(({ name }) => {
    const { shape, initializer } = model.parameters.find((each) => each.name === name)!;
    return parameter(name, shape, initializer);
  });
  const outputs: Record<string, Tensor> = { loss, logits };
  for (const [index, gradient] of gradients(loss, parameters).entries()) outputs[`by ${vector.parameters[index]!.name}`] = gradient;
  const graph = buildGraph(outputs);

  const whole = (values: readonly number[], shape: readonly number[]) => ({
    dtype: 'int32' as const,
    shape,
    data: Float64Array.from(values),
  });
  const weights = [...weightsOf(vector)].map(([name, tensor]) => [name, fromHost(tensor)] as const);
  const kept = vector.targets.filter((target) => target >= 0).length;
  const feeds = {
    ...Object.fromEntries(weights),
    ids: whole(vector.ids, [B, T]),
    targets: whole(vector.targets, [B * T]),
    denominator: { dtype: 'float32' as const, shape: [], data: Float64Array.of(kept) },
  };
  const expected = new Map([
    ['loss', { dtype: 'float32' as const, shape: [], data: Float64Array.of(vector.loss) }],
    ['logits', { ...arrayOf(vector.logits), shape: [B * T, 11] }],
    ...vector.parameters.map(({ name, gradient }) => [`by ${name}`, arrayOf(gradient)] as const),
  ]);

  test('has the parameters that the vectors have', () => {
    const own = model.parameters.map(({ name, shape }) => `${name} ${shape.map(({ size }) => size).join(' ')}`);
    expect(own.sort()).toEqual(vector.parameters.map(({ name, gradient }) => `${name} ${gradient.shape.join(' ')}`).sort());
  });

  test('agrees with PyTorch in the interpreter', () => {
    const actual = evaluateGraph(graph, feeds);
    for (const [what, value] of expected) expect(relativeError(actual.get(what), value), what).toBeLessThan(1e-6);
  });

  /** Logits of all rows: the whole text by a cache, `time` new tokens a run. */
  const byCache = async (time: number, run: typeof runOnnx): Promise<NdArray> => {
    const cache = attentionCache(B, time, { length: T });
    const states = model.logits(model.hidden(input('ids', 'int32', axes('B T', B, time)), { cache }));
    const next = buildGraph({
      logits: states,
      ...Object.fromEntries([...cache.updates].map(([name, tensor]) => [`next:${name}`, tensor])),
    });
    const carried = new Map(Object.entries(zeroStates(next)));
    const rows = new Float64Array(B * T * 11);
    for (let start = 0; start < T; start += time) {
      const results = await run(next, {
        ...feeds,
        ...Object.fromEntries(carried),
        ids: fill('int32', [B, time], ([b = 0, t = 0]) => vector.ids[b * T + start + t] ?? 0),
        positions: fill('int32', [B, time], ([, t = 0]) => start + t),
        lastPositions: fill('int32', [B], () => start + time - 1),
        totalLength: fill('int32', [], () => start + time),
      });
      for (const name of carried.keys()) carried.set(name, results.get(`next:${name}`)!);
      for (let b = 0; b < B; b++) rows.set(results.get('logits')!.data.subarray(b * time * 11, (b + 1) * time * 11), (b * T + start) * 11);
    }
    return { dtype: 'float32', shape: [B * T, 11], data: rows };
  };

  // ONNX Runtime takes several new tokens behind a cache for one text only; the first ones for any number.
  test.for([T, 1])('says the same by a cache, %i tokens a run', async (time) => {
    expect(relativeError(await byCache(time, async (...given) => evaluateGraph(...given)), expected.get('logits'))).toBeLessThan(1e-6);
    expect(relativeError(await byCache(time, runOnnx), expected.get('logits'))).toBeLessThan(1e-4);
  });

  test('agrees with PyTorch on ONNX Runtime', async () => {
    const actual = await runOnnx(graph, feeds);
    for (const [what, value] of expected) expect(relativeError(actual.get(what), value), what).toBeLessThan(1e-4);
  });
});
