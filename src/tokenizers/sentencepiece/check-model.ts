/**
 * What a SentencePiece model must be, so that text can be encoded with it.
 *
 * The rules of SentencePiece's own loader (`ModelInterface::InitializePieces` of google/sentencepiece 0.1.97), and bounds for files
 * that nobody made in earnest.
 */

import { FormatError } from '../../core/index.ts';
import { LARGEST_VOCABULARY, LONGEST_TOKEN } from '../tokenizer.ts';
import { LARGEST_TRIE } from '../unigram/piece-trie.ts';
import { type Charsmap, createCharsmap } from './charsmap.ts';
import type { SentencePieceModel, SentencePieceNormalizer } from './sentencepiece-model.ts';

/** Beyond this sums of scores could leave the range of 32-bit floating point. */
const LARGEST_SCORE = 2 ** 64;

/** What was found while checking. */
export interface CheckedModel {
  readonly kind: 'unigram' | 'bpe';
  /** UTF-8 bytes of every piece. */
  readonly bytes: readonly Uint8Array[];
  readonly unknownId: number;
  /** Id of each byte; undefined without byte fallback. */
  readonly byteIds: Int32Array | undefined;
  readonly charsmap: Charsmap | undefined;
  readonly denormalizer: { readonly rules: SentencePieceNormalizer; readonly charsmap: Charsmap } | undefined;
}

/**
 * Checks a model.
 *
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` with what is wrong
 */
export function checkModel(model: SentencePieceModel, origin: string): CheckedModel {
  const fail = (rule: string, value: unknown): never => {
    throw new FormatError({
      code: 'WEFT_TOKENIZER_FORMAT',
      action: `read ${origin}`,
      rule: `in a SentencePiece model ${rule}`,
      value: typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value),
      remedy: 'Copy the file again from where it came from, or train the model anew.',
    });
  };
  const rulesOf = (rules: SentencePieceNormalizer | undefined, name: string): Charsmap | undefined => {
    const blob = rules?.precompiledCharsmap;
    if (blob === undefined || blob.length === 0) return undefined;
    try {
      return createCharsmap(blob);
    } catch (error) {
      return fail(`${name}.precompiled_charsmap is a trie and its strings`, error instanceof Error ? error.message : error);
    }
  };
  const { pieces, trainer } = model;
  const kind = trainer.modelType ?? 'unigram';
  if (kind !== 'unigram' && kind !== 'bpe') fail("model_type is 'unigram' or 'bpe', others are not read here", kind);
  if (pieces.length > LARGEST_VOCABULARY) fail(`there are ${LARGEST_VOCABULARY} pieces or fewer`, pieces.length);
  const utf8 = new TextEncoder();
  const ordinary = new Set<string>();
  const reserved = new Set<string>();
  const byteIds = new Int32Array(256).fill(-1);
  let unknownId = -1;
  let total = 0;
  const bytes = pieces.map(({ piece, score, type = 'normal' }, id) => {
    if (typeof piece !== 'string' || piece === '') fail(`piece ${id} has a text of well-formed UTF-8`, piece);
    if (piece.length > LONGEST_TOKEN) fail(`piece ${id} has ${LONGEST_TOKEN} characters or fewer`, piece.length);
    if (score !== undefined && !(Math.abs(score) <= LARGEST_SCORE)) fail(`piece ${id} has a score within ±2^64`, score);
    const isOrdinary = type === 'normal' || type === 'user-defined' || type === 'unused';
    const texts = isOrdinary ? ordinary : reserved;
    if (texts.has(piece)) fail(`piece ${id} is given once`, piece);
    texts.add(piece);
    if (type === 'unknown') {
      if (unknownId >= 0) fail('there is one unknown piece', `${unknownId} and ${id}`);
      unknownId = id;
    } else if (type === 'byte') {
      if (trainer.byteFallback !== true) fail('there are byte pieces only with byte_fallback', piece);
      const match = /^<0x([0-9A-F]{2})>$/.exec(piece);
      if (match === null) fail(`piece ${id} is a byte, such as <0x0A>`, piece);
      byteIds[Number.parseInt(match?.[1] as string, 16)] = id;
    }
    const encoded = utf8.encode(piece);
    total += encoded.length;
    if (total > LARGEST_TRIE) fail(`all pieces together have ${LARGEST_TRIE} bytes or fewer`, total);
    return encoded;
  });
  if (unknownId < 0) fail('there is an unknown piece', 'none');
  if (ordinary.size === 0) fail('there are pieces for text', 'none');
  if (trainer.byteFallback === true && byteIds.includes(-1))
    fail('with byte_fallback there are 256 byte pieces', byteIds.filter((id) => id >= 0).length);
  const charsmap = rulesOf(model.normalizer, 'normalizer_spec');
  const rules = model.denormalizer;
  const decoded = rulesOf(rules, 'denormalizer_spec');
  return {
    kind: kind as 'unigram' | 'bpe',
    bytes,
    unknownId,
    byteIds: trainer.byteFallback === true ? byteIds : undefined,
    charsmap,
    denormalizer: rules === undefined || decoded === undefined ? undefined : { rules, charsmap: decoded },
  };
}
