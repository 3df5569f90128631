/** The vocabulary, merges and added tokens of a `tokenizer.json`, each bounded before anything is built from it. */

import { type MergeList } from '../bpe/merge-table.ts';
import { LARGEST_VOCABULARY, LONGEST_TOKEN } from '../tokenizer.ts';
import type { JsonObject, JsonReader } from './json-reader.ts';

const MOST_ADDED = 1 << 16;

/** Ids of the tokens of the model by their text. */
export type Vocabulary = ReadonlyMap<string, number>;

/** An added token as the file gives it, with the id that it has. */
export interface AddedEntry {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** Reads `model.vocab` of a model that gives ids. */
export function readVocabulary(reader: JsonReader, model: JsonObject): Vocabulary {
  const entries = Object.entries(reader.object(model['vocab'], 'model.vocab'));
  reader.demand(entries.length <= LARGEST_VOCABULARY, `model.vocab has ${LARGEST_VOCABULARY} tokens or fewer`, entries.length);
  const vocabulary = new Map<string, number>();
  const ids = new Map<number, string>();
  for (const [text, id] of entries) {
    if (!isId(id)) return reader.fail('ids of model.vocab are integers from 0', `${JSON.stringify(text.slice(0, 40))}: ${String(id)}`);
    if (text.length > LONGEST_TOKEN) return reader.fail(`tokens have ${LONGEST_TOKEN} characters or fewer`, text.length);
    const other = ids.get(id);
    if (other !== undefined) {
      const names = `${id} for ${JSON.stringify(other.slice(0, 40))} and ${JSON.stringify(text.slice(0, 40))}`;
      return reader.fail('every id of model.vocab is given once', names);
    }
    ids.set(id, text);
    vocabulary.set(text, id);
  }
  return vocabulary;
}

/** Reads `model.merges`; `prefix` is what the right token has before it and the merged one lacks. */
export function readMerges(
  reader: JsonReader,
  model: JsonObject,
  { vocabulary, prefix }: { readonly vocabulary: Vocabulary; readonly prefix: string },
): MergeList {
  const given = reader.array(model['merges'] ?? [], 'model.merges');
  reader.demand(given.length <= LARGEST_VOCABULARY, `model.merges has ${LARGEST_VOCABULARY} entries or fewer`, given.length);
  const list = typeof given[0] === 'string' ? given.filter((value) => typeof value !== 'string' || !value.startsWith('#version')) : given;
  const [lefts, rights, results] = [new Int32Array(list.length), new Int32Array(list.length), new Int32Array(list.length)];
  for (const [index, value] of list.entries()) {
    const parts: readonly unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [];
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      return reader.fail(`model.merges[${index}] is a pair of tokens`, JSON.stringify(value)?.slice(0, 80));
    }
    const [a, b, joined] = [vocabulary.get(left), vocabulary.get(right), vocabulary.get(left + right.slice(prefix.length))];
    if (a === undefined || b === undefined || joined === undefined) {
      return reader.fail(`model.merges[${index}] joins tokens of the vocabulary to one of the vocabulary`, `${left} ${right}`.slice(0, 80));
    }
    lefts[index] = a;
    rights[index] = b;
    results[index] = joined;
  }
  return { lefts, rights, results };
}

/**
 * Reads `added_tokens`. A token that the vocabulary has keeps its id, and others are counted on from its size, whatever the file says,
 * as Hugging Face's library does (`tokenizer/added_vocabulary.rs`, `add_tokens`).
 */
export function readAddedTokens(
  reader: JsonReader,
  root: JsonObject,
  { vocabulary, size }: { readonly vocabulary: Vocabulary; readonly size: number },
): readonly AddedEntry[] {
  const list = reader.array(root['added_tokens'] ?? [], 'added_tokens');
  reader.demand(list.length <= MOST_ADDED, `added_tokens has ${MOST_ADDED} entries or fewer`, list.length);
  const ids = new Map<string, number>();
  const specials = new Set<string>();
  const entries = new Map<number, AddedEntry>();
  let nextId = size;
  for (const [index, value] of list.entries()) {
    const name = `added_tokens[${index}]`;
    const token = reader.object(value, name);
    const { id: given, content } = token;
    if (typeof content !== 'string' || content.length > LONGEST_TOKEN) {
      return reader.fail(`${name}.content is a text of at most ${LONGEST_TOKEN} characters`, content);
    }
    if (!isId(given)) return reader.fail(`${name}.id is an integer from 0`, given);
    const flag = (key: string): boolean => {
      const set = token[key];
      return typeof set === 'boolean' ? set : reader.fail(`${name}.${key} is true or false`, set);
    };
    const flags = {
      singleWord: flag('single_word'),
      leftStrip: flag('lstrip'),
      rightStrip: flag('rstrip'),
      normalized: flag('normalized'),
      special: flag('special'),
    };
    if (content === '') continue;
    const id = ids.get(content) ?? vocabulary.get(content) ?? nextId++;
    ids.set(content, id);
    if (flags.special) specials.add(content);
    entries.set(id, { id, content, ...flags, special: specials.has(content) });
  }
  return [...entries.values()];
}

/** Checks that ids are without large holes, and returns how many there are: every id is below it. */
export function countIds(reader: JsonReader, vocabulary: Vocabulary, added: readonly AddedEntry[]): number {
  let highest = -1;
  for (const id of vocabulary.values()) highest = Math.max(highest, id);
  for (const { id } of added) highest = Math.max(highest, id);
  reader.demand(highest >= 0, 'the vocabulary has tokens', 'none');
  const known = vocabulary.size + added.length;
  reader.demand(highest < 2 * known + MOST_ADDED, 'ids are without large holes', `${known} tokens, highest id ${highest}`);
  return highest + 1;
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 * LARGEST_VOCABULARY;
}
