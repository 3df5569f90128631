/** `generation_config.json`: with which tokens texts begin and end, and how the model's makers would sample from it. */

import { z } from 'zod';

import { checkSchema } from './json-file.ts';

/** How a model is to be generated from. */
export interface GenerationConfig {
  /** The token that begins a text. */
  readonly bosTokenId?: number | undefined;
  /** The tokens that end a text. */
  readonly eosTokenIds: readonly number[];
  readonly padTokenId?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
  readonly repetitionPenalty?: number | undefined;
}

const id = z.number().int().nonnegative();
const FIELDS = z.looseObject({
  bos_token_id: id.nullish(),
  eos_token_id: z.union([id, z.array(id).max(1000)]).nullish(),
  pad_token_id: id.nullish(),
  temperature: z.number().nonnegative().nullish(),
  top_k: id.nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().positive().nullish(),
});

/** From `generation_config.json`, or from `config.json`, where older folders keep the tokens. */
export function parseGenerationConfig(json: unknown, path: string): GenerationConfig {
  const fields = checkSchema(FIELDS, json, { path, code: 'WEFT_FORMAT_CONFIG', remedy: 'Mend or delete the file.' });
  const { eos_token_id: end } = fields;
  const all = {
    bosTokenId: fields.bos_token_id ?? undefined,
    eosTokenIds: end === undefined || end === null ? [] : Array.isArray(end) ? end : [end],
    padTokenId: fields.pad_token_id ?? undefined,
    temperature: fields.temperature ?? undefined,
    topK: fields.top_k ?? undefined,
    topP: fields.top_p ?? undefined,
    minP: fields.min_p ?? undefined,
    repetitionPenalty: fields.repetition_penalty ?? undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as GenerationConfig;
}

/** As the fields of `generation_config.json`. */
export function generationConfigFields(config: GenerationConfig): Readonly<Record<string, unknown>> {
  const ends = config.eosTokenIds;
  const fields = {
    bos_token_id: config.bosTokenId,
    eos_token_id: ends.length === 1 ? ends[0] : ends.length === 0 ? undefined : ends,
    pad_token_id: config.padTokenId,
    do_sample: config.temperature === undefined ? undefined : config.temperature > 0,
    temperature: config.temperature === 0 ? undefined : config.temperature,
    top_k: config.topK,
    top_p: config.topP,
    min_p: config.minP,
    repetition_penalty: config.repetitionPenalty,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
