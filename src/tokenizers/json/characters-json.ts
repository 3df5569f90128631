/** Character tokenizers as `tokenizer.json`: a BPE model without merges sees the whole text as one piece, and gives its characters. */

import type { CharactersDefinition } from '../characters/characters-definition.ts';
import { addedTokensJson } from './bpe-json.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** The `tokenizer.json` of a character tokenizer. */
export function createCharactersJson({ ids, special, unknown }: CharactersDefinition): TokenizerJson {
  const added = addedTokensJson(special);
  const vocab = [...ids].map(([codePoint, id]): [string, number] => [String.fromCodePoint(codePoint), id]);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...vocab, ...added.map(({ content, id }): [string, number] => [content, id])]),
      merges: [],
    },
  };
}
