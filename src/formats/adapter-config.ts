/** `adapter_config.json` of PEFT's low-rank adapters. Source: huggingface/peft 0.20, `tuners/lora/config.py`, `utils/other.py`. */

import { z } from 'zod';

import { FormatError } from '../core/index.ts';
import type { AdapterDefinition } from '../nn/index.ts';
import type { ModuleUpdate } from './adapter-modules.ts';
import { checkSchema } from './json-file.ts';

export const ADAPTER_CONFIG_FILE = 'adapter_config.json';
export const ADAPTER_WEIGHTS_FILE = 'adapter_model.safetensors';

const positive = z.number().positive();
const CONFIG = z.looseObject({
  peft_type: z.string(),
  r: z.number().int().min(1),
  lora_alpha: positive.default(8),
  lora_dropout: z.number().min(0).lt(1).default(0),
  use_rslora: z.boolean().nullish(),
  alpha_pattern: z.record(z.string().max(500), positive).nullish(),
  bias: z.string().nullish(),
  use_dora: z.boolean().nullish(),
  lora_bias: z.boolean().nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  base_model_name_or_path: z.string().nullish(),
});

/** What is read of the file. */
export interface AdapterConfig {
  readonly rankStabilized: boolean;
  readonly dropout: number;
  readonly baseName: string | undefined;
  /** The alpha of a module. */
  alphaOf(module: string): number;
}

/**
 * Reads the fields of `adapter_config.json`.
 *
 * @throws FormatError `WEFT_ADAPTER_CONFIG`.
 */
export function parseAdapterConfig(json: unknown, path: string): AdapterConfig {
  const remedy = 'Give the folder of a LoRA adapter, as weft and PEFT save it.';
  const config = checkSchema(CONFIG, json, { path, code: 'WEFT_ADAPTER_CONFIG', remedy });
  const unsupported = [
    ...(config.peft_type === 'LORA' ? [] : [`peft_type ${config.peft_type.slice(0, 40)}`]),
    ...(config.use_dora === true ? ['use_dora'] : []),
    ...(config.lora_bias === true ? ['lora_bias'] : []),
    ...((config.bias ?? 'none') === 'none' ? [] : ['trained biases']),
    ...((config.modules_to_save ?? []).length === 0 ? [] : ['modules_to_save']),
  ];
  if (unsupported.length > 0) {
    throw new FormatError({
      code: 'WEFT_ADAPTER_CONFIG',
      action: `load ${path}`,
      rule: 'it asks for what is not known here',
      value: unsupported.join(', '),
      remedy: 'Merge the adapter with PEFT and give the merged model, or train it without.',
    });
  }
  const patterns = Object.entries(config.alpha_pattern ?? {});
  return {
    rankStabilized: config.use_rslora ?? false,
    dropout: config.lora_dropout,
    baseName: config.base_model_name_or_path ?? undefined,
    // A pattern is a name or its end, in PEFT any regular expression: those are refused rather than run, as they come from outside.
    alphaOf(module) {
      for (const [pattern, alpha] of patterns) {
        if (!/^\^?[\w.]+$/.test(pattern)) throw foreignPattern(path, pattern);
        const end = pattern.replace(/^\^/, '');
        if (module === end || (!pattern.startsWith('^') && module.endsWith(`.${end}`))) return alpha;
      }
      return config.lora_alpha;
    },
  };
}

function foreignPattern(path: string, pattern: string): FormatError {
  return new FormatError({
    code: 'WEFT_ADAPTER_CONFIG',
    action: `load ${path}`,
    rule: 'alpha_pattern may hold names of modules or their ends',
    value: pattern.slice(0, 80),
    remedy: 'Write the names out, each with its alpha.',
  });
}

/** The fields of `adapter_config.json` for updates of modules, by their names elsewhere. */
export function writeAdapterConfig(
  definition: AdapterDefinition,
  modules: ReadonlyMap<string, ModuleUpdate>,
  { baseName, fanInFanOut }: { readonly baseName: string | undefined; readonly fanInFanOut: boolean },
): Readonly<Record<string, unknown>> {
  const [first] = modules.values();
  const { rank, alpha } = first ?? { rank: 1, alpha: 1 };
  const pattern = (of: (update: ModuleUpdate) => number, usual: number): Readonly<Record<string, number>> =>
    Object.fromEntries([...modules].filter(([, update]) => of(update) !== usual).map(([name, update]) => [name, of(update)]));
  return {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseName ?? null,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: definition.dropout,
    use_rslora: definition.rankStabilized,
    rank_pattern: pattern((update) => update.rank, rank),
    alpha_pattern: pattern((update) => update.alpha, alpha),
    target_modules: [...modules.keys()],
    bias: 'none',
    fan_in_fan_out: fanInFanOut,
    modules_to_save: null,
  };
}
