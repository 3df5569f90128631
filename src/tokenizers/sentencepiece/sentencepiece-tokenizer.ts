/** A tokenizer of a SentencePiece model: the same ids as `spm_encode`, the same text as `spm_decode`. */

import { createTokenizer } from '../create-tokenizer.ts';
import type { TokenizerEngine } from '../engine.ts';
import { alignParts, createSpecialTokens, encodeParts } from '../special-tokens.ts';
import type { StreamingDecoder, Tokenizer } from '../tokenizer.ts';
import { createPieceTrie } from '../unigram/piece-trie.ts';
import { createUnigramEncoder, unknownScore } from '../unigram/unigram-encoder.ts';
import { createAdjacentCharacters } from './adjacent-characters.ts';
import { alignPieces } from './align-pieces.ts';
import { createBpeSegmenter } from './bpe-segmenter.ts';
import { type CheckedModel, checkModel } from './check-model.ts';
import { rememberModel } from './model-of.ts';
import { createPieceDecoder } from './piece-decoder.ts';
import { createSentencePieceJson } from './sentencepiece-json.ts';
import type { SentencePieceModel, SentencePieceNormalizer } from './sentencepiece-model.ts';
import { createTextEncoder } from './text-encoder.ts';
import { type NormalizerSettings, createTextNormalizer } from './text-normalizer.ts';

export { sentencePieceModelOf } from './model-of.ts';

/** SentencePiece's `FLT_MIN`, where it looks for the highest score. */
const LEAST_FLOAT = 2 ** -126;

const UNKNOWN_SURFACE = ' \u2047 ';

/**
 * The tokenizer of a SentencePiece model.
 *
 * @param model - the model; it must not be changed afterwards
 * @param origin - what errors call it
 * @returns a tokenizer of type `unigram` or `bpe`, whose special tokens are the control pieces and the unknown one
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when it is none that SentencePiece would load
 */
export function createSentencePieceTokenizer(model: SentencePieceModel, origin = 'a SentencePiece model'): Tokenizer {
  const tokenizer = createTokenizer(createEngine(model, checkModel(model, origin)));
  rememberModel(tokenizer, model);
  return tokenizer;
}

