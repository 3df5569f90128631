/**
 * From which states a vocabulary can write a way to the end, one byte or one character at a time.
 *
 * A vocabulary that lacks bytes must not be led into a place that only they lead out of. Whether longer tokens would lead out is
 * not asked: that depends on what follows, and a way of single characters never does.
 */

import type { ByteEdge, Grammar, GrammarState } from './grammar.ts';
import { productiveStates } from './state-analysis.ts';
import type { Spelling } from './token-trie.ts';

/** 1 for the states of a grammar that can end so. */
export function spelledEnds({ states }: Grammar, { everything, bytes, characters }: Spelling): Uint8Array {
  if (everything) return new Uint8Array(states.length).fill(1);
  const byLead = new Map<number, Uint8Array[]>();
  for (const character of characters) {
    const lead = character[0] as number;
    const known = byLead.get(lead);
    if (known === undefined) byLead.set(lead, [character]);
    else known.push(character);
  }
  // The rest of a character is a tree of edges, each of which ends it or has a tail of its own.
  const follows = (tail: number, character: Uint8Array, at: number): boolean => {
    if (tail < 0) return at === character.length;
    const byte = character[at];
    const edge = states[tail]?.edges.find(({ low, high }) => byte !== undefined && byte >= low && byte <= high);
    return edge !== undefined && follows(edge.tail, character, at + 1);
  };
  const tails = new Map<number, boolean>();
  /** Whether the rest of a character can be written byte by byte. */
  const endsInBytes = (tail: number): boolean => {
    if (tail < 0) return true;
    let known = tails.get(tail);
    if (known === undefined) {
      known = (states[tail] as GrammarState).edges.some((edge) => hasByte(edge, bytes) && endsInBytes(edge.tail));
      tails.set(tail, known);
    }
    return known;
  };
  const remembered = new Map<string, boolean>();
  const canTake = (edge: ByteEdge): boolean => {
    const key = `${edge.low} ${edge.high} ${edge.tail}`;
    let known = remembered.get(key);
    if (known === undefined) {
      known = hasByte(edge, bytes) && endsInBytes(edge.tail);
      for (let byte = edge.low; byte <= edge.high && !known; byte++) {
        known = (byLead.get(byte) ?? []).some((character) => follows(edge.tail, character, 1));
      }
      remembered.set(key, known);
    }
    return known;
  };
  return productiveStates(states, canTake);
}

function hasByte({ low, high }: ByteEdge, bytes: Uint8Array): boolean {
  for (let byte = low; byte <= high; byte++) if (bytes[byte] === 1) return true;
  return false;
}
