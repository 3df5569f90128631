/**
 * One token a character (Unicode code point), ids in the order of the code points, as nanoGPT's character models have them.
 *
 * In a `tokenizer.json` it is a BPE model without merges and without a pre-tokenizer, which Hugging Face's library encodes alike.
 */

import { UsageError, checkOptions } from '../../core/index.ts';
import { createCharactersJson } from '../json/characters-json.ts';
import { encodeParts, readPolicy } from '../special-tokens.ts';
import { createTokenBytes } from '../token-bytes.ts';
import { END_OF_TEXT, type Tokenizer } from '../tokenizer.ts';
import type { CharactersDefinition } from './characters-definition.ts';

/** The tokenizer of a definition. */
export function createCharacterTokenizer(definition: CharactersDefinition): Tokenizer {
  const { ids, special, unknown } = definition;
  const utf8 = new TextEncoder();
  const tokens: Uint8Array[] = [];
  for (const [codePoint, id] of ids) tokens[id] = utf8.encode(String.fromCodePoint(codePoint));
  for (const [text, id] of [...special.tokens, ...special.ordinary]) tokens[id] = utf8.encode(text);
  for (let id = 0; id < tokens.length; id++) tokens[id] ??= new Uint8Array(0);
  const table = createTokenBytes(tokens);
  const highest = [...ids.keys()].reduce((most, codePoint) => Math.max(most, codePoint), 0);
  const unknownId = unknown === undefined ? -1 : (special.tokens.get(unknown) ?? -1);
  const byCodePoint = new Int32Array(highest + 1).fill(unknownId);
  for (const [codePoint, id] of ids) byCodePoint[codePoint] = id;

  const encodeText = (text: string): Uint32Array => {
    const output = new Uint32Array(text.length);
    let count = 0;
    for (let at = 0; at < text.length; at++) {
      let codePoint = text.codePointAt(at) as number;
      if (codePoint > 0xffff) at++;
      else if (codePoint >= 0xd800 && codePoint < 0xe000) codePoint = 0xfffd;
      const id = codePoint <= highest ? (byCodePoint[codePoint] as number) : unknownId;
      if (id < 0) throw unknownCharacter(codePoint);
      output[count++] = id;
    }
    return output.slice(0, count);
  };

  return {
    type: 'characters',
    vocabSize: tokens.length,
    specialTokens: special.tokens,
    endOfText: special.tokens.get(END_OF_TEXT),
    encode(text, options = {}) {
      checkOptions('encode', options, ['specialTokens']);
      const finder = readPolicy(options) ? special.findAll : special.findAlways;
      if (finder === undefined) return encodeText(text);
      return encodeParts(finder(text), (start, end) => encodeText(text.slice(start, end)));
    },
    decode: (tokenIds) => table.decode(tokenIds),
    tokenBytes: (id) => table.bytes(id),
    createDecoder: () => table.createDecoder(),
    toJSON: () => createCharactersJson(definition),
  };
}

function unknownCharacter(codePoint: number): UsageError {
  const name = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  return new UsageError({
    code: 'WEFT_TOKENIZER_CHARACTER',
    action: 'encode a text',
    rule: 'the vocabulary lacks a character, and there is no unknown token',
    value: `${JSON.stringify(String.fromCodePoint(codePoint))} (${name})`,
    remedy: "Train the tokenizer with '<|unknown|>' among specialTokens, or leave the character out.",
  });
}
