/**
 * A SentencePiece model in the schema of Hugging Face's `tokenizer.json`, as transformers' `convert_slow_tokenizer.py` makes it, with
 * components that do what SentencePiece does where theirs only come near: spaces are folded by patterns, not by `Strip`, which also
 * takes line feeds away, and the space before the text is put there by the normalizer, also before a text that begins with one.
 *
 * Where Hugging Face's library cannot do the same: it looks rules up by grapheme cluster, sums scores in 64 bits, knows no unused
 * pieces and no merges with characters that are no pieces, gives the ways to make a piece different ranks, and normalises what is
 * between user-defined symbols as texts of their own, so that where a model has such symbols spaces at the end of a text stay, and no
 * space is put before a symbol that begins it.
 */

import type { AddedTokenJson, ModelJson, NormalizerJson, PreTokenizerJson, TokenizerJson } from '../json/tokenizer-json.ts';
import type { CheckedModel } from './check-model.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';

const BLOCK = '▁';

/** Writes a model; `scores` are those with which a unigram model is searched. */
export function createSentencePieceJson(
  { pieces, trainer, normalizer }: SentencePieceModel,
  { kind, unknownId, byteIds, charsmap }: CheckedModel,
  scores: ArrayLike<number>,
): TokenizerJson {
  const { addDummyPrefix = true, removeExtraWhitespaces = true, escapeWhitespaces = true } = normalizer;
  const types = pieces.map(({ type = 'normal' }) => type);
  const isByteFallback = byteIds !== undefined;
  // A unigram model takes its user-defined symbols by their scores, unless the rules would have changed them before.
  const isAdded = types.map(
    (type, id) => type === 'user-defined' && (kind === 'bpe' || charsmap !== undefined || /[ \s]/.test(pieces[id]?.piece ?? '')),
  );
  const hasSymbols = isAdded.includes(true);
  const isInside = pieces.some(({ piece }, id) => types[id] !== 'control' && piece.lastIndexOf(BLOCK) > 0);

  const normalizers: NormalizerJson[] = [];
  if (charsmap !== undefined)
    normalizers.push({ type: 'Precompiled', precompiled_charsmap: toBase64(normalizer.precompiledCharsmap as Uint8Array) });
  if (removeExtraWhitespaces) {
    normalizers.push({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' });
    if (!hasSymbols) normalizers.push({ type: 'Replace', pattern: { Regex: String.raw`\A | \z` }, content: '' });
  }
  const prepends = addDummyPrefix && trainer.treatWhitespaceAsSuffix !== true;
  if (prepends && !hasSymbols) normalizers.push({ type: 'Prepend', prepend: escapeWhitespaces ? BLOCK : ' ' });
  if (escapeWhitespaces) normalizers.push({ type: 'Replace', pattern: { String: ' ' }, content: BLOCK });
  if (addDummyPrefix && trainer.treatWhitespaceAsSuffix === true) {
    normalizers.push({ type: 'Replace', pattern: { Regex: String.raw`(?<=[^\z])\z` }, content: BLOCK });
  }
  const preTokenizer: PreTokenizerJson = {
    type: 'Metaspace',
    replacement: BLOCK,
    prepend_scheme: prepends && hasSymbols ? 'first' : 'never',
    split: !isInside,
  };
  const added = (id: number, special: boolean): AddedTokenJson => ({
    id,
    content: pieces[id]?.piece as string,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special,
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: types.flatMap((type, id) =>
      type === 'control' || type === 'unknown' ? [added(id, true)] : isAdded[id] === true ? [added(id, false)] : [],
    ),
    normalizer: normalizers.length === 0 ? null : { type: 'Sequence', normalizers },
    pre_tokenizer: escapeWhitespaces && (hasSymbols || !isInside) ? preTokenizer : null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: BLOCK }, content: ' ' },
        ...(isByteFallback ? [{ type: 'ByteFallback' } as const] : []),
        { type: 'Fuse' },
        ...(addDummyPrefix || removeExtraWhitespaces ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 } as const] : []),
      ],
    },
    model: kind === 'unigram' ? unigramOf() : bpeOf(),
  };

  function unigramOf(): ModelJson {
    return {
      type: 'Unigram',
      unk_id: unknownId,
      vocab: pieces.map(({ piece, score = 0 }, id) => [piece, types[id] === 'user-defined' ? (scores[id] as number) : Math.fround(score)]),
      byte_fallback: isByteFallback,
    };
  }

  function bpeOf(): ModelJson {
    return {
      type: 'BPE',
      dropout: null,
      unk_token: pieces[unknownId]?.piece as string,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: isByteFallback,
      ignore_merges: false,
      vocab: Object.fromEntries(pieces.map(({ piece }, id) => [piece, id])),
      merges: mergesOf(
        pieces.map(({ piece, score = 0 }, id) => ({ piece: types[id] === 'normal' ? piece : '', score: Math.fround(score) })),
      ),
    };
  }
}

/** Every way to make a piece of two; those of the higher score first, of one piece those of the lower ids. */
function mergesOf(pieces: readonly { readonly piece: string; readonly score: number }[]): (readonly [string, string])[] {
  const ids = new Map(pieces.map(({ piece }, id) => [piece, id]));
  ids.delete('');
  const merges = pieces.flatMap(({ piece, score }) => {
    const ways: { readonly left: number; readonly right: number; readonly score: number }[] = [];
    for (let at = 1; at < piece.length; at++) {
      const left = ids.get(piece.slice(0, at));
      const right = left === undefined ? undefined : ids.get(piece.slice(at));
      if (left !== undefined && right !== undefined) ways.push({ left, right, score });
    }
    return ways.sort((a, b) => a.left - b.left || a.right - b.right);
  });
  return merges.sort((a, b) => b.score - a.score).map(({ left, right }) => [pieces[left]?.piece as string, pieces[right]?.piece as string]);
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 0x8000) text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(text);
}
