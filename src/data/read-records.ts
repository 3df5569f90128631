/** The records of `.jsonl` files: one JSON value a line, whatever it holds. */

import { demandOption } from './data-error.ts';
import { findFiles } from './reading/find-files.ts';
import { readJsonValues } from './reading/read-jsonl.ts';
import { readTextChunks } from './reading/read-text-chunks.ts';

/** A value and where it came from: `file.jsonl:12`. */
export interface DataRecord {
  readonly value: unknown;
  readonly origin: string;
}

/**
 * Reads files of JSON lines, gzipped ones too, in the order of their paths.
 *
 * @param patterns files, folders or globs
 * @throws WeftError `WEFT_DATA_JSONL` for a line that is no JSON, and as `readText` does for files that cannot be read.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { readRecords } from 'weft/data';
 *
 * await writeFile('two.jsonl', '{"a":1}\n{"a":2}\n');
 * for await (const { value, origin } of readRecords('two.jsonl')) console.log(origin, value); // two.jsonl:1 { a: 1 } two.jsonl:2 { a: 2 }
 * ```
 */
export async function* readRecords(patterns: string | readonly string[]): AsyncGenerator<DataRecord> {
  const list = typeof patterns === 'string' ? [patterns] : patterns;
  const isGiven = list.length > 0 && list.every((pattern) => pattern !== '');
  demandOption(isGiven, 'read records', { rule: 'files, folders or globs are given', value: list.length === 0 ? 'none' : 'an empty one' });
  for (const file of await findFiles(list, []))
    for await (const { value, line } of readJsonValues(readTextChunks(file), file.name)) yield { value, origin: `${file.name}:${line}` };
}
