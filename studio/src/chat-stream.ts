/** A reply of `POST /v1/chat/completions` as it streams: https://platform.openai.com/docs/api-reference/chat-streaming */

import { eventData } from './event-data.ts';
import { ServerError } from './failure.ts';
import type { Token } from './use-generation.ts';

/** A part of a reply. */
export type ChatEvent =
  | { readonly kind: 'text'; readonly text: string; readonly token: Token | undefined }
  | { readonly kind: 'end'; readonly reason: 'stop' | 'length' }
  | { readonly kind: 'usage'; readonly promptTokens: number; readonly tokens: number };

interface Scored {
  readonly token: string;
  readonly logprob: number;
}

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly logprobs?: { readonly content?: readonly (Scored & { readonly top_logprobs: readonly Scored[] })[] | null } | null;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
  readonly error?: { readonly message: string; readonly code?: string | null };
}

/** The parts of a reply. Throws with the server's words when it breaks off. */
export async function* chatEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ChatEvent> {
  for await (const data of eventData(body)) {
    if (data === '[DONE]') return;
    const { choices = [], usage, error } = JSON.parse(data) as Chunk;
    if (error !== undefined) throw new ServerError({ message: error.message, code: error.code ?? undefined });
    for (const { delta, logprobs, finish_reason: reason } of choices) {
      const text = delta?.content ?? '';
      const scored = logprobs?.content ?? [];
      if (text !== '' || scored.length > 0) yield { kind: 'text', text, token: tokenOf(text, scored[0]) };
      if (typeof reason === 'string') yield { kind: 'end', reason: reason === 'length' ? 'length' : 'stop' };
    }
    if (usage != null) yield { kind: 'usage', promptTokens: usage.prompt_tokens, tokens: usage.completion_tokens };
  }
  throw new ServerError({ message: 'The server ended the reply too early. Ask for it again.' });
}

/** A token whose id is its place among the alternatives: chats do not tell the ids of tokens. */
function tokenOf(text: string, scored: (Scored & { readonly top_logprobs: readonly Scored[] }) | undefined): Token | undefined {
  if (scored === undefined) return undefined;
  const alternatives = scored.top_logprobs.map(({ token, logprob }, id) => ({ id, piece: token, logProbability: logprob }));
  const id = alternatives.findIndex(({ piece }) => piece === scored.token);
  return { kind: 'token', id, text, piece: scored.token, logProbability: scored.logprob, alternatives };
}
