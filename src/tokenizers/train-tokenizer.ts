/** Training, whatever the kind. */

import { UsageError, checkOptions } from '../core/index.ts';
import { trainBpe } from './bpe/train-bpe.ts';
import { trainCharacters } from './characters/train-characters.ts';
import { SPLITTINGS, type Splitting } from './splitting/splittings.ts';
import { END_OF_TEXT, LARGEST_VOCABULARY, type Tokenizer, UNKNOWN } from './tokenizer.ts';
import type { TrainProgress } from './training/progress.ts';

/** What to train; see {@link trainTokenizer}. */
export interface TrainTokenizerOptions {
  /** `bpe` (the default): byte-level byte pair encoding. `characters`: one token a character. */
  readonly type?: 'bpe' | 'characters';
  /** Tokens at most, special tokens included. Default 4096 for `bpe`, all characters for `characters`. */
  readonly vocabSize?: number;
  /** How text is split before pairs are merged, `bpe` only. Default `gpt4`. */
  readonly splitting?: Splitting;
  /** Default `<|endoftext|>`, and `<|unknown|>` for `characters`. They have the last ids, in this order. */
  readonly specialTokens?: readonly string[];
  /** Pairs (characters) that occur less often get no token. Default 2 for `bpe`, 1 for `characters`. */
  readonly minFrequency?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
}

/** A text, or something that has one, such as a document of a corpus. */
export type TextLike = string | { readonly text: string };

const OPTIONS = ['type', 'vocabSize', 'splitting', 'specialTokens', 'minFrequency', 'onProgress'];
const DEFAULT_VOCABULARY = 4096;

/**
 * Trains a tokenizer on texts, which are read once, as a stream. The same texts give the same tokenizer, in any order.
 *
 * Byte pairs are merged as Hugging Face's trainer merges them. Distinct pieces, not texts, are held in memory.
 *
 * @param texts - texts, or documents of a corpus
 * @param options - see {@link TrainTokenizerOptions}
 * @returns the tokenizer; its vocabulary is smaller than `vocabSize` when the text has no more pairs to merge
 * @throws UsageError `WEFT_TOKENIZER_EMPTY` when there is no text, `WEFT_TOKENIZER_VOCABULARY` when `vocabSize` is below the alphabet,
 *   `WEFT_TOKENIZER_SPECIAL` when a special token is no token, `WEFT_TOKENIZER_OPTION` for other values out of range
 *
 * @example
 * ```ts
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['low lower lowest', 'low low'], { vocabSize: 259 });
 * const ids = tokenizer.encode('lowest');
 * console.log([...ids].map((id) => tokenizer.decode([id]))); // [ 'low', 'e', 's', 't' ]
 * ```
 */
export async function trainTokenizer(
  texts: Iterable<TextLike> | AsyncIterable<TextLike>,
  options: TrainTokenizerOptions = {},
): Promise<Tokenizer> {
  checkOptions('train a tokenizer', options, OPTIONS);
  const { type = 'bpe', splitting = 'gpt4', vocabSize, onProgress } = options;
  const isBpe = type === 'bpe';
  const { specialTokens = isBpe ? [END_OF_TEXT] : [END_OF_TEXT, UNKNOWN], minFrequency = isBpe ? 2 : 1 } = options;
  demand(isBpe || type === 'characters', "type is 'bpe' or 'characters'", type);
  demand(Object.hasOwn(SPLITTINGS, splitting), `splitting is one of ${Object.keys(SPLITTINGS).join(', ')}`, splitting);
  demand(isBpe || options.splitting === undefined, "splitting is for tokenizers of type 'bpe'", splitting);
  demand(
    vocabSize === undefined || isCount(vocabSize, LARGEST_VOCABULARY),
    `vocabSize is an integer from 1 to ${LARGEST_VOCABULARY}`,
    vocabSize,
  );
  demand(isCount(minFrequency, Number.MAX_SAFE_INTEGER), 'minFrequency is a positive integer', minFrequency);
  checkSpecialTokens(specialTokens);
  const training = { specialTokens, minFrequency, onProgress };
  const strings = asStrings(texts);
  return isBpe
    ? trainBpe(strings, { ...training, splitting, vocabSize: vocabSize ?? DEFAULT_VOCABULARY })
    : trainCharacters(strings, { ...training, vocabSize });
}

async function* asStrings(texts: Iterable<TextLike> | AsyncIterable<TextLike>): AsyncGenerator<string> {
  if (typeof texts === 'string') yield texts;
  else for await (const text of texts) yield typeof text === 'string' ? text : text.text;
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function checkSpecialTokens(tokens: readonly string[]): void {
  const bad = tokens.find((token, index) => [...token].length < 2 || /\p{Surrogate}/u.test(token) || tokens.indexOf(token) !== index);
  if (bad === undefined) return;
  throw new UsageError({
    code: 'WEFT_TOKENIZER_SPECIAL',
    action: 'train a tokenizer',
    rule: 'special tokens are different texts of two characters or more',
    value: JSON.stringify(bad),
    remedy: 'Give each special token once, e.g. <|endoftext|>.',
  });
}

function demand(holds: boolean, rule: string, value: unknown): void {
  if (holds) return;
  throw new UsageError({
    code: 'WEFT_TOKENIZER_OPTION',
    action: 'train a tokenizer',
    rule,
    value: String(value),
    remedy: 'Correct the option or leave it out for its default.',
  });
}
