/** Tokenizers as files: `tokenizer.json`, alone or in a model folder. */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { FormatError, writeFileAtomic } from '../core/index.ts';
import { tokenizerFromJson } from './json/read-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

const FILE = 'tokenizer.json';
const LARGEST_FILE = 2 ** 28;

/**
 * Reads a tokenizer.
 *
 * @param path - a `tokenizer.json`, or a folder that has one
 * @throws FormatError `WEFT_TOKENIZER_MISSING` when there is no such file, `WEFT_TOKENIZER_FORMAT` when it is no tokenizer
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { loadTokenizer, saveTokenizer, trainTokenizer } from 'weft/tokenizers';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * await saveTokenizer(folder, await trainTokenizer(['hello there, hello you'], { vocabSize: 280 }));
 * const tokenizer = await loadTokenizer(folder);
 * console.log(tokenizer.decode(tokenizer.encode('hello'))); // hello
 * ```
 */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  let file = path;
  let text: string;
  try {
    if ((await stat(path)).isDirectory()) file = join(path, FILE);
    const { size } = await stat(file);
    if (size > LARGEST_FILE) throw formatError(file, `a tokenizer has ${LARGEST_FILE} bytes or fewer`, `${size} bytes`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError({
      code: 'WEFT_TOKENIZER_MISSING',
      action: `read the tokenizer ${file}`,
      rule: 'the file cannot be opened',
      value: (error as NodeJS.ErrnoException).code ?? String(error),
      remedy: `Give the path of a ${FILE} or of a folder that has one.`,
      cause: error,
    });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw formatError(file, 'it must be JSON', (error as Error).message, error);
  }
  return tokenizerFromJson(json, file);
}

/**
 * Writes a tokenizer, atomically.
 *
 * @param path - the file to write when it ends in `.json`, otherwise the folder for `tokenizer.json`
 * @throws WeftError `WEFT_WRITE` when it cannot be written
 *
 * @example
 * ```ts
 * import { mkdtemp, readdir } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { saveTokenizer, trainTokenizer } from 'weft/tokenizers';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * await saveTokenizer(folder, await trainTokenizer(['abc'], { type: 'characters' }));
 * console.log(await readdir(folder)); // [ 'tokenizer.json' ]
 * ```
 */
export async function saveTokenizer(path: string, tokenizer: Tokenizer): Promise<void> {
  const file = path.endsWith('.json') ? path : join(path, FILE);
  await writeFileAtomic(file, `${JSON.stringify(tokenizer.toJSON(), null, 1)}\n`);
}

function formatError(file: string, rule: string, value: string, cause?: unknown): FormatError {
  return new FormatError({
    code: 'WEFT_TOKENIZER_FORMAT',
    action: `read the tokenizer ${file}`,
    rule,
    value,
    remedy: 'Copy or download the file again.',
    cause,
  });
}
