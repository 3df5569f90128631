/** The events of a chat's generations as parts of replies: text, calls of functions, the end. What chats and responses are made of. */

import type { GeneratedToken } from '../generate/index.ts';
import { createCallReader } from './call-reader.ts';
import type { CallReader, Settled } from './call-reader.ts';
import type { EngineEvent } from './generation-job.ts';
import type { Tools } from './tools.ts';

/** A call with an identity of its own. */
export interface IdentifiedCall {
  readonly id: string;
  readonly name: string;
  /** JSON of an object. */
  readonly arguments: string;
}

/** What became of the reply `index`. */
export type ReplyPart =
  /** The reply begins. */
  | { readonly index: number; readonly kind: 'start' }
  /** A token, and the text that it settled, possibly none. */
  | { readonly index: number; readonly kind: 'text'; readonly text: string; readonly token: GeneratedToken | undefined }
  /** A call; `place` counts those of the reply. */
  | { readonly index: number; readonly kind: 'call'; readonly place: number; readonly call: IdentifiedCall }
  | { readonly index: number; readonly kind: 'end'; readonly reason: 'stop' | 'length' | 'tool_calls' };

/** Options of {@link replyParts}. */
export interface ReplyOptions {
  readonly replies: number;
  readonly tools: Tools | undefined;
  /** A fresh identity. */
  readonly identity: () => string;
}

/** The parts of each reply, as they come. */
export async function* replyParts(
  events: AsyncGenerator<EngineEvent>,
  { replies, tools, identity }: ReplyOptions,
): AsyncGenerator<ReplyPart> {
  const readers = Array.from({ length: replies }, () => readerOf(tools));
  const begun = new Set<number>();
  const places = readers.map(() => 0);
  const settled = (index: number, { text, calls }: Settled, token?: GeneratedToken): readonly ReplyPart[] => [
    ...(text === '' && token === undefined ? [] : [{ index, kind: 'text', text, token } as const]),
    ...calls.map((call) => {
      const place = places[index] ?? 0;
      places[index] = place + 1;
      return { index, kind: 'call', place, call: { id: `call_${identity()}`, ...call } } as const;
    }),
  ];
  for await (const event of events) {
    const { index } = event;
    if (!begun.has(index)) {
      begun.add(index);
      yield { index, kind: 'start' };
    }
    const reader = readers[index];
    if (event.kind === 'token') yield* settled(index, reader?.push(event.token.text) ?? { text: event.token.text, calls: [] }, event.token);
    if (event.kind !== 'end') continue;
    if (reader !== undefined) yield* settled(index, reader.end());
    yield { index, kind: 'end', reason: event.reason === 'stop' && (places[index] ?? 0) > 0 ? 'tool_calls' : event.reason };
  }
}

function readerOf(tools: Tools | undefined): CallReader | undefined {
  if (tools === undefined) return undefined;
  const { choice } = tools;
  return createCallReader(new Set(tools.tools.map(({ name }) => name)), choice === 'required' || typeof choice === 'object');
}
