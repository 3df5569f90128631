import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { FormatError, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { loadEncoder, loadModel, loadNanoGpt, readModelDefinition, readSafetensors, saveModel, writeSafetensors } from './index.ts';
import type { ModelCard, Weights } from './index.ts';
import { GPT2_FOLDER, IDS, LLAMA_FOLDER } from './model-folder.fixture.ts';
import type { FolderFixture } from './model-folder.fixture.ts';

const PARITY = join(process.cwd(), '../shared/data/parity/nanogpt-cpu');
const PYTHON = process.env['WEFT_TORCH_PYTHON'];

let root = '';
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-folder-'));
});
afterAll(() => rm(root, { recursive: true }));

async function newFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<string> {
  const folder = join(root, String(folders++));
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const filesOf = ({ config, generationConfig, weights }: FolderFixture): Record<string, string | Uint8Array> => ({
  'config.json': config,
  'generation_config.json': generationConfig,
  'model.safetensors': weights,
});

/** Logits of each position, by the slow twin of the engine. */
function logitsOf(model: LanguageModel, weights: Weights, ids: readonly number[]): number[][] {
  const logits = model.logits(model.hidden(input('ids', 'int32', axes('B T', 1, ids.length)), {}));
  const feeds = Object.fromEntries([...weights].map(([name, tensor]) => [name, fromHost(tensor)]));
  const values = evaluateGraph(buildGraph({ logits }), {
    ...feeds,
    ids: fromHost(hostTensor('int32', [1, ids.length], Int32Array.from(ids))),
  });
  const flat = values.get('logits')?.data ?? new Float64Array(0);
  return ids.map((_, position) => [...flat.subarray(position * model.vocabSize, (position + 1) * model.vocabSize)]);
}

function expectClose(actual: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  const worst = Math.max(...expected.flatMap((row, position) => row.map((value, id) => Math.abs(value - (actual[position]?.[id] ?? NaN)))));
  expect(worst).toBeLessThan(5e-6);
}

async function failure(folder: string): Promise<FormatError> {
  const error: unknown = await loadModel(folder).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FormatError);
  return error as FormatError;
}

const CARD: ModelCard = {
  name: 'small',
  createdAt: '2026-01-02T03:04:05Z',
  parameters: 12,
  data: { files: ['notes/*.txt'], documents: 2, bytes: 3, tokens: 4, heldOutBytes: 5 },
  training: { steps: 1, tokensSeen: 2, seconds: 3.5, trainLoss: 4.5 },
  heldOut: { loss: 1.5, perplexity: 4.4816890703380645, bitsPerByte: 2 },
  baselines: { gzipBitsPerByte: 2.5 },
};

