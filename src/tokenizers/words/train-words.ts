/**
 * Trains a tokenizer whose tokens are words: the most frequent, equal ones in the order of their code points, as Hugging Face's
 * `WordLevelTrainer` (tokenizers 0.23) orders them.
 */

import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { NormalizerJson, PreTokenizerJson } from '../json/tokenizer-json.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { compareCodePoints } from '../training/compare-code-points.ts';
import { countWords } from '../training/count-words.ts';
import { type OnProgress, type Texts, smallVocabulary } from '../training/progress.ts';
import { createTrainedJson, emptyText } from '../training/trained-json.ts';

/** What to train. */
export interface WordTraining {
  /** Whether punctuation is cut from words, or words are what stands between whitespace. */
  readonly type: 'words' | 'whitespace';
  /** Tokens at most, special tokens included. */
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly lowercase: boolean;
  /** They have the last ids. */
  readonly specialTokens: readonly string[];
  /** The special token for words that are not in the vocabulary. */
  readonly unknownToken: string;
  readonly seed: number;
  readonly onProgress: OnProgress;
}

/** Trains and returns the tokenizer. */
export async function trainWords(texts: Texts, training: WordTraining): Promise<Tokenizer> {
  const { type, vocabSize, minFrequency, lowercase, specialTokens, unknownToken, onProgress } = training;
  const normalizer: NormalizerJson | null = lowercase ? { type: 'Lowercase' } : null;
  const preTokenizer: PreTokenizerJson = { type: type === 'words' ? 'Whitespace' : 'WhitespaceSplit' };
  const { bytes, counts } = await countWords(texts, { normalizer, preTokenizer }, training);
  if (counts.size === 0) throw emptyText();
  if (vocabSize <= specialTokens.length) throw smallVocabulary(vocabSize, specialTokens.length + 1, 'the special tokens and a word');
  const words = [...counts]
    .filter(([word, count]) => count >= minFrequency && !specialTokens.includes(word))
    .sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b))
    .slice(0, vocabSize - specialTokens.length)
    .map(([word]) => word);
  onProgress?.({ phase: 'merge', bytes, tokens: words.length });
  const tokens = [...words, ...specialTokens];
  return tokenizerFromJson(
    createTrainedJson({
      normalizer,
      preTokenizer,
      specialTokens: specialTokens.map((token, index) => [token, words.length + index]),
      model: { type: 'WordLevel', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), unk_token: unknownToken },
    }),
  );
}
