/**
 * Ids to text with a SentencePiece model, whole or one after another.
 *
 * As `SentencePieceProcessor::Decode` of google/sentencepiece 0.1.97: the space that was put before the text is taken away, byte
 * pieces become characters, and bytes that are none become U+FFFD, each on its own. SentencePiece never shows control pieces; here
 * they are shown unless they are skipped, and what follows one begins like a text, as it does when it is encoded.
 */

import type { StreamingDecoder } from '../tokenizer.ts';
import type { SentencePieceType } from './sentencepiece-model.ts';

/** What a decoder needs to know of a model. */
export interface PieceDecoderOptions {
  readonly pieces: readonly { readonly piece: string; readonly type: SentencePieceType }[];
  /** The byte of each byte piece by id. */
  readonly byteOf: ReadonlyMap<number, number>;
  readonly unknownSurface: string;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
}

/** A decoder of one text, before it is normalised. */
export function createPieceDecoder(options: PieceDecoderOptions, skipSpecial: boolean): StreamingDecoder {
  const { pieces, byteOf, unknownSurface, addDummyPrefix, removeExtraWhitespaces } = options;
  let bytes: number[] = [];
  let isStart = true; // Whether a space at the beginning is still to be taken away.
  let hadSpace = false; // Whether the piece before had one.
  let isEmpty = true;

  const reset = (): void => {
    isStart = true;
    hadSpace = false;
    isEmpty = true;
  };
  /** Takes complete characters from the bytes, and, at the end of them, what is left. */
  const takeCharacters = (isEnd: boolean): string => {
    let text = '';
    let at = 0;
    while (at < bytes.length) {
      const width = completeWidth(bytes, at);
      if (width === 0 && !isEnd) break;
      text += width > 0 ? String.fromCodePoint(codePointOf(bytes, at, width)) : '\uFFFD';
      at += Math.max(width, 1);
    }
    bytes = bytes.slice(at);
    if (text !== '') isEmpty = false;
    return text;
  };
  const surfaceOf = (id: number): string => {
    const { piece, type } = pieces[id] as { readonly piece: string; readonly type: SentencePieceType };
    if (type === 'control') {
      hadSpace = false;
      if (skipSpecial) return '';
      reset();
      return piece;
    }
    if (type === 'unknown') {
      hadSpace = false;
      return unknownSurface;
    }
    let text = piece;
    hadSpace = false;
    if (isStart && (addDummyPrefix || removeExtraWhitespaces) && text.startsWith('▁')) {
      text = text.slice(1);
      hadSpace = !removeExtraWhitespaces;
    }
    return text.replaceAll('▁', ' ');
  };

  return {
    push(id) {
      const byte = byteOf.get(id);
      if (byte !== undefined) {
        bytes.push(byte);
        return takeCharacters(false);
      }
      const before = bytes.length > 0 ? takeCharacters(true) : '';
      if (hadSpace || !isEmpty) isStart = false;
      const text = surfaceOf(id);
      if (text !== '' && pieces[id]?.type !== 'control') isEmpty = false;
      return before + text;
    },
    end() {
      const text = takeCharacters(true);
      reset();
      return text;
    },
  };
}

/** Bytes of the character that begins there: 0 when it may still be completed, -1 when it can't be. */
function completeWidth(bytes: readonly number[], at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const width = lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
  if (width === 0) return -1;
  for (let index = 1; index < width; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return 0;
    if ((byte & 0xc0) !== 0x80) return -1;
  }
  const codePoint = codePointOf(bytes, at, width);
  const least = width === 2 ? 0x80 : width === 3 ? 0x800 : 0x1_0000;
  return codePoint < least || codePoint > 0x10_ffff || (codePoint >= 0xd800 && codePoint < 0xe000) ? -1 : width;
}

function codePointOf(bytes: readonly number[], at: number, width: number): number {
  let codePoint = (bytes[at] as number) & (width === 1 ? 0x7f : 0xff >> (width + 1));
  for (let index = 1; index < width; index++) codePoint = (codePoint << 6) | ((bytes[at + index] as number) & 0x3f);
  return codePoint;
}
