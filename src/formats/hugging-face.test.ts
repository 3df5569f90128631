/** Folders of every architecture against transformers' numbers, and saved again. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx, zeroStates } from '../../test/oracle/run-graph.ts';
import { numbers } from '../../test/vectors/torch-vectors.ts';
import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { gpt, llama, mistral, qwen2 } from '../models/index.ts';
import type { AnyModel, BertModel } from '../models/index.ts';
import { attentionCache, initialize, paddingOf } from '../nn/index.ts';
import { loadEncoder, loadModel, readSafetensors, saveModel, writeSafetensors } from './index.ts';
import type { LoadedModel } from './index.ts';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Case = {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
} & Readonly<Partial<Record<'logits' | 'hidden' | 'pooled' | 'pairs' | 'classes' | 'spans', Plain>>>;
interface Vectors {
  readonly ids: readonly (readonly number[])[];
  readonly types: readonly (readonly number[])[];
  readonly seen: readonly (readonly number[])[];
  readonly cases: readonly Case[];
}

const VECTORS = JSON.parse(readFileSync(new URL('../../test/vectors/hugging-face.json', import.meta.url), 'utf8')) as Vectors;
const [B, T] = [2, 12];
const whole = (rows: readonly (readonly number[])[]): NdArray => ({ dtype: 'int32', shape: [B, T], data: Float64Array.from(rows.flat()) });
const ids = input('ids', 'int32', axes('B T', B, T));

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-hugging-face-'));
});
afterAll(() => rm(root, { recursive: true }));

/** The weights of a case, by the formula of the script. */
function weightsOf({ parameters }: Case): Map<string, HostTensor<'float32'>> {
  const isNorm = (name: string): boolean => (name.toLowerCase().includes('norm') || name.includes('.ln_')) && name.endsWith('weight');
  return new Map(
    Object.entries(parameters).map(([name, shape], index) => [
      name,
      numbers(100 + index, shape, { scale: 0.6, shift: isNorm(name) ? 1 : 0 }),
    ]),
  );
}

async function folderOf(each: Case): Promise<string> {
  const folder = await mkdtemp(join(root, 'model-'));
  await writeFile(join(folder, 'config.json'), JSON.stringify(each.config));
  await writeSafetensors(join(folder, 'model.safetensors'), weightsOf(each), { format: 'pt' });
  return folder;
}

const feedsOf = ({ weights }: Pick<LoadedModel<AnyModel>, 'weights'>): Record<string, NdArray> => ({
  ...Object.fromEntries([...weights].map(([name, tensor]) => [name, fromHost(tensor)])),
  ids: whole(VECTORS.ids),
  types: whole(VECTORS.types),
  seen: whole(VECTORS.seen),
});

/** Largest absolute difference. */
function difference(actual: NdArray | undefined, { shape, data }: Plain): number {
  expect(actual?.shape).toEqual(shape);
  return Math.max(...data.map((value, index) => Math.abs(value - (actual?.data[index] ?? NaN))));
}

/** Saved by Weft, a folder has the same tensors under the same names, and loads as the same model. */
async function expectSavedEqual(
  folder: string,
  loaded: LoadedModel<AnyModel>,
  load: (folder: string) => Promise<LoadedModel<AnyModel>>,
): Promise<void> {
  const copy = await mkdtemp(join(root, 'copy-'));
  await saveModel(copy, { model: loaded.model, weights: loaded.weights });
  const [theirs, ours] = [await readSafetensors(join(folder, 'model.safetensors')), await readSafetensors(join(copy, 'model.safetensors'))];
  expect(new Map([...ours.tensors].sort())).toEqual(new Map([...theirs.tensors].sort()));
  const again = await load(copy);
  expect([again.model.architecture, again.model.config]).toEqual([loaded.model.architecture, loaded.model.config]);
  const [before, after] = await Promise.all(
    [folder, copy].map(async (each) => JSON.parse(await readFile(join(each, 'config.json'), 'utf8')) as Record<string, unknown>),
  );
  expect(after!['architectures']).toEqual(before!['architectures']);
}

const languages = VECTORS.cases.filter(({ name }) => !name.startsWith('BERT'));

