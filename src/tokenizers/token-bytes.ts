/** The bytes of every token, end to end in one array; decoding whole texts and one id after another. */

import type { TokenArena } from './token-arena.ts';
import type { StreamingDecoder } from './tokenizer.ts';

/** The bytes that every id stands for; ids are in the vocabulary. */
export interface TokenBytes {
  readonly size: number;
  /** A copy of the bytes of one token. */
  bytes(id: number): Uint8Array;
  length(this: void, id: number): number;
  decode(ids: ArrayLike<number>, skipSpecial?: boolean): string;
  createDecoder(skipSpecial?: boolean): StreamingDecoder;
}

/** Holds the bytes of the tokens, whose ids are their places. */
export function createTokenBytes({ bytes: arena, starts }: TokenArena, special: ReadonlySet<number> = new Set()): TokenBytes {
  const view = (id: number): Uint8Array => arena.subarray(starts[id], starts[id + 1]);

  return {
    size: starts.length - 1,
    bytes(id) {
      return view(id).slice();
    },
    length: (id) => (starts[id + 1] as number) - (starts[id] as number),
    decode(all, skipSpecial = false) {
      const ids = skipSpecial && special.size > 0 ? Array.from(all).filter((id) => !special.has(id)) : all;
      let length = 0;
      for (let index = 0; index < ids.length; index++) {
        const id = ids[index] as number;
        length += (starts[id + 1] as number) - (starts[id] as number);
      }
      const bytes = new Uint8Array(length);
      let position = 0;
      for (let index = 0; index < ids.length; index++) {
        const id = ids[index] as number;
        const end = starts[id + 1] as number;
        for (let at = starts[id] as number; at < end; at++) bytes[position++] = arena[at] as number;
      }
      return newTextDecoder().decode(bytes);
    },
    createDecoder(skipSpecial = false) {
      const decoder = newTextDecoder();
      return {
        push(id) {
          if (skipSpecial && special.has(id)) return '';
          return decoder.decode(view(id), { stream: true });
        },
        end: () => decoder.decode(),
      };
    },
  };
}

/** `ignoreBOM` keeps a leading byte-order mark, which is text like any other here. */
function newTextDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
