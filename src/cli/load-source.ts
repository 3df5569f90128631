/** A tokenizer that a flag or argument names: a path, an encoding, or a repository of the hub, whose download is shown. */

import type { LoadTokenizerOptions, Tokenizer } from '../tokenizers/index.ts';
import type { CliContext } from './context.ts';
import { oneOf } from './flag-values.ts';

/** What `-t` and FROM take, for help. */
export const SOURCE_HELP = 'model folder, tokenizer file, hf:org/name, or an encoding such as o200k_base';

/** Checks the name of a splitting. */
export const splittingFlag: (text: string) => 'gpt2' | 'gpt4' | 'o200k' | 'qwen2' = oneOf('--splitting', [
  'gpt2',
  'gpt4',
  'o200k',
  'qwen2',
]);

/** How the hub is reached in this environment. */
export function hubOptions({ env, signal, stderr }: CliContext): NonNullable<LoadTokenizerOptions['hub']> {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token, WEFT_CACHE: cache } = env;
  return {
    ...(endpoint ? { endpoint } : {}),
    ...(token ? { token } : {}),
    ...(cache ? { cache } : {}),
    signal,
    onProgress({ file, bytes, total }) {
      // The last line says it all where nobody looks on.
      if (bytes === total) stderr.write(`Downloaded ${file}, ${bytes} bytes\n`);
    },
  };
}

/** Loads it. */
export async function loadSource(source: string, context: CliContext, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  const { loadTokenizer } = await import('../tokenizers/index.ts');
  return loadTokenizer(source, { hub: hubOptions(context), ...options });
}
