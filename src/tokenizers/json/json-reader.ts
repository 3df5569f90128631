/** Reads parsed JSON whose shape is not trusted, and says clearly what is wrong with it. */

import { FormatError } from '../../core/index.ts';

/** An object of a file. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Checks values of one file. */
export interface JsonReader {
  object(value: unknown, name: string): JsonObject;
  array(value: unknown, name: string): readonly unknown[];
  demand(holds: boolean, rule: string, value: unknown): void;
  fail(rule: string, value: unknown): never;
}

/** A reader that calls the file `origin` in its errors. */
export function createJsonReader(origin: string): JsonReader {
  const fail = (rule: string, value: unknown): never => {
    throw new FormatError({
      code: 'WEFT_TOKENIZER_FORMAT',
      action: `read the tokenizer ${origin}`,
      rule,
      value:
        typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value).slice(0, 200) : nameOf(value),
      remedy: "Give a tokenizer.json as Hugging Face's tokenizers 0.23 or saveTokenizer writes it.",
    });
  };
  return {
    fail,
    demand(holds, rule, value) {
      if (!holds) fail(rule, value);
    },
    object(value, name) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
      return fail(`${name} is an object`, value);
    },
    array(value, name) {
      return Array.isArray(value) ? (value as readonly unknown[]) : fail(`${name} is a list`, value);
    },
  };
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'nothing in it'}`;
  return JSON.stringify(value) ?? 'nothing';
}
