/** Reading what several components have: texts, single characters, patterns, behaviours. */

import type { JsonReader } from '../json/json-reader.ts';
import type { SplitBehavior } from '../json/tokenizer-json.ts';
import { wellFormed } from './code-points.ts';

/** UTF-16 units of a text or pattern of a component at most. */
export const LONGEST_CONTENT: number = 1 << 14;

/** Where matches of a pattern stand in a text: start, end, start, end, … */
export type Finder = (text: string) => readonly number[];

/** Reads a text. */
export function readText(reader: JsonReader, value: unknown, name: string): string {
  if (typeof value !== 'string') return reader.fail(`${name} is a text`, value);
  reader.demand(value.length <= LONGEST_CONTENT, `${name} has ${LONGEST_CONTENT} characters or fewer`, value.length);
  return wellFormed(value);
}

/** Reads a single character. */
export function readCharacter(reader: JsonReader, value: unknown, name: string): string {
  const text = readText(reader, value, name);
  reader.demand([...text].length === 1, `${name} is one character`, text);
  return text;
}

/** Reads a count. */
export function readCount(reader: JsonReader, value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return reader.fail(`${name} is a whole number from 0`, value);
  return value;
}

/** Reads `true` or `false`; a default where there may be nothing. */
export function readFlag(
  reader: JsonReader,
  value: unknown,
  { name, missing }: { readonly name: string; readonly missing?: boolean },
): boolean {
  if ((value === undefined || value === null) && missing !== undefined) return missing;
  if (typeof value !== 'boolean') return reader.fail(`${name} is true or false`, value);
  return value;
}

/** Reads a literal text or a regular expression. */
export async function readPattern(reader: JsonReader, value: unknown, name: string): Promise<Finder> {
  const json = reader.object(value, name);
  const keys = Object.keys(json);
  if (keys.length === 1 && keys[0] === 'String') return literalFinder(readText(reader, json['String'], `${name}.String`));
  if (keys.length !== 1 || keys[0] !== 'Regex') return reader.fail(`${name} is a String or a Regex`, value);
  const pattern = readText(reader, json['Regex'], `${name}.Regex`);
  const { createPatternFinder } = await import('../splitting/pattern.ts');
  return createPatternFinder(pattern, (rule) => reader.fail(`${name}.Regex is a regular expression that is known here: ${rule}`, pattern));
}

/** Finds a literal text; an empty one is found between all characters. */
export function literalFinder(literal: string): Finder {
  return (text) => {
    const matches: number[] = [];
    if (text === '') return matches;
    if (literal === '') {
      for (let at = 0; at <= text.length; at++) {
        const inside =
          at > 0 && at < text.length && /^[\uDC00-\uDFFF]$/.test(text[at] as string) && /^[\uD800-\uDBFF]$/.test(text[at - 1] as string);
        if (!inside) matches.push(at, at);
      }
      return matches;
    }
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length)) matches.push(at, at + literal.length);
    return matches;
  };
}

const BEHAVIORS: readonly unknown[] = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];

/** Reads what becomes of matches. */
export function readBehavior(reader: JsonReader, value: unknown, name: string): SplitBehavior {
  if (!BEHAVIORS.includes(value)) return reader.fail(`${name} is one of ${BEHAVIORS.join(', ')}`, value);
  return value as SplitBehavior;
}
