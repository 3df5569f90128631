/** Which tokens a position allows: one walk through the tree of tokens, in step with the grammar. */

import type { ByteTrie } from './byte-trie.ts';
import type { Matcher, Position } from './matcher.ts';

/** Sets the bit of every token of `trie` that may follow `position`; bit `id % 32` of word `id / 32` is the token `id`. */
export function maskTokens(
  matcher: Matcher,
  position: Position,
  { trie, into }: { readonly trie: ByteTrie; readonly into: Uint32Array },
): void {
  const { size, bytes, depths, ends, tokens, same } = trie;
  const path: Position[] = [position];
  for (let node = 0; node < size;) {
    const depth = depths[node] as number;
    const before = path[depth] as Position;
    const byte = bytes[node] as number;
    const next = before.next[byte];
    const here = next === undefined ? matcher.step(before, byte) : next;
    if (here === null) {
      node = ends[node] as number;
      continue;
    }
    path[depth + 1] = here;
    if (here.canEnd) {
      for (let id = tokens[node] as number; id >= 0; id = same[id] as number) {
        into[id >>> 5] = (into[id >>> 5] as number) | (1 << (id & 31));
      }
    }
    node++;
  }
}
