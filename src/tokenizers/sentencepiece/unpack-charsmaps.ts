/** Unpacks SentencePiece's normalisation rules, which `scripts/charsmaps.mjs` packed. */

import { CHARSMAP_DATA } from './charsmap-data.ts';
import type { RuleGraph } from './compile-charsmap.ts';

/** All maps as one graph. */
export interface PackedRules {
  readonly graph: RuleGraph;
  /** The states at which each map begins. */
  readonly roots: readonly number[];
}

/** Numbers in base 128, then the edges' counts, bytes and targets, then the texts. */
export async function unpackCharsmaps(maps: number): Promise<PackedRules> {
  const packed = Uint8Array.from(atob(CHARSMAP_DATA), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const roots = Array.from({ length: maps }, number);
  const [states, edges, targetBytes] = [number(), number(), number()];
  const first = new Int32Array(states + 1);
  for (let state = 0; state < states; state++) first[state + 1] = (first[state] as number) + number();
  const labels = bytes.slice(at, at + edges);
  at += edges;
  const end = at + targetBytes;
  const targets = new Int32Array(edges);
  let last = 0;
  for (let state = 0; state < states; state++) {
    for (let edge = first[state] as number; edge < (first[state + 1] as number); edge++) {
      const value = number();
      if (labels[edge] === 0) last = targets[edge] = last + (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
      else targets[edge] = state - value - 1;
    }
  }
  const texts = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(end)).split('\0');
  return { graph: { first, labels, targets, texts }, roots };
}
