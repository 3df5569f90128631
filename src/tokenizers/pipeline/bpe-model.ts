/**
 * Byte pair encoding of characters, with all its options: marks for the inside and the end of words, unknown tokens, bytes instead of
 * them.
 *
 * Source: huggingface/tokenizers 0.23, `models/bpe/`. Its order of things is kept where it is odd: an unknown character is put off
 * until the next known one, also behind bytes that stand for other unknown characters.
 */

import { createPieceMerger } from '../bpe/merge-piece.ts';
import { type MergeList, createMergeTable } from '../bpe/merge-table.ts';
import { codePointAt, unitsOf } from './code-points.ts';
import { type Model, type Token, byteLength, remembering, unknownPiece } from './model.ts';

/** All that the model is. */
export interface BpeOptions {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: MergeList;
  readonly unknown: string | undefined;
  /** Before every character but the first of a piece. */
  readonly prefix: string;
  /** Behind the last character of a piece. */
  readonly suffix: string;
  readonly fuseUnknown: boolean;
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
  /** Tokens that text never becomes. */
  readonly reserved: ReadonlySet<string>;
}

/** Symbols before merging, and the UTF-8 bytes that each stands for. */
interface Symbols {
  ids: Int32Array;
  lengths: Int32Array;
  count: number;
}

/** The model. */
export function createBpeModel(options: BpeOptions): Model {
  const { vocabulary, merges, unknown, prefix, suffix, fuseUnknown, byteFallback, ignoreMerges, reserved } = options;
  const table = createMergeTable(merges);
  const merge = createPieceMerger(table);
  const texts: string[] = [];
  for (const [text, id] of vocabulary) texts[id] = text;
  const unknownId = unknown === undefined ? undefined : vocabulary.get(unknown);
  const byteIds = Array.from({ length: 256 }, (_, byte) => vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
  const utf8 = new TextEncoder();
  const plain = prefix === '' && suffix === '';
  const known = plain ? createCharacterTable(vocabulary) : undefined;

  const beyond = new Map<number, number>(); // Characters beyond the first plane.
  for (const [text, id] of vocabulary)
    if (text.length === 2 && (text.codePointAt(0) as number) > 0xffff) beyond.set(text.codePointAt(0) as number, id);

  const symbols: Symbols = { ids: new Int32Array(256), lengths: new Int32Array(256), count: 0 };
  const add = (id: number, length: number): void => {
    if (symbols.count === symbols.ids.length) {
      const ids = new Int32Array(symbols.count * 2);
      const lengths = new Int32Array(symbols.count * 2);
      ids.set(symbols.ids);
      lengths.set(symbols.lengths);
      symbols.ids = ids;
      symbols.lengths = lengths;
    }
    symbols.ids[symbols.count] = id;
    symbols.lengths[symbols.count++] = length;
  };
  const idOf = (piece: string, at: number, end: number): number | undefined => {
    if (known !== undefined) {
      if (end !== at + 1) return beyond.get(piece.codePointAt(at) as number);
      const id = known[piece.charCodeAt(at)] as number;
      return id < 0 ? undefined : id;
    }
    return vocabulary.get(symbolText(piece, at, end));
  };
  /** UTF-8, quickly for the one character that it mostly is. */
  const bytesOfText = (text: string): ArrayLike<number> & Iterable<number> => {
    const code = codePointAt(text, 0);
    if (text.length !== unitsOf(code) || code < 0x80) return utf8.encode(text);
    const last = 0x80 | (code & 0x3f);
    if (code < 0x800) return [0xc0 | (code >> 6), last];
    const second = 0x80 | ((code >> 6) & 0x3f);
    if (code < 0x1_0000) return [0xe0 | (code >> 12), second, last];
    return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), second, last];
  };
  const symbolText = (piece: string, at: number, end: number): string =>
    (at > 0 ? prefix : '') + piece.slice(at, end) + (end === piece.length ? suffix : '');

  const readSymbols = (piece: string): void => {
    symbols.count = 0;
    if (piece.length > symbols.ids.length) {
      symbols.ids = new Int32Array(piece.length);
      symbols.lengths = new Int32Array(piece.length);
    }
    let pending = 0; // Bytes of unknown characters that are not added yet.
    for (let at = 0; at < piece.length;) {
      const code = codePointAt(piece, at);
      const end = at + unitsOf(code);
      const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
      const id = idOf(piece, at, end);
      if (id !== undefined) {
        if (pending > 0) add(unknownId as number, pending);
        pending = 0;
        add(id, length);
      } else if (!byteFallback || !addBytes(symbolText(piece, at, end))) {
        if (unknown !== undefined) {
          if (unknownId === undefined) throw unknownPiece(piece.slice(at, end));
          if (pending > 0 && !fuseUnknown) {
            add(unknownId, pending);
            pending = 0;
          }
          pending += length;
        }
      }
      at = end;
    }
    if (pending > 0) add(unknownId as number, pending);
  };
  const addBytes = (text: string): boolean => {
    const bytes = bytesOfText(text);
    for (const byte of bytes) if (byteIds[byte] === undefined) return false;
    for (const byte of bytes) add(byteIds[byte] as number, 1);
    return true;
  };

  const encode = (piece: string): ArrayLike<number> => {
    if (ignoreMerges) {
      const id = reserved.has(piece) ? undefined : vocabulary.get(piece);
      if (id !== undefined) return [id];
    }
    readSymbols(piece);
    const count = merge(symbols.ids, symbols.count);
    const ids = symbols.ids.slice(0, count);
    if (symbols.ids.length > 1 << 18) {
      symbols.ids = new Int32Array(256);
      symbols.lengths = new Int32Array(256);
    }
    return ids;
  };

  const align = (piece: string): readonly Token[] => {
    const whole = ignoreMerges && !reserved.has(piece) ? vocabulary.get(piece) : undefined;
    if (whole !== undefined) return [{ id: whole, start: 0, end: byteLength(piece), text: piece }];
    readSymbols(piece);
    const ids = symbols.ids.slice(0, symbols.count);
    const lengths = symbols.lengths.slice(0, symbols.count);
    const count = merge(symbols.ids, symbols.count);
    // Which symbols each token was merged of is found by merging again, beginning by beginning.
    return placeTokens(ids, lengths, symbols.ids.slice(0, count), texts);
  };

  const placeTokens = (ids: Int32Array, lengths: Int32Array, merged: Int32Array, names: readonly string[]): readonly Token[] => {
    const tokens: Token[] = [];
    let symbol = 0;
    let at = 0;
    for (const id of merged) {
      let end = at + (lengths[symbol] as number);
      let text = names[ids[symbol] as number] ?? '';
      symbol++;
      const name = names[id] ?? '';
      while (text.length < name.length && symbol < ids.length) {
        text += (names[ids[symbol] as number] ?? '').slice(prefix.length);
        end += lengths[symbol++] as number;
      }
      tokens.push({ id, start: at, end, text: name });
      at = end;
    }
    return tokens;
  };

  const separators = plain && !ignoreMerges && known !== undefined ? createSeparators(options, texts, known) : undefined;
  return {
    type: 'bpe',
    vocabulary,
    size: vocabulary.size,
    encode: remembering(encode),
    align: remembering(align),
    ...(separators === undefined ? {} : { cut: cutBefore(separators, known as Int32Array) }),
  };
}

