/** Byte-level byte pair encoding. Text becomes UTF-8 bytes once; pieces are split, looked up in a cache, and merged when new. */

import { createTokenizer } from '../create-tokenizer.ts';
import { createBpeJson } from '../json/bpe-json.ts';
import { bytesToText } from '../byte-alphabet.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { alignParts, encodeParts } from '../special-tokens.ts';
import { arenaSize, tokenAt } from '../token-arena.ts';
import { createTokenBytes } from '../token-bytes.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { alignBytes } from './align-bytes.ts';
import type { BpeDefinition } from './bpe-definition.ts';
import { createByteEncoder } from './byte-encoder.ts';

/** The tokenizer of a definition. */
export function createBpeTokenizer(definition: BpeDefinition): Tokenizer {
  const { splitting, tokens, special, byteIds } = definition;
  const table = createTokenBytes(tokens, new Set(special.tokens.values()));
  const encoder = createByteEncoder(SPLITTINGS[splitting].split, definition);
  const names = new Map([...special.tokens, ...special.ordinary].map(([text, id]) => [id, text]));
  const findIn = (allowed: boolean): typeof special.findAll => (allowed ? special.findAll : special.findAlways);
  return createTokenizer({
    type: 'bpe',
    size: arenaSize(tokens),
    specialTokens: special.tokens,
    token: (id) => names.get(id) ?? (table.length(id) === 0 ? undefined : bytesToText(tokenAt(tokens, id))),
    tokenBytes: (id) => table.bytes(id),
    encode(text, allowed) {
      const find = findIn(allowed);
      return find === undefined ? encoder.encode(text) : encodeParts(find(text), (start, end) => encoder.encode(text.slice(start, end)));
    },
    align: (text, allowed) =>
      alignParts(text, findIn(allowed), (part) => alignBytes(part, encoder.encode(part), { lengthOf: table.length, byteIds })),
    decode: (ids, skipSpecial) => table.decode(ids, skipSpecial),
    createDecoder: (skipSpecial) => table.createDecoder(skipSpecial),
    toJSON: () => createBpeJson(definition),
  });
}
