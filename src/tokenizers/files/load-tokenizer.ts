/** Tokenizers by path or name: files of every format, model folders, built-in encodings, repositories of the hub. In a browser the last two. */

import type * as files from 'node:fs/promises';

import { FormatError, WeftError, checkOptions, findNodeModule } from '../../core/index.ts';
import type { HubOptions } from '../../hub/index.ts';
import { isEncodingName, loadEncoding } from '../encodings/load-encoding.ts';
import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { formatError } from './file-error.ts';
import { FILE_OPTIONS, type TokenizerFileOptions, parseJson, tokenizerFromBytes } from './tokenizer-from-bytes.ts';

const LARGEST_FILE = 2 ** 28;

/** What to load from where; see {@link loadTokenizer}. */
export interface LoadTokenizerOptions extends TokenizerFileOptions {
  /** Where repositories of the hub come from and where they are kept. */
  readonly hub?: HubOptions;
}

/** Reads a file of a folder; undefined when it isn't there. */
export type ReadFile = (name: string) => Promise<Uint8Array | undefined>;

/**
 * Loads a tokenizer.
 *
 * @param source - the name of a built-in encoding (see {@link loadEncoding}); a file: `tokenizer.json`, SentencePiece `.model`,
 *   `.tiktoken`, GGUF, `vocab.json` or `merges.txt` with the other beside it, `vocab.txt`; or a folder that has one of these, the
 *   first of them in this order; or a repository of the hub, `hf:organisation/name` or `hf:organisation/name@revision`, which is
 *   downloaded once, also without its model. A file or folder whose name is that of an encoding is given as `./gpt2`.
 * @param options - what some formats don't say
 * @throws FormatError `WEFT_TOKENIZER_MISSING` when there is no such file, `WEFT_TOKENIZER_FORMAT` when it is no tokenizer;
 *   UsageError `WEFT_TOKENIZER_SPLITTING` when a `.tiktoken` file needs `splitting`;
 *   WeftError `WEFT_TOKENIZER_PLATFORM` for a path in a browser, `WEFT_HUB_OFFLINE`, `WEFT_HUB_MISSING` and others of the hub
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
export async function loadTokenizer(source: string, options: LoadTokenizerOptions = {}): Promise<Tokenizer> {
  checkOptions('load a tokenizer', options, ['hub', ...FILE_OPTIONS]);
  const { hub, ...fileOptions } = options;
  if (source.startsWith('hf:')) return loadFromHub(source, hub, fileOptions);
  if (isEncodingName(source)) return loadEncoding(source);
  const { stat, readdir } = nodeFiles(`read the tokenizer ${source}`);
  const kind = await stat(source).catch((error: unknown) => {
    throw missing(source, (error as NodeJS.ErrnoException).code ?? String(error), error);
  });
  if (!kind.isDirectory()) return loadFile(source, fileOptions);
  const names = await readdir(source).catch((error: unknown) => {
    throw missing(source, (error as NodeJS.ErrnoException).code ?? String(error), error);
  });
  const chosen = chooseFile(names);
  if (chosen === undefined) throw missing(source, 'the folder has none of its files');
  return loadFile(`${source}/${chosen}`, fileOptions);
}

/** The tokenizer's files alone are downloaded; a GGUF file, which has the model too, is not. */
async function loadFromHub(source: string, hub: HubOptions | undefined, options: TokenizerFileOptions): Promise<Tokenizer> {
  const { openHub } = await import('../../hub/index.ts');
  const repository = await openHub(source, { largestFile: LARGEST_FILE, ...hub });
  const names = repository.files.filter((name) => !name.includes('/') && !name.endsWith('.gguf'));
  const chosen = chooseFile(names);
  if (chosen === undefined) throw missing(source, 'the repository has no tokenizer');
  const read: ReadFile = async (name) => (names.includes(name) ? repository.read(name) : undefined);
  return loadNamedFile(chosen, `${source}/${chosen}`, read, options);
}

/** The file of a folder that is its tokenizer, by name; undefined when there is none. */
export function chooseFile(names: readonly string[]): string | undefined {
  const has = (name: string): boolean => names.includes(name);
  const usual = ['tokenizer.json', 'tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model'].find(has);
  if (usual !== undefined) return usual;
  if (has('vocab.json') && has('merges.txt')) return 'vocab.json';
  if (has('encoder.json') && has('vocab.bpe')) return 'encoder.json';
  if (has('vocab.txt')) return 'vocab.txt';
  const sorted = names.toSorted();
  return ['.tiktoken', '.model', '.gguf'].map((end) => sorted.find((name) => name.endsWith(end))).find((name) => name !== undefined);
}

