/** What several bodies have fields of, and the bounds that they share. */

import { z } from 'zod';

import type { ResponseFormat } from '../grammars.ts';

/** Most sequences that one request may ask for: prompts × n. */
export const MOST_SEQUENCES = 128;
/** Most parts that a message may have. */
export const MOST_PARTS = 1000;
/** Most alternatives to a token that are shown; OpenAI's bound. */
export const MOST_ALTERNATIVES = 20;

/** A token id. */
export const tokenId: z.ZodNumber = z.number().int().nonnegative();
/** A number of tokens. */
export const count: z.ZodNumber = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
/** OpenAI's range. */
export const temperature: z.ZodNumber = z.number().min(0).max(2);
/** A probability that is not 0. */
export const topP: z.ZodNumber = z.number().gt(0).max(1);
/** A share of the likeliest probability. */
export const minP: z.ZodNumber = z.number().min(0).lt(1);
/** OpenAI's range. */
export const penalty: z.ZodNumber = z.number().min(-2).max(2);
/** 1 for none. */
export const repetitionPenalty: z.ZodNumber = z.number().gt(0).max(10);
/** The choices of a request take the seeds that follow. */
export const seed: z.ZodNumber = z
  .number()
  .int()
  .min(Number.MIN_SAFE_INTEGER)
  .max(Number.MAX_SAFE_INTEGER - MOST_SEQUENCES);
/** Texts that end a text. */
export const stops: z.ZodArray<z.ZodString> = z.array(z.string().min(1).max(1000)).max(16);

/** Anything in braces. */
export const jsonObject: z.ZodType<Readonly<Record<string, unknown>>> = z.record(z.string(), z.unknown());
/** What a text must be. */
export const responseFormat: z.ZodType<ResponseFormat> = z.union([
  z.strictObject({ type: z.enum(['text', 'json_object']) }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string().max(200),
      description: z.string().optional(),
      schema: jsonObject.optional(),
      strict: z.boolean().nullable().optional(),
    }),
  }),
]);

/** The same without the keys whose value is undefined. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
