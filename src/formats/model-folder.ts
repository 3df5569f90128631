/**
 * Model folders: a model is saved as the Hugging Face folder that other tools read, and read from such folders.
 *
 * Each file is written atomically, `config.json` last: a folder that is written for the first time is no model until it is
 * whole, and one that is written again holds the old weights or the new.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { FormatError, WeftError, checkOptions, writeFileAtomic } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import type { HubOptions } from '../hub/index.ts';
import { bert } from '../models/index.ts';
import type { AnyModel, BertConfig, BertModel, LanguageModel, Seq2SeqModel } from '../models/index.ts';
import { loadTokenizer, saveTokenizer } from '../tokenizers/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';
import { isAdapterFolder, loadAdapted } from './adapted-model.ts';
import { readChatTemplate, writeTokenizerConfig } from './chat-template.ts';
import { folderOfConfig, localFolder } from './download-model.ts';
import { WEIGHTS_FILE, notAModel, openFolderWeights } from './folder-weights.ts';
import { generationConfigFields, parseGenerationConfig } from './generation-config.ts';
import type { GenerationConfig } from './generation-config.ts';
import { architectureOf, findArchitecture } from './hugging-face/architectures.ts';
import { fromForeignWeights, toForeignWeights } from './hugging-face/weight-rules.ts';
import type { Weights } from './hugging-face/weight-rules.ts';
import { readJsonFile } from './json-file.ts';
import { isNetworkConfig } from './network-folder.ts';
import { readModelCard, writeModelCard } from './model-card.ts';
import type { ModelCard } from './model-card.ts';
import { writeSafetensors } from './safetensors.ts';

const CONFIG_FILE = 'config.json';
const GENERATION_FILE = 'generation_config.json';

/** What a model folder is made of. */
export interface ModelParts {
  readonly model: AnyModel;
  /** By the model's own parameter names: all of them, and no other. */
  readonly weights: Weights;
  readonly tokenizer?: Tokenizer | undefined;
  readonly card?: ModelCard | undefined;
  /** Jinja template of its chats. */
  readonly chatTemplate?: string | undefined;
  /** Default: texts begin and end with the tokenizer's end of text. */
  readonly generationConfig?: GenerationConfig | undefined;
}

/** What was in a model folder. */
export interface LoadedModel<M extends AnyModel = LanguageModel> {
  readonly model: M;
  readonly weights: Map<string, HostTensor<'float32'>>;
  readonly tokenizer: Tokenizer | undefined;
  readonly card: ModelCard | undefined;
  readonly generationConfig: GenerationConfig;
  readonly chatTemplate: string | undefined;
}

/**
 * Saves a model as a Hugging Face folder: `config.json`, `generation_config.json`, `model.safetensors`, and with a tokenizer
 * `tokenizer.json` and `tokenizer_config.json`, with a card `weft.json`.
 *
 * @param folder - made when missing; other files in it are left alone.
 * @param parts - see {@link ModelParts}.
 * @throws FormatError `WEFT_FORMAT_WEIGHTS` when weights and model disagree, `WEFT_FORMAT_VOCABULARY` when the tokenizer has
 *   tokens that the model lacks; WeftError `WEFT_WRITE` when a file cannot be written.
 *
 * @example
 * ```ts
 * import { loadModel, saveModel } from 'weft/formats';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * await saveModel('small', { model, weights: initialize(model.parameters, { seed: 1 }) });
 * const loaded = await loadModel('small');
 * console.log(loaded.model.architecture, loaded.weights.size); // llama 12
 * ```
 */
