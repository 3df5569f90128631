/** A `tokenizer.json` of a vocabulary that is in other files: parts that these formats share. */

import type { AddedTokenJson, DecoderJson, PostProcessorJson, PreTokenizerJson, TokenizerJson } from '../json/tokenizer-json.ts';

/** Byte-level without a prefix. */
export const BYTE_LEVEL: { readonly type: 'ByteLevel'; readonly add_prefix_space: false; readonly trim_offsets: true } = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
};

/** What a byte-level tokenizer is made of. */
export interface ByteLevelParts {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [string, string])[];
  /** Each applied to the pieces of the one before; none for GPT-2's. */
  readonly patterns: readonly string[];
  readonly added: readonly AddedTokenJson[];
  readonly ignoreMerges?: boolean;
  readonly postProcessor?: PostProcessorJson | null;
}

/** The `tokenizer.json` of a byte-level tokenizer. */
export function byteLevelJson(parts: ByteLevelParts): TokenizerJson {
  const { vocabulary, merges, patterns, added, ignoreMerges = false, postProcessor = null } = parts;
  const splits = patterns.map((pattern): PreTokenizerJson => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  return {
    ...NOTHING_AROUND,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer:
      splits.length === 0
        ? { ...BYTE_LEVEL, use_regex: true }
        : { type: 'Sequence', pretokenizers: [...splits, { ...BYTE_LEVEL, use_regex: false }] },
    post_processor: postProcessor,
    decoder: { ...BYTE_LEVEL, use_regex: true } satisfies DecoderJson,
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
      vocab: Object.fromEntries(vocabulary),
      merges,
    },
  };
}

/** What a WordPiece tokenizer is made of. */
export interface WordPieceParts {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Texts of special tokens of the vocabulary. */
  readonly special: readonly string[];
  readonly unknown: string;
  readonly lowercase: boolean;
  /** Default: as `lowercase`. */
  readonly stripAccents: boolean | null;
  readonly chinese?: boolean;
  /** What stands before a text and behind each; none where the vocabulary lacks them. */
  readonly around?: { readonly before: string; readonly behind: string } | undefined;
}

/** The `tokenizer.json` of a BERT tokenizer, as Hugging Face converts it. Source: transformers, `convert_slow_tokenizer.py`, `BertConverter`. */
export function wordPieceJson(parts: WordPieceParts): TokenizerJson {
  const { vocabulary, special, unknown, lowercase, stripAccents, chinese = true, around } = parts;
  const piece = (id: string, type: number): { SpecialToken: { id: string; type_id: number } } => ({ SpecialToken: { id, type_id: type } });
  const [A, B] = [{ Sequence: { id: 'A' as const, type_id: 0 } }, { Sequence: { id: 'B' as const, type_id: 1 } }];
  const idOf = (token: string): number => vocabulary.get(token) ?? 0;
  return {
    ...NOTHING_AROUND,
    added_tokens: special.map((token) => addedToken(token, idOf(token))).sort((a, b) => a.id - b.id),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: chinese, strip_accents: stripAccents, lowercase },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor:
      around === undefined
        ? null
        : {
            type: 'TemplateProcessing',
            single: [piece(around.before, 0), A, piece(around.behind, 0)],
            pair: [piece(around.before, 0), A, piece(around.behind, 0), B, piece(around.behind, 1)],
            special_tokens: Object.fromEntries(
              [around.before, around.behind].map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
            ),
          },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}

/** A token that is found in text before the model sees it. */
export function addedToken(content: string, id: number, special = true): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

const NOTHING_AROUND = { version: '1.0', truncation: null, padding: null } as const;
