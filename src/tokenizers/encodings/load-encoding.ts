/**
 * OpenAI's encodings by name, built in: packed, and loaded when they are asked for.
 *
 * Source: npm tiktoken 1.0.22, `encoders/*.json` (ranks, patterns, special tokens). `gpt2` and `r50k_base` are the same.
 */

import { UsageError } from '../../core/index.ts';
import { createBpeTokenizer } from '../bpe/bpe-tokenizer.ts';
import { ALPHABET } from '../byte-alphabet.ts';
import { createSpecialTokens } from '../special-tokens.ts';
import type { Splitting } from '../splitting/splittings.ts';
import { END_OF_TEXT, type Tokenizer } from '../tokenizer.ts';
import { type PackedMerges, arenaOfMerges, unpackMerges } from './unpack-merges.ts';

/** The encodings that are built in. */
export type EncodingName = 'gpt2' | 'r50k_base' | 'p50k_base' | 'p50k_edit' | 'cl100k_base' | 'o200k_base';

/** What an encoding is besides its merges. */
interface BuiltIn {
  readonly splitting: Splitting;
  readonly merges: () => Promise<PackedMerges>;
  readonly specialTokens: ReadonlyMap<string, number>;
}

const r50k: BuiltIn = {
  splitting: 'gpt2',
  merges: async () => (await import('./r50k-base.ts')).R50K_BASE,
  specialTokens: new Map([[END_OF_TEXT, 50256]]),
};
const p50k: BuiltIn = { ...r50k, merges: async () => (await import('./p50k-base.ts')).P50K_BASE };

/** The encodings that are built in. */
export const OPENAI_ENCODINGS: { readonly [name in EncodingName]: BuiltIn } = {
  gpt2: r50k,
  r50k_base: r50k,
  p50k_base: p50k,
  p50k_edit: { ...p50k, specialTokens: new Map([...p50k.specialTokens, ...fillInTheMiddle(50281)]) },
  cl100k_base: {
    splitting: 'gpt4',
    merges: async () => (await import('./cl100k-base.ts')).CL100K_BASE,
    specialTokens: new Map([[END_OF_TEXT, 100257], ...fillInTheMiddle(100258), ['<|endofprompt|>', 100276]]),
  },
  o200k_base: {
    splitting: 'o200k',
    merges: async () => (await import('./o200k-base.ts')).O200K_BASE,
    specialTokens: new Map([
      [END_OF_TEXT, 199999],
      ['<|endofprompt|>', 200018],
    ]),
  },
};

function fillInTheMiddle(first: number): readonly [string, number][] {
  return ['prefix', 'middle', 'suffix'].map((part, index) => [`<|fim_${part}|>`, first + index]);
}

/** Names of the encodings that are built in. */
export const ENCODING_NAMES: readonly EncodingName[] = Object.keys(OPENAI_ENCODINGS) as EncodingName[];

/** Whether a text is the name of a built-in encoding. */
export function isEncodingName(name: string): name is EncodingName {
  return Object.hasOwn(OPENAI_ENCODINGS, name);
}

/**
 * The tokenizer of one of OpenAI's models: `o200k_base` (GPT-4o and later), `cl100k_base` (GPT-4, GPT-3.5), `p50k_base` and
 * `p50k_edit` (Codex), `r50k_base` or `gpt2` (GPT-2, GPT-3). Nothing is downloaded; ids are tiktoken's on every text.
 *
 * @param name - an {@link EncodingName}
 * @returns a new tokenizer; its vocabulary is unpacked at each call
 * @throws UsageError `WEFT_TOKENIZER_ENCODING` when there is no such encoding
 *
 * @example
 * ```ts
 * import { loadEncoding } from 'weft/tokenizers';
 *
 * const tokenizer = await loadEncoding('o200k_base');
 * console.log([...tokenizer.encode('hello world')]); // [ 24912, 2375 ]
 * ```
 */
export async function loadEncoding(name: EncodingName): Promise<Tokenizer> {
  if (!isEncodingName(name)) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_ENCODING',
      action: 'load an encoding',
      rule: `the built-in ones are ${ENCODING_NAMES.join(', ')}`,
      value: String(name),
      remedy: 'Give one of these names, or load a file with loadTokenizer.',
    });
  }
  const { splitting, specialTokens, merges: load } = OPENAI_ENCODINGS[name];
  const merges = await unpackMerges(await load());
  const byteIds = new Int32Array(256);
  ALPHABET.forEach((byte, id) => (byteIds[byte] = id));
  return createBpeTokenizer({
    splitting,
    tokens: arenaOfMerges(merges, specialTokens),
    byteIds,
    merges,
    // Merging leads to every token: nothing would be gained by looking pieces up whole.
    ignoreMerges: false,
    // `scripts/pack-encodings.mjs` has made sure of it.
    areMergesSound: true,
    special: createSpecialTokens(specialTokens),
  });
}
