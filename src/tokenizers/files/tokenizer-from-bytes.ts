/** The tokenizer of a file's bytes, whatever its format: the content says which. What is needed for a format is loaded when it is met. */

import { checkOptions } from '../../core/index.ts';
import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import type { Splitting } from '../splitting/splittings.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { formatError } from './file-error.ts';

/** What some formats don't say; see {@link tokenizerFromBytes}. */
export interface TokenizerFileOptions {
  /** How text is split: for a `.tiktoken` file whose vocabulary is not a known one. */
  readonly splitting?: Splitting;
  /** Special tokens and their ids, for a `.tiktoken` file. Default: those of the known vocabulary, else none. */
  readonly specialTokens?: Readonly<Record<string, number>>;
  /** Whether text becomes lower case, for a `vocab.txt`. Default: what `tokenizer_config.json` beside it says, else true, as BERT's first models. */
  readonly lowercase?: boolean;
}

/** Names of {@link TokenizerFileOptions}. */
export const FILE_OPTIONS: readonly string[] = ['splitting', 'specialTokens', 'lowercase'];

/** A line of a `.tiktoken` file. */
const RANK_LINE = /^[A-Za-z0-9+/]+={0,2} \d+\r?$/;

/**
 * Makes a tokenizer of a file's content: a `tokenizer.json`, a SentencePiece `.model`, a `.tiktoken`, a GGUF file (its beginning is
 * enough where it has all the metadata), or a `vocab.txt`.
 *
 * @param bytes - the content
 * @param options - `name` is what errors call the file; see {@link TokenizerFileOptions} for the others
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when it is no tokenizer, is damaged, or asks for what is not known here;
 *   UsageError `WEFT_TOKENIZER_SPLITTING` when a `.tiktoken` file needs `splitting`
 *
 * @example
 * ```ts
 * import { loadEncoding, tokenizerFromBytes } from 'weft/tokenizers';
 *
 * const bytes = new TextEncoder().encode(JSON.stringify(await loadEncoding('r50k_base')));
 * const tokenizer = await tokenizerFromBytes(bytes);
 * console.log([...tokenizer.encode('hello')]); // [ 31373 ]
 * ```
 */
export async function tokenizerFromBytes(
  bytes: Uint8Array,
  options: TokenizerFileOptions & { readonly name?: string } = {},
): Promise<Tokenizer> {
  checkOptions('read a tokenizer', options, ['name', ...FILE_OPTIONS]);
  const { name = 'file', ...rest } = options;
  if (startsWith(bytes, 'GGUF')) {
    const [{ readGgufMetadata }, { ggufTokenizer }] = await Promise.all([import('./gguf-metadata.ts'), import('./gguf-tokenizer.ts')]);
    const metadata = readGgufMetadata(bytes, name);
    if (metadata === undefined) throw formatError(name, 'the file ends within its metadata', `${bytes.length} bytes`);
    return ggufTokenizer(metadata, name);
  }
  if (isSentencePiece(bytes)) {
    const { sentencePieceFromBytes } = await import('../sentencepiece/sentencepiece-files.ts');
    return sentencePieceFromBytes(bytes, name);
  }
  const text = new TextDecoder().decode(bytes);
  if (/^\s*\{/.test(text)) return fromJsonText(text, name);
  const lines = text.slice(0, 1 << 16).split('\n', 8);
  if (lines.slice(0, text.length > 1 << 16 ? -1 : undefined).every((line, index) => RANK_LINE.test(line) || (index > 0 && line === ''))) {
    const { readTiktoken } = await import('./tiktoken-file.ts');
    const { splitting, specialTokens } = rest;
    return readTiktoken(text, name, { splitting, specialTokens: specialTokens && new Map(Object.entries(specialTokens)) });
  }
  if (text.startsWith('#version')) throw formatError(name, 'merges.txt is no tokenizer without vocab.json', 'merges alone', BOTH);
  if (!/^\[UNK\]\r?$/m.test(text)) {
    throw formatError(
      name,
      'it is one of tokenizer.json, .model, .tiktoken, GGUF and vocab.txt',
      describe(bytes),
      'Give the path of a tokenizer.',
    );
  }
  const { readVocabularyText } = await import('./vocabulary-files.ts');
  return tokenizerFromJson(readVocabularyText(text, name, { lowercase: rest.lowercase }), name);
}

const BOTH = 'Give the folder that has both files.';

/** Parses JSON of a file. */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw formatError(name, 'it must be JSON', (error as Error).message);
  }
}

function fromJsonText(text: string, name: string): Promise<Tokenizer> {
  const json = parseJson(text, name) as { readonly model?: unknown };
  if (json.model === undefined && Object.values(json).every((id) => typeof id === 'number')) {
    throw formatError(name, 'vocab.json is no tokenizer without merges.txt', 'a vocabulary alone', BOTH);
  }
  return tokenizerFromJson(json, name);
}

/** Whether bytes begin with the first piece of a SentencePiece model: a message of one or two bytes of length that begins with its text. */
function isSentencePiece(bytes: Uint8Array): boolean {
  const FIRST_FIELD = 0x0a;
  return bytes[0] === FIRST_FIELD && bytes[((bytes[1] as number) & 0x80) === 0 ? 2 : 3] === FIRST_FIELD;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Array.from(text).every((character, index) => bytes[index] === character.charCodeAt(0));
}

function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  return `a file that begins with ${JSON.stringify(new TextDecoder().decode(bytes.subarray(0, 16)))}`;
}
