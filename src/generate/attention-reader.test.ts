/** Attention maps against the model's own graph in the interpreter, and by what they must be. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost, get } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import { saveModel, saveNetwork } from '../formats/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { bigram, gpt, llama, lstm, qwen3 } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { createAttentionReader, createTextModel, loadTextModel } from './index.ts';
import { livelyWeights } from './models.fixture.ts';

const SIZES = { layers: 2, heads: 4, width: 16, contextLength: 40, vocabSize: 30 };
const MODELS: Readonly<Record<string, LanguageModel>> = {
  gpt: gpt(SIZES),
  'gpt with ALiBi': gpt({ ...SIZES, positions: 'alibi' }),
  'gpt with sinusoids, normed heads and capped scores': gpt({ ...SIZES, positions: 'sinusoidal', queryKeyNorm: true, scoreSoftCap: 3 }),
  llama: llama(SIZES),
  'llama, heads that share keys, a window': llama({ ...SIZES, kvHeads: 2, window: 5 }),
  'qwen3, heads that share keys': qwen3({ ...SIZES, kvHeads: 1 }),
};
const tokens = (count: number, seed = 1): Uint32Array => {
  const random = createRandom(seed);
  return Uint32Array.from({ length: count }, () => random.integer(SIZES.vocabSize));
};

/** The same by the interpreter, in float64, of the text alone: H T T for each layer. */
function slowMaps(model: LanguageModel, ids: Uint32Array): readonly NdArray[] {
  const attentionMaps = new Map<string, Tensor>();
  model.hidden(input('ids', 'int32', axes('B T', 1, ids.length)), { attentionMaps });
  const graph = buildGraph(Object.fromEntries(attentionMaps));
  const weights = Object.fromEntries([...livelyWeights(model)].map(([name, tensor]) => [name, fromHost(tensor)]));
  const results = evaluateGraph(graph, { ...weights, ids: fill('int32', [1, ids.length], ([, t = 0]) => ids[t] ?? 0) });
  return [...results.values()].map((map) => fill('float32', map.shape.slice(1), (at) => get(map, [0, ...at])));
}

describe.for(Object.entries(MODELS))('%s', ([, model]) => {
  test.for([1, 7, 32, 37, 40])('a text of %i tokens, as the interpreter has it', async (time) => {
    const reader = createAttentionReader({ model, weights: livelyWeights(model) }, { threads: 1 });
    expect(reader.layers).toBe(2);
    const ids = tokens(time);
    const maps = await reader.read(ids);
    const slow = slowMaps(model, ids);
    expect(maps.map(({ dtype, shape }) => [dtype, shape])).toEqual([0, 1].map(() => ['float32', [4, time, time]]));
    for (const [layer, map] of maps.entries()) expect(relativeError(fromHost(map), slow[layer]), `layer ${layer}`).toBeLessThan(1e-4);
    await reader.close();
  });

  test('rows sum to 1, and see nothing behind themselves nor before their window', async () => {
    const reader = createAttentionReader({ model, weights: livelyWeights(model) }, { threads: 1 });
    const window = (model.config as { readonly window?: number }).window ?? Infinity;
    const maps = await reader.read(tokens(20));
    for (const map of maps) {
      for (let row = 0; row < 4 * 20; row++) {
        const weights = [...map.data.subarray(20 * row, 20 * (row + 1))];
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        const place = row % 20;
        for (const [to, weight] of weights.entries()) if (to > place || to <= place - window) expect(weight).toBe(0);
      }
    }
    await reader.close();
  });
});

test('texts of all lengths take turns on one reader', async () => {
  const model = llama(SIZES);
  const parts = { model, weights: livelyWeights(model) };
  const reader = createAttentionReader(parts, { threads: 1 });
  const texts = [5, 40, 33, 5, 32].map((count, seed) => tokens(count, seed));
  const together = await Promise.all(texts.map((ids) => reader.read(ids)));
  for (const [index, ids] of texts.entries()) {
    const alone = createAttentionReader(parts, { threads: 1 });
    expect(together[index]).toEqual(await alone.read(ids));
    await alone.close();
  }
  await reader.close();
});