describe.for(languages.map((each) => [each.name, each] as const))('%s', ([, each]) => {
  test("gives transformers' logits, in both engines and by a cache", async () => {
    const folder = await folderOf(each);
    const loaded = await loadModel(folder);
    const { model } = loaded;
    const expected = each.logits as Plain;
    const graph = buildGraph({ logits: model.logits(model.hidden(ids, {})) });
    for (const results of [evaluateGraph(graph, feedsOf(loaded)), await runOnnx(graph, feedsOf(loaded))])
      expect(difference(results.get('logits'), expected)).toBeLessThan(1e-4);

    const cache = attentionCache(B, T, { length: model.contextLength });
    const logits = model.logits(model.hidden(ids, { cache }));
    const prompt = buildGraph({ logits, ...Object.fromEntries(cache.updates) });
    const caches = Object.entries(zeroStates(prompt));
    // A cache's input and output must differ in name.
    const whole = buildGraph({ logits, ...Object.fromEntries([...cache.updates].map(([name, tensor]) => [`next:${name}`, tensor])) });
    const results = await runOnnx(whole, {
      ...feedsOf(loaded),
      ...Object.fromEntries(caches),
      positions: fill('int32', [B, T], ([, t = 0]) => t),
      lastPositions: fill('int32', [B], () => T - 1),
      totalLength: fill('int32', [], () => T),
    });
    expect(difference(results.get('logits'), expected)).toBeLessThan(1e-4);
    await expectSavedEqual(folder, loaded, loadModel);
  });
});

describe.for(VECTORS.cases.filter(({ name }) => name.startsWith('BERT')).map((each) => [each.name, each] as const))('%s', ([, each]) => {
  test("gives transformers' outputs in both engines, and is saved as it was", async () => {
    const folder = await folderOf(each);
    const loaded = await loadEncoder(folder);
    const { model } = loaded;
    const types = input('types', 'int32', axes('B T', B, T));
    const hidden = model.hidden({ ids, types, keyPadding: paddingOf(input('seen', 'int32', axes('B T', B, T)), 0) }, {});
    const builders: Readonly<Record<string, (model: BertModel) => Tensor>> = {
      hidden: () => hidden,
      pooled: ({ pooled }) => pooled(hidden),
      logits: ({ maskedLogits }) => maskedLogits(hidden),
      pairs: ({ pairLogits }) => pairLogits(hidden),
      classes: ({ classLogits }) => classLogits(hidden, {}),
      spans: ({ spanLogits }) => spanLogits(hidden),
    };
    const asked = Object.entries(builders).filter(([what]) => what in each);
    expect(asked.length).toBeGreaterThan(0);
    const graph = buildGraph(Object.fromEntries(asked.map(([what, build]) => [what, build(model)])));
    for (const results of [evaluateGraph(graph, feedsOf(loaded)), await runOnnx(graph, feedsOf(loaded))])
      for (const [what] of asked) expect(difference(results.get(what), each[what as 'logits'] as Plain), what).toBeLessThan(1e-4);
    await expectSavedEqual(folder, loaded, loadEncoder);
  });
});

const named = (name: string): Case => VECTORS.cases.find((each) => each.name === name) as Case;

describe('an encoder under another head', () => {
  test('keeps its own weights; those of the head are left to be made', async () => {
    const { model, weights } = await loadEncoder(await folderOf(named('BERT, masked tokens')), { head: 'classification', classes: 4 });
    expect(model.config).toMatchObject({ head: 'classification', classes: 4 });
    const missing = model.parameters.filter(({ name }) => !weights.has(name)).map(({ name }) => name);
    expect(missing.sort()).toEqual(['classifier.bias', 'classifier.weight', 'pooler.bias', 'pooler.weight']);
  });

  test('that has parts of it in the file keeps those', async () => {
    const { model, weights } = await loadEncoder(await folderOf(named('BERT, pre-training')), { head: 'pair' });
    expect(weights.size).toBe(model.parameters.length);
  });

  test('still refuses a file without a weight of the encoder', async () => {
    const each = named('BERT, masked tokens');
    const folder = await folderOf(each);
    const weights = weightsOf(each);
    weights.delete('bert.encoder.layer.1.output.dense.bias');
    await writeSafetensors(join(folder, 'model.safetensors'), weights);
    await expect(loadEncoder(folder, { head: 'pair' })).rejects.toMatchObject({
      code: 'WEFT_FORMAT_WEIGHTS',
      message: expect.stringContaining('bert.encoder.layer.1.output.dense.bias is missing') as string,
    });
  });
});

