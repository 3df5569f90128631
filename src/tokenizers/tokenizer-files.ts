/** Tokenizers as files: `tokenizer.json`, alone or in a model folder. Where there are no files, as in browsers, they are made of JSON. */

import type * as files from 'node:fs/promises';

import { FormatError, WeftError, findNodeModule, writeFileAtomic } from '../core/index.ts';
import { tokenizerFromJson } from './json/read-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

const FILE = 'tokenizer.json';
const LARGEST_FILE = 2 ** 28;

/**
 * Reads a tokenizer.
 *
 * @param path - a `tokenizer.json`, or a folder that has one
 * @throws FormatError `WEFT_TOKENIZER_MISSING` when there is no such file, `WEFT_TOKENIZER_FORMAT` when it is no tokenizer;
 *   WeftError `WEFT_TOKENIZER_PLATFORM` in a browser
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
  const { readFile, stat } = nodeFiles(`read the tokenizer ${path}`);
  let file = path;
  let text: string;
  try {
    if ((await stat(path)).isDirectory()) file = `${path}/${FILE}`;
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
 * @throws WeftError `WEFT_WRITE` when it cannot be written, `WEFT_TOKENIZER_PLATFORM` in a browser
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
  nodeFiles(`write the tokenizer ${path}`);
  const file = path.endsWith('.json') ? path : `${path}/${FILE}`;
  await writeFileAtomic(file, `${JSON.stringify(tokenizer.toJSON(), null, 1)}\n`);
}

/** Node's file functions. */
function nodeFiles(action: string): typeof files {
  const found = findNodeModule('node:fs/promises');
  if (found !== undefined) return found;
  throw new WeftError({
    code: 'WEFT_TOKENIZER_PLATFORM',
    action,
    rule: 'files are there only where Node runs',
    remedy: 'Give the content itself to tokenizerFromJson.',
  });
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
