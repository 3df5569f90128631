/**
 * tiktoken's files: a line for each token, its bytes in base64, a space, its rank, which is its id. How text is split and the special
 * tokens are not in the file: they are given, or known by how many tokens there are.
 *
 * Sources: openai/tiktoken, `load.py` (the format) and `openai_public.py`; meta-llama/llama3, `tokenizer.py` (its special tokens).
 */

import { UsageError } from '../../core/index.ts';
import { createBpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { mergeListOf } from '../bpe/merge-table.ts';
import { textToBytes } from '../byte-alphabet.ts';
import { OPENAI_ENCODINGS } from '../encodings/load-encoding.ts';
import type { TokenizerJson } from '../json/tokenizer-json.ts';
import { createSpecialTokens } from '../special-tokens.ts';
import { SPLITTINGS, type Splitting } from '../splitting/splittings.ts';
import { arenaOf } from '../token-arena.ts';
import { LARGEST_VOCABULARY, type Tokenizer } from '../tokenizer.ts';
import { cannotHold, formatError } from './file-error.ts';
import { mergesOfRanks } from './rank-merges.ts';

/** What such a file does not say. */
export interface TiktokenOptions {
  readonly splitting?: Splitting | undefined;
  readonly specialTokens?: ReadonlyMap<string, number> | undefined;
}

/** A line of the file. */
export const TIKTOKEN_LINE: RegExp = /^((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?) (\d{1,8})$/;

/** Bytes of a token at most: the cost of finding merges can grow with their square. */
const LONGEST = 512;

/**
 * Reads the file's text.
 *
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when a line is no token and rank, a token or rank comes twice, or a byte has no token;
 *   UsageError `WEFT_TOKENIZER_SPLITTING` when the splitting is neither given nor known.
 */
export function readTiktoken(text: string, origin: string, options: TiktokenOptions = {}): Tokenizer {
  const ranks = readRanks(text, origin);
  const { splitting, specialTokens } = knownVocabulary(ranks.length, origin, options);
  for (const [token, id] of specialTokens) {
    if (Number.isInteger(id) && id >= 0 && id < 2 * LARGEST_VOCABULARY && token !== '') continue;
    throw formatError(origin, 'special tokens are texts with integers from 0', `${token}: ${id}`, 'Correct specialTokens.');
  }
  const size = 1 + Math.max((ranks.at(-1) as readonly [string, number])[1], ...specialTokens.values());
  if (size > 2 * ranks.length + specialTokens.size + 4096)
    throw formatError(origin, 'ranks are without large gaps', `highest id ${size - 1}`);

  const { merges, complete } = mergesOfRanks(ranks);
  const tokens: Uint8Array[] = Array.from({ length: size }, () => NOTHING);
  const byteIds = new Int32Array(256);
  for (const [token, id] of ranks) {
    tokens[id] = bytesOf(token);
    if (token.length === 1) byteIds[token.charCodeAt(0)] = id;
  }
  const utf8 = new TextEncoder();
  for (const [token, id] of specialTokens) {
    if ((tokens[id] as Uint8Array).length > 0) throw formatError(origin, 'every id is given once', `${id} for ${token} too`);
    tokens[id] = utf8.encode(token);
  }
  return createBpeTokenizer({
    splitting,
    tokens: arenaOf(tokens),
    byteIds,
    merges: mergeListOf(merges),
    ignoreMerges: !complete,
    special: createSpecialTokens(specialTokens),
  });
}

/**
 * The file of a byte-level tokenizer. How text is split and the special tokens are lost: they are no part of it.
 *
 * @throws UsageError `WEFT_TOKENIZER_SAVE` when it is another kind, or its ids are not in the order in which pairs are merged.
 */
export function writeTiktoken({ model, normalizer, decoder, added_tokens: added }: TokenizerJson): string {
  const format = '.tiktoken';
  if (model.type !== 'BPE') throw cannotHold(format, 'it holds byte-level BPE alone', model.type);
  if (normalizer !== null) throw cannotHold(format, 'it holds no normalizer', normalizer.type);
  if (decoder?.type !== 'ByteLevel') throw cannotHold(format, 'it holds tokens of bytes alone', `a decoder ${decoder?.type ?? 'none'}`);
  const special = new Set(added.map(({ content }) => content));
  const ranks = Object.entries(model.vocab).flatMap(([text, id]): [string, number][] => {
    if (special.has(text)) return [];
    const bytes = textToBytes(text);
    if (bytes === undefined) throw cannotHold(format, 'it holds tokens of bytes alone', text);
    return [[String.fromCharCode(...bytes), id]];
  });
  ranks.sort((a, b) => a[1] - b[1]);
  const missing = missingByte(ranks);
  if (missing !== undefined) throw cannotHold(format, 'every byte has a token there', `none for byte ${missing}`);

  // Merges are not in the file: they must be those that follow from the ranks.
  const { merges, complete } = mergesOfRanks(ranks);
  const texts = new Map(Object.entries(model.vocab).map(([text, id]) => [id, text]));
  const wrong = merges.findIndex(({ left, right }, rank) => {
    const theirs = model.merges[rank];
    return theirs === undefined || theirs[0] !== texts.get(left) || theirs[1] !== texts.get(right);
  });
  if (wrong >= 0 || merges.length !== model.merges.length || (!complete && !model.ignore_merges)) {
    throw cannotHold(format, 'there ids give the order of merges', `merge ${Math.max(wrong, 0)} is another`);
  }
  return ranks.map(([token, id]) => `${btoa(token)} ${id}\n`).join('');
}

const NOTHING = new Uint8Array(0);

/** Tokens, one character a byte, and their ids, ascending. */
function readRanks(text: string, origin: string): readonly (readonly [string, number])[] {
  const ranks: [string, number][] = [];
  const tokens = new Set<string>();
  let line = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start) < 0 ? text.length : text.indexOf('\n', start);
    const content = text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    line++;
    if (content === '') continue;
    const match = TIKTOKEN_LINE.exec(content);
    const token = match === null ? '' : atob(match[1] as string);
    if (match === null || token === '' || token.length > LONGEST) {
      throw formatError(
        origin,
        `every line is the base64 of 1 to ${LONGEST} bytes, a space and a rank`,
        `line ${line}: ${content.slice(0, 80)}`,
      );
    }
    if (tokens.has(token)) throw formatError(origin, 'every token is given once', `line ${line}: ${content.slice(0, 80)}`);
    if (ranks.length >= LARGEST_VOCABULARY) throw formatError(origin, `there are ${LARGEST_VOCABULARY} tokens or fewer`, `line ${line}`);
    tokens.add(token);
    ranks.push([token, Number(match[2])]);
  }
  ranks.sort((a, b) => a[1] - b[1]);
  const twice = ranks.find(([, id], index) => index > 0 && id === ranks[index - 1]?.[1]);
  if (twice !== undefined) throw formatError(origin, 'every rank is given once', twice[1]);
  const missing = missingByte(ranks);
  if (missing !== undefined) throw formatError(origin, 'every byte is a token', `none for byte ${missing}`);
  return ranks;
}

