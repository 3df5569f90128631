/** The bytes of all tokens end to end: hundreds of thousands of tokens in two arrays instead of as many objects. */

/** Bytes of every token; token `id` has `bytes[starts[id] .. starts[id + 1])`. */
export interface TokenArena {
  readonly bytes: Uint8Array;
  /** One entry more than there are tokens. */
  readonly starts: Uint32Array;
}

/** Puts tokens end to end; their places are their ids. */
export function arenaOf(tokens: readonly Uint8Array[]): TokenArena {
  const starts = new Uint32Array(tokens.length + 1);
  for (let id = 0; id < tokens.length; id++) starts[id + 1] = (starts[id] as number) + (tokens[id]?.length ?? 0);
  const bytes = new Uint8Array(starts[tokens.length] as number);
  tokens.forEach((token, id) => bytes.set(token, starts[id]));
  return { bytes, starts };
}

/** Number of tokens. */
export function arenaSize({ starts }: TokenArena): number {
  return starts.length - 1;
}

/** The bytes of a token; they are not to be changed. */
export function tokenAt({ bytes, starts }: TokenArena, id: number): Uint8Array {
  return bytes.subarray(starts[id], starts[id + 1]);
}
