/**
 * Trains a byte pair encoding of characters (Sennrich et al. 2016), with words marked at their end (`</w>`) or at their beginning (`▁`).
 *
 * With `▁` the text can be put together again, with `</w>` only its words, one space between them. Characters that are not in the
 * alphabet become the unknown token.
 */

import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { DecoderJson, PreTokenizerJson } from '../json/tokenizer-json.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { countWords } from './count-words.ts';
import { learnWordMerges } from './learn-word-merges.ts';
import { type OnProgress, type Texts, everySoOften, smallVocabulary } from './progress.ts';
import { clashingToken, createTrainedJson, emptyText } from './trained-json.ts';

/** How the bounds of words are marked: at their end by `</w>`, or at their beginning by `▁`. */
export type Marking = 'end-of-word' | 'metaspace';

/** What to train. */
export interface CharacterBpeTraining {
  readonly marking: Marking;
  /** Tokens at most, special tokens included. */
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly alphabetLimit: number;
  readonly lowercase: boolean;
  /** They have the last ids. */
  readonly specialTokens: readonly string[];
  /** The special token for characters that are not in the alphabet. */
  readonly unknownToken: string;
  readonly seed: number;
  readonly onProgress: OnProgress;
}

const END_OF_WORD = '</w>';
const METASPACE = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true } as const;

/** Trains and returns the tokenizer. */
export async function trainCharacterBpe(texts: Texts, training: CharacterBpeTraining): Promise<Tokenizer> {
  const { marking, vocabSize, minFrequency, alphabetLimit, lowercase, specialTokens, unknownToken, onProgress } = training;
  const atEnd = marking === 'end-of-word';
  const normalizer = lowercase ? ({ type: 'Lowercase' } as const) : null;
  const preTokenizer: PreTokenizerJson = atEnd ? { type: 'WhitespaceSplit' } : METASPACE;
  const decoder: DecoderJson = atEnd ? { type: 'BPEDecoder', suffix: END_OF_WORD } : METASPACE;
  const { bytes, counts } = await countWords(texts, { normalizer, preTokenizer }, training);
  if (counts.size === 0) throw emptyText();
  const { tokens, merges, alphabet } = learnWordMerges(counts, {
    size: vocabSize - specialTokens.length,
    minFrequency,
    alphabetLimit,
    prefix: '',
    suffix: atEnd ? END_OF_WORD : '',
    onMerge: everySoOften(onProgress, { phase: 'merge', bytes }),
  });
  const least = alphabet + specialTokens.length;
  if (least > vocabSize) throw smallVocabulary(vocabSize, least, 'every character and the special tokens');
  const clash = specialTokens.find((token) => tokens.includes(token));
  if (clash !== undefined) throw clashingToken(clash);
  onProgress?.({ phase: 'merge', bytes, tokens: tokens.length });
  return tokenizerFromJson(
    createTrainedJson({
      normalizer,
      preTokenizer,
      decoder,
      specialTokens: specialTokens.map((token, index) => [token, tokens.length + index]),
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: unknownToken,
        continuing_subword_prefix: null,
        end_of_word_suffix: atEnd ? END_OF_WORD : null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries([...tokens, ...specialTokens].map((token, id) => [token, id])),
        merges,
      },
    }),
  );
}
