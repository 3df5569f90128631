/**
 * The weights of a model folder: `model.safetensors`, or shards by `model.safetensors.index.json`.
 * Source of the index: huggingface/transformers, `modeling_utils.py`.
 */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { FormatError } from '../core/index.ts';
import { checkSchema, readJsonFile } from './json-file.ts';
import type { WeightSource } from './hugging-face/weight-rules.ts';
import { openSafetensors } from './safetensors.ts';
import type { SafetensorsEntry } from './safetensors-header.ts';
import type { SafetensorsFile } from './safetensors.ts';

/** The file of weights that is written, and read first. */
export const WEIGHTS_FILE = 'model.safetensors';
/** What names the shards of weights that are in several files. */
export const WEIGHTS_INDEX_FILE: string = `${WEIGHTS_FILE}.index.json`;
const INDEX = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** What a folder may hold instead of safetensors weights, and what to do then. */
const FOREIGN: readonly (readonly [pattern: RegExp, what: string, remedy: string])[] = [
  [
    /^pytorch_model.*\.bin(?:\.index\.json)?$|\.pth?$|^consolidated\./,
    'pickled PyTorch weights',
    'Convert them to safetensors: load the model with transformers and save_pretrained() it.',
  ],
  [/\.gguf$/, 'GGUF weights', 'Give the Hugging Face folder that the GGUF file was made from.'],
  [/^adapter_(?:model|config)\./, 'an adapter without its base model', 'Merge the adapter into its base model, then give that folder.'],
  [
    /^(?:tf_model\.h5|flax_model\.msgpack)$/,
    'TensorFlow or Flax weights',
    'Convert them to safetensors: load the model with transformers and save_pretrained() it.',
  ],
  [
    /^checkpoint$|^metrics\.jsonl$/,
    'a run that has not saved a model yet',
    'Let the training come to its end; weft train --resume continues one that was stopped.',
  ],
];

/**
 * Opens the weights of a model folder.
 *
 * @throws FormatError `WEFT_FORMAT_FOLDER` when there are none, and as {@link openSafetensors}.
 */
export async function openFolderWeights(folder: string): Promise<WeightSource & { close(): Promise<void> }> {
  const single = join(folder, WEIGHTS_FILE);
  if (existsSync(single)) {
    const file = await openSafetensors(single);
    return { origin: single, entries: file.entries, read: (name) => file.read(name), close: () => file.close() };
  }
  const index = await readJsonFile(join(folder, WEIGHTS_INDEX_FILE));
  if (index === undefined) throw await notAModel(folder, `it has no ${WEIGHTS_FILE}`);
  return openShards(folder, index);
}

/** The error for a folder that is no model folder, which says what it seems to be instead. */
export async function notAModel(folder: string, rule: string): Promise<FormatError> {
  const report = { code: 'WEFT_FORMAT_FOLDER', action: `load the model ${folder}` };
  const remedy = 'Give a folder with config.json, tokenizer.json and model.safetensors, as weft saves it and Hugging Face has it.';
  const names = await readdir(folder).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unreadable');
  if (names === 'ENOENT') return new FormatError({ ...report, rule: 'there is no such folder', remedy });
  if (names === 'ENOTDIR') return new FormatError({ ...report, rule: 'it is not a folder', remedy });
  if (typeof names === 'string') return new FormatError({ ...report, rule: 'the folder cannot be read', value: names, remedy });
  const found = FOREIGN.find(([pattern]) => names.some((name) => pattern.test(name)));
  const some = `${names.slice(0, 5).join(', ').slice(0, 200)}${names.length > 5 ? ', …' : ''}`;
  const seen = names.length === 0 ? 'an empty folder' : some;
  return new FormatError({
    ...report,
    rule,
    value: found === undefined ? seen : `it has ${found[1]}`,
    remedy: found?.[2] ?? remedy,
  });
}

const SHARDS_REMEDY = 'Copy or download the index and its shards again.';

function wrongIndex(path: string, rule: string, value: string): FormatError {
  return new FormatError({ code: 'WEFT_FORMAT_INDEX', action: `read ${path}`, rule, value: value.slice(0, 200), remedy: SHARDS_REMEDY });
}

/** The shard of each tensor, from an index. */
function readIndex(json: unknown, path: string): Readonly<Record<string, string>> {
  const { weight_map: map } = checkSchema(INDEX, json, { path, code: 'WEFT_FORMAT_INDEX', remedy: SHARDS_REMEDY });
  // A name with a path in it could reach any file of the machine.
  const strange = Object.values(map).find((name) => !/^[\w.-]+\.safetensors$/.test(name));
  if (strange !== undefined) throw wrongIndex(path, 'shards are safetensors files beside the index', strange);
  return map;
}

/** The files that an index names, each once. */
export function shardNames(json: unknown, path: string): readonly string[] {
  return [...new Set(Object.values(readIndex(json, path)))];
}

async function openShards(folder: string, json: unknown): Promise<WeightSource & { close(): Promise<void> }> {
  const path = join(folder, WEIGHTS_INDEX_FILE);
  const map = readIndex(json, path);
  const wrong = (rule: string, value: string): FormatError => wrongIndex(path, rule, value);
  const files = new Map<string, SafetensorsFile>();
  const close = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const name of new Set(Object.values(map))) files.set(name, await openSafetensors(join(folder, name)));
    const shards = new Map<string, SafetensorsFile>();
    const entries = new Map<string, SafetensorsEntry>();
    for (const [name, shard] of Object.entries(map)) {
      const file = files.get(shard);
      const entry = file?.entries.get(name);
      if (file === undefined || entry === undefined)
        throw wrong('each tensor is in the shard that the index names', `${name} is not in ${shard}`);
      shards.set(name, file);
      entries.set(name, entry);
    }
    const read: WeightSource['read'] = (name) => shards.get(name)?.read(name) ?? Promise.reject(wrong('the tensor is in the index', name));
    return { origin: path, entries, read, close };
  } catch (error) {
    await close();
    throw error;
  }
}
