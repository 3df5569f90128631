/** The encodings that are built in, by name. */

import type { EncodingName } from '../tokenizers/index.ts';

/** Their names. */
export const ENCODING_NAMES: readonly EncodingName[] = ['o200k_base', 'cl100k_base', 'p50k_base', 'p50k_edit', 'r50k_base', 'gpt2'];

/** The encoding that a user means, who may leave `_base` out; undefined for other names. */
export function encodingName(text: string): EncodingName | undefined {
  return ENCODING_NAMES.find((name) => name === text || name === `${text}_base`);
}