describe.each([
  ['GPT2LMHeadModel', GPT2_FOLDER],
  ['LlamaForCausalLM', LLAMA_FOLDER],
])('%s saved by transformers', (_, fixture) => {
  test('gives its logits', async () => {
    const { model, weights, generationConfig, tokenizer, card, chatTemplate } = await loadModel(await newFolder(filesOf(fixture)));
    expectClose(logitsOf(model, weights, IDS), fixture.logits);
    expect(generationConfig).toEqual({ bosTokenId: 10, eosTokenIds: [10] });
    expect([tokenizer, card, chatTemplate]).toEqual([undefined, undefined, undefined]);
  });

  test('saved again, has the same names, layouts and values, and the same configuration', async () => {
    const { model, weights } = await loadModel(await newFolder(filesOf(fixture)));
    const folder = await newFolder();
    await saveModel(folder, { model, weights });
    const original = await readSafetensors(join(await newFolder(filesOf(fixture)), 'model.safetensors'));
    const saved = await readSafetensors(join(folder, 'model.safetensors'));
    expect(new Map([...saved.tensors].sort())).toEqual(new Map([...original.tensors].sort()));
    expect(saved.metadata.get('format')).toBe('pt');
    const again = await loadModel(folder);
    expect(again.model.config).toEqual(model.config);
    expect(again.weights).toEqual(weights);
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    const theirs = JSON.parse(fixture.config) as Record<string, unknown>;
    const changed = Object.keys(config).filter((key) => key in theirs && JSON.stringify(config[key]) !== JSON.stringify(theirs[key]));
    expect(changed.sort()).toEqual(
      ['bos_token_id', 'eos_token_id', 'n_inner'].filter((key) => key in config && key in theirs && changed.includes(key)),
    );
  });

  test('in shards, is read through the index', async () => {
    const files = filesOf(fixture);
    const folder = await newFolder({ 'config.json': fixture.config });
    const { tensors } = await readSafetensors(join(await newFolder(files), 'model.safetensors'));
    const names = [...tensors.keys()];
    const map: Record<string, string> = {};
    for (const shard of [0, 1]) {
      const part = new Map(names.filter((_name, index) => index % 2 === shard).map((name) => [name, tensors.get(name) as HostTensor]));
      await writeSafetensors(join(folder, `model-0000${shard + 1}-of-00002.safetensors`), part);
      for (const name of part.keys()) map[name] = `model-0000${shard + 1}-of-00002.safetensors`;
    }
    const writeIndex = (weightMap: object): Promise<void> =>
      writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: weightMap }));
    await writeIndex(map);
    const { model, weights } = await loadModel(folder);
    expectClose(logitsOf(model, weights, IDS), fixture.logits);

    const [first = '', second = ''] = names;
    await writeIndex({ ...map, [first]: map[second] });
    expect(await failure(folder)).toMatchObject({
      code: 'WEFT_FORMAT_INDEX',
      message: expect.stringContaining(`${first} is not in`) as string,
    });
    await writeIndex({ ...map, [first]: '../../secret.safetensors' });
    expect((await failure(folder)).code).toBe('WEFT_FORMAT_INDEX');
    await writeIndex({ ...map, [first]: 'model-00003-of-00002.safetensors' });
    expect((await failure(folder)).code).toBe('WEFT_FORMAT_MISSING');
    await writeFile(join(folder, 'model.safetensors.index.json'), '{"weight_map": [1]}');
    expect((await failure(folder)).code).toBe('WEFT_FORMAT_INDEX');
  });

  test('cut or changed, is refused', async () => {
    const files = filesOf(fixture);
    const cut = await failure(await newFolder({ ...files, 'model.safetensors': fixture.weights.subarray(0, -5) }));
    expect(cut).toMatchObject({ code: 'WEFT_FORMAT_TRUNCATED', remedy: expect.stringContaining('again') as string });
    for (const length of [0, 1, 40, fixture.config.length - 1]) {
      expect((await failure(await newFolder({ ...files, 'config.json': fixture.config.slice(0, length) }))).code).toBe('WEFT_FORMAT_JSON');
    }
    expect((await failure(await newFolder({ ...files, 'config.json': Buffer.from([0x7b, 0xff]) }))).code).toBe('WEFT_FORMAT_JSON');
  });
});

