/** A model's definition by name: a preset or a model folder. */

import { existsSync } from 'node:fs';

import { isPresetName, preset } from '../cost/index.ts';
import { loadModel, readModelDefinition } from '../formats/index.ts';
import type { LanguageModel } from '../models/index.ts';

/**
 * The definition of a model: of a preset by its name, else of a model folder.
 *
 * @param name - a preset's name, a folder, or `hf:organisation/name` of the hub, of which `config.json` alone is downloaded; `./gpt2` is the folder where `gpt2` is the preset.
 * @returns the definition, without weights.
 * @throws UsageError `WEFT_COST_PRESET` when there is neither; whatever reading a folder may throw.
 *
 * @example
 * ```ts
 * import { findModel } from 'weft/workflows';
 *
 * console.log((await findModel('gpt2')).contextLength); // 1024
 * ```
 */
export async function findModel(name: string): Promise<LanguageModel> {
  if (name.startsWith('hf:')) return readModelDefinition(name);
  if (isPresetName(name) || !existsSync(name)) return preset(name);
  return (await loadModel(name)).model;
}
