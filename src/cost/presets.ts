/**
 * Published models as configurations. A preset gives sizes, not weights.
 *
 * Sources: each model's config.json on Hugging Face (openai-community/gpt2*, meta-llama/*, HuggingFaceTB/SmolLM2-135M,
 * Qwen/Qwen2.5-0.5B); parameter counts checked in `presets.test.ts`.
 */

import { UsageError } from '../core/index.ts';
import { gpt, llama, qwen2 } from '../models/index.ts';
import type { GptOptions, LanguageModel, LlamaOptions } from '../models/index.ts';

/** Name of a published model whose sizes are known. */
export type PresetName = GptPreset | LlamaPreset | QwenPreset;
type GptPreset = 'gpt2' | 'gpt2-medium' | 'gpt2-large' | 'gpt2-xl';
type LlamaPreset =
  | 'llama-2-7b'
  | 'llama-2-13b'
  | 'llama-2-70b'
  | 'llama-3-8b'
  | 'llama-3-70b'
  | 'llama-3.2-1b'
  | 'llama-3.2-3b'
  | 'smollm2-135m';
type QwenPreset = 'qwen2.5-0.5b';

const GPT2 = { contextLength: 1024, vocabSize: 50_257 } as const;
const LLAMA2 = { contextLength: 4096, vocabSize: 32_000 } as const;
const LLAMA3 = { contextLength: 8192, vocabSize: 128_256, kvHeads: 8, ropeTheta: 500_000 } as const;
const LLAMA32 = {
  ...LLAMA3,
  contextLength: 131_072,
  tiedHead: true,
  ropeScaling: { type: 'llama3', factor: 32, lowFrequency: 1, highFrequency: 4, originalContext: 8192 },
} as const;

const GPT_PRESETS: Readonly<Record<GptPreset, GptOptions>> = {
  gpt2: { layers: 12, heads: 12, width: 768, ...GPT2 },
  'gpt2-medium': { layers: 24, heads: 16, width: 1024, ...GPT2 },
  'gpt2-large': { layers: 36, heads: 20, width: 1280, ...GPT2 },
  'gpt2-xl': { layers: 48, heads: 25, width: 1600, ...GPT2 },
};

const LLAMA_PRESETS: Readonly<Record<LlamaPreset, LlamaOptions>> = {
  'llama-2-7b': { layers: 32, heads: 32, width: 4096, hidden: 11_008, ...LLAMA2 },
  'llama-2-13b': { layers: 40, heads: 40, width: 5120, hidden: 13_824, ...LLAMA2 },
  'llama-2-70b': { layers: 80, heads: 64, kvHeads: 8, width: 8192, hidden: 28_672, ...LLAMA2 },
  'llama-3-8b': { layers: 32, heads: 32, width: 4096, hidden: 14_336, ...LLAMA3 },
  'llama-3-70b': { layers: 80, heads: 64, width: 8192, hidden: 28_672, ...LLAMA3 },
  'llama-3.2-1b': { layers: 16, heads: 32, width: 2048, hidden: 8192, ...LLAMA32 },
  'llama-3.2-3b': { layers: 28, heads: 24, width: 3072, hidden: 8192, ...LLAMA32 },
  'smollm2-135m': {
    layers: 30,
    heads: 9,
    kvHeads: 3,
    width: 576,
    hidden: 1536,
    contextLength: 8192,
    vocabSize: 49_152,
    ropeTheta: 100_000,
    tiedHead: true,
  },
};

const QWEN_PRESETS: Readonly<Record<QwenPreset, LlamaOptions>> = {
  'qwen2.5-0.5b': {
    layers: 24,
    heads: 14,
    kvHeads: 2,
    width: 896,
    hidden: 4864,
    contextLength: 32_768,
    vocabSize: 151_936,
    tiedHead: true,
  },
};

/** The names that {@link preset} knows. */
export const PRESET_NAMES: readonly PresetName[] = [
  ...(Object.keys(GPT_PRESETS) as GptPreset[]),
  ...(Object.keys(LLAMA_PRESETS) as LlamaPreset[]),
  ...(Object.keys(QWEN_PRESETS) as QwenPreset[]),
];

/** Whether `name` is one of {@link PRESET_NAMES}. */
export function isPresetName(name: string): name is PresetName {
  return (PRESET_NAMES as readonly string[]).includes(name);
}

/**
 * The definition of a published model.
 *
 * @param name - one of {@link PRESET_NAMES}.
 * @returns the model, without weights.
 * @throws UsageError `WEFT_COST_PRESET` for another name.
 *
 * @example
 * ```ts
 * import { preset } from 'weft/cost';
 *
 * console.log(preset('gpt2').config.width); // 768
 * ```
 */
export function preset(name: string): LanguageModel {
  if (Object.hasOwn(GPT_PRESETS, name)) return gpt(GPT_PRESETS[name as GptPreset]);
  if (Object.hasOwn(LLAMA_PRESETS, name)) return llama(LLAMA_PRESETS[name as LlamaPreset]);
  if (Object.hasOwn(QWEN_PRESETS, name)) return qwen2(QWEN_PRESETS[name as QwenPreset]);
  throw new UsageError({
    code: 'WEFT_COST_PRESET',
    action: 'find the preset',
    rule: 'no preset has the name',
    value: name,
    remedy: `Give one of ${PRESET_NAMES.join(', ')}, or a model folder.`,
  });
}
