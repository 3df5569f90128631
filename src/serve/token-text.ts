/** How single tokens are written in answers: a token may be a part of a character, which JSON cannot hold. */

import { isUtf8 } from 'node:buffer';

import type { GeneratedToken } from '../generate/index.ts';
import type { Tokenizer } from '../tokenizers/index.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** What is known of a tokenizer's tokens, by id: a prompt may have a million of them, of a few kinds. */
interface Spelled {
  readonly pieces: (string | Uint8Array | undefined)[];
  readonly texts: (string | undefined)[];
}
const known = new WeakMap<Tokenizer, Spelled>();

function spelledOf(tokenizer: Tokenizer): Spelled {
  const spelled = known.get(tokenizer) ?? { pieces: [], texts: [] };
  known.set(tokenizer, spelled);
  return spelled;
}

/** Each token's text, or its bytes when they are not whole characters. */
export function tokenPieces(tokenizer: Tokenizer, ids: ArrayLike<number>): (string | Uint8Array)[] {
  const { pieces } = spelledOf(tokenizer);
  return Array.from(ids, (id) => {
    const piece = pieces[id];
    if (piece !== undefined) return piece;
    const bytes = tokenizer.tokenBytes(id);
    return (pieces[id] = isUtf8(bytes) ? decoder.decode(bytes) : bytes);
  });
}

/** Each token's text, or `bytes:\xe2\x82` when its bytes are not whole characters, as OpenAI writes them. */
export function tokenTexts(tokenizer: Tokenizer, ids: ArrayLike<number>): string[] {
  const { texts } = spelledOf(tokenizer);
  return Array.from(ids, (id) => {
    const text = texts[id];
    if (text !== undefined) return text;
    const [piece = ''] = tokenPieces(tokenizer, [id]);
    return (texts[id] = typeof piece === 'string' ? piece : `bytes:${Array.from(piece, escaped).join('')}`);
  });
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The same of one token. */
export function tokenText(tokenizer: Tokenizer, id: number): string {
  return tokenTexts(tokenizer, [id])[0] as string;
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