export async function saveModel(folder: string, parts: ModelParts): Promise<void> {
  checkOptions('save a model', parts, ['model', 'weights', 'tokenizer', 'card', 'chatTemplate', 'generationConfig']);
  const { model, weights, tokenizer, card, chatTemplate } = parts;
  requireVocabulary(`save the model ${folder}`, model, tokenizer);
  const architecture = architectureOf(model);
  const unsaid = architecture.unsaid?.(model) ?? [];
  if (unsaid.length > 0) {
    throw new FormatError({
      code: 'WEFT_FORMAT_FEATURE',
      action: `save the model ${folder}`,
      rule: `${architecture.classNames[0]} of other programs has no such features`,
      value: unsaid.join(', '),
      remedy: 'Make the model as one of its relatives that have them (qwen2, qwen3, mistral), or save it with saveNetwork.',
    });
  }
  const foreign = toForeignWeights(model, weights, { ...architecture.weights, bare: architecture.isBare?.(model) ?? false });
  const end = tokenizer?.endOfText;
  const generation = parts.generationConfig ?? {
    ...(end === undefined ? {} : { bosTokenId: end }),
    eosTokenIds: end === undefined ? [] : [end],
  };
  const tokens = generationConfigFields({
    bosTokenId: generation.bosTokenId,
    eosTokenIds: generation.eosTokenIds,
    padTokenId: generation.padTokenId,
  });
  if (tokenizer !== undefined) {
    await saveTokenizer(join(folder, 'tokenizer.json'), tokenizer);
    await writeTokenizerConfig(folder, { tokenizer, contextLength: model.contextLength, chatTemplate });
  }
  await writeJson(join(folder, GENERATION_FILE), generationConfigFields(generation));
  if (card !== undefined) await writeModelCard(folder, card);
  await writeSafetensors(join(folder, WEIGHTS_FILE), foreign, { format: 'pt' });
  await writeJson(join(folder, CONFIG_FILE), {
    architectures: [architecture.classNameOf?.(model) ?? architecture.classNames[0]],
    model_type: architecture.modelType,
    ...architecture.writeConfig(model),
    ...tokens,
    torch_dtype: 'float32',
  });
}

/** How a name of the hub is turned into a folder. */
export interface HubFolderOptions {
  /** How the hub is reached, for names of it. */
  readonly hub?: HubOptions;
}

/** Options of {@link loadModel}. */
export interface LoadModelOptions extends HubFolderOptions {
  /** Of an adapter's folder: the model that it changes, a folder or a name of the hub; default the one that it names. */
  readonly base?: string;
}

/**
 * Loads the folder of a language model: one that {@link saveModel} wrote, or one from Hugging Face of a known architecture. Weights in
 * 16 bits are widened to float32; weights in shards are read through their index.
 *
 * The folder of an adapter, ours or PEFT's, is loaded as its base model with the adapter merged into it.
 *
 * @param folder - the folder, or `hf:organisation/name` of the hub, which is downloaded (see {@link downloadModel}).
 * @param options - `hub`: how the hub is reached; `base`: an adapter's base model.
 * @returns definition, weights by the model's own names, and what else the folder has.
 * @throws FormatError with a code `WEFT_FORMAT_…` or `WEFT_TOKENIZER_…` when something in the folder is missing, damaged, asks
 *   for what Weft cannot compute, or is no language model; `WEFT_ADAPTER_…` when it holds an adapter that is damaged, whose base is not
 *   found or is another.
 */
export async function loadModel(folder: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  checkOptions(`load the model ${folder}`, options, ['hub', 'base']);
  const { base, ...hub } = options;
  const local = await localFolder(folder, options.hub);
  if (isAdapterFolder(local)) return loadAdapted(local, (found) => loadModel(found, hub), base);
  if (base === undefined) return loadFolder(local, await readConfig(local, LANGUAGE));
  throw new FormatError({
    code: 'WEFT_ADAPTER_BASE',
    action: `load ${folder} with the base ${base}`,
    rule: 'an adapter has a base model, and this is none',
    value: existsSync(join(local, CONFIG_FILE)) ? 'it is a whole model' : 'it has no adapter_config.json',
    remedy: 'Leave the base out, or give the folder of an adapter.',
  });
}

/** Options of {@link loadEncoder}. */
export interface LoadEncoderOptions extends HubFolderOptions, Partial<Pick<BertConfig, 'head' | 'classes'>> {}