/** The tokenizer of one file, with what stands beside it. */
export async function loadNamedFile(name: string, origin: string, read: ReadFile, options: TokenizerFileOptions): Promise<Tokenizer> {
  const pair = PAIRS.find((names) => names.includes(name));
  if (pair !== undefined) {
    const [vocabulary, merges, config, added] = await Promise.all([...pair, 'tokenizer_config.json', 'added_tokens.json'].map(read));
    if (vocabulary === undefined || merges === undefined) {
      throw missing(origin, `${vocabulary === undefined ? pair[0] : pair[1]} is not beside it`);
    }
    const { readVocabularyFiles } = await import('./vocabulary-files.ts');
    const parse = (bytes: Uint8Array | undefined): unknown => (bytes === undefined ? undefined : parseJson(decode(bytes), origin));
    const json = readVocabularyFiles(
      { vocabulary: parse(vocabulary), merges: decode(merges), config: parse(config), added: parse(added) },
      origin,
    );
    return tokenizerFromJson(json, origin);
  }
  const bytes = await read(name);
  if (bytes === undefined) throw missing(origin, 'ENOENT');
  if (name === 'vocab.txt') {
    const config = await read('tokenizer_config.json');
    const { readVocabularyText } = await import('./vocabulary-files.ts');
    const settings = { lowercase: options.lowercase, config: config === undefined ? undefined : parseJson(decode(config), origin) };
    return tokenizerFromJson(readVocabularyText(decode(bytes), origin, settings), origin);
  }
  return tokenizerFromBytes(bytes, { name: origin, ...options });
}

const PAIRS: readonly (readonly [string, string])[] = [
  ['vocab.json', 'merges.txt'],
  ['encoder.json', 'vocab.bpe'],
];

function loadFile(path: string, options: TokenizerFileOptions): Promise<Tokenizer> {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const folder = path.slice(0, cut);
  return loadNamedFile(path.slice(cut), path, (name) => readBounded(folder + name), options);
}

/** The bytes of a file, of a GGUF file its metadata alone; undefined when there is none. */
async function readBounded(path: string): Promise<Uint8Array | undefined> {
  const { open } = nodeFiles(`read the tokenizer ${path}`);
  let file;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw missing(path, (error as NodeJS.ErrnoException).code ?? String(error), error);
  }
  try {
    const { size } = await file.stat();
    const readStart = async (length: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(Math.min(length, size));
      let position = 0;
      while (position < bytes.length) {
        const { bytesRead } = await file.read(bytes, position, bytes.length - position, position);
        if (bytesRead === 0) break;
        position += bytesRead;
      }
      return bytes.subarray(0, position);
    };
    let bytes = await readStart(FIRST_PART);
    const { isGguf, readGgufMetadata } = await import('./gguf-metadata.ts');
    if (isGguf(bytes)) {
      // Models are gigabytes; the metadata stand at their beginning.
      while (bytes.length < size && bytes.length < LARGEST_FILE && readGgufMetadata(bytes, path) === undefined)
        bytes = await readStart(bytes.length * 4);
      return bytes;
    }
    if (size > LARGEST_FILE) throw formatError(path, `a tokenizer has ${LARGEST_FILE} bytes or fewer`, `${size} bytes`);
    return await readStart(size);
  } catch (error) {
    if (error instanceof WeftError) throw error;
    throw missing(path, (error as NodeJS.ErrnoException).code ?? String(error), error);
  } finally {
    await file.close();
  }
}

const FIRST_PART = 1 << 22;

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Node's file functions. */
function nodeFiles(action: string): typeof files {
  const found = findNodeModule('node:fs/promises');
  if (found !== undefined) return found;
  throw new WeftError({
    code: 'WEFT_TOKENIZER_PLATFORM',
    action,
    rule: 'files are there only where Node runs',
    remedy: 'Give the content itself to tokenizerFromBytes or tokenizerFromJson.',
  });
}

function missing(path: string, value: string, cause?: unknown): FormatError {
  return new FormatError({
    code: 'WEFT_TOKENIZER_MISSING',
    action: `read the tokenizer ${path}`,
    rule: 'there is no file that can be opened',
    value,
    remedy: 'Give the path of a tokenizer file, of a folder that has one, or the name of an encoding.',
    cause,
  });
}
