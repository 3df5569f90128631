/** Byte-level tokenizers as `tokenizer.json`. */

import type { BpeDefinition } from '../bpe/bpe-definition.ts';
import { bytesToText } from '../byte-alphabet.ts';
import type { SpecialTokens } from '../special-tokens.ts';
import { SPLITTINGS, type Splitting } from '../splitting/splittings.ts';
import { arenaSize, tokenAt } from '../token-arena.ts';
import type { AddedTokenJson, PreTokenizerJson, TokenizerJson } from './tokenizer-json.ts';

const BYTE_LEVEL = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true } as const;

/** The `tokenizer.json` of a byte-level tokenizer that splits text in a known way, or by a pattern. */
export function createBpeJson(
  { tokens, merges, special, ignoreMerges }: Omit<BpeDefinition, 'splitting'>,
  splitting: Splitting | { readonly pattern: string },
): TokenizerJson {
  const added = addedTokensJson(special);
  const addedIds = new Map(added.map(({ id, content }) => [id, content]));
  const texts = Array.from({ length: arenaSize(tokens) }, (_, id) => addedIds.get(id) ?? bytesToText(tokenAt(tokens, id)));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: preTokenizerJson(splitting),
    post_processor: null,
    decoder: { ...BYTE_LEVEL, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: ignoreMerges,
      // `fromEntries` defines properties, so that `__proto__` is a token like any other.
      // Ids without a token, such as gaps before special tokens, are left out.
      vocab: Object.fromEntries(texts.map((text, id): [string, number] => [text, id]).filter(([text]) => text !== '')),
      merges: Array.from(merges.lefts, (left, rank) => [texts[left] ?? '', texts[merges.rights[rank] as number] ?? '']),
    },
  };
}

/** The added tokens in the order of their ids. */
export function addedTokensJson({ tokens, ordinary }: SpecialTokens): readonly AddedTokenJson[] {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return [
    ...[...tokens].map(([content, id]) => ({ id, content, ...flags, special: true })),
    ...[...ordinary].map(([content, id]) => ({ id, content, ...flags, special: false })),
  ].sort((a, b) => a.id - b.id);
}

function preTokenizerJson(splitting: Splitting | { readonly pattern: string }): PreTokenizerJson {
  if (splitting === 'gpt2') return { ...BYTE_LEVEL, use_regex: true };
  return {
    type: 'Sequence',
    pretokenizers: [
      {
        type: 'Split',
        pattern: { Regex: typeof splitting === 'string' ? SPLITTINGS[splitting].pattern : splitting.pattern },
        behavior: 'Isolated',
        invert: false,
      },
      { ...BYTE_LEVEL, use_regex: false },
    ],
  };
}
