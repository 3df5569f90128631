/** Adapter folders: PEFT's own, read to its logits; ours, as PEFT lays them out; and what does not belong together. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { createRandom, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import { gpt, llama, withAdapters } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adapterParameters, initialize } from '../nn/index.ts';
import type { AdapterDefinition } from '../nn/index.ts';
import { loadAdapter, loadModel, mergeAdapter, readSafetensors, saveAdapter, writeSafetensors } from './index.ts';
import type { Weights } from './index.ts';
import { GPT2_FOLDER, LLAMA_FOLDER } from './model-folder.fixture.ts';

interface PeftCase {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: string;
  readonly logits: readonly (readonly number[])[];
}
const VECTORS = JSON.parse(readFileSync(new URL('../../test/vectors/peft-adapters.json', import.meta.url), 'utf8')) as {
  readonly ids: readonly number[];
  readonly cases: readonly PeftCase[];
};
/** A Python that has PEFT: what we write is then loaded by it, too. */
const PYTHON = process.env['WEFT_PEFT_PYTHON'];

let root = '';
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-adapter-'));
});
afterAll(() => rm(root, { recursive: true }));
const newFolder = (): string => join(root, String(folders++));

async function baseOf(name: string): Promise<{ model: LanguageModel; weights: Weights; folder: string }> {
  const folder = newFolder();
  await mkdir(folder);
  const files = name === 'gpt2' ? GPT2_FOLDER : LLAMA_FOLDER;
  await writeFile(join(folder, 'config.json'), files.config);
  await writeFile(join(folder, 'model.safetensors'), files.weights);
  return { ...(await loadModel(folder)), folder };
}

async function peftFolder({ config, weights }: PeftCase, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = newFolder();
  await mkdir(folder);
  await writeFile(join(folder, 'adapter_config.json'), JSON.stringify({ ...config, ...changes }));
  await writeFile(join(folder, 'adapter_model.safetensors'), Buffer.from(weights, 'base64'));
  return folder;
}

function logitsOf(model: LanguageModel, weights: Weights): Float64Array {
  const { ids } = VECTORS;
  const logits = model.logits(model.hidden(input('ids', 'int32', axes('B T', 1, ids.length)), {}));
  const feeds = Object.fromEntries([...weights].map(([name, tensor]) => [name, fromHost(tensor)]));
  const given = { ...feeds, ids: fromHost(hostTensor('int32', [1, ids.length], Int32Array.from(ids))) };
  return evaluateGraph(buildGraph({ logits }), given).get('logits')?.data ?? new Float64Array(0);
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] ?? NaN))), a.length === b.length ? 0 : NaN);

/** An adapter of random numbers on some layers. */
function adapterOf(
  model: LanguageModel,
  layers: AdapterDefinition['layers'],
  options: Partial<AdapterDefinition> = {},
): { readonly definition: AdapterDefinition; readonly weights: Map<string, HostTensor<'float32'>> } {
  const definition = { name: 'own', layers, rankStabilized: false, dropout: 0, ...options };
  const random = createRandom(7, 'adapter');
  const names = new Set([...layers.keys()].flatMap((layer) => Object.values(adapterParameters(definition.name, layer))));
  const weights = initialize(
    withAdapters(model, [definition]).parameters.filter(({ name }) => names.has(name)),
    { seed: 1 },
  );
  for (const { data } of weights.values()) for (let i = 0; i < data.length; i++) data[i] = random.normal();
  return { definition, weights };
}

