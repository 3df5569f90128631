/** JSON files of a model folder: bounded, and checked against a schema before anything is made of them. */

import { readFile, stat } from 'node:fs/promises';

import type { z } from 'zod';

import { FormatError } from '../core/index.ts';

/** Largest JSON file that is read, in bytes; the index of a thousand shards is far smaller. */
const MAX_BYTES = 64 * 2 ** 20;

const FETCH_AGAIN = 'Copy or download the file again.';

/**
 * Reads a JSON file; undefined when there is none.
 *
 * @throws FormatError `WEFT_FORMAT_JSON` with `remedy` when it is no JSON in UTF-8, too large or cannot be read.
 */
export async function readJsonFile(path: string, remedy: string = FETCH_AGAIN): Promise<unknown> {
  const text = await readTextFile(path, remedy);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw badJson(path, { rule: 'it must be JSON', value: (error as Error).message, remedy });
  }
}

/** Reads a text file of bounded size; undefined when there is none. */
export async function readTextFile(path: string, remedy: string = FETCH_AGAIN): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw badJson(path, { rule: `it may have at most ${MAX_BYTES} bytes`, value: `${size} bytes`, remedy });
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw badJson(path, {
      rule: 'it cannot be opened',
      value: code ?? (error as Error).message,
      remedy: 'Give a file that you may read.',
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw badJson(path, { rule: 'it must be text in UTF-8', value: (error as Error).message, remedy });
  }
}

/** `value` as the schema says, or a FormatError with `code` that names the first field which is wrong. */
export function checkSchema<T>(
  schema: z.ZodType<T>,
  value: unknown,
  where: { readonly path: string; readonly code: string; readonly remedy: string },
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new FormatError({
    code: where.code,
    action: `read ${where.path}`,
    rule: field === '' ? 'it does not have the fields of its kind' : `its field ${field.slice(0, 80)} is out of order`,
    value: (issue?.message ?? '').slice(0, 120),
    remedy: where.remedy,
  });
}

function badJson(path: string, { rule, value, remedy }: { rule: string; value: string; remedy: string }): FormatError {
  return new FormatError({ code: 'WEFT_FORMAT_JSON', action: `read ${path}`, rule, value: value.slice(0, 120), remedy });
}