describe('weights that do not fit', () => {
  test('are all named in one error, before any is read', async () => {
    const folder = await newFolder(filesOf(LLAMA_FOLDER));
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    tensors.delete('model.norm.weight');
    tensors.set('model.layers.0.self_attn.q_proj.weight', hostTensor('float32', [8, 4]));
    tensors.set('model.layers.1.self_attn.q_proj.weight', hostTensor('int32', [8, 8]));
    tensors.set('model.layers.0.self_attn.q_proj.bias', hostTensor('float32', [8]));
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    const error = await failure(folder);
    expect(error.code).toBe('WEFT_FORMAT_WEIGHTS');
    expect(error.message).toMatch(/agree: model\.layers\.0\.self_attn\.q_proj\.weight is \[8, 4\], \[8, 8\] expected, and 3 more do not$/);
    expect(error.details).toEqual([
      'model.layers.0.self_attn.q_proj.weight is [8, 4], [8, 8] expected',
      'model.layers.1.self_attn.q_proj.weight has the dtype I32, F32, F16, BF16 expected',
      'model.norm.weight is missing',
      'model.layers.0.self_attn.q_proj.bias is unknown',
    ]);
  });

  test('of another model are counted, and not all listed', async () => {
    const folder = await newFolder({ ...filesOf(GPT2_FOLDER), 'config.json': LLAMA_FOLDER.config });
    const error = await failure(folder);
    expect(error.details.length).toBe(9);
    expect(error.details.at(-1)).toMatch(/^and \d+ more$/);
  });

  test('are refused when saving, and nothing is written', async () => {
    const model = llama({ layers: 1, heads: 2, width: 8, contextLength: 4, vocabSize: 5 });
    const weights = new Map(initialize(model.parameters, { seed: 1 }));
    weights.delete('norm.weight');
    weights.set('extra', hostTensor('float32', [1]));
    const folder = await newFolder();
    await expect(saveModel(folder, { model, weights })).rejects.toMatchObject({
      code: 'WEFT_FORMAT_WEIGHTS',
      details: ['norm.weight is missing', 'extra is unknown'],
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('names from elsewhere', () => {
  test("GPT-2's own file: no prefix, masks as buffers, a second copy of the head", async () => {
    const folder = await newFolder(filesOf(GPT2_FOLDER));
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    const bare = new Map([...tensors].map(([name, tensor]) => [name.replace('transformer.', ''), tensor]));
    bare.set('h.0.attn.bias', hostTensor('float32', [1, 1, 8, 8])).set('h.0.attn.masked_bias', hostTensor('float32', []));
    bare.set('lm_head.weight', bare.get('wte.weight') as HostTensor);
    await writeSafetensors(join(folder, 'model.safetensors'), bare);
    const { model, weights } = await loadModel(folder);
    expectClose(logitsOf(model, weights, IDS), GPT2_FOLDER.logits);
  });

  test('Llama: angles as buffers, rope_theta where transformers 4 keeps it, tokens in config.json alone', async () => {
    const folder = await newFolder(filesOf(LLAMA_FOLDER));
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', hostTensor('float32', [2]));
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    const { rope_parameters: _, ...config } = JSON.parse(LLAMA_FOLDER.config) as Record<string, unknown>;
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, rope_theta: 500, eos_token_id: [10, 9] }));
    await rm(join(folder, 'generation_config.json'));
    const { model, weights, generationConfig } = await loadModel(folder);
    expectClose(logitsOf(model, weights, IDS), LLAMA_FOLDER.logits);
    expect(generationConfig).toEqual({ bosTokenId: 10, eosTokenIds: [10, 9] });
  });
});

describe('every kind of model comes back as it was', () => {
  const sizes = { layers: 2, heads: 2, width: 8, contextLength: 6, vocabSize: 11 };
  test.each<[string, LanguageModel]>([
    ['GPT with biases', gpt(sizes)],
    ['GPT without biases, exact GELU, dropout', gpt({ ...sizes, bias: false, activation: 'gelu', dropout: 0.2 })],
    ['GPT with its own head and another hidden width', gpt({ ...sizes, tiedHead: false, hidden: 20, normEpsilon: 1e-6 })],
    ['Llama with shared heads', llama({ ...sizes, heads: 4, kvHeads: 2, headWidth: 4, ropeTheta: 123 })],
    ['Llama with a tied head', llama({ ...sizes, tiedHead: true, normEpsilon: 1e-6 })],
  ])('%s', async (_, model) => {
    const weights = initialize(model.parameters, { seed: 1 });
    const folder = await newFolder();
    await saveModel(folder, { model, weights });
    const loaded = await loadModel(folder);
    expect(loaded.model.architecture).toBe(model.architecture);
    expect(loaded.model.config).toEqual(model.config);
    expect([...loaded.weights]).toEqual([...weights]);
    expect((await readModelDefinition(folder)).config).toEqual(model.config);
  });

  test('a GPT without biases is written with zeros, which others need, and refuses what is not zero', async () => {
    const model = gpt({ ...sizes, bias: false });
    const folder = await newFolder();
    await saveModel(folder, { model, weights: initialize(model.parameters, { seed: 1 }) });
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    expect(tensors.get('transformer.h.1.attn.c_attn.bias')).toEqual(hostTensor('float32', [24]));
    expect(tensors.get('transformer.ln_f.bias')).toEqual(hostTensor('float32', [8]));
    tensors.set('transformer.ln_f.bias', hostTensor('float32', [8], new Float32Array(8).fill(0.5)));
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    expect((await failure(folder)).message).toContain('transformer.ln_f.bias is not zero');
  });
});

describe('tokenizer, template, card', () => {
  test('come back, and the files are those of Hugging Face', async () => {
    const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
    const end = tokenizer.endOfText;
    expect(end).toBeTypeOf('number');
    const model = llama({ layers: 1, heads: 2, width: 8, contextLength: 6, vocabSize: tokenizer.vocabSize });
    const folder = join(await newFolder(), 'new', 'deep');
    const chatTemplate = '{% for message in messages %}{{ message.content }}{% endfor %}';
    await saveModel(folder, { model, weights: initialize(model.parameters, { seed: 1 }), tokenizer, card: CARD, chatTemplate });
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'weft.json',
    ]);
    const loaded = await loadModel(folder);
    expect(loaded.tokenizer?.decode(loaded.tokenizer.encode('or not'))).toBe('or not');
    expect(loaded).toMatchObject({ card: CARD, chatTemplate, generationConfig: { bosTokenId: end, eosTokenIds: [end] } });
    expect(JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8'))).toMatchObject({
      tokenizer_class: 'PreTrainedTokenizerFast',
      eos_token: '<|endoftext|>',
      model_max_length: 6,
    });
    await writeFile(join(folder, 'chat_template.jinja'), 'a file of its own');
    expect((await loadModel(folder)).chatTemplate).toBe('a file of its own');
  });

  test('several templates: the one called default', async () => {
    const templates = [
      { name: 'tool_use', template: 'a' },
      { name: 'default', template: 'b' },
    ];
    const folder = await newFolder({ ...filesOf(LLAMA_FOLDER), 'tokenizer_config.json': JSON.stringify({ chat_template: templates }) });
    expect((await loadModel(folder)).chatTemplate).toBe('b');
  });

  test('sampling values of the makers come back', async () => {
    const generationConfig = {
      bosTokenId: 1,
      eosTokenIds: [2, 3],
      padTokenId: 4,
      temperature: 0.6,
      topK: 40,
      topP: 0.9,
      minP: 0.05,
      repetitionPenalty: 1.1,
    };
    const { model, weights } = await loadModel(await newFolder(filesOf(LLAMA_FOLDER)));
    const folder = await newFolder();
    await saveModel(folder, { model, weights, generationConfig });
    expect((await loadModel(folder)).generationConfig).toEqual(generationConfig);
  });

  test('a tokenizer with more tokens than the model is refused both ways', async () => {
    const tokenizer = await trainTokenizer(['abcdefghijklmnop'], { type: 'characters' });
    const { model, weights } = await loadModel(await newFolder(filesOf(LLAMA_FOLDER)));
    const folder = await newFolder(filesOf(LLAMA_FOLDER));
    await expect(saveModel(folder, { model, weights, tokenizer })).rejects.toMatchObject({ code: 'WEFT_FORMAT_VOCABULARY' });
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer.toJSON()));
    expect((await failure(folder)).code).toBe('WEFT_FORMAT_VOCABULARY');
  });

  test('a damaged card is named, unknown fields of a card stay, a loss that was no number stays none', async () => {
    const folder = await newFolder({ ...filesOf(LLAMA_FOLDER), 'weft.json': '{"name": 1}' });
    expect(await failure(folder)).toMatchObject({ code: 'WEFT_FORMAT_CARD', remedy: expect.stringContaining('works without') as string });
    const cut = await newFolder({ ...filesOf(LLAMA_FOLDER), 'weft.json': '{"name": "a' });
    expect(await failure(cut)).toMatchObject({ code: 'WEFT_FORMAT_JSON', remedy: expect.stringContaining('works without') as string });
    const { model, weights } = await loadModel(await newFolder(filesOf(LLAMA_FOLDER)));
    const card = { ...CARD, heldOut: { loss: NaN, perplexity: NaN, bitsPerByte: NaN }, licence: 'MIT' };
    await saveModel(folder, { model, weights, card });
    expect((await loadModel(folder)).card).toEqual(card);
  });
});

