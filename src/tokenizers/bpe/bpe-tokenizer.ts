/** Byte-level byte pair encoding. Text becomes UTF-8 bytes once; pieces are split, looked up in a cache, and merged when new. */

import { checkOptions } from '../../core/index.ts';
import { createBpeJson } from '../json/bpe-json.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { encodeParts, readPolicy } from '../special-tokens.ts';
import { createTokenBytes } from '../token-bytes.ts';
import { END_OF_TEXT, type Tokenizer } from '../tokenizer.ts';
import type { BpeDefinition } from './bpe-definition.ts';
import { createByteEncoder } from './byte-encoder.ts';

/** The tokenizer of a definition. */
export function createBpeTokenizer(definition: BpeDefinition): Tokenizer {
  const { splitting, tokens, special } = definition;
  const table = createTokenBytes(tokens);
  const encoder = createByteEncoder(SPLITTINGS[splitting].split, definition);
  return {
    type: 'bpe',
    vocabSize: tokens.length,
    specialTokens: special.tokens,
    endOfText: special.tokens.get(END_OF_TEXT),
    encode(text, options = {}) {
      checkOptions('encode', options, ['specialTokens']);
      const finder = readPolicy(options) ? special.findAll : special.findAlways;
      if (finder === undefined) return encoder.encode(text);
      return encodeParts(finder(text), (start, end) => encoder.encode(text.slice(start, end)));
    },
    decode: (ids) => table.decode(ids),
    tokenBytes: (id) => table.bytes(id),
    createDecoder: () => table.createDecoder(),
    toJSON: () => createBpeJson(definition),
  };
}
