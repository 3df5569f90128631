/** Tokens as a tree of their bytes, flat and in the order in which it is walked, so that all that share a beginning are left at once. */

/** A tree of byte strings; nodes are numbered parents first, each before what is below it. */
export interface ByteTrie {
  readonly size: number;
  /** Byte that leads to a node. */
  readonly bytes: Uint8Array;
  /** Bytes up to the node, less one. */
  readonly depths: Uint16Array;
  /** The node behind all that are below. */
  readonly ends: Uint32Array;
  /** The first token that ends at the node, or -1. */
  readonly tokens: Int32Array;
  /** The next token with the same bytes as this one, or -1. */
  readonly same: Int32Array;
  /** Bytes of the longest token. */
  readonly longest: number;
}

/** The tree of the tokens whose bytes are given by id; those without bytes are left out. */
export function createByteTrie(texts: readonly (Uint8Array | undefined)[]): ByteTrie {
  const keys: string[] = [];
  const ids: number[] = [];
  let total = 0;
  let longest = 0;
  texts.forEach((bytes, id) => {
    if (bytes === undefined || bytes.length === 0) return;
    ids.push(id);
    keys[id] = String.fromCharCode(...bytes);
    total += bytes.length;
    longest = Math.max(longest, bytes.length);
  });
  ids.sort((a, b) => ((keys[a] as string) < (keys[b] as string) ? -1 : keys[a] === keys[b] ? a - b : 1));
  const bytes = new Uint8Array(total);
  const depths = new Uint16Array(total);
  const ends = new Uint32Array(total);
  const tokens = new Int32Array(total).fill(-1);
  const same = new Int32Array(texts.length).fill(-1);
  const path: number[] = [];
  let size = 0;
  let before = '';
  let last = -1;
  for (const id of ids) {
    const key = keys[id] as string;
    if (key === before) {
      same[last] = id;
      last = id;
      continue;
    }
    let shared = 0;
    while (shared < before.length && before.charCodeAt(shared) === key.charCodeAt(shared)) shared++;
    while (path.length > shared) ends[path.pop() as number] = size;
    for (let at = shared; at < key.length; at++) {
      bytes[size] = key.charCodeAt(at);
      depths[size] = at;
      path.push(size++);
    }
    tokens[size - 1] = id;
    before = key;
    last = id;
  }
  while (path.length > 0) ends[path.pop() as number] = size;
  return {
    size,
    bytes: bytes.slice(0, size),
    depths: depths.slice(0, size),
    ends: ends.slice(0, size),
    tokens: tokens.slice(0, size),
    same,
    longest,
  };
}
