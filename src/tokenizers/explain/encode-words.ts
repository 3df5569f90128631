/** Encodes a text with what a twin has learnt, and tells every step. */

import { textToBytes } from '../byte-alphabet.ts';
import { applyMerges, keyOf } from './bpe-twin.ts';
import type { EncodingExplanation, ExplainedToken, Marking, PieceExplanation, PieceSteps } from './explanation.ts';
import { tellLattice } from './lattice-steps.ts';
import type { Model } from './unigram-twin.ts';
import { LONGEST_WORD, matchLongest } from './wordpiece-twin.ts';
import { SPACE_MARK, type Unit, readableText, symbolsOf, wordsOf } from './words.ts';

/** What was learnt. */
export type LearntModel =
  | {
      readonly type: 'bpe';
      readonly idOf: Ids;
      readonly ranks: ReadonlyMap<string, number>;
      readonly marking: Marking;
      readonly unit: Unit;
    }
  | { readonly type: 'wordpiece'; readonly idOf: Ids; readonly prefix: string }
  | { readonly type: 'unigram'; readonly idOf: Ids; readonly model: Model; readonly marking: Marking }
  | { readonly type: 'words'; readonly idOf: Ids }
  | { readonly type: 'characters'; readonly idOf: Ids };

type Ids = ReadonlyMap<string, number>;

const utf8 = new TextEncoder();

/** A piece with the tokens' texts, and where it stands. */
interface Cut {
  readonly piece: string;
  readonly word: string;
  readonly start: number;
  readonly steps: PieceSteps;
  readonly tokens: readonly string[];
}

/** Encodes; what the vocabulary lacks has the id behind it. */
export function encodeWords(text: string, model: LearntModel): EncodingExplanation {
  const { idOf } = model;
  const unknown = idOf.size;
  const tokens: ExplainedToken[] = [];
  const pieces = cutsOf(text, model).map(({ piece, word, start, steps, tokens: parts }): PieceExplanation => {
    const { starts, ends } = bytePlaces(word);
    let from = 0;
    const told = parts.map((token) => {
      const id = idOf.get(token) ?? unknown;
      const bytes = steps.how === 'longest-match' && id === unknown ? utf8.encode(word) : bytesOf(token, model);
      const to = from + bytes.length;
      const begin = start + (starts[from] ?? word.length);
      tokens.push({ id, token, bytes: [...bytes], start: begin, end: bytes.length === 0 ? begin : start + (ends[to - 1] ?? word.length) });
      from = to;
      return { id, token };
    });
    return { piece, ...(isBytes(model) ? readableText(piece) : {}), steps, tokens: told };
  });
  const lacking = tokens.filter(({ id }) => id === unknown).length;
  return {
    type: model.type,
    text,
    normalization: [],
    splitting: model.type === 'characters' ? [] : ['white space'],
    pieces,
    tokens,
    ids: tokens.map(({ id }) => id),
    agrees: null,
    notes:
      lacking === 0 ? [] : [`The vocabulary lacks ${lacking} of the tokens; they have the id behind it, ${unknown}, for unknown text.`],
  };
}

function cutsOf(text: string, model: LearntModel): Cut[] {
  if (model.type === 'characters') {
    return Array.from(text.matchAll(/[^]/gu), ({ 0: piece, index: start }) => ({
      piece,
      word: piece,
      start,
      steps: { how: 'lookup', found: model.idOf.has(piece) },
      tokens: [piece],
    }));
  }
  return wordsOf(text).map(({ word, start }): Cut => {
    switch (model.type) {
      case 'words':
        return { piece: word, word, start, steps: { how: 'lookup', found: model.idOf.has(word) }, tokens: [word] };
      case 'wordpiece': {
        const tooLong = [...word].length > LONGEST_WORD;
        const matches = tooLong ? [] : matchLongest(word, (token) => model.idOf.has(token), model.prefix);
        const found = matches.map((match) => match.found).filter((token) => token !== null);
        return {
          piece: word,
          word,
          start,
          steps: { how: 'longest-match', matches },
          tokens: found.length < matches.length ? [word] : found,
        };
      }
      case 'unigram': {
        const characters = symbolsOf(word, model.marking);
        const steps = tellLattice(characters, model.model, (token) => model.idOf.get(token));
        return { piece: characters.join(''), word, start, steps, tokens: steps.paths[0]?.tokens ?? characters };
      }
      case 'bpe': {
        const symbols = symbolsOf(word, model.marking, model.unit);
        const merges = applyMerges(symbols, ({ left, right }) => model.ranks.get(keyOf(left, right)));
        return {
          piece: symbols.join(''),
          word,
          start,
          steps: { how: 'merges', symbols, merges },
          tokens: merges.at(-1)?.symbols ?? symbols,
        };
      }
    }
  });
}

/** Where the character of each byte of a word begins and ends. */
function bytePlaces(word: string): { readonly starts: readonly number[]; readonly ends: readonly number[] } {
  const [starts, ends]: [number[], number[]] = [[], []];
  let at = 0;
  for (const character of word) {
    for (const _ of utf8.encode(character)) {
      starts.push(at);
      ends.push(at + character.length);
    }
    at += character.length;
  }
  return { starts, ends };
}

function isBytes(model: LearntModel): boolean {
  return model.type === 'bpe' && model.unit === 'bytes';
}

/** The bytes of the word that a token covers: its mark is none of them. */
function bytesOf(token: string, model: LearntModel): Uint8Array {
  const bare = withoutMark(token, model);
  return isBytes(model) ? (textToBytes(bare) ?? utf8.encode(bare)) : utf8.encode(bare);
}

function withoutMark(token: string, model: LearntModel): string {
  if (model.type === 'wordpiece') return token.startsWith(model.prefix) ? token.slice(model.prefix.length) : token;
  const marking = 'marking' in model ? model.marking : 'none';
  if (marking === 'space' && token.startsWith(SPACE_MARK)) return token.slice(SPACE_MARK.length);
  return marking === 'end' && token.endsWith('</w>') ? token.slice(0, -4) : token;
}