describe('folders that are no model', () => {
  test.each<[string, Record<string, string>, RegExp, RegExp]>([
    ['an empty one', {}, /an empty folder/, /config\.json, tokenizer\.json/],
    [
      'pickled weights',
      { 'config.json': LLAMA_FOLDER.config, 'pytorch_model.bin': '' },
      /no model\.safetensors: it has pickled/,
      /save_pretrained/,
    ],
    ['GGUF', { 'model-q4.gguf': '' }, /GGUF/, /Hugging Face folder/],
    ['a run without a model', { 'metrics.jsonl': '' }, /not saved a model yet/, /--resume/],
    ['something else', { 'notes.txt': 'hello' }, /notes\.txt/, /Give a folder/],
  ])('%s', async (_, files, message, remedy) => {
    const error = await failure(await newFolder(files));
    expect(error.code).toBe('WEFT_FORMAT_FOLDER');
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
  });

  test('an adapter, where none is taken', async () => {
    const folder = await newFolder({ 'adapter_config.json': '{}', 'adapter_model.safetensors': '' });
    await expect(loadEncoder(folder)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_FORMAT_FOLDER' }));
    expect((await failure(folder)).code).toBe('WEFT_ADAPTER_CONFIG');
  });

  test('a missing folder and a file', async () => {
    expect((await failure(join(root, 'nowhere'))).message).toMatch(/nowhere as there is no such folder$/);
    const folder = await newFolder({ 'a.txt': '' });
    expect((await failure(join(folder, 'a.txt'))).message).toMatch(/a\.txt as it is not a folder$/);
  });
});

describe('configurations', () => {
  const withConfig = async (fixture: FolderFixture, changes: object): Promise<string> =>
    newFolder({ ...filesOf(fixture), 'config.json': JSON.stringify({ ...(JSON.parse(fixture.config) as object), ...changes }) });

  test.each<[string, FolderFixture, object, string]>([
    ['another architecture', LLAMA_FOLDER, { architectures: ['MambaForCausalLM'] }, 'WEFT_FORMAT_ARCHITECTURE'],
    ['no architecture', LLAMA_FOLDER, { architectures: undefined, model_type: undefined }, 'WEFT_FORMAT_ARCHITECTURE'],
    ['no layers', LLAMA_FOLDER, { num_hidden_layers: 0 }, 'WEFT_FORMAT_CONFIG'],
    ['layers beyond any machine', LLAMA_FOLDER, { num_hidden_layers: 1e9 }, 'WEFT_FORMAT_CONFIG'],
    ['a text as width', GPT2_FOLDER, { n_embd: '8' }, 'WEFT_FORMAT_CONFIG'],
    ['heads that do not divide', GPT2_FOLDER, { n_head: 3 }, 'WEFT_FORMAT_CONFIG'],
    ['heads that share badly', LLAMA_FOLDER, { num_attention_heads: 4, num_key_value_heads: 3 }, 'WEFT_FORMAT_CONFIG'],
    [
      'a width of heads that is no whole number',
      LLAMA_FOLDER,
      { head_dim: null, num_attention_heads: 3, num_key_value_heads: 3 },
      'WEFT_FORMAT_CONFIG',
    ],
    ['scaled rotary positions', LLAMA_FOLDER, { rope_parameters: { rope_type: 'llama3', rope_theta: 1 } }, 'WEFT_FORMAT_FEATURE'],
    [
      'scaled rotary positions, older',
      LLAMA_FOLDER,
      { rope_parameters: null, rope_scaling: { type: 'dynamic', factor: 2 } },
      'WEFT_FORMAT_FEATURE',
    ],
    [
      'scaled rotary positions in the older field alone',
      LLAMA_FOLDER,
      { rope_scaling: { type: 'yarn', factor: 2 } },
      'WEFT_FORMAT_FEATURE',
    ],
    ['biases that the weights lack', LLAMA_FOLDER, { attention_bias: true }, 'WEFT_FORMAT_WEIGHTS'],
    ['another activation', GPT2_FOLDER, { activation_function: 'toString' }, 'WEFT_FORMAT_FEATURE'],
    ['attention scaled by layer', GPT2_FOLDER, { scale_attn_by_inverse_layer_idx: true }, 'WEFT_FORMAT_FEATURE'],
    ['a larger model than the weights', GPT2_FOLDER, { vocab_size: 2 ** 24, n_positions: 2 ** 24 }, 'WEFT_FORMAT_WEIGHTS'],
  ])('%s', async (_, fixture, changes, code) => {
    expect((await failure(await withConfig(fixture, changes))).code).toBe(code);
  });

  test('the definition alone does not mind what cannot be computed, nor missing weights', async () => {
    const folder = await withConfig(LLAMA_FOLDER, { rope_scaling: { rope_type: 'llama3' }, rope_parameters: null, attention_bias: true });
    await rm(join(folder, 'model.safetensors'));
    expect((await readModelDefinition(folder)).config).toMatchObject({ layers: 2, width: 8 });
  });
});

test('a write that fails leaves the saved model alone', async () => {
  const folder = await newFolder(filesOf(LLAMA_FOLDER));
  const { model, weights } = await loadModel(folder);
  const changed = new Map([...weights].map(([name, tensor]) => [name, hostTensor('float32', tensor.shape)]));
  // A folder where a file is to be written fails for every user, root too.
  await rm(join(folder, 'generation_config.json'));
  await mkdir(join(folder, 'generation_config.json'));
  await expect(saveModel(folder, { model, weights: changed })).rejects.toMatchObject({ code: 'WEFT_WRITE' });
  await rm(join(folder, 'generation_config.json'), { recursive: true });
  expect((await loadModel(folder)).weights).toEqual(weights);
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await expect(saveModel(join(folder, 'config.json', 'inside'), { model, weights })).rejects.toMatchObject({ code: 'WEFT_WRITE' });
});

describe('nanoGPT', () => {
  test("GPT-2's weights, turned, give its logits", async () => {
    const folder = await newFolder(filesOf(GPT2_FOLDER));
    const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
    const turned = new Map<string, HostTensor>();
    for (const [name, tensor] of tensors) {
      const [rows = 0, columns = 0] = tensor.shape;
      if (!/c_(?:attn|proj|fc)\.weight$/.test(name)) turned.set(name, tensor);
      else
        turned.set(
          name,
          hostTensor(
            'float32',
            [columns, rows],
            Float32Array.from({ length: rows * columns }, (_, at) => Number(tensor.data[(at % rows) * columns + Math.floor(at / rows)])),
          ),
        );
    }
    const path = join(folder, 'nano.safetensors');
    await writeSafetensors(path, turned);
    const { model, weights } = await loadNanoGpt(path, { heads: 2, activation: 'geluTanh' });
    expect(model.config).toMatchObject({ layers: 2, width: 8, hidden: 32, contextLength: 8, vocabSize: 11, bias: true });
    expectClose(logitsOf(model, weights, IDS), GPT2_FOLDER.logits);
    await expect(loadNanoGpt(join(folder, 'model.safetensors'), { heads: 2 })).rejects.toMatchObject({ code: 'WEFT_FORMAT_WEIGHTS' });
    const other = await newFolder(filesOf(LLAMA_FOLDER));
    await expect(loadNanoGpt(join(other, 'model.safetensors'), { heads: 2 })).rejects.toMatchObject({ code: 'WEFT_FORMAT_WEIGHTS' });
  });

  test.skipIf(!existsSync(PARITY))('the reference initial weights give its first loss (skipped without ../shared/data)', async () => {
    const { model, weights } = await loadNanoGpt(join(PARITY, 'init.safetensors'), { heads: 4 });
    expect(model.config).toMatchObject({ layers: 4, width: 128, contextLength: 64, vocabSize: 65, bias: false });
    const { tensors } = await readSafetensors(join(PARITY, 'batches.safetensors'));
    const ids = Array.from(tensors.get('x')?.data.subarray(0, 8) ?? [], Number);
    const targets = Array.from(tensors.get('y')?.data.subarray(0, 8) ?? [], Number);
    const losses = logitsOf(model, weights, ids).map(
      (row, at) => Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - (row[targets[at] ?? 0] ?? NaN),
    );
    // The reference loss of the whole first batch is 4.1828; a uniform guess is 4.1744.
    expect(losses.reduce((sum, loss) => sum + loss) / losses.length).toBeGreaterThan(4.0);
    expect(losses.reduce((sum, loss) => sum + loss) / losses.length).toBeLessThan(4.4);
  });
});

const script = `
import json, sys, torch
from transformers import AutoModelForCausalLM
model, info = AutoModelForCausalLM.from_pretrained(sys.argv[1], output_loading_info=True)
print(json.dumps({'logits': model.eval()(torch.tensor([json.loads(sys.argv[2])])).logits[0].tolist(), 'missing': sorted(info['missing_keys']), 'unexpected': sorted(info['unexpected_keys'])}))`;
const tokenizerScript = `
import json, sys
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
ids = tokenizer.encode(sys.argv[2])
print(json.dumps([ids, tokenizer.decode(ids), tokenizer.eos_token, tokenizer.apply_chat_template([{'role': 'user', 'content': 'hi'}], tokenize=False)]))`;
const hasTransformers = PYTHON !== undefined && spawnSync(PYTHON, ['-c', 'import transformers']).status === 0;

test.skipIf(!hasTransformers).each<[string, LanguageModel]>([
  ['GPT', gpt({ layers: 2, heads: 2, width: 8, contextLength: 6, vocabSize: 11, bias: false, activation: 'gelu' })],
  [
    'Llama',
    llama({ layers: 2, heads: 4, kvHeads: 2, width: 16, hidden: 20, contextLength: 6, vocabSize: 11, ropeTheta: 77, tiedHead: true }),
  ],
])(
  'transformers loads what is saved here and computes the same: %s (skipped without WEFT_TORCH_PYTHON with transformers)',
  async (_, model) => {
    const weights = initialize(model.parameters, { seed: 3 });
    const folder = await newFolder();
    await saveModel(folder, { model, weights });
    const ids = [1, 9, 4, 4, 0, 7];
    const { stdout, stderr } = spawnSync(PYTHON ?? '', ['-c', script, folder, JSON.stringify(ids)], { encoding: 'utf8' });
    const result = JSON.parse(stdout === '' ? `{"stderr": ${JSON.stringify(stderr)}}` : stdout) as { logits: number[][] };
    expect(result).toMatchObject({ missing: [], unexpected: [] });
    expectClose(logitsOf(model, weights, ids), result.logits);
  },
);

test.skipIf(!hasTransformers).each(['bpe', 'characters'] as const)(
  'transformers loads the tokenizer and the chat template: %s (skipped without WEFT_TORCH_PYTHON with transformers)',
  async (type) => {
    const text = 'not to be: Héllo 日本!\n that';
    const tokenizer = await trainTokenizer([`To be, or ${text} is the question.`], { type, ...(type === 'bpe' ? { vocabSize: 280 } : {}) });
    const model = llama({ layers: 1, heads: 2, width: 8, contextLength: 6, vocabSize: tokenizer.vocabSize });
    const folder = await newFolder();
    await saveModel(folder, {
      model,
      weights: initialize(model.parameters, { seed: 3 }),
      tokenizer,
      chatTemplate: '[{{ messages[0].content }}]',
    });
    const { stdout, stderr } = spawnSync(PYTHON ?? '', ['-c', tokenizerScript, folder, text], { encoding: 'utf8' });
    const result: unknown = JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout);
    expect(result).toEqual([[...tokenizer.encode(text)], text, '<|endoftext|>', '[hi]']);
  },
);
