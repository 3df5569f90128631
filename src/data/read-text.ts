/** Text files as a corpus. */

import { createHash } from 'node:crypto';

import { WeftError, checkOptions } from '../core/index.ts';
import { type Corpus, type Document, type RunningSummary, createCorpus } from './corpus.ts';
import { demandOption } from './data-error.ts';
import { cutDocuments, cutToLimit } from './reading/cut-documents.ts';
import { type FoundFile, findFiles } from './reading/find-files.ts';
import { readTextChunks } from './reading/read-text-chunks.ts';
import { readJsonLines } from './reading/read-jsonl.ts';

/** How to read; see {@link readText}. */
export interface ReadTextOptions {
  /** Field of the lines of `.jsonl` files that holds the text. Default `text`. */
  readonly textField?: string;
  /** Globs of files to leave out, relative to the working folder or to a given folder. Default none. */
  readonly ignore?: readonly string[];
  /** Whether exact copies of earlier documents are given too. Default false. */
  readonly keepDuplicates?: boolean;
  /** UTF-16 units of a document at most; longer files are cut at blank lines. Default 4 Mi. */
  readonly documentLength?: number;
}

const OPTIONS = ['textField', 'ignore', 'keepDuplicates', 'documentLength'];
const DOCUMENT_LENGTH = 1 << 22;
const SHOWN_SKIPPED = 20;

/**
 * Text files as a corpus. Nothing is read before the corpus is iterated, and then as a stream.
 *
 * A file is a document, with these exceptions: lines that are `<|endoftext|>` separate documents, every line of a `.jsonl` file is
 * one, and files beyond `documentLength` are cut at blank lines. `.gz` files are unpacked. Files come in the order of their paths.
 * Documents without text and exact copies are left out and counted. A file that the user names must be UTF-8 text; one that a folder
 * or a glob leads to is skipped and counted when it is not.
 *
 * @param patterns - files, folders (all files within but hidden ones and node_modules) and globs; a glob after `!` leaves files out
 * @returns the corpus; its iteration throws
 *   `WEFT_DATA_MISSING` (no such file), `WEFT_DATA_NO_MATCH` (a glob or folder without files), `WEFT_DATA_EMPTY` (no text at all),
 *   and for named files `WEFT_DATA_BINARY`, `WEFT_DATA_ENCODING`, `WEFT_DATA_JSONL`, `WEFT_DATA_GZIP`, `WEFT_DATA_UNREADABLE`
 * @throws UsageError `WEFT_DATA_OPTION` when no pattern is given or an option is out of range
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { readText } from 'weft/data';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * await writeFile(join(folder, 'a.txt'), 'To be.');
 * await writeFile(join(folder, 'b.jsonl'), '{"text":"Or not."}\n{"text":"To be."}\n');
 * for await (const { text } of readText(folder)) console.log(text); // To be. Or not.
 * ```
 */
export function readText(patterns: string | readonly string[], options: ReadTextOptions = {}): Corpus {
  const action = 'read text';
  checkOptions(action, options, OPTIONS);
  const { textField = 'text', ignore = [], keepDuplicates = false, documentLength = DOCUMENT_LENGTH } = options;
  const list = typeof patterns === 'string' ? [patterns] : [...patterns];
  const isGiven = list.length > 0 && list.every((pattern) => typeof pattern === 'string' && pattern !== '');
  demandOption(isGiven, action, { rule: 'files, folders or globs are given', value: list.length === 0 ? 'none' : 'an empty one' });
  demandOption(Number.isInteger(documentLength) && documentLength >= 16, action, {
    rule: 'documentLength is an integer from 16',
    value: documentLength,
  });

  const wanted = list.filter((pattern) => !pattern.startsWith('!'));
  const unwanted = [...ignore, ...list.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1))];
  demandOption(wanted.length > 0, action, { rule: 'patterns do not all leave files out', value: list.join(' ') });

  return createCorpus(async function* (summary) {
    const seen = new Set<string>();
    let given = 0;
    for (const file of await findFiles(wanted, unwanted)) {
      let documents = 0;
      try {
        for await (const document of readDocuments(file, textField, documentLength)) {
          if (!/\S/.test(document.text)) {
            summary.empty++;
            continue;
          }
          if (!keepDuplicates) {
            const digest = createHash('sha256').update(document.text).digest().toString('latin1', 0, 16);
            if (seen.has(digest)) {
              summary.duplicates++;
              continue;
            }
            seen.add(digest);
          }
          documents++;
          yield document;
        }
      } catch (error) {
        if (file.isNamed || !(error instanceof WeftError)) throw error;
        skip(summary, file, error);
      }
      given += documents;
      if (documents > 0) summary.files++;
    }
    if (given === 0) throw emptyError(wanted, summary);
  });
}

async function* readDocuments(file: FoundFile, textField: string, limit: number): AsyncGenerator<Document> {
  const chunks = readTextChunks(file);
  const of = (text: string, origin: string): Document => ({ text, origin, bytes: Buffer.byteLength(text) });
  if (/\.jsonl(?:\.gz)?$/.test(file.path)) {
    for await (const { text, line } of readJsonLines(chunks, file.name, textField)) {
      for (const part of cutToLimit(text, limit)) yield of(part, `${file.name}:${line}`);
    }
    return;
  }
  let part = 0;
  for await (const text of cutDocuments(chunks, limit)) yield of(text, part++ === 0 ? file.name : `${file.name}#${part}`);
}

function skip(summary: RunningSummary, file: FoundFile, error: WeftError): void {
  summary.skipped++;
  if (summary.skippedFiles.length < SHOWN_SKIPPED) summary.skippedFiles.push({ path: file.name, reason: error.message });
}

function emptyError(patterns: readonly string[], { empty, skipped, skippedFiles }: RunningSummary): WeftError {
  const shown = patterns.slice(0, 3).join(', ') + (patterns.length > 3 ? ', …' : '');
  return new WeftError({
    code: 'WEFT_DATA_EMPTY',
    action: `read text from ${shown}`,
    rule: 'there is no text in it',
    value: `${empty} empty ${empty === 1 ? 'document' : 'documents'}, ${skipped} ${skipped === 1 ? 'file' : 'files'} skipped`,
    remedy: 'Give UTF-8 files with text in them.',
    details: skippedFiles.slice(0, 3).map(({ reason }) => reason),
  });
}