test('what no model reads is refused, and the reader goes on', async () => {
  const model = llama(SIZES);
  const reader = createAttentionReader({ model, weights: livelyWeights(model) }, { threads: 1 });
  const refused = async (ids: Uint32Array, code: string, message: string): Promise<void> =>
    expect(reader.read(ids)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  await refused(Uint32Array.of(1, 30, 2), 'WEFT_GENERATE_TOKEN', 'its tokens are 0 to 29: token 1 of the text is 30');
  await refused(tokens(41), 'WEFT_GENERATE_CONTEXT', 'its context has 40 tokens: the text has 41');
  await refused(new Uint32Array(), 'WEFT_GENERATE_PROMPT', 'at least one token');
  expect(await reader.read(tokens(3))).toHaveLength(2);
  const last = reader.read(tokens(3));
  await Promise.all([reader.close(), reader.close()]);
  expect(await last).toHaveLength(2);
  await refused(tokens(3), 'WEFT_GENERATE_CLOSED', 'closed');
});

test('damaged weights are told', async () => {
  const model = llama(SIZES);
  const broken = new Map(livelyWeights(model)).set(
    'blocks.0.attentionNorm.weight',
    hostTensor('float32', [16], new Float32Array(16).fill(NaN)),
  );
  const reader = createAttentionReader({ model, weights: broken }, { threads: 1 });
  await expect(reader.read(tokens(3))).rejects.toMatchObject({ code: 'WEFT_GENERATE_NOT_FINITE' });
  await reader.close();
});

test('models that do not attend, other weights and unknown options are refused', () => {
  const model = llama(SIZES);
  const weights = livelyWeights(model);
  const counts = bigram({ vocabSize: 5 });
  const code = (word: string): object => expect.objectContaining({ code: word }) as object;
  expect(() => createAttentionReader({ model: counts, weights: initialize(counts.parameters, { seed: 1 }) })).toThrow(
    code('WEFT_GENERATE_ATTENTION'),
  );
  expect(() => createAttentionReader({ model: gpt(SIZES), weights })).toThrow(code('WEFT_GENERATE_WEIGHTS'));
  expect(() => createAttentionReader({ model, weights }, { thread: 1 } as object)).toThrow(code('WEFT_OPTION_UNKNOWN'));
});

describe('of a text model', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-attention-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('from its folder; there is none without', async () => {
    const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
    const sizes = { ...SIZES, vocabSize: tokenizer.vocabSize };
    const model = gpt(sizes);
    const parts = { model, weights: livelyWeights(model) };
    await saveModel(folder, { ...parts, tokenizer });
    const loaded = await loadTextModel(folder, { threads: 1 });
    const ids = tokenizer.encode('or not');
    const [reader, direct] = [await loaded.openAttention?.(), createAttentionReader(parts, { threads: 1 })];
    expect(await reader?.read(ids)).toEqual(await direct.read(ids));
    await Promise.all([reader?.close(), direct.close()]);

    // Another model in the same place is no more this one.
    const other = llama(sizes);
    await saveModel(folder, { model: other, weights: livelyWeights(other), tokenizer });
    await expect(loaded.openAttention?.()).rejects.toMatchObject({ code: 'WEFT_GENERATE_WEIGHTS' });
    await loaded.close();

    // Networks that no other program has a format for: one that attends, one that does not.
    const [own, recurrent] = [
      gpt({ ...sizes, positions: 'alibi' }),
      lstm({ vocabSize: sizes.vocabSize, contextLength: 8, width: 4, hidden: 8 }),
    ];
    await saveNetwork(join(folder, 'own'), { model: own, weights: livelyWeights(own), tokenizer });
    await saveNetwork(join(folder, 'lstm'), { model: recurrent, weights: livelyWeights(recurrent), tokenizer });
    const networks = [await loadTextModel(join(folder, 'own')), await loadTextModel(join(folder, 'lstm'))] as const;
    const ofOwn = await networks[0].openAttention?.();
    expect(await ofOwn?.read(ids)).toHaveLength(2);
    expect(networks[1].openAttention).toBeUndefined();
    await Promise.all([ofOwn?.close(), ...networks.map((network) => network.close())]);

    const inMemory = await createTextModel({ ...parts, tokenizer }, { threads: 1 });
    expect(inMemory.openAttention).toBeUndefined();
    await inMemory.close();
  });
});
