import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { saveModel, saveNetwork } from '../formats/index.ts';
import { bigram, gpt, lstm, mlp } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import { createTextModel } from './create-text-model.ts';
import { loadTextModel } from './load-text-model.ts';
import { livelyWeights } from './models.fixture.ts';
import type { TextModel } from './text-model.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-generate-'));
});
afterEach(() => rm(folder, { recursive: true }));

const TEXT = 'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 🦊 und 🐕! '.repeat(20);

async function write(model: TextModel, prompt: string): Promise<string> {
  let text = '';
  for await (const token of model.generate(prompt, { seed: 4, temperature: 1.2, maxTokens: 60 })) {
    expect(Buffer.from(token.text).toString()).toBe(token.text); // no half of a surrogate pair
    text += token.text;
  }
  return text;
}

async function small(): Promise<{
  readonly tokenizer: Tokenizer;
  readonly model: ReturnType<typeof gpt>;
  readonly weights: ReturnType<typeof livelyWeights>;
}> {
  const tokenizer = await trainTokenizer([TEXT], { type: 'bpe', vocabSize: 300 });
  const model = gpt({ layers: 1, heads: 2, width: 16, contextLength: 80, vocabSize: tokenizer.vocabSize });
  return { tokenizer, model, weights: livelyWeights(model) };
}

describe('a model folder', () => {
  it('writes what the model in memory writes, in whole characters', async () => {
    const parts = await small();
    await saveModel(folder, { ...parts, chatTemplate: '{{ messages }}' });
    const [inMemory, loaded] = [await createTextModel(parts), await loadTextModel(folder, { threads: 1 })];
    expect(loaded).toMatchObject({
      name: folder.split('/').at(-1),
      contextLength: 80,
      chatTemplate: '{{ messages }}',
      card: undefined,
      parameters: inMemory.parameters,
    });
    for (const prompt of ['Zwölf', '', '🦊']) {
      const text = await write(loaded, prompt);
      expect(text).toBe(await write(inMemory, prompt));
      expect(text.length).toBeGreaterThan(0);
    }
    await Promise.all([inMemory.close(), loaded.close()]);
  });

  it('is refused without a tokenizer, and when it is none', async () => {
    const { model, weights } = await small();
    await saveModel(folder, { model, weights });
    await expect(loadTextModel(folder)).rejects.toMatchObject({ code: 'WEFT_GENERATE_TOKENIZER' });
    await expect(loadTextModel(join(folder, 'nothing'))).rejects.toMatchObject({ code: expect.stringMatching(/^WEFT_FORMAT_/) as string });
    await writeFile(join(folder, 'model.safetensors'), 'short');
    await expect(loadTextModel(folder)).rejects.toMatchObject({ code: expect.stringMatching(/^WEFT_FORMAT_/) as string });
    await expect(loadTextModel(folder, { thread: 1 } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
  });
});

describe('the folder of a network', () => {
  it('writes, where it is a language model', async () => {
    const tokenizer = await trainTokenizer(['emma olivia ava'], { type: 'characters' });
    const model = lstm({ vocabSize: tokenizer.vocabSize, contextLength: 8, width: 4, hidden: 8 });
    const weights = livelyWeights(model);
    await saveNetwork(folder, { model, weights, tokenizer });
    const [inMemory, loaded] = [await createTextModel({ model, weights, tokenizer }), await loadTextModel(folder, { threads: 1 })];
    expect(await write(loaded, 'em')).toBe(await write(inMemory, 'em'));
    await Promise.all([inMemory.close(), loaded.close()]);
  });

  it('is refused without a tokenizer, and where it is no language model', async () => {
    const model = bigram({ vocabSize: 5 });
    await saveNetwork(folder, { model, weights: livelyWeights(model) });
    await expect(loadTextModel(folder)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_GENERATE_TOKENIZER' }));
    const network = mlp({ sizes: [2, 1] });
    await saveNetwork(folder, { model: network, weights: initialize(network.parameters, { seed: 1 }) });
    await expect(loadTextModel(folder)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_FORMAT_ARCHITECTURE' }));
  });
});
