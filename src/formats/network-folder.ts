/**
 * Folders of the models that no other program has a format for: small language models, recurrent ones, those of images, and transformers
 * with features that are theirs alone. `config.json` says
 * `"model_type": "weft"`, the architecture and its configuration; weights and running statistics lie in `model.safetensors` under the
 * model's own names; a language model's tokenizer lies beside them.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { FormatError, WeftError, checkOptions, writeFileAtomic } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import {
  bigram,
  cnn,
  gan,
  gpt,
  gru,
  llama,
  lstm,
  mistral,
  mlp,
  mlpLanguageModel,
  qwen2,
  qwen3,
  rnn,
  vae,
  waveNet,
} from '../models/index.ts';
import type { CnnModel, GanModel, MlpModel, SequenceModel, VaeModel, WindowModel } from '../models/index.ts';
import { loadTokenizer, saveTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import { WEIGHTS_FILE, notAModel } from './folder-weights.ts';
import { weightsError } from './hugging-face/weight-rules.ts';
import type { Weights } from './hugging-face/weight-rules.ts';
import { checkSchema, readJsonFile } from './json-file.ts';
import { readModelCard, writeModelCard } from './model-card.ts';
import type { ModelCard } from './model-card.ts';
import { openSafetensors, writeSafetensors } from './safetensors.ts';

/** Every model that can be kept in a folder of our own. */
export type Network = SequenceModel | WindowModel | MlpModel | CnnModel | VaeModel | GanModel;

type Makers = { readonly [M in Network as M['architecture']]: (config: M['config']) => M };
const MAKERS: Makers = { bigram, mlpLanguageModel, waveNet, rnn, gru, lstm, gpt, llama, qwen2, qwen3, mistral, mlp, cnn, vae, gan };

const REMEDY = 'Give the weights that were trained with this model.';
/** `model_type` of the folders. */
const MODEL_TYPE = 'weft';
/** A size that no such model has: a file from outside must not have a graph built that fills the memory. */
const size = z.number().max(1e7);
const CONFIG = z.looseObject({
  model_type: z.literal(MODEL_TYPE),
  architecture: z.enum(Object.keys(MAKERS) as [keyof Makers, ...(keyof Makers)[]]),
  config: z
    .looseObject({ layers: z.number().max(1000).optional() })
    .catchall(z.union([size, z.boolean(), z.string(), z.array(size).max(1000), z.record(z.string(), z.unknown())])),
});

/** What such a folder is made of. */
export interface NetworkParts<M extends Network = Network> {
  readonly model: M;
  /** By the model's own names, running statistics among them. What else training carries is left out. */
  readonly weights: Weights;
  readonly tokenizer?: Tokenizer | undefined;
  readonly card?: ModelCard | undefined;
}

/** Whether a `config.json` is of a folder that {@link saveNetwork} wrote. */
export function isNetworkConfig(json: unknown): boolean {
  return typeof json === 'object' && json !== null && (json as { model_type?: unknown }).model_type === MODEL_TYPE;
}

/** Whether a folder is one that {@link saveNetwork} wrote. */
export async function isNetworkFolder(folder: string): Promise<boolean> {
  return isNetworkConfig(await readJsonFile(join(folder, 'config.json')));
}

/**
 * Saves a model that no other program has a format for (what others know, `saveModel` saves in their format): `config.json`, `model.safetensors`, and for a language model `tokenizer.json`.
 *
 * @param folder made when missing; each file is written atomically, `config.json` last.
 * @throws FormatError `WEFT_FORMAT_WEIGHTS` when a weight is missing or of another shape; WeftError `WEFT_WRITE` when a file cannot be written.
 *
 * @example
 * ```ts
 * import { loadNetwork, saveNetwork } from 'weft/formats';
 * import { cnn } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = cnn({ widths: [4, 8], hidden: 16 });
 * await saveNetwork('digits', { model, weights: initialize([...model.parameters, ...model.buffers], { seed: 1 }) });
 * console.log((await loadNetwork('digits')).model.architecture); // cnn
 * ```
 */
