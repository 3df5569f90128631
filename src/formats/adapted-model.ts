/** An adapter's folder as a model: its base is found and loaded, and the adapter merged into the weights. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { FormatError } from '../core/index.ts';
import { loadTokenizer } from '../tokenizers/index.ts';
import { ADAPTER_CONFIG_FILE, parseAdapterConfig } from './adapter-config.ts';
import { loadAdapter } from './adapter-folder.ts';
import { readChatTemplate } from './chat-template.ts';
import { isHubName } from './download-model.ts';
import { readJsonFile } from './json-file.ts';
import { mergeAdapter } from './merge-adapter.ts';
import { readModelCard } from './model-card.ts';
import type { LoadedModel } from './model-folder.ts';

/** Whether a folder holds an adapter and no model of its own. */
export function isAdapterFolder(folder: string): boolean {
  return existsSync(join(folder, ADAPTER_CONFIG_FILE)) && !existsSync(join(folder, 'config.json'));
}

/**
 * Loads an adapter's folder with its base. Chat template, tokenizer and card are the adapter's where it has them: it was trained with them.
 *
 * @param folder an adapter's folder
 * @param loadBase loads a model folder or a name of the hub; it may be an adapter again
 * @param given the base, where the folder's own word is not to be taken
 */
export async function loadAdapted(
  folder: string,
  loadBase: (base: string) => Promise<LoadedModel>,
  given: string | undefined,
): Promise<LoadedModel> {
  const base = await loadBase(given ?? (await baseOf(folder)));
  const adapter = await loadAdapter(folder, { model: base.model, baseWeights: base.weights });
  return {
    ...base,
    weights: mergeAdapter(base.weights, adapter),
    tokenizer: existsSync(join(folder, 'tokenizer.json')) ? await loadTokenizer(folder) : base.tokenizer,
    card: await readModelCard(folder),
    chatTemplate: (await readChatTemplate(folder)) ?? base.chatTemplate,
  };
}

/** Where the base model is: a folder as it is named or beside the adapter, or a repository of the hub. */
async function baseOf(folder: string): Promise<string> {
  const path = join(folder, ADAPTER_CONFIG_FILE);
  const { baseName } = parseAdapterConfig(await readJsonFile(path), path);
  if (baseName === undefined) throw noBase(folder, `${ADAPTER_CONFIG_FILE} names none`);
  if (isHubName(baseName)) return baseName;
  const found = [baseName, resolve(folder, baseName)].find((place) =>
    ['config.json', ADAPTER_CONFIG_FILE].some((file) => existsSync(join(place, file))),
  );
  if (found === undefined) {
    if (/^[\w.-]+\/[\w.-]+$/.test(baseName) && !baseName.startsWith('.')) return `hf:${baseName}`;
    throw noBase(folder, `there is no model in ${baseName.slice(0, 200)}`);
  }
  if (resolve(found) === resolve(folder)) throw noBase(folder, 'it names itself');
  return found;
}

function noBase(folder: string, value: string): FormatError {
  return new FormatError({
    code: 'WEFT_ADAPTER_BASE',
    action: `load the adapter ${folder}`,
    rule: 'it changes a base model, which must be found',
    value,
    remedy: "Say where the base model is: --base DIR, or loadModel's option base.",
  });
}
