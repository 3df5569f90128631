import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { decodeGraph, cacheShapes } from './graphs.ts';
import { inferenceModel } from './inference-model.ts';
import { livelyWeights } from './models.fixture.ts';
import { naive, slowLogSumExp } from './naive.fixture.ts';

const MODELS: readonly LanguageModel[] = [
  gpt({ layers: 2, heads: 2, width: 24, contextLength: 12, vocabSize: 40 }),
  llama({ layers: 2, heads: 4, kvHeads: 2, width: 32, contextLength: 12, vocabSize: 40 }),
];

/** Runs texts of equal length through the file in steps of the given lengths; logits of every token. */
async function run(
  model: LanguageModel,
  bytes: Uint8Array,
  { texts, steps }: { readonly texts: readonly Uint32Array[]; readonly steps: readonly number[] },
): Promise<readonly Float32Array[][]> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const batch = texts.length;
  let caches: Record<string, Tensor> = Object.fromEntries(
    Array.from(cacheShapes(decodeGraph(model)), ([name, shape]) => [
      name,
      new Tensor('float32', new Float32Array(batch * shape.reduce((a, b) => a * b, 1)), [batch, ...shape.slice(1)]),
    ]),
  );
  const logits: Float32Array[][] = texts.map(() => []);
  let past = 0;
  for (const time of steps) {
    const each = <T>(make: (text: Uint32Array, index: number) => T): T[] =>
      texts.flatMap((text) => Array.from({ length: time }, (_, index) => make(text, past + index)));
    const feeds: Record<string, Tensor> = {
      ids: new Tensor('int32', Int32Array.from(each((text, index) => text[index] as number)), [batch, time]),
      positions: new Tensor('int32', Int32Array.from(each((_, index) => index)), [batch, time]),
      lastPositions: new Tensor('int32', new Int32Array(batch).fill(past + time - 1), [batch]),
      totalLength: new Tensor('int32', Int32Array.of(past + time), []),
      rows: new Tensor(
        'int32',
        Int32Array.from({ length: batch * time }, (_, row) => row),
        [batch * time],
      ),
      ...caches,
    };
    const outputs = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as Tensor])));
    caches = Object.fromEntries(Object.keys(caches).map((name) => [name, outputs[`next:${name}`] as Tensor]));
    const [data, logs] = [outputs['logits']?.data as Float32Array, outputs['logProbabilities']?.data as Float32Array];
    for (let row = 0; row < batch * time; row++) {
      const one = data.slice(row * model.vocabSize, (row + 1) * model.vocabSize);
      const total = slowLogSumExp(one);
      for (const [id, value] of one.entries()) expect(Math.abs(value - total - logs[row * model.vocabSize + id]!)).toBeLessThan(1e-4);
      logits[Math.floor(row / time)]?.push(one);
    }
    past += time;
  }
  return logits;
}

describe.each(MODELS.map((model) => [model.architecture, model] as const))('the ONNX file of a %s model', (_, model) => {
  const weights = livelyWeights(model);
  const texts = [1, 2].map((seed) => Uint32Array.from({ length: 12 }, (_unused, index) => (index * 5 + seed * 11) % 40));

  it.each([[[12]], [[5, 1, 1, 5]], [[1, 1, 10]]])(
    'gives the logits of the definition in steps of %j, one text or two at once',
    async (steps) => {
      const twin = await naive(model, weights);
      const bytes = inferenceModel(model, weights);
      for (const some of steps.length === 1 ? [texts.slice(0, 1), texts] : [texts.slice(0, 1)]) {
        const logits = await run(model, bytes, { texts: some, steps });
        for (const [index, text] of some.entries()) {
          for (const [row, expected] of (await twin.logits(text)).entries()) {
            for (const [id, value] of expected.entries()) expect(Math.abs(value - logits[index]![row]![id]!)).toBeLessThan(1e-4);
          }
        }
      }
    },
  );

  it('refuses unknown options', () => {
    expect(() => inferenceModel(model, weights, { cache: 3 } as object)).toThrow(expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN' }));
  });
});