/**
 * Loads the folder of a BERT model: one that {@link saveModel} wrote, or Hugging Face's. With a head of its own choice the encoder is
 * loaded alone: weights of the head that the file has not are left to `initialize`, those that the head has not are passed over.
 *
 * @param folder - the folder, or a name of the hub.
 * @param options - `head` and `classes`, default the file's; `hub`.
 * @returns as {@link loadModel}; with `head`, weights may lack those of the head.
 * @throws FormatError as {@link loadModel}; UsageError `WEFT_MODEL_OPTION` or `WEFT_MODEL_SIZE` when an option is out of its range.
 *
 * @example
 * ```ts
 * import { loadEncoder, saveModel } from 'weft/formats';
 * import { bert } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = bert({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20, head: 'masked' });
 * await saveModel('small-bert', { model, weights: initialize(model.parameters, { seed: 1 }) });
 * const pairs = await loadEncoder('small-bert', { head: 'pair' });
 * const fresh = pairs.model.parameters.filter(({ name }) => !pairs.weights.has(name));
 * console.log(fresh.map(({ name }) => name).sort()); // [ 'pair.bias', 'pair.weight', 'pooler.bias', 'pooler.weight' ]
 * ```
 */
export async function loadEncoder(folder: string, options: LoadEncoderOptions = {}): Promise<LoadedModel<BertModel>> {
  checkOptions(`load the model ${folder}`, options, ['head', 'classes', 'hub']);
  const { hub, ...head } = options;
  const local = await localFolder(folder, hub);
  const config = await readConfig(local, ['bert']);
  const otherHeads = Object.keys(head).length > 0;
  const model = otherHeads ? bert({ ...config.model.config, ...head }) : config.model;
  return loadFolder(local, { ...config, model }, otherHeads);
}

/**
 * Loads the folder of an encoder-decoder transformer that {@link saveModel} wrote.
 *
 * @param folder - the folder, or a name of the hub.
 * @param options - `hub`: how the hub is reached.
 * @returns as {@link loadModel}.
 * @throws FormatError as {@link loadModel}.
 */
export async function loadSeq2Seq(folder: string, options: HubFolderOptions = {}): Promise<LoadedModel<Seq2SeqModel>> {
  checkOptions(`load the model ${folder}`, options, ['hub']);
  const local = await localFolder(folder, options.hub);
  return loadFolder(local, await readConfig(local, ['seq2seq']));
}

async function loadFolder<M extends AnyModel>(
  folder: string,
  { model, unsupported, json, path }: FolderConfig<M>,
  otherHeads = false,
): Promise<LoadedModel<M>> {
  if (unsupported.length > 0) {
    throw new FormatError({
      code: 'WEFT_FORMAT_FEATURE',
      action: `load the model ${folder}`,
      rule: `${path} asks for what is not known here`,
      value: unsupported.join(', '),
      remedy: 'Give a model without it.',
    });
  }
  const generationPath = join(folder, GENERATION_FILE);
  const generationJson = await readJsonFile(generationPath);
  const generationConfig =
    generationJson === undefined ? parseGenerationConfig(json, path) : parseGenerationConfig(generationJson, generationPath);
  const card = await readModelCard(folder);
  const chatTemplate = await readChatTemplate(folder);
  const tokenizer = existsSync(join(folder, 'tokenizer.json')) ? await loadTokenizer(folder) : undefined;
  requireVocabulary(`load the model ${folder}`, model, tokenizer);
  const source = await openFolderWeights(folder);
  try {
    const weights = await fromForeignWeights(model, source, { ...architectureOf(model).weights, otherHeads });
    return { model, weights, tokenizer, card, generationConfig, chatTemplate };
  } finally {
    await source.close();
  }
}

