/** Opens the shards that `packTokens` wrote. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';

import { UsageError } from '../../core/index.ts';
import { checkRange } from './check-range.ts';
import { HEADER_FILE, type PackedHeader, checkHeader, packedError } from './packed-header.ts';
import { type PackedTokens, TOKEN_BYTES, allocateTokens } from './packed-tokens.ts';

/**
 * Opens a folder of packed tokens.
 *
 * @param folder - where `packTokens` wrote
 * @returns the tokens; close them when the last batch was read
 * @throws FormatError `WEFT_DATA_PACKED` when there is no header, or header and shards disagree; reading throws it when a token is
 *   not of the vocabulary
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { openPacked, packTokens, textCorpus } from 'weft/data';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * const corpus = textCorpus(['to be', 'or not']);
 * (await packTokens(corpus, await trainTokenizer(corpus), { folder })).close();
 * const packed = await openPacked(folder);
 * console.log(packed.documents, packed.tokens, packed.vocabSize); // 2 13 257
 * packed.close();
 * ```
 */
export async function openPacked(folder: string): Promise<PackedTokens> {
  const path = join(folder, HEADER_FILE);
  const header = checkHeader(await readHeader(path), path);
  if (endianness() === 'BE') throw packedError(path, 'tokens are little-endian, which this machine cannot read in place', 'big-endian');
  const files = openShards(folder, header);
  const { type, vocabSize, tokens } = header;
  const width = TOKEN_BYTES[type];
  const shardTokens = header.shards[0]?.tokens ?? 1;
  let isOpen = true;

  return {
    folder,
    tokens,
    bytes: header.bytes,
    documents: header.documents,
    vocabSize,
    read(start, length) {
      if (!isOpen) throw closedError(folder);
      checkRange(start, length, tokens);
      const raw = allocateTokens(type, length);
      for (let done = 0; done < length;) {
        const shard = Math.floor((start + done) / shardTokens);
        const within = start + done - shard * shardTokens;
        const count = Math.min(length - done, shardTokens - within);
        readFully(files[shard] as number, new Uint8Array(raw.buffer, done * width, count * width), within * width, path);
        done += count;
      }
      const ids = new Uint32Array(length);
      for (let index = 0; index < length; index++) {
        const id = raw[index] as number;
        if (id >= vocabSize) throw packedError(path, `every token is below ${vocabSize}`, `${id} at ${start + index}`);
        ids[index] = id;
      }
      return ids;
    },
    close() {
      if (isOpen) for (const file of files) closeSync(file);
      isOpen = false;
    },
  };
}

async function readHeader(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw packedError(path, 'the header cannot be read', (error as NodeJS.ErrnoException).code ?? String(error));
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw packedError(path, 'the header is JSON', (error as Error).message);
  }
}

function openShards(folder: string, { shards, type }: PackedHeader): readonly number[] {
  const files: number[] = [];
  try {
    for (const { file, tokens } of shards) {
      const path = join(folder, file);
      const wanted = tokens * TOKEN_BYTES[type];
      let size: number;
      try {
        files.push(openSync(path, 'r'));
        ({ size } = fstatSync(files.at(-1) as number));
      } catch (error) {
        throw packedError(path, 'the shard cannot be opened', (error as NodeJS.ErrnoException).code ?? String(error));
      }
      if (size !== wanted) throw packedError(path, `the shard has ${wanted} bytes`, String(size));
    }
    return files;
  } catch (error) {
    for (const file of files) closeSync(file);
    throw error;
  }
}

function readFully(file: number, into: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < into.length;) {
    const count = readSync(file, into, done, into.length - done, position + done);
    if (count === 0) throw packedError(path, 'a shard has become shorter', `${position + done} bytes`);
    done += count;
  }
}

function closedError(folder: string): UsageError {
  return new UsageError({
    code: 'WEFT_DATA_CLOSED',
    action: 'read packed tokens',
    rule: 'they are closed',
    value: folder,
    remedy: 'Close them when the last batch was read.',
  });
}
