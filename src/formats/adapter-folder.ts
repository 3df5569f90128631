/**
 * Folders of low-rank adapters as PEFT has them: `adapter_config.json` and `adapter_model.safetensors`.
 * Source: huggingface/peft 0.20, `tuners/lora/{config,layer}.py`, `utils/save_and_load.py`.
 *
 * Which of our layers is which of its modules follows from the table of weights of the architecture, so that an adapter can be
 * written and read for every model that can.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { FormatError, checkOptions, writeFileAtomic } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adapterParameters } from '../nn/index.ts';
import type { AdapterDefinition, LowRank } from '../nn/index.ts';
import { ADAPTER_CONFIG_FILE, ADAPTER_WEIGHTS_FILE, parseAdapterConfig, writeAdapterConfig } from './adapter-config.ts';
import { joinUpdates, splitUpdate } from './adapter-modules.ts';
import type { ModuleUpdate } from './adapter-modules.ts';
import { architectureOf } from './hugging-face/architectures.ts';
import { placements } from './hugging-face/weight-rules.ts';
import type { Placement, Weights } from './hugging-face/weight-rules.ts';
import { readJsonFile } from './json-file.ts';
import { openSafetensors, writeSafetensors } from './safetensors.ts';

/** What PEFT's names begin with: its wrapper, and the model in it. */
const PREFIX = 'base_model.model.';
/** Where the fingerprint of the base model's weights is kept; PEFT passes over it. */
const BASE_KEY = 'weft.base';
const WEIGHT = '.weight';

/** An adapter with its numbers. */
export interface Adapter {
  readonly definition: AdapterDefinition;
  /** Its parameters by their names, e.g. `blocks.0.attention.query.lora.poems.A`. */
  readonly weights: Weights;
}

/** What an adapter folder is made of; see {@link saveAdapter}. */
export interface AdapterParts extends Adapter {
  /** The base model. */
  readonly model: LanguageModel;
  /** The base model's weights, of which a fingerprint is kept; without them the adapter fits every model of its shape. */
  readonly baseWeights?: Weights;
  /** Where the base model is found: its name on the hub or its folder. */
  readonly baseName?: string;
}

/**
 * Saves an adapter as PEFT does.
 *
 * Where the architecture holds queries, keys and values in one matrix (GPT-2), updates that do not share their A become one of
 * the sum of their ranks.
 *
 * @throws FormatError `WEFT_ADAPTER_WEIGHTS` when numbers are missing or of another shape, or a layer has no counterpart elsewhere.
 *
 * @example
 * ```ts
 * import { loadAdapter, saveAdapter } from 'weft/formats';
 * import { llama, withAdapters } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * const layers = new Map([['blocks.0.attention.query', { rank: 2, alpha: 4 }]]);
 * const definition = { name: 'poems', layers, rankStabilized: false, dropout: 0 };
 * const weights = initialize(withAdapters(model, [definition]).parameters, { seed: 1 });
 * await saveAdapter('poems', { model, definition, weights });
 * console.log([...(await loadAdapter('poems', { model })).weights.keys()][0]); // blocks.0.attention.query.lora.default.A
 * ```
 */
