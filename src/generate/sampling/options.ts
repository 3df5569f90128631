/** What a caller may ask of sampling, and its defaults. */

import { UsageError, checkOptions } from '../../core/index.ts';

/** How tokens are chosen and when to stop. */
export interface SamplingOptions {
  /** Divides the logits; 0 always takes the likeliest token. Default 1. */
  readonly temperature?: number;
  /** Draw among so many likeliest tokens only; 0 for all. Default 0. */
  readonly topK?: number;
  /** Draw among the fewest likeliest tokens that together reach this probability, 0 < p ≤ 1. Holtzman et al. 2019. Default 1. */
  readonly topP?: number;
  /** Draw among tokens at least this share as likely as the likeliest, 0 … 1. Nguyen et al. 2024. Default 0. */
  readonly minP?: number;
  /** Divides positive and multiplies negative logits of tokens that occurred; 1 for none. Keskar et al. 2019, section 4.1. Default 1. */
  readonly repetitionPenalty?: number;
  /** Taken from the logits of tokens that the text so far contains, after the repetition penalty. As OpenAI's. Default 0. */
  readonly presencePenalty?: number;
  /** Taken from the logit of a token for each time that the text so far contains it. As OpenAI's. Default 0. */
  readonly frequencyPenalty?: number;
  /** Added to the logits of tokens, by id, after the penalties; -Infinity forbids one. Default none. */
  readonly logitBias?: ReadonlyMap<number, number>;
  /** A whole number. The same seed, prompt and options give the same text. Default 0. */
  readonly seed?: number;
  /** Most tokens to generate; default as many as the context holds. */
  readonly maxTokens?: number;
  /** Fewest tokens before the text may end by itself; a stop text ends it at any time. Default 0. */
  readonly minTokens?: number;
  /** Tokens that end the text beside the model's own. Default none. */
  readonly endTokens?: readonly number[];
  /** Go on behind the tokens that end a text; they have no text. Default false. */
  readonly ignoreEnd?: boolean;
  /** Texts that end the generation; they are left out of its text. Default none. */
  readonly stop?: readonly string[];
  /** How many of the likeliest tokens to report with each token. Default 0. */
  readonly alternatives?: number;
  /** Ends the generation between two tokens: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** {@link SamplingOptions} with every default filled in. */
export interface Sampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly logitBias: ReadonlyMap<number, number>;
  readonly seed: number;
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly endTokens: readonly number[];
  readonly ignoreEnd: boolean;
  readonly stop: readonly string[];
  readonly alternatives: number;
  readonly signal: AbortSignal | undefined;
}

interface Rule {
  readonly holds: (value: number) => boolean;
  readonly words: string;
}

const COUNT: Rule = {
  holds: (value) => value >= 0 && (Number.isSafeInteger(value) || value === Infinity),
  words: 'a whole number of at least 0',
};
const RULES: { readonly [name: string]: Rule } = {
  temperature: { holds: (value) => value >= 0 && Number.isFinite(value), words: 'a number of at least 0' },
  topK: COUNT,
  topP: { holds: (value) => value > 0 && value <= 1, words: 'above 0 and at most 1' },
  minP: { holds: (value) => value >= 0 && value <= 1, words: 'between 0 and 1' },
  repetitionPenalty: { holds: (value) => value > 0 && Number.isFinite(value), words: 'a number above 0' },
  presencePenalty: { holds: Number.isFinite, words: 'a number' },
  frequencyPenalty: { holds: Number.isFinite, words: 'a number' },
  seed: { holds: Number.isSafeInteger, words: 'a whole number' },
  maxTokens: COUNT,
  minTokens: COUNT,
  alternatives: COUNT,
};

/** The names of {@link SamplingOptions}. */
export const SAMPLING_OPTIONS: readonly string[] = [...Object.keys(RULES), 'logitBias', 'stop', 'endTokens', 'ignoreEnd', 'signal'];

/** Of no bias. */
const UNBIASED: ReadonlyMap<number, number> = new Map();

/**
 * Fills in the defaults of sampling.
 *
 * @throws UsageError `WEFT_GENERATE_OPTION` when a value is out of its range, `WEFT_OPTION_UNKNOWN` for an unknown option.
 */
export function fillSampling(options: SamplingOptions): Sampling {
  checkOptions('generate', options, [...SAMPLING_OPTIONS]);
  const defaults = {
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    logitBias: UNBIASED,
    seed: 0,
    maxTokens: Infinity,
    minTokens: 0,
    endTokens: [],
    ignoreEnd: false,
    stop: [],
    alternatives: 0,
    signal: undefined,
  };
  // An option that is given as undefined counts as left out.
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const sampling: Sampling = { ...defaults, ...given };
  for (const [name, { holds, words }] of Object.entries(RULES)) {
    const value: unknown = sampling[name as keyof Sampling];
    if (typeof value !== 'number' || !holds(value))
      throw refusal(`${name} must be ${words}`, String(value), `Give ${name} a value in its range, or leave it out.`);
  }
  for (const [id, bias] of sampling.logitBias)
    if (Number.isNaN(bias) || bias === Infinity)
      throw refusal('a bias must be a number', `${bias} for token ${id}`, 'Give each token a finite bias, or -Infinity to forbid it.');
  const empty = sampling.stop.findIndex((text) => text === '');
  if (empty >= 0) throw refusal('a stop text must have at least one character', `stop[${empty}] is empty`, 'Leave the empty text out.');
  return sampling;
}

function refusal(rule: string, value: string, remedy: string): UsageError {
  return new UsageError({ code: 'WEFT_GENERATE_OPTION', action: 'generate', rule, value, remedy });
}