export async function saveNetwork(folder: string, parts: NetworkParts): Promise<void> {
  checkOptions('save a network', parts, ['model', 'weights', 'tokenizer', 'card']);
  const { model, weights, tokenizer, card } = parts;
  const kept = new Map<string, HostTensor>();
  const wrong: string[] = [];
  for (const [name, shape] of shapesOf(model)) {
    const found = weights.get(name);
    if (found?.shape.join() === shape.join()) kept.set(name, found);
    else wrong.push(`${name} is ${found === undefined ? 'missing' : `[${found.shape.join(', ')}]`}, [${shape.join(', ')}] expected`);
  }
  if (wrong.length > 0) throw weightsError(`save the ${model.architecture} in ${folder}`, wrong, REMEDY);
  if (tokenizer !== undefined) await saveTokenizer(join(folder, 'tokenizer.json'), tokenizer);
  if (card !== undefined) await writeModelCard(folder, card);
  await writeSafetensors(join(folder, WEIGHTS_FILE), kept, { format: 'pt' });
  const fields = { model_type: MODEL_TYPE, architecture: model.architecture, config: model.config };
  await writeFileAtomic(join(folder, 'config.json'), `${JSON.stringify(fields, null, 2)}\n`);
}

/** What was in such a folder. */
export interface LoadedNetwork {
  readonly model: Network;
  readonly weights: Map<string, HostTensor<'float32'>>;
  readonly tokenizer: Tokenizer | undefined;
  readonly card: ModelCard | undefined;
}

/**
 * Loads a folder that {@link saveNetwork} wrote.
 *
 * @throws FormatError `WEFT_FORMAT_…` when something in the folder is missing, damaged, or is another kind of model.
 */
export async function loadNetwork(folder: string): Promise<LoadedNetwork> {
  const path = join(folder, 'config.json');
  const json = await readJsonFile(path);
  if (json === undefined) throw await notAModel(folder, 'it has no config.json');
  const remedy = 'Give a folder that saveNetwork wrote; load others with loadModel, loadEncoder or loadSeq2Seq.';
  const { architecture, config } = checkSchema(CONFIG, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy });
  let model: Network;
  try {
    model = (MAKERS[architecture] as (config: unknown) => Network)(config);
  } catch (error) {
    // The model's own words on its options, as a fault of the file; a value of a wrong type fails as it may.
    throw new FormatError({
      code: 'WEFT_FORMAT_CONFIG',
      action: `read ${path}`,
      rule: `its configuration is none of a ${architecture}`,
      value: error instanceof WeftError ? error.message : 'a value of a wrong type',
      remedy: 'Copy or download config.json again.',
      cause: error,
    });
  }
  const file = await openSafetensors(join(folder, WEIGHTS_FILE));
  try {
    const shapes = shapesOf(model);
    const wrong = [...file.entries.keys()].filter((name) => !shapes.has(name)).map((name) => `${name} is in excess`);
    for (const [name, shape] of shapes) {
      const entry = file.entries.get(name);
      if (entry === undefined) wrong.push(`${name} is missing`);
      else if (entry.shape.join() !== shape.join()) wrong.push(`${name} is [${entry.shape.join(', ')}], [${shape.join(', ')}] expected`);
    }
    if (wrong.length > 0) throw weightsError(`load the weights of ${folder}`, wrong, REMEDY);
    const weights = new Map<string, HostTensor<'float32'>>();
    for (const name of shapes.keys()) {
      const tensor = await file.read(name, { widen: true });
      if (tensor.dtype !== 'float32') throw weightsError(`load the weights of ${folder}`, [`${name} is ${tensor.dtype}`], REMEDY);
      weights.set(name, tensor as HostTensor<'float32'>);
    }
    const tokenizer = existsSync(join(folder, 'tokenizer.json')) ? await loadTokenizer(folder) : undefined;
    return { model, weights, tokenizer, card: await readModelCard(folder) };
  } finally {
    await file.close();
  }
}

/** Whether a network is a language model. */
function isOfText(model: Network): model is SequenceModel | WindowModel {
  return 'vocabSize' in model;
}

/** The shapes of a model's parameters and running statistics. */
function shapesOf(model: Network): ReadonlyMap<string, readonly number[]> {
  const specs = isOfText(model) ? [...model.parameters, ...statisticsOf(model)] : [...model.parameters, ...buffersOf(model)];
  return new Map(specs.map(({ name, shape }) => [name, shape.map(({ size }) => Number(size))]));
}

type Specs = readonly { readonly name: string; readonly shape: readonly { readonly size: number | string }[] }[];

function buffersOf(model: MlpModel | CnnModel | VaeModel | GanModel): Specs {
  return 'buffers' in model ? model.buffers : [];
}

/** Running statistics of a language model: its states that begin with something. */
function statisticsOf(model: SequenceModel | WindowModel): Specs {
  const time = 'padToken' in model ? model.contextLength : 1;
  const hidden = model.hidden(input('ids', 'int32', axes('B T', 1, time)), {});
  return buildGraph({ logits: model.logits(hidden) }).inputs.flatMap(({ attributes: { role, name, shape, initializer } }) =>
    role === 'state' && initializer !== undefined ? [{ name, shape }] : [],
  );
}