/**
 * The definition of the model in a folder, from `config.json` alone: enough to know its size. Features that Weft cannot
 * compute are no hindrance here.
 *
 * @param folder - a model folder, whose weights need not be there; or a name of the hub, of which `config.json` alone is downloaded.
 * @param options - `hub`: how the hub is reached.
 * @throws FormatError `WEFT_FORMAT_FOLDER`, `WEFT_FORMAT_JSON`, `WEFT_FORMAT_ARCHITECTURE` or `WEFT_FORMAT_CONFIG`.
 *
 * @example
 * ```ts
 * import { readModelDefinition } from 'weft/formats';
 * import { writeFile } from 'node:fs/promises';
 *
 * await writeFile('config.json', '{"model_type":"gpt2","n_layer":2,"n_head":2,"n_embd":32,"n_positions":64,"vocab_size":100}');
 * console.log((await readModelDefinition('.')).config.hidden); // 128
 * ```
 */
export async function readModelDefinition(folder: string, options: HubFolderOptions = {}): Promise<LanguageModel> {
  checkOptions(`read the model ${folder}`, options, ['hub']);
  return (await readConfig(await folderOfConfig(folder, options.hub), LANGUAGE)).model;
}

/** Architectures of language models, and who loads the others. */
const LANGUAGE: readonly LanguageModel['architecture'][] = ['gpt', 'llama', 'qwen2', 'qwen3', 'mistral'];
const LOADERS: Readonly<Partial<Record<AnyModel['architecture'], string>>> = { bert: 'loadEncoder', seq2seq: 'loadSeq2Seq' };

interface FolderConfig<M extends AnyModel> {
  readonly model: M;
  readonly unsupported: readonly string[];
  readonly json: unknown;
  readonly path: string;
}

/** What `config.json` says, of a model of one of the architectures. */
async function readConfig<A extends AnyModel['architecture']>(
  folder: string,
  architectures: readonly A[],
): Promise<FolderConfig<Extract<AnyModel, { readonly architecture: A }>>> {
  const path = join(folder, CONFIG_FILE);
  const json = await readJsonFile(path);
  if (json === undefined) throw await notAModel(folder, `it has no ${CONFIG_FILE}`);
  if (isNetworkConfig(json)) throw otherLoader(path, architectures, { found: 'a network of its own kind', loader: 'loadNetwork' });
  const architecture = findArchitecture(json, path);
  let read: Pick<FolderConfig<AnyModel>, 'model' | 'unsupported'>;
  try {
    read = architecture.readConfig(json, path);
  } catch (error) {
    if (!(error instanceof WeftError) || error instanceof FormatError) throw error;
    // Sizes that do not fit each other: the models' own words, as a fault of the file.
    throw new FormatError({
      code: 'WEFT_FORMAT_CONFIG',
      action: `read ${path}`,
      rule: 'its sizes do not fit each other',
      value: error.message,
      remedy: 'Copy or download config.json again.',
      cause: error,
    });
  }
  const { model } = read;
  const isAsked = (found: AnyModel): found is Extract<AnyModel, { readonly architecture: A }> =>
    (architectures as readonly string[]).includes(found.architecture);
  if (isAsked(model)) return { ...read, model, json, path };
  throw otherLoader(path, architectures, { found: model.architecture, loader: LOADERS[model.architecture] ?? 'loadModel' });
}

function otherLoader(
  path: string,
  architectures: readonly string[],
  { found, loader }: { readonly found: string; readonly loader: string },
): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_ARCHITECTURE',
    action: `load ${path}`,
    rule: `${architectures.join(', ')} is asked for`,
    value: found,
    remedy: `Load it with ${loader}.`,
  });
}

function requireVocabulary(action: string, model: AnyModel, tokenizer: Tokenizer | undefined): void {
  if (tokenizer === undefined || tokenizer.vocabSize <= model.vocabSize) return;
  throw new FormatError({
    code: 'WEFT_FORMAT_VOCABULARY',
    action,
    rule: 'the model must know every token of the tokenizer',
    value: `the tokenizer has ${tokenizer.vocabSize}, the model ${model.vocabSize}`,
    remedy: 'Use the tokenizer that the model was trained with.',
  });
}

async function writeJson(path: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(fields, null, 2)}\n`);
}