test('BERT with the names of the oldest files, the output layer twice, and numbered positions', async () => {
  const each = named('BERT, masked tokens');
  const folder = await folderOf(each);
  const weights = new Map<string, HostTensor>(
    [...weightsOf(each)].map(([name, tensor]) => [
      name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
      tensor,
    ]),
  );
  weights.set('bert.embeddings.position_ids', hostTensor('int64', [1, 16]));
  weights.set('cls.predictions.decoder.weight', hostTensor('float32', [13, 16]));
  await writeSafetensors(join(folder, 'model.safetensors'), weights);
  expect((await loadEncoder(folder)).weights).toEqual((await loadEncoder(await folderOf(each))).weights);
});

describe('is refused:', () => {
  const refused = async (name: string, fields: object, load: (folder: string) => Promise<unknown> = loadModel): Promise<unknown> => {
    const folder = await folderOf(named(name));
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...named(name).config, ...fields }));
    return load(folder);
  };
  test.for([
    [
      'a window in some layers',
      'Qwen2, windows',
      { layer_types: ['full_attention', 'sliding_attention'] },
      'a sliding window in some of the layers',
    ],
    [
      'a window from a later layer on',
      'Qwen2, windows',
      { layer_types: null, max_window_layers: 1 },
      'a sliding window in some of the layers',
    ],
    ['angles stretched in another way', 'Llama', { rope_parameters: { rope_type: 'yarn', factor: 4 } }, 'rotary positions scaled by yarn'],
    [
      "Llama 3's angles without their numbers",
      'Llama',
      { rope_scaling: { type: 'llama3', factor: 4 } },
      'rotary positions scaled by llama3',
    ],
  ] as const)('%s', async ([, name, fields, value]) => {
    await expect(refused(name, fields)).rejects.toMatchObject({
      code: 'WEFT_FORMAT_FEATURE',
      message: expect.stringContaining(value) as string,
    });
  });

  test('BERT where a language model is asked for, and the other way round', async () => {
    await expect(refused('BERT', {})).rejects.toMatchObject({
      code: 'WEFT_FORMAT_ARCHITECTURE',
      remedy: expect.stringContaining('loadEncoder') as string,
    });
    await expect(refused('Llama', {}, loadEncoder)).rejects.toMatchObject({
      code: 'WEFT_FORMAT_ARCHITECTURE',
      remedy: expect.stringContaining('loadModel') as string,
    });
    await expect(refused('BERT', { position_embedding_type: 'relative_key' }, loadEncoder)).rejects.toMatchObject({
      code: 'WEFT_FORMAT_FEATURE',
    });
  });

  const sizes = { layers: 1, heads: 2, width: 8, contextLength: 8, vocabSize: 9 };
  test.for([
    ['Llama with a window', llama({ ...sizes, window: 4 }), 'a sliding window'],
    ['Llama with some biases', llama({ ...sizes, attentionBias: 'queryKeyValue' }), 'biases of queries, keys and values alone'],
    ['Mistral with biases', mistral({ ...sizes, attentionBias: 'all' }), 'biases in attention'],
    ['Qwen2 with normalised heads', qwen2({ ...sizes, queryKeyNorm: true }), 'normalised queries and keys'],
  ] as const)('saving %s', async ([, model, what]) => {
    const weights = initialize(model.parameters, { seed: 1 });
    await expect(saveModel(join(root, 'unsaid'), { model, weights })).rejects.toMatchObject({
      code: 'WEFT_FORMAT_FEATURE',
      message: expect.stringContaining(what) as string,
    });
    expect(gpt(sizes).architecture).toBe('gpt');
  });
});
