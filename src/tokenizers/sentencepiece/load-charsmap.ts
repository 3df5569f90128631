/** SentencePiece's own normalisation rules by name. They are packed data in a module that is loaded when they are first asked for. */

import { UsageError } from '../../core/index.ts';
import { type RuleGraph, compileCharsmap } from './compile-charsmap.ts';

/** The names, in the order in which the data has them; `identity` has no rules. */
const PACKED = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf'] as const;

/** Rules that SentencePiece knows by name. */
export type CharsmapName = (typeof PACKED)[number] | 'identity';

interface PackedRules {
  readonly graph: RuleGraph;
  /** The states at which each map begins. */
  readonly roots: readonly number[];
}

let loading: Promise<PackedRules> | undefined;

/**
 * The compiled rules of a name, as `spm_train` puts them into a model.
 *
 * @param name - `nmt_nfkc` (SentencePiece's default: NFKC, and spaces and control characters tidied), `nfkc`, either with `_cf` for
 *   case folding, or `identity`
 * @returns a new array, for `precompiledCharsmap`; empty for `identity`
 * @throws UsageError `WEFT_TOKENIZER_OPTION` when the name is none of these
 */
export async function loadCharsmap(name: CharsmapName): Promise<Uint8Array> {
  if (name === 'identity') return new Uint8Array(0);
  const index = PACKED.indexOf(name);
  if (index < 0) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_OPTION',
      action: 'normalise text',
      rule: `the rules are ${PACKED.join(', ')} or identity`,
      value: String(name),
      remedy: 'Give one of these names.',
    });
  }
  loading ??= unpack();
  const { graph, roots } = await loading;
  return compileCharsmap(graph, roots[index] as number);
}

/** Reads what `scripts/charsmaps.mjs` packed: numbers in base 128, then the edges' counts, bytes and targets, then the texts. */
async function unpack(): Promise<PackedRules> {
  const { CHARSMAP_DATA } = await import('./charsmap-data.ts');
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
  const roots = PACKED.map(number);
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