/** Ids of single characters by their UTF-16 unit, -1 where there is none. */
function createCharacterTable(vocabulary: ReadonlyMap<string, number>): Int32Array {
  const ids = new Int32Array(0x1_0000).fill(-1);
  for (const [text, id] of vocabulary) if (text.length === 1) ids[text.charCodeAt(0)] = id;
  return ids;
}

/**
 * Characters that no merge joins to what is before them, unless that ends in the same character, as ▁ of SentencePiece: a text may be
 * cut there, and its parts remembered.
 */
function createSeparators({ merges }: BpeOptions, texts: readonly string[], known: Int32Array): Uint8Array | undefined {
  const separators = Uint8Array.from(known, (id) => (id < 0 ? 0 : 1));
  for (let rank = 0; rank < merges.results.length; rank++) {
    const left = texts[merges.lefts[rank] as number] ?? '';
    const right = texts[merges.rights[rank] as number] ?? '';
    // Tokens of bytes do not have the characters of their names.
    if (left.startsWith('<0x') || right.startsWith('<0x')) return undefined;
    if (left.charCodeAt(left.length - 1) !== right.charCodeAt(0)) separators[right.charCodeAt(0)] = 0;
  }
  return separators;
}

function cutBefore(separators: Uint8Array, known: Int32Array): (text: string, pieces: number[]) => void {
  return (text, pieces) => {
    let start = 0;
    for (let at = 1; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (separators[unit] !== 1) continue;
      const before = text.charCodeAt(at - 1);
      if (before === unit || (known[before] as number) < 0) continue;
      pieces.push(start, at);
      start = at;
    }
    pieces.push(start, text.length);
  };
}
