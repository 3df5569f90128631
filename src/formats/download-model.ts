/** Model folders by the name of a repository of the hub: what a model needs of it, downloaded into the cache, which is then the folder. */

import { dirname } from 'node:path';

import { FormatError } from '../core/index.ts';
import { openHub } from '../hub/index.ts';
import type { HubOptions, HubRepository } from '../hub/index.ts';
import { ADAPTER_CONFIG_FILE, ADAPTER_WEIGHTS_FILE } from './adapter-config.ts';
import { WEIGHTS_FILE, WEIGHTS_INDEX_FILE, shardNames } from './folder-weights.ts';
import { readJsonFile } from './json-file.ts';

/** Files beside the weights, downloaded where the repository has them. */
const BESIDE: readonly string[] = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'weft.json',
];

/** Whether a folder is a name of the hub. */
export function isHubName(folder: string): boolean {
  return folder.startsWith('hf:');
}

/**
 * Downloads a model from the hub: configuration, tokenizer and safetensors weights, single or in shards; or an adapter. What is there is not asked for
 * again, and what broke off is continued.
 *
 * @param name - `hf:organisation/name`, or `hf:organisation/name@revision`.
 * @param options - how the hub is reached; `onProgress` tells how far each file is.
 * @returns the folder, in the cache; leave it as it is.
 * @throws FormatError `WEFT_FORMAT_FOLDER` when the repository has no safetensors weights, `WEFT_FORMAT_INDEX` when its index names other
 *   files; errors of the hub, `WEFT_HUB_…`.
 *
 * @example
 * ```ts
 * import { downloadModel } from 'weft/formats';
 *
 * const error = await downloadModel('hf:openai-community/gpt2', { offline: true, cache: '/nowhere' }).catch((error: unknown) => error);
 * console.log((error as { code: string }).code); // WEFT_HUB_OFFLINE
 * ```
 */
export async function downloadModel(name: string, options: HubOptions = {}): Promise<string> {
  const repository = await openHub(name, options);
  const isAdapter = repository.files.includes(ADAPTER_CONFIG_FILE) && !repository.files.includes('config.json');
  const weights = isAdapter ? [ADAPTER_WEIGHTS_FILE] : await weightFiles(name, repository);
  for (const file of BESIDE) if (repository.files.includes(file)) await repository.download(file);
  for (const file of weights) await repository.download(file);
  return dirname(await repository.download(isAdapter ? ADAPTER_CONFIG_FILE : 'config.json'));
}

/** The folder itself; for a name of the hub the place of its `config.json`, and nothing else of it. */
export async function folderOfConfig(folder: string, options: HubOptions = {}): Promise<string> {
  if (!isHubName(folder)) return folder;
  const repository = await openHub(folder, options);
  return dirname(await repository.download('config.json'));
}

/** The folder itself; for a name of the hub its copy in the cache. */
export async function localFolder(folder: string, options: HubOptions = {}): Promise<string> {
  return isHubName(folder) ? downloadModel(folder, options) : folder;
}

async function weightFiles(name: string, repository: HubRepository): Promise<readonly string[]> {
  const { files } = repository;
  if (files.includes(WEIGHTS_FILE)) return [WEIGHTS_FILE];
  if (files.includes(WEIGHTS_INDEX_FILE)) {
    const path = await repository.download(WEIGHTS_INDEX_FILE);
    return shardNames(await readJsonFile(path), path);
  }
  const weights = files.filter((file) => /\.(?:bin|gguf|pth?|h5|msgpack|safetensors)$/.test(file));
  throw new FormatError({
    code: 'WEFT_FORMAT_FOLDER',
    action: `load the model ${name}`,
    rule: `the repository has no ${WEIGHTS_FILE}`,
    value: weights.length === 0 ? 'it has no weights' : `it has ${weights.slice(0, 5).join(', ')}`.slice(0, 200),
    remedy: 'Give a repository with safetensors weights, or convert them: load the model with transformers and save_pretrained() it.',
  });
}
