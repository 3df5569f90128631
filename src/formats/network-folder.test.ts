/** Folders of small, recurrent and image models: whole round trips, and what is refused. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hostTensor } from '../core/index.ts';
import { bigram, cnn, gan, gpt, gru, llama, lstm, mlp, mlpLanguageModel, rnn, vae, waveNet } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { loadModel, loadNetwork, saveNetwork, writeSafetensors } from './index.ts';
import type { Network } from './index.ts';

const image = { channels: 1, rows: 8, columns: 8 };
const text = { vocabSize: 11, contextLength: 4, width: 3, hidden: 5 };
const NETWORKS: readonly Network[] = [
  bigram({ vocabSize: 11 }),
  mlpLanguageModel({ ...text, batchNorm: true }),
  waveNet(text),
  rnn({ ...text, start: 'learned' }),
  gru({ ...text, layers: 2 }),
  lstm({ ...text, start: 'carried' }),
  gpt({ layers: 1, heads: 1, width: 4, contextLength: 4, vocabSize: 11, positions: 'alibi', activation: 'reluSquared', logitSoftCap: 30 }),
  llama({ layers: 1, heads: 1, width: 4, contextLength: 4, vocabSize: 11, queryKeyNorm: true, attentionBias: 'all' }),
  mlp({ sizes: [10, 8, 1], activation: 'relu' }),
  cnn({ image, widths: [2, 3], hidden: 5 }),
  vae({ image, latent: 2, hidden: [5] }),
  gan({ image, latent: 2, widths: [2, 3] }),
];

let root = '';
let count = 0;
const folder = (): string => join(root, String(count++));
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-network-'));
});
afterAll(() => rm(root, { recursive: true }));

const LARGE = 1 << 12;
function weightsOf(model: Network): ReturnType<typeof initialize> {
  const weights = initialize([...model.parameters, ...('buffers' in model ? model.buffers : [])], { seed: 1 });
  // Running statistics of the models whose definitions do not list them.
  for (const [name, size] of [
    ['norm', 5],
    ['levels.0.norm', 5],
    ['levels.1.norm', 5],
  ] as const)
    for (const part of ['runningMean', 'runningVariance'])
      if (
        model.architecture !== 'gpt' &&
        model.architecture !== 'llama' &&
        weights.has(`${name}.weight`) &&
        !weights.has(`${name}.${part}`)
      )
        weights.set(`${name}.${part}`, hostTensor('float32', [size], new Float32Array(size).fill(2)));
  return weights;
}

describe.each(NETWORKS.map((model) => [model.architecture, model] as const))('%s', (_, model) => {
  test('is loaded as it was saved, and nothing else is kept', async () => {
    const at = folder();
    const weights = weightsOf(model);
    const extra = new Map([...weights, ['state', hostTensor('float32', [LARGE])] as const]);
    await saveNetwork(at, { model, weights: extra });
    const loaded = await loadNetwork(at);
    expect(loaded.model.config).toEqual(model.config);
    expect(loaded.model.architecture).toBe(model.architecture);
    expect(new Map([...loaded.weights].sort())).toEqual(new Map([...weights].sort()));
  });

  test('a missing weight is named', async () => {
    const [name] = model.parameters.map((parameter) => parameter.name);
    const weights = new Map([...weightsOf(model)].filter(([each]) => each !== name));
    await expect(saveNetwork(folder(), { model, weights })).rejects.toThrow(name);
  });
});

describe('a folder that is refused', () => {
  const model = cnn({ image, widths: [2], hidden: 5 });
  const code = (expected: string): unknown => expect.objectContaining({ code: expected });

  test.each([
    ['WEFT_FORMAT_CONFIG', { architecture: 'transformer' }],
    ['WEFT_FORMAT_CONFIG', { config: { image, widths: [2], hidden: 5, depth: 3 } }],
    ['WEFT_FORMAT_CONFIG', { config: { image, widths: [1e9], hidden: 5 } }],
    ['WEFT_FORMAT_CONFIG', { config: { image, widths: 2, hidden: 5 } }],
    ['WEFT_FORMAT_CONFIG', { config: { image: 'large' } }],
    ['WEFT_FORMAT_CONFIG', { architecture: 'lstm', config: { ...text, layers: 1e6 } }],
    ['WEFT_FORMAT_WEIGHTS', { config: { image, widths: [3], hidden: 5 } }],
    ['WEFT_FORMAT_WEIGHTS', { architecture: 'bigram', config: { vocabSize: 3 } }],
  ])('%s %#', async (expected, change) => {
    const at = folder();
    await saveNetwork(at, { model, weights: weightsOf(model) });
    const config = JSON.parse(await readFile(join(at, 'config.json'), 'utf8')) as object;
    await writeFile(join(at, 'config.json'), JSON.stringify({ ...config, ...change }));
    await expect(loadNetwork(at)).rejects.toThrow(code(expected));
  });

  test('weights in excess, another model’s folder, this one where a transformer is asked for, nothing', async () => {
    const at = folder();
    await saveNetwork(at, { model, weights: weightsOf(model) });
    await expect(loadModel(at)).rejects.toThrow(expect.objectContaining({ remedy: 'Load it with loadNetwork.' }));
    await writeSafetensors(join(at, 'model.safetensors'), new Map([...weightsOf(model), ['more', hostTensor('float32', [1])] as const]));
    await expect(loadNetwork(at)).rejects.toThrow(/more is in excess/);
    await writeFile(join(at, 'config.json'), '{"model_type":"llama"}');
    await expect(loadNetwork(at)).rejects.toThrow(code('WEFT_FORMAT_CONFIG'));
    await expect(loadNetwork(folder())).rejects.toThrow(code('WEFT_FORMAT_FOLDER'));
  });
});

test('a language model comes with its tokenizer', async () => {
  const tokenizer = await trainTokenizer(['emma olivia'], { type: 'characters' });
  const model = bigram({ vocabSize: tokenizer.vocabSize });
  const at = folder();
  await saveNetwork(at, { model, weights: weightsOf(model), tokenizer });
  expect((await loadNetwork(at)).tokenizer?.encode('emma')).toEqual(tokenizer.encode('emma'));
});
