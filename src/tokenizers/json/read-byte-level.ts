/** Which files the fast byte-level engine can run, alone or behind a normalizer and added tokens of the general one. */

import type { BpeDefinition } from '../bpe/bpe-definition.ts';
import type { MergeList } from '../bpe/merge-table.ts';
import { textToBytes } from '../byte-alphabet.ts';
import type { SpecialTokens } from '../special-tokens.ts';
import { type Splitting, splittingOf } from '../splitting/splittings.ts';
import { type TokenArena, arenaOf } from '../token-arena.ts';
import type { JsonObject } from './json-reader.ts';
import type { Vocabulary } from './read-vocabulary.ts';

/** What a byte-level model is made of. */
export interface ByteLevelParts {
  readonly vocabulary: Vocabulary;
  readonly merges: MergeList;
  readonly special: SpecialTokens;
  readonly size: number;
}

/** The definition of a byte-level BPE with a known splitting; undefined where the file asks for anything else. */
export function readByteLevel(root: JsonObject, model: JsonObject, parts: ByteLevelParts): BpeDefinition | undefined {
  const splitting = readSplitting(root['pre_tokenizer']);
  if (splitting === undefined) return undefined;
  const { tokens, byteIds } = byteTokens(parts);
  // Without missing bytes nothing is unknown.
  const isWhole = byteIds.every((id) => id >= 0);
  if (!isWhole && ((model['unk_token'] ?? undefined) !== undefined || model['byte_fallback'] === true)) return undefined;
  if (['continuing_subword_prefix', 'end_of_word_suffix'].some((name) => (model[name] ?? '') !== '')) return undefined;
  return { splitting, tokens, byteIds, merges: parts.merges, ignoreMerges: model['ignore_merges'] === true, special: parts.special };
}

/** The splitting of a byte-level pre-tokenizer, where it is a known one. */
function readSplitting(json: unknown): Splitting | undefined {
  if (!isObject(json)) return undefined;
  const steps: unknown = json['type'] === 'Sequence' ? json['pretokenizers'] : [json];
  if (!Array.isArray(steps) || steps.length < 1 || steps.length > 2) return undefined;
  const bytes: unknown = steps.at(-1);
  if (!isObject(bytes) || bytes['type'] !== 'ByteLevel' || bytes['add_prefix_space'] !== false) return undefined;
  if (typeof bytes['trim_offsets'] !== 'boolean') return undefined;
  const usesPattern = bytes['use_regex'] ?? true;
  if (steps.length === 1) return usesPattern === true ? 'gpt2' : undefined;
  const split: unknown = steps[0];
  if (usesPattern !== false || !isObject(split) || split['type'] !== 'Split') return undefined;
  if (split['behavior'] !== 'Isolated' || typeof split['invert'] !== 'boolean' || !isObject(split['pattern'])) return undefined;
  const pattern = split['pattern']['Regex'];
  return typeof pattern === 'string' && Object.keys(split['pattern']).length === 1 ? splittingOf(pattern) : undefined;
}

/** Bytes of every token. A token outside of GPT-2's alphabet stands for its own text, as in Hugging Face's decoder. */
function byteTokens({ vocabulary, special, size }: ByteLevelParts): { tokens: TokenArena; byteIds: Int32Array } {
  const utf8 = new TextEncoder();
  const tokens: Uint8Array[] = Array.from({ length: size }, () => new Uint8Array(0));
  const byteIds = new Int32Array(256).fill(-1);
  for (const [text, id] of vocabulary) {
    const bytes = textToBytes(text);
    tokens[id] = bytes ?? utf8.encode(text);
    if (bytes?.length === 1) byteIds[bytes[0] as number] = id;
  }
  for (const [text, id] of [...special.tokens, ...special.ordinary]) tokens[id] = utf8.encode(text);
  return { tokens: arenaOf(tokens), byteIds };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
