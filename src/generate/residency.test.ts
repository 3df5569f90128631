import { afterEach, expect, it } from 'vitest';

import { llama } from '../models/index.ts';
import { createTextModel } from './create-text-model.ts';
import { byteTokenizer, livelyWeights } from './models.fixture.ts';
import { createResidency } from './residency.ts';
import type { TextModel } from './text-model.ts';

const VOCAB = 64;
const definition = llama({ layers: 1, heads: 2, width: 32, contextLength: 64, vocabSize: VOCAB });
const BYTES = 4 * [...livelyWeights(definition).values()].reduce((sum, { data }) => sum + data.length, 0);
const models: TextModel[] = [];
afterEach(async () => {
  await Promise.all(models.splice(0).map((model) => model.close()));
});

/** Models of different weights that share room for `fit` of them, and how often each was read. */
async function share(
  count: number,
  fit: number,
): Promise<{ readonly reads: number[]; readonly residency: ReturnType<typeof createResidency> }> {
  const residency = createResidency(fit * BYTES);
  const reads = Array.from({ length: count }, () => 0);
  for (let index = 0; index < count; index++) {
    const weights = livelyWeights(definition, index + 1);
    const reload = async (): Promise<typeof weights> => {
      reads[index]!++;
      return livelyWeights(definition, index + 1);
    };
    const parts = { model: definition, weights, tokenizer: byteTokenizer(VOCAB), name: `${index}`, reload };
    models.push(await createTextModel(parts, { threads: 1, residency }));
  }
  return { reads, residency };
}

async function write(model: TextModel, maxTokens = 5): Promise<readonly number[]> {
  const ids: number[] = [];
  for await (const { id } of model.generate(Uint32Array.of(1, 2, 3), { temperature: 0, maxTokens })) ids.push(id);
  return ids;
}

it('models that do not fit together are loaded when they are asked for, and write the same', async () => {
  const { reads, residency } = await share(3, 2);
  expect(residency.used).toBe(2 * BYTES);
  const first = [await write(models[0]!), await write(models[1]!), await write(models[2]!)];
  expect(new Set(first.map(String)).size).toBe(3);
  expect([await write(models[0]!), await write(models[1]!), await write(models[2]!)]).toEqual(first);
  expect(residency.used).toBeLessThanOrEqual(2 * BYTES);
  expect(reads.every((times) => times > 0)).toBe(true);
  const before = [...reads];
  await write(models[2]!);
  await write(models[1]!);
  expect(reads).toEqual(before); // both are there
});

it('one at work is not given up: its text is whole, though its reader waits for another', async () => {
  await share(2, 1);
  const alone = await write(models[0]!, 40);
  const ids: number[] = [];
  for await (const { id } of models[0]!.generate(Uint32Array.of(1, 2, 3), { temperature: 0, maxTokens: 40 })) {
    if (ids.push(id) === 1) expect((await write(models[1]!)).length).toBeGreaterThan(0);
  }
  expect(ids).toEqual(alone);
  expect(models[0]!.status!()).toMatchObject({ running: 0, blocks: 0 });
  expect(await models[0]!.score(Uint32Array.of(1, 2, 3))).toHaveLength(3);
});

it('all at once get their turn, and a folder that cannot be read again is told', async () => {
  const { residency } = await share(4, 2);
  const texts = await Promise.all(models.map((model) => write(model, 20)));
  expect(texts.every(({ length }) => length > 0)).toBe(true);
  const parts = {
    model: definition,
    weights: livelyWeights(definition),
    tokenizer: byteTokenizer(VOCAB),
    reload: () => Promise.reject(new Error('the folder is gone')),
  };
  models.push(await createTextModel(parts, { threads: 1, residency }));
  await write(models[0]!);
  await write(models[1]!);
  await expect(write(models[4]!)).rejects.toThrow('the folder is gone');
  expect((await write(models[0]!)).length).toBeGreaterThan(0);
});

it('is closed like any other', async () => {
  await share(2, 1);
  await models[0]!.close();
  await expect(write(models[0]!)).rejects.toMatchObject({ code: 'WEFT_GENERATE_CLOSED' });
  expect((await write(models[1]!)).length).toBeGreaterThan(0);
});
