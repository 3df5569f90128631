/** JSON files of a model folder: bounded, and checked against a schema before anything is made of them. */

import { readFile, stat } from 'node:fs/promises';

import type { z } from 'zod';

import { FormatError } from '../core/index.ts';

/** Largest JSON file that is read, in bytes; the index of a thousand shards is far smaller. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * Reads a JSON file; undefined when there is none.
 *
 * @throws FormatError `WEFT_FORMAT_JSON` when it is no JSON in UTF-8, too large or cannot be read.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readTextFile(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw badJson(path, 'the file is JSON', (error as Error).message);
  }
}

/** Reads a text file of bounded size; undefined when there is none. */
export async function readTextFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw badJson(path, `the file has at most ${MAX_BYTES} bytes`, `${size} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw badJson(path, 'the file is text in UTF-8', code ?? (error as Error).message);
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

function badJson(path: string, rule: string, value: string): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_JSON',
    action: `read ${path}`,
    rule,
    value: value.slice(0, 120),
    remedy: 'Copy or download the file again.',
  });
}
