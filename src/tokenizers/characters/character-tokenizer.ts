/**
 * One token a character (Unicode code point), ids in the order of the code points, as nanoGPT's character models have them.
 *
 * In a `tokenizer.json` it is a BPE model without merges and without a pre-tokenizer, which Hugging Face's library encodes alike.
 */

import { UsageError } from '../../core/index.ts';
import { createTokenizer } from '../create-tokenizer.ts';
import { createCharactersJson } from '../json/characters-json.ts';
import type { Alignment } from '../engine.ts';
import { alignParts, countParts, encodeParts, stableEndOf } from '../special-tokens.ts';
import { arenaOf } from '../token-arena.ts';
import { createTokenBytes } from '../token-bytes.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { CharactersDefinition } from './characters-definition.ts';

/** The tokenizer of a definition. */
export function createCharacterTokenizer(definition: CharactersDefinition): Tokenizer {
  const { ids, special, unknown } = definition;
  const utf8 = new TextEncoder();
  const tokens: Uint8Array[] = [];
  for (const [codePoint, id] of ids) tokens[id] = utf8.encode(String.fromCodePoint(codePoint));
  for (const [text, id] of [...special.tokens, ...special.ordinary]) tokens[id] = utf8.encode(text);
  for (let id = 0; id < tokens.length; id++) tokens[id] ??= new Uint8Array(0);
  const table = createTokenBytes(arenaOf(tokens), new Set(special.tokens.values()));
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

  const findIn = (allowed: boolean): typeof special.findAll => (allowed ? special.findAll : special.findAlways);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return createTokenizer({
    type: 'characters',
    size: tokens.length,
    specialTokens: special.tokens,
    token: (id) => decoder.decode(tokens[id]),
    tokenBytes: (id) => table.bytes(id),
    encode(text, allowed) {
      const find = findIn(allowed);
      return find === undefined ? encodeText(text) : encodeParts(find(text), (start, end) => encodeText(text.slice(start, end)));
    },
    align: (text, allowed) => alignParts(text, findIn(allowed), (part) => alignCharacters(part, encodeText(part))),
    count(text, allowed) {
      const find = findIn(allowed);
      if (find === undefined) return characters(text, 0, text.length);
      return countParts(find(text), (start, end) => characters(text, start, end), Infinity);
    },
    stableEnd: (text, allowed) => stableEndOf(text, findIn(allowed), { longest: special.longest, stableEnd: withoutHalf }),
    decode: (tokenIds, skipSpecial) => table.decode(tokenIds, skipSpecial),
    createDecoder: (skipSpecial) => table.createDecoder(skipSpecial),
    toJSON: () => createCharactersJson(definition),
  });
}

function alignCharacters(text: string, ids: Uint32Array): Alignment {
  const starts = new Uint32Array(ids.length);
  const ends = new Uint32Array(ids.length);
  let at = 0;
  for (let index = 0; index < ids.length; index++) {
    starts[index] = at;
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    ends[index] = at;
  }
  return { ids, starts, ends };
}

/** Characters of `text.slice(start, end)`; those that the vocabulary lacks too. */
function characters(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++, count++) if ((text.codePointAt(at) as number) > 0xffff) at++;
  return count;
}

/** A high surrogate at the end may become a character with what is appended. */
function withoutHalf(text: string): number {
  return /[\uD800-\uDBFF]$/.test(text) ? text.length - 1 : text.length;
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