describe.each(VECTORS.cases.map((each) => [each.name, each] as const))('an adapter of PEFT for %s', (name, vector) => {
  test('gives its logits', async () => {
    const { model, weights } = await baseOf(name);
    const adapter = await loadAdapter(await peftFolder(vector), { model });
    const adapted = withAdapters(model, [adapter.definition]);
    const actual = logitsOf(adapted, new Map([...weights, ...adapter.weights]));
    expect(worst(actual, vector.logits.flat())).toBeLessThan(1e-5);
    expect(worst(logitsOf(model, weights), vector.logits.flat())).toBeGreaterThan(0.1);
  });

  test('is written back with the same names, numbers and scales', async () => {
    const { model } = await baseOf(name);
    const from = await peftFolder(vector);
    const to = newFolder();
    await saveAdapter(to, { model, ...(await loadAdapter(from, { model })), baseName: name });
    const [before, after] = await Promise.all([from, to].map((folder) => readSafetensors(join(folder, 'adapter_model.safetensors'))));
    expect([...after!.tensors.keys()].sort()).toEqual([...before!.tensors.keys()].sort());
    for (const [tensor, { shape, data }] of before!.tensors)
      expect([after!.tensors.get(tensor)?.shape, after!.tensors.get(tensor)?.data]).toEqual([shape, data]);
    const config = JSON.parse(await readFile(join(to, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ peft_type: 'LORA', use_rslora: vector.config['use_rslora'], fan_in_fan_out: name === 'gpt2' });
  });
});

const LAYERS = new Map([
  ['blocks.0.attention.query', { rank: 2, alpha: 4 }],
  ['blocks.0.attention.value', { rank: 3, alpha: 5 }],
  ['blocks.1.feedForward.down', { rank: 1, alpha: 1 }],
]);

describe.each(['gpt2', 'llama'])('an adapter of ours for %s', (name) => {
  test.each([false, true])(
    'is the same after saving and loading, rank-stabilised %s',
    async (rankStabilized) => {
      const { model, weights, folder: base } = await baseOf(name);
      const adapter = adapterOf(model, LAYERS, { rankStabilized });
      const folder = newFolder();
      await saveAdapter(folder, { model, ...adapter, baseWeights: weights, baseName: base });
      const loaded = await loadAdapter(folder, { model, baseWeights: weights, name: 'again' });
      const before = logitsOf(withAdapters(model, [adapter.definition]), new Map([...weights, ...adapter.weights]));
      const after = logitsOf(withAdapters(model, [loaded.definition]), new Map([...weights, ...loaded.weights]));
      expect(worst(before, after)).toBeLessThan(1e-5);
      if (PYTHON === undefined || !existsSync(PYTHON)) return;
      const script = `import sys, json, torch; from peft import PeftModel; from transformers import AutoModelForCausalLM as M
m = PeftModel.from_pretrained(M.from_pretrained(sys.argv[1], dtype=torch.float32), sys.argv[2]).double().eval()
print(json.dumps(m(torch.tensor([${JSON.stringify(VECTORS.ids)}])).logits[0].flatten().tolist()))`;
      const { stdout, stderr } = spawnSync(PYTHON, ['-c', script, base, folder], { encoding: 'utf8' });
      expect(stdout, stderr).not.toBe('');
      expect(worst(JSON.parse(stdout) as number[], after)).toBeLessThan(1e-5);
    },
    120_000,
  );
});

describe('an adapter’s folder as a model', () => {
  const refused = expect.objectContaining({ code: 'WEFT_ADAPTER_BASE' });

  test('is its base with the adapter merged, wherever the base is named', async () => {
    const { model, weights, folder: base } = await baseOf('llama');
    const adapter = adapterOf(model, LAYERS);
    const expected = mergeAdapter(weights, adapter);
    const above = newFolder();
    await cp(base, join(above, 'base'), { recursive: true });
    for (const baseName of [base, '../base']) {
      const folder = join(above, `adapter-${baseName.length}`);
      await saveAdapter(folder, { model, ...adapter, baseWeights: weights, baseName });
      expect((await loadModel(folder)).weights).toEqual(expected);
    }
    const nameless = newFolder();
    await saveAdapter(nameless, { model, ...adapter });
    await expect(loadModel(nameless)).rejects.toThrow(refused);
    const { weights: given, chatTemplate } = await loadModel(nameless, { base });
    expect(given).toEqual(expected);
    expect(chatTemplate).toBeUndefined();
    await writeFile(join(nameless, 'chat_template.jinja'), '{{ messages }}');
    expect((await loadModel(nameless, { base })).chatTemplate).toBe('{{ messages }}');
    // An adapter on an adapter.
    const second = newFolder();
    await saveAdapter(second, { model, ...adapter, baseWeights: expected, baseName: join(above, `adapter-${base.length}`) });
    expect((await loadModel(second)).weights).toEqual(mergeAdapter(expected, adapter));
  });

  test('its base is nowhere, itself, another, or given to a whole model', async () => {
    const { model, folder: base } = await baseOf('llama');
    const adapter = adapterOf(model, LAYERS);
    for (const baseName of ['/nowhere/at/all', '.', './a', 'nowhere']) {
      const folder = newFolder();
      await saveAdapter(folder, { model, ...adapter, baseName });
      await expect(loadModel(folder)).rejects.toThrow(refused);
    }
    const hub = newFolder();
    await saveAdapter(hub, { model, ...adapter, baseName: 'some/model' });
    await expect(loadModel(hub, { hub: { offline: true, cache: root } })).rejects.toThrow(
      expect.objectContaining({ code: 'WEFT_HUB_OFFLINE' }),
    );
    const other = newFolder();
    await saveAdapter(other, { model, ...adapter, baseWeights: initialize(model.parameters, { seed: 9 }), baseName: base });
    await expect(loadModel(other)).rejects.toThrow(refused);
    await expect(loadModel(base, { base })).rejects.toThrow(refused);
  });
});

describe('an adapter that does not fit', () => {
  const llamaCase = VECTORS.cases.find(({ name }) => name === 'llama')!;
  const code = (expected: string): unknown => expect.objectContaining({ code: expected });

  test('the base model has other layers, sizes or weights', async () => {
    const { model, weights } = await baseOf('llama');
    const folder = await peftFolder(llamaCase);
    const { layers, heads, width, contextLength, vocabSize } = model.config;
    const sizes = { layers, heads, width, contextLength, vocabSize };
    await expect(loadAdapter(folder, { model: gpt(sizes) })).rejects.toThrow(code('WEFT_ADAPTER_BASE'));
    await expect(loadAdapter(folder, { model: llama({ ...sizes, layers: 1, kvHeads: 1 }) })).rejects.toThrow(code('WEFT_ADAPTER_BASE'));
    await expect(loadAdapter(folder, { model: llama({ ...sizes, width: 16, heads: 4 }) })).rejects.toThrow(code('WEFT_ADAPTER_BASE'));
    const own = newFolder();
    await saveAdapter(own, { model, ...adapterOf(model, LAYERS), baseWeights: weights });
    const others = initialize(model.parameters, { seed: 3 });
    await expect(loadAdapter(own, { model, baseWeights: others })).rejects.toThrow(code('WEFT_ADAPTER_BASE'));
  });

  test('it is another kind of adapter, or none', async () => {
    const { model } = await baseOf('llama');
    for (const changes of [
      { peft_type: 'IA3' },
      { use_dora: true },
      { bias: 'all' },
      { modules_to_save: ['lm_head'] },
      { r: 0 },
      { alpha_pattern: { '(a+)+$': 1 } },
    ])
      await expect(peftFolder(llamaCase, changes).then((folder) => loadAdapter(folder, { model }))).rejects.toThrow(
        code('WEFT_ADAPTER_CONFIG'),
      );
    await expect(loadAdapter(newFolder(), { model })).rejects.toThrow(code('WEFT_ADAPTER_CONFIG'));
  });

  test('matrices are missing or of other tensors', async () => {
    const { model, weights } = await baseOf('llama');
    const folder = await peftFolder(llamaCase);
    const path = join(folder, 'adapter_model.safetensors');
    const { tensors } = await readSafetensors(path);
    const [first] = [...tensors.keys()].filter((name) => name.includes('lora_B'));
    const lacking = new Map([...tensors].filter(([name]) => name !== first));
    await writeSafetensors(path, lacking);
    await expect(loadAdapter(folder, { model })).rejects.toThrow(code('WEFT_ADAPTER_WEIGHTS'));
    await writeSafetensors(path, new Map([...tensors, ['base_model.model.lm_head.weight', hostTensor('float32', [1])]]));
    await expect(loadAdapter(folder, { model })).rejects.toThrow(code('WEFT_ADAPTER_CONFIG'));
    const { definition } = adapterOf(model, LAYERS);
    await expect(saveAdapter(newFolder(), { model, definition, weights })).rejects.toThrow(code('WEFT_ADAPTER_WEIGHTS'));
  });
});
