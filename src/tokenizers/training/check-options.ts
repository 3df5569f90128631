/** Which options each kind has, what they must be, and what they are when they are missing. */

import { UsageError, checkOptions } from '../../core/index.ts';
import { SPLITTINGS } from '../splitting/splittings.ts';
import { END_OF_TEXT, LARGEST_VOCABULARY, UNKNOWN } from '../tokenizer.ts';
import type { OptionsByType, TrainTokenizerOptions, TrainableType } from './train-options.ts';

/** The options of a kind, all of them; only a character tokenizer has no size of its own. */
export type CheckedOptions<T extends TrainableType> = Required<Omit<OptionsByType[T], 'type' | 'onProgress' | 'vocabSize'>> & {
  readonly vocabSize: T extends 'characters' ? number | undefined : number;
};

const WORDS: CheckedOptions<'words'> = {
  vocabSize: 30_000,
  specialTokens: [END_OF_TEXT, UNKNOWN],
  unknownToken: UNKNOWN,
  minFrequency: 1,
  lowercase: false,
  seed: 0,
};

const SENTENCEPIECE: CheckedOptions<'sentencepiece-bpe'> = {
  vocabSize: 8000,
  minFrequency: 1,
  normalization: 'nmt_nfkc',
  dummyPrefix: true,
  removeExtraWhitespaces: true,
  byteFallback: false,
  controlSymbols: [END_OF_TEXT],
  userDefinedSymbols: [],
  characterCoverage: 0.9995,
  maxPieceLength: 16,
  splitByScript: true,
  splitByNumber: true,
  splitDigits: false,
  seed: 0,
};

const { minFrequency: _, ...UNIGRAM } = SENTENCEPIECE;

/** What the options of each kind are when they are missing; a kind has no others, but for `type` and `onProgress`. */
const DEFAULTS: { readonly [T in TrainableType]: CheckedOptions<T> } = {
  bpe: { vocabSize: 4096, splitting: 'gpt4', pattern: '', specialTokens: [END_OF_TEXT], minFrequency: 2 },
  characters: { vocabSize: undefined, specialTokens: [END_OF_TEXT, UNKNOWN], minFrequency: 1 },
  words: WORDS,
  whitespace: WORDS,
  'character-bpe': { ...WORDS, vocabSize: 4096, minFrequency: 2, marking: 'metaspace', alphabetLimit: Infinity },
  wordpiece: {
    ...WORDS,
    specialTokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
    unknownToken: '[UNK]',
    minFrequency: 2,
    alphabetLimit: Infinity,
    lowercase: true,
    continuingPrefix: '##',
  },
  unigram: { ...UNIGRAM, seedSize: 1_000_000, shrinkingFactor: 0.75, subIterations: 2 },
  'sentencepiece-bpe': SENTENCEPIECE,
};

/** The names of the kinds. */
export const TRAINABLE_TYPES: readonly TrainableType[] = Object.keys(DEFAULTS) as TrainableType[];

/** A rule in words, and whether a value keeps it. */
type Rule = readonly [rule: string, holds: (value: unknown) => boolean];

const isWhole = (least: number, most: number): Rule[1] => {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
};
const isBetween = (least: number, most: number): Rule[1] => {
  return (value) => typeof value === 'number' && value >= least && value <= most;
};
const isOneOf = (names: readonly string[]): Rule => [`is one of ${names.join(', ')}`, (value) => names.includes(value as string)];
const FLAG: Rule = ['is true or false', (value) => typeof value === 'boolean'];
const POSITIVE: Rule = ['is a positive integer', isWhole(1, Number.MAX_SAFE_INTEGER)];
const SYMBOLS: Rule = [
  'are different texts without whitespace, and none is <unk>',
  (value) => isTexts(value) && value.every((text, index) => isSymbol(text) && value.indexOf(text) === index),
];

