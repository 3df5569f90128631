/** Byte-level byte pair encoding. Text becomes UTF-8 bytes once; pieces are split, looked up in a cache, and merged when new. */

import { createTokenizer } from '../create-tokenizer.ts';
import { createBpeJson } from '../json/bpe-json.ts';
import { bytesToText } from '../byte-alphabet.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { alignParts, countParts, encodeParts, stableEndOf } from '../special-tokens.ts';
import { arenaSize, tokenAt } from '../token-arena.ts';
import { createTokenBytes } from '../token-bytes.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { Alignment, Template } from '../engine.ts';
import type { TokenizerJson } from '../json/tokenizer-json.ts';
import type { TokenTexts } from '../pipeline/post-processors.ts';
import { alignBytes } from './align-bytes.ts';
import type { BpeDefinition } from './bpe-definition.ts';
import { createByteEncoder } from './byte-encoder.ts';

/** What a file has besides the algorithm. */
export interface BpeSurroundings {
  /** The file itself, to be written as it was read. */
  readonly json?: TokenizerJson;
  readonly template?: Template | undefined;
  /** How places are trimmed, and what does it. */
  readonly trims?: readonly { readonly keepsFirst: boolean }[];
  readonly trimPlaces?: (alignment: Alignment, trims: readonly { readonly keepsFirst: boolean }[], token: TokenTexts) => Alignment;
}

/** The tokenizer of a definition. */
export function createBpeTokenizer(definition: BpeDefinition, { json, template, trims, trimPlaces }: BpeSurroundings = {}): Tokenizer {
  const { splitting, tokens, special, byteIds } = definition;
  const table = createTokenBytes(tokens, new Set(special.tokens.values()));
  const encoder = createByteEncoder(SPLITTINGS[splitting].splitBatch, definition);
  const names = new Map([...special.tokens, ...special.ordinary].map(([text, id]) => [id, text]));
  const findIn = (allowed: boolean): typeof special.findAll => (allowed ? special.findAll : special.findAlways);
  const count = (text: string, limit: number, allowed: boolean): number => {
    const find = findIn(allowed);
    if (find === undefined) return encoder.count(text, limit);
    return countParts(find(text), (start, end, rest) => encoder.count(text.slice(start, end), rest), limit);
  };
  const nameOf = (id: number): string => names.get(id) ?? bytesToText(tokenAt(tokens, id));
  const align = (text: string, allowed: boolean): Alignment =>
    alignParts(text, findIn(allowed), (part) => alignBytes(part, encoder.encode(part), { lengthOf: table.length, byteIds }));
  return createTokenizer({
    type: 'bpe',
    size: arenaSize(tokens),
    specialTokens: special.tokens,
    // An id between that stands for nothing has no bytes.
    token: (id) => nameOf(id) || undefined,
    template,
    tokenBytes: (id) => table.bytes(id),
    encode(text, allowed) {
      const find = findIn(allowed);
      return find === undefined ? encoder.encode(text) : encodeParts(find(text), (start, end) => encoder.encode(text.slice(start, end)));
    },
    align: (text, allowed) => trimPlaces?.(align(text, allowed), trims ?? [], { text, nameOf }) ?? align(text, allowed),
    count: (text, allowed) => count(text, Infinity, allowed),
    countUpTo: count,
    stableEnd: (text, allowed) => stableEndOf(text, findIn(allowed), { longest: special.longest, stableEnd: encoder.stableEnd }),
    decode: (ids, skipSpecial) => table.decode(ids, skipSpecial),
    createDecoder: (skipSpecial) => table.createDecoder(skipSpecial),
    toJSON: () => json ?? createBpeJson(definition, splitting),
  });
}
