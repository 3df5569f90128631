/** SentencePiece's own normalisation rules by name. They are packed data in a module that is loaded when they are first asked for. */

import { UsageError } from '../../core/index.ts';
import type { PackedRules } from './unpack-charsmaps.ts';

/** The names, in the order in which the data has them; `identity` has no rules. */
const PACKED = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf'] as const;

/** Rules that SentencePiece knows by name. */
export type CharsmapName = (typeof PACKED)[number] | 'identity';

let loading: Promise<PackedRules> | undefined;

/**
 * The compiled rules of a name, as `spm_train` puts them into a model.
 *
 * @param name - `nmt_nfkc` (SentencePiece's default: NFKC, and spaces and control characters tidied), `nfkc`, either with `_cf` for
 *   case folding, or `identity`
 * @returns a new array, for `precompiledCharsmap`; empty for `identity`
 * @throws UsageError `WEFT_TOKENIZER_OPTION` when the name is none of these
 *
 * @example
 * ```ts
 * import { loadCharsmap } from 'weft/tokenizers';
 *
 * console.log((await loadCharsmap('nmt_nfkc')).length); // 237561
 * ```
 */
export async function loadCharsmap(name: CharsmapName): Promise<Uint8Array> {
  if (name === 'identity') return new Uint8Array(0);
  const index = PACKED.indexOf(name);
  if (index < 0) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_OPTION',
      action: 'normalise text',
      rule: `the rules are ${PACKED.join(', ')} or identity`,
      value: name,
      remedy: 'Give one of these names.',
    });
  }
  const { unpackCharsmaps } = await import('./unpack-charsmaps.ts');
  const { compileCharsmap } = await import('./compile-charsmap.ts');
  loading ??= unpackCharsmaps(PACKED.length);
  const { graph, roots } = await loading;
  return compileCharsmap(graph, roots[index] as number);
}