const RULES: Readonly<Record<string, Rule>> = {
  vocabSize: [`is an integer from 1 to ${LARGEST_VOCABULARY}`, isWhole(1, LARGEST_VOCABULARY)],
  splitting: isOneOf(Object.keys(SPLITTINGS)),
  pattern: ['is a regular expression', (value) => typeof value === 'string' && value !== ''],
  marking: isOneOf(['metaspace', 'end-of-word']),
  normalization: isOneOf(['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity']),
  minFrequency: POSITIVE,
  alphabetLimit: ['is a positive integer', (value) => value === Infinity || POSITIVE[1](value)],
  seed: ['is an integer from 0 to 2147483647', isWhole(0, 0x7fffffff)],
  seedSize: ['is an integer from 1 to 2000000', isWhole(1, 2_000_000)],
  maxPieceLength: ['is an integer from 1 to 512', isWhole(1, 512)],
  subIterations: ['is an integer from 1 to 10', isWhole(1, 10)],
  shrinkingFactor: ['is a number from 0.5 to 0.95', isBetween(0.5, 0.95)],
  characterCoverage: ['is a number from 0.98 to 1', isBetween(0.98, 1)],
  continuingPrefix: ['is a text of 1 to 16 characters', (value) => typeof value === 'string' && value !== '' && value.length <= 16],
  unknownToken: ['is a text', (value) => typeof value === 'string'],
  specialTokens: ['are texts', isTexts],
  controlSymbols: SYMBOLS,
  userDefinedSymbols: SYMBOLS,
  lowercase: FLAG,
  dummyPrefix: FLAG,
  removeExtraWhitespaces: FLAG,
  byteFallback: FLAG,
  splitByScript: FLAG,
  splitByNumber: FLAG,
  splitDigits: FLAG,
};

/**
 * The kind that is asked for. An option that it does not have is an error, and so is one that is out of its range.
 *
 * @throws UsageError `WEFT_TOKENIZER_OPTION`, `WEFT_OPTION_UNKNOWN`, `WEFT_TOKENIZER_SPECIAL`
 */
export function checkTrainOptions(options: TrainTokenizerOptions): TrainableType {
  const { type = 'bpe' } = options;
  demand(TRAINABLE_TYPES.includes(type), `type is one of ${TRAINABLE_TYPES.join(', ')}`, type);
  const own = Object.keys(DEFAULTS[type]);
  for (const [name, value] of Object.entries(options)) {
    if (name === 'type' || name === 'onProgress' || value === undefined) continue;
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (rule === undefined) checkOptions('train a tokenizer', { [name]: value }, ['type', 'onProgress', ...own]);
    const owners = TRAINABLE_TYPES.filter((kind) => Object.hasOwn(DEFAULTS[kind], name));
    demand(own.includes(name), `${name} is for tokenizers of type ${owners.join(', ')}, not ${type}`, value);
    if (rule !== undefined) demand(rule[1](value), `${name} ${rule[0]}`, value);
  }
  const { splitting, pattern } = options as { readonly splitting?: unknown; readonly pattern?: unknown };
  demand(splitting === undefined || pattern === undefined, 'text is split by a splitting or by a pattern, not both', pattern);
  return type;
}

/** The options of a kind, checked, with their defaults. */
export function withDefaults<T extends TrainableType>(type: T, options: TrainTokenizerOptions): CheckedOptions<T> {
  const given = Object.fromEntries(Object.entries(options).filter(([name, value]) => value !== undefined && name !== 'onProgress'));
  const all = { ...DEFAULTS[type], ...given };
  const { specialTokens, unknownToken, controlSymbols, userDefinedSymbols } = all as Readonly<Record<string, unknown>>;
  if (isTexts(specialTokens)) {
    checkSpecialTokens(specialTokens);
    if (unknownToken !== undefined) {
      demand(specialTokens.includes(unknownToken as string), 'unknownToken is one of the specialTokens', unknownToken);
    }
  }
  if (isTexts(controlSymbols) && isTexts(userDefinedSymbols)) {
    const both = userDefinedSymbols.find((symbol) => controlSymbols.includes(symbol));
    demand(both === undefined, 'a symbol is either a control symbol or a user-defined one', both);
  }
  return all;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
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

/** Whether a text can be a symbol of SentencePiece: `▁` and whitespace would be changed before it is found. */
function isSymbol(text: string): boolean {
  return text !== '' && text !== '<unk>' && !/[\s\p{Surrogate}\0▁]/u.test(text);
}