export async function saveAdapter(folder: string, parts: AdapterParts): Promise<void> {
  checkOptions('save an adapter', parts, ['model', 'definition', 'weights', 'baseWeights', 'baseName']);
  const { model, definition, weights, baseWeights, baseName } = parts;
  const modules = new Map<string, ModuleUpdate>();
  const left = new Set(definition.layers.keys());
  for (const { module, layers } of modulesOf(model)) {
    if (!layers.some(({ name }) => left.has(name))) continue;
    const updates = layers.map(({ name, out, in: width }) => {
      const low = definition.layers.get(name);
      if (!left.delete(name) || low === undefined) return { out };
      const { a, b } = adapterParameters(definition.name, name);
      return { out, low, a: numbersOf(weights, a, [low.rank, width]), b: numbersOf(weights, b, [out, low.rank]) };
    });
    modules.set(module, joinUpdates(updates, { rankStabilized: definition.rankStabilized, width: layers[0]?.in ?? 0 }));
  }
  const [lost] = left;
  if (lost !== undefined) throw weightsError(`the layer ${lost} has no module in a ${architectureOf(model).classNames[0]}`);
  const tensors = new Map<string, HostTensor>();
  for (const [module, { a, b }] of modules) tensors.set(`${PREFIX}${module}.lora_A.weight`, a).set(`${PREFIX}${module}.lora_B.weight`, b);
  await writeSafetensors(join(folder, ADAPTER_WEIGHTS_FILE), tensors, {
    format: 'pt',
    ...(baseWeights === undefined ? {} : { [BASE_KEY]: fingerprint(baseWeights) }),
  });
  const config = writeAdapterConfig(definition, modules, { baseName, fanInFanOut: architectureOf(model).weights.rules.some(isTransposed) });
  await writeFileAtomic(join(folder, ADAPTER_CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
}

/** What an adapter is loaded for. */
export interface LoadAdapterOptions {
  /** The base model. */
  readonly model: LanguageModel;
  /** Its weights: they are compared with those that the adapter was trained on, where the folder tells. */
  readonly baseWeights?: Weights;
  /** What the adapter is to be called here; default `default`. */
  readonly name?: string;
}

/**
 * Loads an adapter that {@link saveAdapter} or PEFT wrote.
 *
 * @throws FormatError `WEFT_ADAPTER_BASE` when it belongs to another base model, `WEFT_ADAPTER_CONFIG` when it is no low-rank
 *   adapter or asks for what is not known here, `WEFT_ADAPTER_WEIGHTS` when tensors are missing or damaged; and as
 *   `openSafetensors`.
 */
export async function loadAdapter(folder: string, options: LoadAdapterOptions): Promise<Adapter> {
  checkOptions('load an adapter', options, ['model', 'baseWeights', 'name']);
  const { model, baseWeights, name = 'default' } = options;
  const path = join(folder, ADAPTER_CONFIG_FILE);
  const json = await readJsonFile(path);
  if (json === undefined) throw noAdapter(folder);
  const config = parseAdapterConfig(json, path);
  const file = await openSafetensors(join(folder, ADAPTER_WEIGHTS_FILE));
  try {
    const base = file.metadata.get(BASE_KEY);
    if (base !== undefined && baseWeights !== undefined && base !== fingerprint(baseWeights))
      throw otherBase(folder, 'the weights of the model are not those that it was trained on', config.baseName);
    const known = new Map(modulesOf(model).map((each) => [each.module, each]));
    const layers = new Map<string, LowRank>();
    const weights = new Map<string, HostTensor<'float32'>>();
    const modules = new Set([...file.entries.keys()].map((tensor) => moduleOf(folder, tensor)));
    for (const module of modules) {
      const target = known.get(module);
      if (target === undefined) throw otherBase(folder, `it changes ${module}, which the model does not have`, config.baseName);
      const [a, b] = await Promise.all(['A', 'B'].map((side) => readFloats(file, `${PREFIX}${module}.lora_${side}.weight`)));
      if (a === undefined || b === undefined) throw weightsError(`${module} has no lora_${a === undefined ? 'A' : 'B'}`);
      const out = target.layers.reduce((sum, layer) => sum + layer.out, 0);
      const [rank = 0, width] = a.shape;
      if (width !== target.layers[0]?.in || b.shape.join() !== [out, rank].join() || rank === 0) {
        const found = `${module} maps ${width} numbers to ${b.shape[0]}, the model's ${target.layers[0]?.in} to ${out}`;
        throw otherBase(folder, found, config.baseName);
      }
      const alpha = config.alphaOf(module);
      for (const [index, part] of splitUpdate({ a, b }, target.layers).entries()) {
        const layer = target.layers[index]?.name ?? '';
        const names = adapterParameters(name, layer);
        layers.set(layer, { rank, alpha });
        weights.set(names.a, part.a).set(names.b, part.b);
      }
    }
    return { definition: { name, layers, rankStabilized: config.rankStabilized, dropout: config.dropout }, weights };
  } finally {
    await file.close();
  }
}

interface Module {
  /** Its name elsewhere, e.g. `model.layers.0.self_attn.q_proj`. */
  readonly module: string;
  /** Our layers in it, stacked where there are several. */
  readonly layers: readonly { readonly name: string; readonly out: number; readonly in: number }[];
}

/** The matrices of a model as modules elsewhere. */
function modulesOf(model: LanguageModel): readonly Module[] {
  return placements(model, architectureOf(model).weights).flatMap(({ foreign, parts, zeros }: Placement) => {
    if (zeros || !foreign.endsWith(WEIGHT) || parts.some(({ shape }) => shape.length !== 2)) return [];
    const layers = parts.map(({ name, shape: [out = 0, width = 0] }) => ({ name: name.slice(0, -WEIGHT.length), out, in: width }));
    return [{ module: foreign.slice(0, -WEIGHT.length), layers }];
  });
}

/** The module that a tensor of an adapter belongs to. */
function moduleOf(folder: string, tensor: string): string {
  const found = /^base_model\.model\.(.+)\.lora_[AB]\.weight$/.exec(tensor)?.[1];
  if (found !== undefined) return found;
  throw new FormatError({
    code: 'WEFT_ADAPTER_CONFIG',
    action: `load the adapter ${folder}`,
    rule: 'it may change linear layers by low-rank updates, and nothing else',
    value: tensor.slice(0, 120),
    remedy: 'Merge the adapter with PEFT and give the merged model, or train it without.',
  });
}

async function readFloats(file: Awaited<ReturnType<typeof openSafetensors>>, name: string): Promise<HostTensor<'float32'> | undefined> {
  if (!file.entries.has(name)) return undefined;
  const tensor = await file.read(name);
  if (tensor.dtype !== 'float32' || tensor.shape.length !== 2)
    throw weightsError(`${name} is ${tensor.dtype} [${tensor.shape.join(', ')}]`);
  return tensor as HostTensor<'float32'>;
}

function numbersOf(weights: Weights, name: string, shape: readonly number[]): HostTensor<'float32'> {
  const found = weights.get(name);
  if (found?.shape.join() === shape.join()) return found;
  throw weightsError(`${name} is ${found === undefined ? 'missing' : `[${found.shape.join(', ')}]`}, [${shape.join(', ')}] expected`);
}

function isTransposed({ transposed }: { readonly transposed?: boolean }): boolean {
  return transposed === true;
}

/** SHA-256 of weights: names, shapes and bytes, in the order of names. */
function fingerprint(weights: Weights): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name} ${shape.join()}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

function noAdapter(folder: string): FormatError {
  return new FormatError({
    code: 'WEFT_ADAPTER_CONFIG',
    action: `load the adapter ${folder}`,
    rule: `it has no ${ADAPTER_CONFIG_FILE}`,
    remedy: 'Give a folder with adapter_config.json and adapter_model.safetensors, as weft and PEFT save it.',
  });
}

function otherBase(folder: string, value: string, baseName: string | undefined): FormatError {
  return new FormatError({
    code: 'WEFT_ADAPTER_BASE',
    action: `load the adapter ${folder}`,
    rule: 'it belongs to another base model',
    value,
    remedy: `Give the model that it was trained on${baseName === undefined ? '' : `: ${baseName.slice(0, 120)}`}.`,
  });
}

function weightsError(value: string): FormatError {
  return new FormatError({
    code: 'WEFT_ADAPTER_WEIGHTS',
    action: 'read or write an adapter',
    rule: 'each of its layers has a matrix A and a matrix B of one rank',
    value: value.slice(0, 200),
    remedy: 'Give the weights that were trained with this adapter; copy or download its folder again.',
  });
}
