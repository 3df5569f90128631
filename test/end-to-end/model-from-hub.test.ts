/** Model folders from a hub on this machine: single and sharded weights, what is downloaded, and what goes wrong. */

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { startHub } from '../../src/hub/hub.fixture.ts';
import type { FakeHub } from '../../src/hub/hub.fixture.ts';
import { llama } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { trainTokenizer } from '../../src/tokenizers/index.ts';
import { loadModel, readModelDefinition, readSafetensors, saveModel, writeSafetensors } from '../../src/formats/index.ts';

let root = '';
const files: Record<string, string | Uint8Array> = {};
let hub: FakeHub;
let caches = 0;
const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 40 });
const weights = initialize(model.parameters, { seed: 1 });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-download-'));
  const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
  const folder = join(root, 'model');
  await saveModel(folder, { model, weights, tokenizer });
  for (const name of await readdir(folder)) files[name] = await readFile(join(folder, name));
  files['pytorch_model.bin'] = 'a pickle';
  files['README.md'] = 'words';
  hub = await startHub(files);
});
afterEach(() => {
  hub.trouble = undefined;
  hub.files = files;
});
afterAll(async () => {
  await hub.close();
  await rm(root, { recursive: true });
});

const options = (): { readonly hub: { readonly endpoint: string; readonly cache: string } } => ({
  hub: { endpoint: hub.endpoint, cache: join(root, `cache-${caches++}`) },
});
const downloaded = (): readonly string[] => hub.seen.filter(({ host }) => host === 'cdn').map(({ path }) => path.slice(1));

test('a repository is loaded like its folder; nothing but what a model needs is downloaded, and once', async () => {
  hub.seen.length = 0;
  const given = options();
  const progress: string[] = [];
  const loaded = await loadModel('hf:org/name', {
    hub: { ...given.hub, onProgress: ({ file, bytes, total }) => void (bytes === total && progress.push(file)) },
  });
  expect(loaded.weights).toEqual(weights);
  expect(loaded.model.config).toEqual(model.config);
  expect(loaded.tokenizer?.vocabSize).toBeGreaterThan(0);
  const wanted = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  expect([...downloaded()].sort()).toEqual(wanted);
  expect([...new Set(progress)].sort()).toEqual(wanted);
  await loadModel('hf:org/name', given);
  expect(downloaded()).toHaveLength(wanted.length);
});

test('of weights that are cut off the rest is fetched at the next try', async () => {
  const given = options();
  const whole = files['model.safetensors'] as Uint8Array;
  hub.trouble = (request, response, host) => {
    if (host !== 'cdn' || !(request.url ?? '').includes('model.safetensors')) return false;
    response.writeHead(200, { 'content-length': whole.length, etag: hub.etag });
    response.write(whole.subarray(0, 1000));
    // What was sent is to arrive first.
    setTimeout(() => response.destroy(), 300);
    return true;
  };
  await expect(loadModel('hf:org/name', { hub: { ...given.hub, patience: 1 } })).rejects.toMatchObject({
    code: expect.stringMatching(/^WEFT_HUB/) as string,
  });
  hub.trouble = undefined;
  hub.seen.length = 0;
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect((await loadModel('hf:org/name', { hub: { ...given.hub, patience: 1 } })).weights).toEqual(weights);
  expect(hub.seen.find(({ path, host }) => host === 'cdn' && path.includes('model.safetensors'))?.range).toBe('bytes=1000-');
});

describe('weights in shards', () => {
  const sharded = async (): Promise<Record<string, string | Uint8Array>> => {
    const { tensors } = await readSafetensors(join(root, 'model', 'model.safetensors'));
    const [first, second] = [0, 1].map((half) => new Map([...tensors].filter((_, index) => index % 2 === half)));
    const map: Record<string, string> = {};
    const { 'model.safetensors': _, ...rest } = files;
    for (const [index, part] of [first!, second!].entries()) {
      const name = `model-0000${index + 1}-of-00002.safetensors`;
      await writeSafetensors(join(root, name), part);
      rest[name] = await readFile(join(root, name));
      for (const tensor of part.keys()) map[tensor] = name;
    }
    rest['model.safetensors.index.json'] = JSON.stringify({ metadata: {}, weight_map: map });
    return rest;
  };

  test('are all downloaded', async () => {
    hub.files = await sharded();
    expect((await loadModel('hf:org/name', options())).weights).toEqual(weights);
  });

  test('of which one is missing are refused by its name', async () => {
    const { 'model-00002-of-00002.safetensors': _, ...rest } = await sharded();
    hub.files = rest;
    await expect(loadModel('hf:org/name', options())).rejects.toMatchObject({
      code: 'WEFT_HUB_MISSING',
      message: expect.stringContaining('model-00002-of-00002.safetensors') as string,
    });
  });

  test('whose index names other places are refused', async () => {
    hub.files = { ...(await sharded()), 'model.safetensors.index.json': '{"weight_map":{"a":"../b.safetensors"}}' };
    await expect(loadModel('hf:org/name', options())).rejects.toMatchObject({ code: 'WEFT_FORMAT_INDEX' });
  });
});

test('a repository of other weights is refused, and says which', async () => {
  const { 'model.safetensors': _, ...rest } = files;
  hub.files = rest;
  await expect(loadModel('hf:org/name', options())).rejects.toMatchObject({
    code: 'WEFT_FORMAT_FOLDER',
    message: expect.stringContaining('pytorch_model.bin') as string,
  });
});

test('a definition needs config.json alone', async () => {
  hub.seen.length = 0;
  expect((await readModelDefinition('hf:org/name', options())).config).toEqual(model.config);
  expect(downloaded()).toEqual(['config.json']);
});
