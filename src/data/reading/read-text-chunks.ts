/** A file as a stream of text: unpacked when it is gzip, and checked to be UTF-8. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { fileError } from '../data-error.ts';
import type { FoundFile } from './find-files.ts';

const CHUNK = 1 << 20;

/**
 * The text of a file in chunks; a byte-order mark at its beginning is dropped.
 *
 * @throws WeftError `WEFT_DATA_BINARY`, `WEFT_DATA_ENCODING`, `WEFT_DATA_GZIP` or `WEFT_DATA_UNREADABLE`
 */
export async function* readTextChunks({ path, name }: FoundFile): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let position = 0;
  const decode = (chunk: Uint8Array, isLast: boolean): string => {
    try {
      return decoder.decode(chunk, { stream: !isLast });
    } catch (error) {
      throw fileError({
        code: 'WEFT_DATA_ENCODING',
        path: name,
        rule: 'text must be UTF-8',
        value: `invalid bytes between ${Math.max(0, position - 3)} and ${position + chunk.length}`,
        remedy: 'Convert the file to UTF-8, or leave it out.',
        cause: error,
      });
    }
  };
  for await (const chunk of byteChunks(path, name)) {
    if (position === 0 && isUtf16(chunk)) {
      throw fileError({
        code: 'WEFT_DATA_ENCODING',
        path: name,
        rule: 'text must be UTF-8',
        value: 'UTF-16, by its byte-order mark',
        remedy: 'Convert the file to UTF-8, or leave it out.',
      });
    }
    const zero = chunk.indexOf(0);
    if (zero >= 0) {
      throw fileError({
        code: 'WEFT_DATA_BINARY',
        path: name,
        rule: 'it is binary, not text',
        value: `a zero byte at ${position + zero}`,
        remedy: 'Give text files.',
      });
    }
    yield decode(chunk, false);
    position += chunk.length;
  }
  yield decode(new Uint8Array(0), true);
}

async function* byteChunks(path: string, name: string): AsyncGenerator<Uint8Array> {
  await checkFile(path, name);
  const file = createReadStream(path, { highWaterMark: CHUNK });
  // Errors of the file reach the reader of the unpacked stream through the pipeline.
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip({ chunkSize: CHUNK }), () => undefined) : file;
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const isGzip = code.startsWith('Z_');
    throw fileError({
      code: isGzip ? 'WEFT_DATA_GZIP' : 'WEFT_DATA_UNREADABLE',
      path: name,
      rule: isGzip ? 'it is no whole gzip file' : 'the system refused',
      value: code,
      remedy: isGzip ? 'Copy or download the file again.' : 'Give a file that you may read.',
      cause: error,
    });
  } finally {
    file.destroy();
  }
}

/** A pipe could be read only once, and waiting for one could take for ever. */
async function checkFile(path: string, name: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException);
  if ('isFile' in found && found.isFile()) return;
  throw fileError({
    code: 'WEFT_DATA_UNREADABLE',
    path: name,
    rule: 'isFile' in found ? 'it is no file that can be read again and again' : 'the system refused',
    value: 'isFile' in found ? 'a pipe or device' : (found.code ?? String(found)),
    remedy: 'Give a file that you may read.',
  });
}

function isUtf16(chunk: Uint8Array): boolean {
  return (chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff);
}