function missingByte(ranks: readonly (readonly [string, number])[]): number | undefined {
  const bytes = new Set(ranks.filter(([token]) => token.length === 1).map(([token]) => token.charCodeAt(0)));
  return Array.from({ length: 256 }, (_, byte) => byte).find((byte) => !bytes.has(byte));
}

function bytesOf(token: string): Uint8Array {
  return Uint8Array.from(token, (character) => character.charCodeAt(0));
}

interface Known {
  readonly splitting: Splitting;
  readonly specialTokens: ReadonlyMap<string, number>;
}

/** What is known of vocabularies by how many tokens their files give. */
const KNOWN: ReadonlyMap<number, () => Known> = new Map([
  ...(['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base'] as const).map((name): [number, () => Known] => [
    { r50k_base: 50256, p50k_base: 50280, cl100k_base: 100256, o200k_base: 199998 }[name],
    () => OPENAI_ENCODINGS[name],
  ]),
  [128000, (): Known => ({ splitting: 'gpt4', specialTokens: llama3SpecialTokens() })],
]);

function llama3SpecialTokens(): ReadonlyMap<string, number> {
  const named: Readonly<Record<number, string>> = {
    0: 'begin_of_text',
    1: 'end_of_text',
    6: 'start_header_id',
    7: 'end_header_id',
    9: 'eot_id',
  };
  let reserved = 0;
  return new Map(
    Array.from({ length: 256 }, (_, index) => [`<|${named[index] ?? `reserved_special_token_${reserved++}`}|>`, 128000 + index]),
  );
}

function knownVocabulary(count: number, origin: string, { splitting, specialTokens }: TiktokenOptions): Known {
  const known = KNOWN.get(count)?.();
  const chosen = splitting ?? known?.splitting;
  if (chosen === undefined || !Object.hasOwn(SPLITTINGS, chosen)) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_SPLITTING',
      action: `read the tokenizer ${origin}`,
      rule: chosen === undefined ? 'the file does not say how text is split' : 'there is no such splitting',
      value: chosen ?? `${count} tokens, as no known vocabulary has`,
      remedy: `Give the splitting: ${Object.keys(SPLITTINGS).join(', ')}.`,
    });
  }
  // Special tokens of a known vocabulary go with its splitting.
  const usual = known?.splitting === chosen ? known.specialTokens : new Map<string, number>();
  return { splitting: chosen, specialTokens: specialTokens ?? usual };
}
