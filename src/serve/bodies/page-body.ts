/** The bodies and queries of the page's own routes under `/api`. */

import { z } from 'zod';

import type { SamplingOptions } from '../../generate/index.ts';
import type { TokenizerType } from '../../tokenizers/index.ts';
import type { ResponseFormat } from '../grammars.ts';
import {
  MOST_ALTERNATIVES,
  count,
  given,
  minP,
  penalty,
  repetitionPenalty,
  responseFormat,
  seed,
  stops,
  temperature,
  topP,
} from './fields.ts';
import { tokenIds } from './lists.ts';
import { readBody } from './read-body.ts';

/** The body of `POST /api/generate`, the page's own route. */
export interface GenerateBody extends Omit<SamplingOptions, 'signal'> {
  readonly model?: string | undefined;
  readonly prompt: string;
  /** Tokens behind the prompt that are settled already: the ones before a token that the user chose anew. */
  readonly chosen?: readonly number[] | undefined;
  /** As in the OpenAI bodies. */
  readonly responseFormat?: ResponseFormat | undefined;
}

/** The body of `POST /api/explain`, the page's own route. */
export interface ExplainBody {
  readonly text: string;
  /** The served model whose tokenizer is explained; without it one is trained. */
  readonly model?: string | undefined;
  readonly type?: TokenizerType | undefined;
  /** What to train on; without it the text. */
  readonly train?: string | undefined;
  readonly merges?: number | undefined;
  readonly marking?: 'none' | 'space' | 'end' | undefined;
  readonly unit?: 'characters' | 'bytes' | undefined;
  readonly rule?: 'count' | 'likelihood' | undefined;
}

/** The body of `POST /api/attention`, the page's own route. */
export interface AttentionBody {
  readonly model?: string | undefined;
  readonly prompt: string;
  /** From 0. */
  readonly layer: number;
}

/** The query of `GET /api/runs/:name/metrics`. */
export interface MetricsQuery {
  readonly offset?: number | undefined;
  readonly version?: string | undefined;
}

const generate = z
  .strictObject({
    model: z.string().max(500),
    prompt: z.string(),
    chosen: tokenIds({ most: 100_000 }),
    temperature,
    topP,
    topK: z.number().int().min(1),
    minP,
    repetitionPenalty,
    presencePenalty: penalty,
    frequencyPenalty: penalty,
    maxTokens: count,
    seed,
    stop: stops,
    responseFormat,
    alternatives: z.number().int().min(0).max(MOST_ALTERNATIVES),
  })
  .partial()
  .required({ prompt: true });

// Slow code runs on it, at every step anew: so little that nobody holds the server up.
const explain = z
  .strictObject({
    model: z.string().max(500),
    text: z.string().max(1000),
    type: z.enum(['bpe', 'unigram', 'wordpiece', 'words', 'characters']),
    train: z.string().max(2000),
    merges: z.number().int().min(0).max(60),
    marking: z.enum(['none', 'space', 'end']),
    unit: z.enum(['characters', 'bytes']),
    rule: z.enum(['count', 'likelihood']),
  })
  .partial()
  .required({ text: true });

// A hundred tokens of its end are shown: it need not be long.
const attention = z
  .strictObject({ model: z.string().max(500), prompt: z.string().max(20_000), layer: z.number().int().min(0) })
  .partial()
  .required({ prompt: true, layer: true });

const metrics = z
  .strictObject({ offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER), version: z.string().max(100) })
  .partial();

/** The checked body of `POST /api/generate`; throws a RequestError 400 that names the parameter. */
export function readGenerateBody(body: unknown): GenerateBody {
  return given(readBody(generate, body)) as GenerateBody;
}

/** The checked body of `POST /api/explain`; throws a RequestError 400 that names the parameter. */
export function readExplainBody(body: unknown): ExplainBody {
  return readBody(explain, body);
}

/** The checked body of `POST /api/attention`; throws a RequestError 400 that names the parameter. */
export function readAttentionBody(body: unknown): AttentionBody {
  return readBody(attention, body);
}

/** The checked query of a run's metrics; throws a RequestError 400 that names the parameter. */
export function readMetricsQuery(query: unknown): MetricsQuery {
  return readBody(metrics, query);
}
