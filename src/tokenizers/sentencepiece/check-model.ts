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
  const demand = (holds: boolean, rule: string, value: unknown): void => {
    if (holds) return;
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
      return demand(
        false,
        `${name}.precompiled_charsmap is a trie and its strings`,
        error instanceof Error ? error.message : error,
      ) as undefined;
    }
  };
  const { pieces, trainer } = model;
  const kind = trainer.modelType ?? 'unigram';
  demand(kind === 'unigram' || kind === 'bpe', "model_type is 'unigram' or 'bpe', others are not read here", kind);
  demand(pieces.length <= LARGEST_VOCABULARY, `there are ${LARGEST_VOCABULARY} pieces or fewer`, pieces.length);
  const utf8 = new TextEncoder();
  const ordinary = new Set<string>();
  const reserved = new Set<string>();
  const byteIds = new Int32Array(256).fill(-1);
  let unknownId = -1;
  let total = 0;
  const bytes = pieces.map(({ piece, score, type = 'normal' }, id) => {
    const name = `piece ${id}`;
    demand(typeof piece === 'string' && piece !== '', `${name} has a text of well-formed UTF-8`, piece);
    demand(piece.length <= LONGEST_TOKEN, `${name} has ${LONGEST_TOKEN} characters or fewer`, piece.length);
    demand(score === undefined || Math.abs(score) <= LARGEST_SCORE, `${name} has a score within ±2^64`, score);
    const isOrdinary = type === 'normal' || type === 'user-defined' || type === 'unused';
    const texts = isOrdinary ? ordinary : reserved;
    demand(!texts.has(piece), `${name} is given once`, piece);
    texts.add(piece);
    if (type === 'unknown') {
      demand(unknownId < 0, 'there is one unknown piece', `${unknownId} and ${id}`);
      unknownId = id;
    } else if (type === 'byte') {
      demand(trainer.byteFallback === true, 'there are byte pieces only with byte_fallback', piece);
      const match = /^<0x([0-9A-F]{2})>$/.exec(piece);
      demand(match !== null, `${name} is a byte, such as <0x0A>`, piece);
      byteIds[Number.parseInt(match?.[1] as string, 16)] = id;
    }
    const encoded = utf8.encode(piece);
    total += encoded.length;
    demand(total <= LARGEST_TRIE, `all pieces together have ${LARGEST_TRIE} bytes or fewer`, total);
    return encoded;
  });
  demand(unknownId >= 0, 'there is an unknown piece', 'none');
  demand(ordinary.size > 0, 'there are pieces for text', 'none');
  demand(
    trainer.byteFallback !== true || !byteIds.includes(-1),
    'with byte_fallback there are 256 byte pieces',
    byteIds.filter((id) => id >= 0).length,
  );
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
