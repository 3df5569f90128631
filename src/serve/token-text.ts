/** How single tokens are written in answers: a token may be a part of a character, which JSON cannot hold. */

import type { GeneratedToken } from '../generate/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The token's text, or `bytes:\xe2\x82` when its bytes are not whole characters, as OpenAI writes them. */
export function tokenText(tokenizer: Tokenizer, id: number): string {
  const bytes = tokenizer.tokenBytes(id);
  try {
    return strict.decode(bytes);
  } catch {
    return `bytes:${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
  }
}

/** Log-probabilities in the form of `/v1/completions`. */
export interface CompletionLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly (number | null)[];
  readonly top_logprobs: readonly (Readonly<Record<string, number>> | null)[];
  readonly text_offset: readonly number[];
}

/**
 * Log-probabilities of some tokens of a completion.
 *
 * @param tokens - each with the log-probabilities of its alternatives, or none where they are not known
 * @param offset - where the first token's text begins, in UTF-16 units of the choice's text
 */
export function completionLogprobs(tokens: readonly ScoredToken[], tokenizer: Tokenizer, offset: number): CompletionLogprobs {
  let position = offset;
  return {
    tokens: tokens.map(({ id }) => tokenText(tokenizer, id)),
    token_logprobs: tokens.map(({ logProbability }) => finite(logProbability)),
    top_logprobs: tokens.map(({ alternatives }) =>
      alternatives === undefined
        ? null
        : Object.fromEntries(alternatives.map(({ id, logProbability }) => [tokenText(tokenizer, id), Math.max(logProbability, LOWEST)])),
    ),
    text_offset: tokens.map(({ length }) => (position += length) - length),
  };
}

/** A token, its log-probability, and how much text it brought. */
export interface ScoredToken {
  readonly id: number;
  /** NaN for a text's first token, which nothing comes before. */
  readonly logProbability: number;
  readonly alternatives: GeneratedToken['alternatives'] | undefined;
  readonly length: number;
}

/** JSON has no infinity; OpenAI writes this for "never". */
const LOWEST = -9999;

function finite(value: number): number | null {
  return Number.isNaN(value) ? null : Math.max(value, LOWEST);
}

/** One token of a chat's `logprobs.content`. */
export interface ChatLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly Omit<ChatLogprob, 'top_logprobs'>[];
}

/** A token's log-probability in the form of `/v1/chat/completions`. */
export function chatLogprob(token: GeneratedToken, tokenizer: Tokenizer): ChatLogprob {
  const entry = (id: number, logProbability: number): Omit<ChatLogprob, 'top_logprobs'> => ({
    token: tokenText(tokenizer, id),
    logprob: Math.max(logProbability, LOWEST),
    bytes: [...tokenizer.tokenBytes(id)],
  });
  return {
    ...entry(token.id, token.logProbability),
    top_logprobs: token.alternatives.map(({ id, logProbability }) => entry(id, logProbability)),
  };
}
