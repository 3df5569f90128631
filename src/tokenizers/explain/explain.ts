/** The doors to the explanations. What they need is loaded when they are called: it is no part of encoding. */

import { UsageError, checkOptions } from '../../core/index.ts';
import type { Tokenizer, TokenizerType } from '../tokenizer.ts';
import { emptyCorpus } from '../training/progress.ts';
import type { EncodingExplanation, Marking, PairRule, TrainingExplanation } from './explanation.ts';

/** What to train; see {@link explainTraining}. */
export interface ExplainTrainingOptions {
  /** Default `bpe`. */
  readonly type?: TokenizerType;
  /** Tokens to learn besides the characters. Default 10; for `unigram` a quarter of what could be learnt. Not with `vocabSize`. */
  readonly merges?: number;
  /** Tokens in all. */
  readonly vocabSize?: number;
  /** How a word keeps the space before it. Default `none` for `bpe`, `space` for `unigram`; `wordpiece` has `continuing`. */
  readonly marking?: Marking;
  /** What BPE merges: characters, or the bytes of their UTF-8. Default `characters`. */
  readonly unit?: 'characters' | 'bytes';
  /** Which pair is the best. Default `count`, by which WordPiece is trained here and by Hugging Face, too. */
  readonly rule?: PairRule;
  /** A text to encode with what was learnt, which is told too. */
  readonly encode?: string;
}

/** Characters of training text, of text to encode, and merges, at most: every step counts all pairs anew. */
export const LONGEST_EXPLAINED = { training: 20_000, encoding: 4000, merges: 500 } as const;

const OPTIONS = ['type', 'merges', 'vocabSize', 'marking', 'unit', 'rule', 'encode'];
const MARKINGS: { readonly [T in TokenizerType]: readonly [Marking, ...Marking[]] } = {
  bpe: ['none', 'space', 'end'],
  unigram: ['space', 'none'],
  wordpiece: ['continuing'],
  words: ['none'],
  characters: ['none'],
};

/**
 * Explains how a tokenizer is trained on a text: every pair with its count and every merge, every iteration and pruning of Unigram.
 * It trains with slow code that a textbook could print, on words between white space.
 *
 * @param texts - texts, 20,000 characters in all at most
 * @param options - see {@link ExplainTrainingOptions}
 * @returns plain data, one step after the other
 * @throws UsageError `WEFT_TOKENIZER_EMPTY` when there is no word, `WEFT_TOKENIZER_EXPLAIN` when there is too much to explain,
 *   `WEFT_TOKENIZER_OPTION` for values out of range
 *
 * @example
 * ```ts
 * import { explainTraining } from 'weft/tokenizers';
 *
 * const told = await explainTraining(['low lower lowest'], { type: 'bpe', merges: 2 });
 * if (told.type === 'bpe') {
 *   console.log(told.steps[0]?.pairs.map(({ left, right, count }) => `${left}${right} ${count}`).join(', ')); // lo 3, ow 3, we 2, er 1, es 1, st 1
 *   console.log(told.steps.map(({ merged }) => merged)); // [ 'lo', 'low' ]
 * }
 * ```
 */
export async function explainTraining(texts: readonly string[], options: ExplainTrainingOptions = {}): Promise<TrainingExplanation> {
  checkOptions('explain training', options, OPTIONS);
  const { type = 'bpe', unit = 'characters', rule = 'count', merges, vocabSize, encode } = options;
  demand(Object.hasOwn(MARKINGS, type), `type is one of ${Object.keys(MARKINGS).join(', ')}`, type);
  const { marking = MARKINGS[type][0] } = options;
  demand(MARKINGS[type].includes(marking), `the marking of ${type} is ${MARKINGS[type].join(' or ')}`, marking);
  demand(unit === 'characters' || (unit === 'bytes' && type === 'bpe'), "unit is 'characters', or 'bytes' for bpe", unit);
  demand(rule === 'count' || rule === 'likelihood', "rule is 'count' or 'likelihood'", rule);
  demand(
    rule === 'count' || type === 'wordpiece' || type === 'bpe',
    "only pairs, of bpe and wordpiece, have the rule 'likelihood'",
    `${rule} for ${type}`,
  );
  demand(merges === undefined || vocabSize === undefined, 'merges or vocabSize is given, not both', `${merges} and ${vocabSize}`);
  for (const [name, value] of Object.entries({ merges, vocabSize })) {
    demand(
      value === undefined || (Number.isInteger(value) && value >= (name === 'merges' ? 0 : 1)),
      `${name} is an integer from ${name === 'merges' ? 0 : 1}`,
      value,
    );
  }
  limit(
    'characters of training text',
    texts.reduce((sum, text) => sum + text.length, 0),
    LONGEST_EXPLAINED.training,
  );
  limit('merges', merges ?? (vocabSize ?? 0) - new Set(texts.join('')).size, LONGEST_EXPLAINED.merges);
  limit('characters of text', encode?.length ?? 0, LONGEST_EXPLAINED.encoding);
  if (!texts.some((text) => /\P{White_Space}/u.test(text))) throw emptyCorpus();
  const { tellTraining } = await import('./explain-training.ts');
  return tellTraining(texts, { type, unit, rule, marking, merges, vocabSize, encode });
}

/**
 * Explains how a tokenizer gets from a text to ids: normalizers, pieces, then merges with their ranks, the lattice with
 * log-probabilities, or the longest match. It works from the tokenizer's `toJSON` with slow code of its own, and says whether its ids
 * agree with those of `encode`. The text has no special tokens: their spelling is text.
 *
 * @param tokenizer - of any kind
 * @param text - 4,000 characters at most
 * @returns plain data, one step after the other
 * @throws UsageError `WEFT_TOKENIZER_EXPLAIN` when the text is longer, `WEFT_TOKENIZER_CHARACTER` as `encode`
 *
 * @example
 * ```ts
 * import { explainEncoding, trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['low lower lowest', 'low low'], { vocabSize: 259 });
 * const told = await explainEncoding(tokenizer, 'lowest');
 * const steps = told.pieces[0]?.steps;
 * if (steps?.how === 'merges') console.log(steps.merges.map(({ symbols }) => symbols.join(' '))); // [ 'lo w e s t', 'low e s t' ]
 * console.log(told.agrees); // true
 * ```
 */
export async function explainEncoding(tokenizer: Tokenizer, text: string): Promise<EncodingExplanation> {
  limit('characters of text', text.length, LONGEST_EXPLAINED.encoding);
  const { tellEncoding } = await import('./explain-encoding.ts');
  return tellEncoding(tokenizer, text);
}

function limit(what: string, value: number, most: number): void {
  if (value <= most) return;
  throw new UsageError({
    code: 'WEFT_TOKENIZER_EXPLAIN',
    action: 'explain a tokenizer',
    rule: `an explanation takes ${most.toLocaleString('en-US')} ${what} at most`,
    value: value.toLocaleString('en-US'),
    remedy: 'Explain a part of it.',
  });
}

function demand(holds: boolean, rule: string, value: unknown): void {
  if (holds) return;
  throw new UsageError({
    code: 'WEFT_TOKENIZER_OPTION',
    action: 'explain a tokenizer',
    rule,
    value: String(value),
    remedy: 'Correct the option or leave it out for its default.',
  });
}
