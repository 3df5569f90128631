/** The texts of a `.jsonl` file: one JSON object a line, with the text in one of its fields. */

import { fileError } from '../data-error.ts';

const LONGEST_LINE = 1 << 27;

/** A text and the number of its line, from 1. */
export interface JsonLine {
  readonly text: string;
  readonly line: number;
}

/** The value of a line and the line's number, from 1. */
export interface JsonValue {
  readonly value: unknown;
  readonly line: number;
}

/** Texts line by line; blank lines are passed over. */
export async function* readJsonLines(chunks: AsyncIterable<string>, name: string, field: string): AsyncGenerator<JsonLine> {
  for await (const { value, line } of readJsonValues(chunks, name)) {
    const text: unknown =
      typeof value === 'object' && value !== null && Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
    if (typeof text !== 'string') throw lineError(name, line, `every line is an object with a text in its field ${JSON.stringify(field)}`);
    yield { text, line };
  }
}

/** Values line by line; blank lines are passed over. */
export async function* readJsonValues(chunks: AsyncIterable<string>, name: string): AsyncGenerator<JsonValue> {
  let pending = '';
  let line = 0;
  for await (const chunk of chunks) {
    let start = 0;
    let end = chunk.indexOf('\n');
    while (end >= 0) {
      line++;
      const found = parseLine(pending + chunk.slice(start, end), name, line);
      pending = '';
      if (found !== undefined) yield found;
      start = end + 1;
      end = chunk.indexOf('\n', start);
    }
    pending += chunk.slice(start);
    if (pending.length > LONGEST_LINE) throw lineError(name, line + 1, `lines have ${LONGEST_LINE} characters or fewer`);
  }
  line++;
  const found = parseLine(pending, name, line);
  if (found !== undefined) yield found;
}

function parseLine(source: string, name: string, line: number): JsonValue | undefined {
  if (source.trim() === '') return undefined;
  try {
    return { value: JSON.parse(source) as unknown, line };
  } catch (error) {
    throw lineError(name, line, 'every line is JSON', error);
  }
}

function lineError(name: string, line: number, rule: string, cause?: unknown): Error {
  return fileError({
    code: 'WEFT_DATA_JSONL',
    path: `${name}:${line}`,
    rule,
    remedy: 'Mend the line, or name the field that holds the text: textField, or --text-field on the command line.',
    cause,
  });
}