function createEngine(model: SentencePieceModel, checked: CheckedModel): TokenizerEngine {
  const { bytes, unknownId, byteIds, kind } = checked;
  const { trainer, normalizer: rules } = model;
  const pieces = model.pieces.map(({ piece, score = 0, type = 'normal' }) => ({ piece, score: Math.fround(score), type }));
  const symbols = bytes.filter((_, id) => pieces[id]?.type === 'user-defined');
  const settings: NormalizerSettings = {
    ...settingsOf(rules, trainer.treatWhitespaceAsSuffix ?? false),
    charsmap: checked.charsmap,
    symbols: symbols.length === 0 ? undefined : createPieceTrie(symbols),
    symbolBytes: new Set(symbols.flatMap((symbol) => [...symbol])),
  };
  const normalizer = createTextNormalizer(settings);
  const isText = pieces.map(({ type }) => type === 'normal' || type === 'user-defined' || (type === 'unused' && kind === 'bpe'));
  const textBytes = bytes.map((piece, id) => (isText[id] === true ? piece : undefined));
  const unused = new Set(pieces.flatMap(({ type }, id) => (type === 'unused' && kind === 'bpe' ? [id] : [])));
  const scores = Float64Array.from(pieces, ({ score }) => score);
  let sums: Float64Array | undefined;
  if (kind === 'unigram') sums = prepareSums(scores, { pieces, bytes, unknownId, byteIds });
  const segmenter =
    sums === undefined
      ? createBpeSegmenter({
          pieces: textBytes,
          scores,
          unknownId,
          reserved: new Map(pieces.flatMap(({ piece }, id) => (isText[id] === true ? [] : [[piece, id] as const]))),
          unused,
          symbolAt: symbols.length === 0 ? undefined : normalizer.symbolAt,
        })
      : createUnigramEncoder({ pieces: textBytes, scores: sums, unknownId, unknownScore: sums[unknownId] as number, single: true });
  const encoder = createTextEncoder({
    settings,
    normalizer,
    segmenter,
    // What an unused piece is taken apart into depends on where it was last seen in the whole text.
    adjacent: unused.size > 0 ? undefined : createAdjacentCharacters(textBytes),
    sums,
    unknownId,
    byteIds,
  });

  const special = createSpecialTokens(
    new Map(pieces.flatMap(({ piece, type }, id) => (type === 'control' || type === 'unknown' ? [[piece, id] as const] : []))),
  );
  const byteOf = new Map(Array.from(byteIds ?? [], (id, byte) => [id, byte]));
  const utf8 = new TextEncoder();
  const align = (text: string) => {
    const source = utf8.encode(text);
    const length = normalizer.normalize(source, source.length, true);
    const normalized = { source, length, bytes: normalizer.bytes(), origins: normalizer.origins() };
    return alignPieces(encoder.encodeNormalized(normalized.bytes, length), normalized, {
      isByte: (id) => byteOf.has(id),
      unknownId,
      widthOfPiece: (id) => (bytes[id] as Uint8Array).length,
    });
  };
  const encode = (text: string, isAllowed: boolean): Uint32Array =>
    !isAllowed || special.findAll === undefined
      ? encoder.encode(text)
      : encodeParts(special.findAll(text), (start, end) => encoder.encode(text.slice(start, end)));
  const newDecoder = (skipSpecial: boolean): StreamingDecoder => {
    const decoder = createPieceDecoder(
      {
        pieces,
        byteOf,
        unknownSurface: trainer.unkSurface ?? UNKNOWN_SURFACE,
        addDummyPrefix: settings.addDummyPrefix,
        removeExtraWhitespaces: settings.removeExtraWhitespaces,
      },
      skipSpecial,
    );
    return checked.denormalizer === undefined ? decoder : denormalizing(decoder, checked.denormalizer);
  };
  // A text may be taken in parts before a space: each part has one put before it, and those at its ends taken away. By probability it
  // may not, as the sum of scores before the second part would be lost.
  const isDivisible =
    kind === 'bpe' &&
    encoder.hasWords &&
    settings.addDummyPrefix &&
    settings.removeExtraWhitespaces &&
    pieces.some(({ piece }, id) => piece === '▁' && isText[id] === true);
  const hasSpaces = [...special.tokens.keys()].some((token) => token.includes(' '));
  return {
    type: kind,
    size: pieces.length,
    specialTokens: special.tokens,
    token: (id) => pieces[id]?.piece,
    tokenBytes(id) {
      const byte = byteOf.get(id);
      if (byte !== undefined) return Uint8Array.of(byte);
      const { piece = '', type } = pieces[id] ?? {};
      return utf8.encode(type === 'control' || type === 'unknown' ? piece : piece.replaceAll('▁', ' '));
    },
    encode,
    align: (text, isAllowed) => alignParts(text, isAllowed ? special.findAll : undefined, align),
    count: (text, isAllowed) => (isAllowed ? encode(text, true).length : encoder.count(text, Infinity)),
    countUpTo: (text, limit, isAllowed) => (isAllowed ? encode(text, true).length : encoder.count(text, limit)),
    stableEnd(text, isAllowed) {
      if (!isDivisible || (isAllowed && hasSpaces)) return 0;
      let place = text.lastIndexOf(' ');
      while (place > 0 && !(text.charCodeAt(place - 1) < 0x80 && normalizer.isPlain(text.charCodeAt(place - 1))))
        place = text.lastIndexOf(' ', place - 1);
      return Math.max(place, 0);
    },
    decode(ids, skipSpecial) {
      const decoder = newDecoder(skipSpecial);
      let text = '';
      for (let index = 0; index < ids.length; index++) text += decoder.push(ids[index] as number);
      return text + decoder.end();
    },
    createDecoder: newDecoder,
    toJSON: () => createSentencePieceJson(model, checked, sums ?? scores),
  };
}

function settingsOf(
  { addDummyPrefix = true, removeExtraWhitespaces = true, escapeWhitespaces = true }: SentencePieceNormalizer,
  treatWhitespaceAsSuffix: boolean,
) {
  return { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces, treatWhitespaceAsSuffix };
}

/**
 * What each id adds to the sum of scores. A user-defined symbol gets nearly nothing taken away, so that it always wins; the first byte
 * piece of an unknown character has that character's whole score.
 */
function prepareSums(
  scores: Float64Array,
  {
    pieces,
    bytes,
    unknownId,
    byteIds,
  }: Pick<CheckedModel, 'bytes' | 'unknownId' | 'byteIds'> & { readonly pieces: readonly { readonly type: string }[] },
): Float64Array {
  const normal = scores.filter((_, id) => pieces[id]?.type === 'normal');
  const highest = normal.reduce((highest, score) => Math.max(highest, score), LEAST_FLOAT);
  const unknown = Math.fround(unknownScore(normal.length === 0 ? [3.4028234663852886e38] : normal));
  return scores.map((score, id) => {
    if (id === unknownId) return unknown;
    if (pieces[id]?.type === 'user-defined') return Math.fround((bytes[id] as Uint8Array).length * highest) - 0.1;
    const byte = pieces[id]?.type === 'byte' ? (byteIds?.indexOf(id) ?? -1) : -1;
    return byte < 0 ? score : byte >= 0x80 && byte < 0xc0 ? 0 : unknown;
  });
}

/** Normalises what is decoded, which takes the whole text. */
function denormalizing(decoder: StreamingDecoder, { rules, charsmap }: NonNullable<CheckedModel['denormalizer']>): StreamingDecoder {
  const normalizer = createTextNormalizer({ ...settingsOf(rules, false), charsmap, symbols: undefined, symbolBytes: new Set() });
  let text = '';
  return {
    push(id) {
      text += decoder.push(id);
      return '';
    },
    end() {
      const bytes = new TextEncoder().encode(text + decoder.end());
      text = '';
      const length = normalizer.normalize(bytes, bytes.length);
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(normalizer.bytes().subarray(0, length));
    },
  };
}
