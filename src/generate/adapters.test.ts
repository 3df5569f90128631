/** One model with several adapters: each sequence of a batch has its own, and is what it would be with the adapter merged. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mergeAdapter, saveAdapter, saveModel } from '../formats/index.ts';
import type { Adapter } from '../formats/index.ts';
import { linearLayers, llama, withAdapters } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import type { Weights } from './batching/batch-runner.ts';
import { createTextModel } from './create-text-model.ts';
import { loadTextModel } from './load-text-model.ts';
import { byteTokenizer, livelyWeights } from './models.fixture.ts';
import type { TextModel } from './text-model.ts';

const VOCAB = 64;
const model = llama({ layers: 2, heads: 2, kvHeads: 1, width: 32, contextLength: 128, vocabSize: VOCAB });
const weights = livelyWeights(model);

/** An adapter that changes much. */
function adapterOf(name: string, seed: number, layers = linearLayers(model).map((layer) => layer.name)): Adapter {
  const definition = {
    name,
    layers: new Map(layers.map((layer) => [layer, { rank: 2 + seed, alpha: 8 }])),
    rankStabilized: false,
    dropout: 0,
  };
  const all = initialize(withAdapters(model, [definition]).parameters, { seed });
  const own = new Map([...all].filter(([key]) => key.includes('.lora.')));
  for (const [key, { data }] of own) if (key.endsWith('.B')) for (let at = 0; at < data.length; at++) data[at] = Math.sin(at * seed) / 3;
  return { definition, weights: own };
}
const adapters = [adapterOf('a', 1), adapterOf('b', 2, ['blocks.0.attention.query', 'blocks.1.feedForward.down']), adapterOf('c', 3)];
const prompt = Uint32Array.from({ length: 70 }, (_, index) => (index * 7 + 3) % (VOCAB - 1));

async function write(one: TextModel, from = prompt): Promise<readonly number[]> {
  const ids: number[] = [];
  for await (const { id } of one.generate(from, { temperature: 0, maxTokens: 20 })) ids.push(id);
  return ids;
}

describe('adapters of one model', () => {
  let together: TextModel;
  const merged: TextModel[] = [];
  const make = (own: Weights): Promise<TextModel> =>
    createTextModel({ model, weights: own, tokenizer: byteTokenizer(VOCAB) }, { threads: 1 });
  beforeAll(async () => {
    const named = adapters.map((adapter) => ({ name: adapter.definition.name, adapter }));
    together = await createTextModel(
      { model, weights, tokenizer: byteTokenizer(VOCAB), name: 'base', adapters: named },
      { threads: 1, slots: 3, cacheTokens: 2000 },
    );
    merged.push(await make(weights));
    for (const adapter of adapters) merged.push(await make(mergeAdapter(weights, adapter)));
  });
  afterAll(async () => {
    await Promise.all([together, ...merged].map((one) => one.close()));
  });
  const faces = (): readonly TextModel[] => [together, ...(together.adapters ?? [])];

  it('are models of their own, which write what the merged weights write, all in one batch', async () => {
    expect(faces().map(({ name }) => name)).toEqual(['base', 'a', 'b', 'c']);
    const expected: (readonly number[])[] = [];
    for (const one of merged) expected.push(await write(one));
    expect(new Set(expected.map(String)).size).toBe(4);
    expect(await Promise.all(faces().map((one) => write(one)))).toEqual(expected);
    // And again, when prompts are kept: what one adapter computed is nothing to another.
    expect(await Promise.all(faces().map((one) => write(one)))).toEqual(expected);
    expect(together.status!().prefixHits).toBe(4 * 64);
  });

  it('score as merged, and a base beside adapters has the very bits of one without', async () => {
    for (const [index, one] of faces().entries()) {
      const [own, other] = [await one.score(prompt), await merged[index]!.score(prompt)];
      for (let at = 1; at < own.length; at++) expect(Math.abs(own[at]! - other[at]!)).toBeLessThan(1e-3);
    }
    expect(await together.score(prompt)).toEqual(await merged[0]!.score(prompt));
  });

  it('are loaded from their folders', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'adapters-'));
    const tokenizer = await trainTokenizer(['to be or not to be'], { vocabSize: 257 });
    const large = llama({ layers: 1, heads: 2, width: 32, contextLength: 32, vocabSize: tokenizer.vocabSize });
    const base = livelyWeights(large);
    await saveModel(join(folder, 'base'), { model: large, weights: base, tokenizer });
    const layers = new Map([['blocks.0.attention.query', { rank: 2, alpha: 4 }]]);
    const definition = { name: 'poems', layers, rankStabilized: false, dropout: 0 };
    const own = new Map(
      [...initialize(withAdapters(large, [definition]).parameters, { seed: 2 })].filter(([key]) => key.includes('.lora.')),
    );
    await saveAdapter(join(folder, 'poems'), { model: large, definition, weights: own, baseWeights: base });
    const loaded = await loadTextModel(join(folder, 'base'), {
      threads: 1,
      slots: 2,
      bits: 8,
      adapters: new Map([['poet', join(folder, 'poems')]]),
    });
    expect(loaded.adapters?.map(({ name }) => name)).toEqual(['poet']);
    // What the model runs with is nothing to the reader of its attention.
    const reader = await loaded.openAttention!();
    expect(reader.layers).toBe(1);
    await reader.close();
    expect((await write(loaded.adapters![0]!, Uint32Array.of(1, 2, 3))).length).toBeGreaterThan(0);
    await loaded.close();
    await expect(loadTextModel(join(folder, 'base'), { adapters: new Map([['x', join(folder, 'missing')]]) })).rejects.toThrow();
  });
});
