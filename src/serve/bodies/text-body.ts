/** The bodies of requests that only read texts: embeddings as OpenAI's, tokenizing as vLLM's and llama.cpp's. */

import { z } from 'zod';

import { message } from './generation-body.ts';
import type { ChatMessage } from './generation-body.ts';
import { prompts, tokenIds } from './lists.ts';
import type { Prompts } from './lists.ts';
import { readBody } from './read-body.ts';

/** Most texts that one request may ask embeddings of; OpenAI's bound. */
export const MOST_INPUTS = 2048;

/** The body of `POST /v1/embeddings`. */
export interface EmbeddingBody {
  readonly model?: string | undefined;
  readonly input: Prompts;
  readonly encoding_format?: 'float' | 'base64' | undefined;
  readonly dimensions?: number | undefined;
}

/** The body of `POST /tokenize`. */
export interface TokenizeBody {
  readonly model?: string | undefined;
  readonly prompt?: string | undefined;
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly content?: string | undefined;
  readonly add_special_tokens?: boolean | undefined;
  readonly add_special?: boolean | undefined;
  readonly return_token_strs?: boolean | undefined;
  readonly with_pieces?: boolean | undefined;
}

/** The body of `POST /detokenize`. */
export interface DetokenizeBody {
  readonly model?: string | undefined;
  readonly tokens: readonly number[];
}

const embedding = z
  .strictObject({
    model: z.string().max(500),
    input: prompts,
    encoding_format: z.enum(['float', 'base64']),
    dimensions: z.number().int().min(1),
    user: z.string(),
  })
  .partial()
  .required({ input: true });

const tokenize = z
  .strictObject({
    model: z.string().max(500),
    prompt: z.string(),
    messages: z.array(message).min(1).max(10_000),
    content: z.string(),
    add_special_tokens: z.boolean(),
    add_special: z.boolean(),
    add_generation_prompt: z.literal(true),
    return_token_strs: z.boolean(),
    with_pieces: z.boolean(),
    parse_special: z.literal(false),
  })
  .partial();

const detokenize = z
  .strictObject({ model: z.string().max(500), tokens: tokenIds({ most: 1_000_000 }) })
  .partial()
  .required({ tokens: true });

/** The checked body of `POST /v1/embeddings`; throws as `readCompletionBody` does. */
export function readEmbeddingBody(body: unknown): EmbeddingBody {
  return readBody(embedding, body);
}

/** The checked body of `POST /tokenize`; throws as `readCompletionBody` does. */
export function readTokenizeBody(body: unknown): TokenizeBody {
  return readBody(tokenize, body);
}

/** The checked body of `POST /detokenize`; throws as `readCompletionBody` does. */
export function readDetokenizeBody(body: unknown): DetokenizeBody {
  return readBody(detokenize, body);
}
