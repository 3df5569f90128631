/** A tokenizer that a flag or argument names: a path, an encoding, or a repository of the hub, whose download is shown. */

import type { HubProgress } from '../hub/index.ts';
import type { LoadTokenizerOptions, Tokenizer } from '../tokenizers/index.ts';
import type { CliContext } from './context.ts';
import { oneOf } from './flag-values.ts';
import { bar } from './terminal/bar.ts';
import { byteSize } from './terminal/numbers.ts';
import { printable } from './terminal/printable.ts';
import { createStyle } from './terminal/style.ts';

/** What `-t` and FROM take, for help. */
export const SOURCE_HELP = 'model folder, tokenizer file, hf:org/name, or an encoding such as o200k_base';

/** What `--base` takes, for help. */
export const BASE_HELP = 'base model of an adapter (default: the one that it names)';

/** Checks the name of a splitting. */
export const splittingFlag: (text: string) => 'gpt2' | 'gpt4' | 'o200k' | 'qwen2' = oneOf('--splitting', [
  'gpt2',
  'gpt4',
  'o200k',
  'qwen2',
]);

/** How the hub is reached in this environment. */
export function hubOptions({ env, signal, stderr, now }: CliContext): NonNullable<LoadTokenizerOptions['hub']> {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token, WEFT_CACHE: cache } = env;
  return {
    ...(endpoint ? { endpoint } : {}),
    ...(token ? { token } : {}),
    ...(cache ? { cache } : {}),
    signal,
    onProgress: showDownload({ stderr, env, now }),
  };
}

/** Milliseconds between two pictures of a bar. */
const REDRAW = 100;

/** Draws how far a download is: a bar on a terminal, a line at the end of each file elsewhere. */
function showDownload({ stderr, env, now }: Pick<CliContext, 'stderr' | 'env' | 'now'>): (progress: HubProgress) => void {
  const terminal = stderr.isTTY === true;
  const style = createStyle(terminal, env);
  let drawn = -Infinity;
  return ({ file, bytes, total }) => {
    const done = bytes === total;
    if (terminal && (done || now() - drawn >= REDRAW)) {
      drawn = now();
      const share = total === undefined ? '' : ` ${bar(bytes / total, 24, style)} ${Math.floor((100 * bytes) / Math.max(1, total))}%`;
      stderr.write(`\r\u001B[2K${printable(file)}${share} ${style.dim(byteSize(bytes))}${done ? '\n' : ''}`);
    } else if (!terminal && done) stderr.write(`Downloaded ${file}, ${bytes} bytes\n`);
  };
}

/** Loads it. */
export async function loadSource(source: string, context: CliContext, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  const { loadTokenizer } = await import('../tokenizers/index.ts');
  return loadTokenizer(source, { hub: hubOptions(context), ...options });
}
