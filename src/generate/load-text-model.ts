/** A text model from a model folder. */

import { basename, resolve } from 'node:path';

import { FormatError, checkOptions } from '../core/index.ts';
import { isNetworkFolder, loadAdapter, loadModel, loadNetwork, readChatTemplate, readModelCard } from '../formats/index.ts';
import type { GenerationConfig, LoadModelOptions, ModelCard } from '../formats/index.ts';
import { hasCache } from '../models/index.ts';
import type { LanguageModel, SequenceModel, WindowModel } from '../models/index.ts';
import { createAttentionReader } from './attention-reader.ts';
import { TEXT_MODEL_OPTIONS, createTextModel } from './create-text-model.ts';
import type { TextModelAdapter, TextModelOptions } from './create-text-model.ts';
import type { Weights } from './batching/batch-runner.ts';
import type { SamplingDefaults, TextModel } from './text-model.ts';

/** How a folder is loaded and its model runs. */
export interface LoadTextModelOptions extends Omit<TextModelOptions, 'draft'>, LoadModelOptions {
  /** Folder of a small model of the same tokenizer that guesses tokens. Default none. */
  readonly draft?: string;
  /** Folders of adapters of the model, by the names that they are to have. Default none. */
  readonly adapters?: ReadonlyMap<string, string>;
}

/**
 * Loads a model folder, ours or Hugging Face's, ready to generate and to score. Where the folder names the tokens that begin
 * and end a text, they are used; its sampling settings are told as `defaults`: sampling is the caller's.
 *
 * @param folder a folder with `config.json`, `model.safetensors` and `tokenizer.json`, or `hf:organisation/name` of the hub; or the
 *   folder of an adapter
 * @param options see {@link TextModelOptions}; `hub`: how the hub is reached; `base`: the base model of an adapter's folder, default the one
 *   that it names
 * @returns the text model, named after its card or its folder; close it to free the session
 * @throws FormatError `WEFT_FORMAT_…` or `WEFT_TOKENIZER_…` when something in the folder is missing or damaged,
 *   `WEFT_GENERATE_TOKENIZER` when it has no tokenizer
 *
 * @example
 * ```ts
 * import { saveModel } from 'weft/formats';
 * import { loadTextModel } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: tokenizer.vocabSize });
 * await saveModel('hamlet', { model, weights: initialize(model.parameters, { seed: 1 }), tokenizer });
 *
 * const textModel = await loadTextModel('hamlet');
 * console.log(textModel.name, textModel.contextLength); // hamlet 16
 * await textModel.close();
 * ```
 */
export async function loadTextModel(folder: string, options: LoadTextModelOptions = {}): Promise<TextModel> {
  checkOptions('load a model', options, [...TEXT_MODEL_OPTIONS, 'hub', 'base', 'adapters']);
  const { hub, base, draft: draftFolder, adapters: folders = new Map<string, string>(), ...rest } = options;
  const draft = draftFolder === undefined ? undefined : await loadModel(draftFolder, hub === undefined ? {} : { hub });
  const running: TextModelOptions = { ...rest, ...(draft === undefined ? {} : { draft: { model: draft.model, weights: draft.weights } }) };
  const name = (card: ModelCard | undefined): string => card?.name ?? basename(resolve(folder));
  if (await isNetworkFolder(folder)) {
    const { model, weights, tokenizer, card } = await loadNetwork(folder);
    if (!('vocabSize' in model)) throw noTextModel(folder, `a ${model.architecture} is no language model`);
    if (tokenizer === undefined) throw noTokenizer(folder);
    const read = async (): Promise<Weights> => (await loadNetwork(folder)).weights;
    const textModel = await createTextModel({ model, weights, tokenizer, card, name: name(card), reload: read }, running);
    return withAttention(textModel, model, { read, threads: rest.threads });
  }
  const found: LoadModelOptions = { ...(hub === undefined ? {} : { hub }), ...(base === undefined ? {} : { base }) };
  const { model, weights, tokenizer, card, chatTemplate, generationConfig } = await loadModel(folder, found);
  if (tokenizer === undefined) throw noTokenizer(folder);
  const { bosTokenId: startToken = tokenizer.endOfText, eosTokenIds: endTokens } = generationConfig;
  const open = async (base: Weights): Promise<readonly TextModelAdapter[]> => openAdapters(folders, { model, weights: base });
  const adapters = await open(weights);
  const read = async (): Promise<Weights> => (await loadModel(folder, found)).weights;
  const readAll = async (): Promise<Weights> => {
    const base = await read();
    return new Map([...base, ...(await open(base)).flatMap(({ adapter }) => [...adapter.weights])]);
  };
  const parts = {
    model,
    weights,
    tokenizer,
    name: name(card),
    chatTemplate,
    card,
    startToken,
    endTokens,
    reload: readAll,
    adapters,
    defaults: defaultsOf(generationConfig),
  };
  return withAttention(await createTextModel(parts, running), model, { read, threads: rest.threads });
}

/** What a folder says of sampling. */
function defaultsOf({ temperature, topK, topP, minP, repetitionPenalty }: GenerationConfig): SamplingDefaults {
  // A top-p of nothing is one that was not meant.
  const said = Object.entries({ temperature, topK, topP: topP === 0 ? undefined : topP, minP, repetitionPenalty });
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

/** The adapters of a model, with the templates and cards of their folders. */
async function openAdapters(
  folders: ReadonlyMap<string, string>,
  { model, weights }: { readonly model: LanguageModel; readonly weights: Weights },
): Promise<readonly TextModelAdapter[]> {
  const opened: TextModelAdapter[] = [];
  for (const [name, folder] of folders) {
    const adapter = await loadAdapter(folder, { model, baseWeights: weights, name: `adapter${opened.length}` });
    opened.push({ name, adapter, chatTemplate: await readChatTemplate(folder), card: await readModelCard(folder) });
  }
  return opened;
}

/** The text model, able to read the weights again where it attends. */
function withAttention(
  textModel: TextModel,
  model: SequenceModel | WindowModel,
  { read, threads }: { readonly read: () => Promise<Weights>; readonly threads: number | undefined },
): TextModel {
  if (!hasCache(model)) return textModel;
  return {
    ...textModel,
    openAttention: async () => createAttentionReader({ model, weights: await read() }, threads === undefined ? {} : { threads }),
  };
}

function noTokenizer(folder: string): FormatError {
  return new FormatError({
    code: 'WEFT_GENERATE_TOKENIZER',
    action: `generate with ${folder}`,
    rule: 'a model needs its tokenizer to read and write text',
    value: 'the folder has no tokenizer.json',
    remedy: "Put the model's tokenizer.json into the folder.",
  });
}

function noTextModel(folder: string, value: string): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_ARCHITECTURE',
    action: `generate with ${folder}`,
    rule: 'only a language model writes text',
    value,
    remedy: 'Load it with loadNetwork, and compute with its own functions.',
  });
}
