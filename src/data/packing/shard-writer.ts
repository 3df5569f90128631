/** Writes tokens to shards of equal size. Nothing counts until the header names them. */

import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { makeFolder, writeError, writeFileAtomic } from '../../core/index.ts';
import type { PackProgress } from './encode-documents.ts';
import { HEADER_FILE, type PackedHeader, SHARD_NAME } from './packed-header.ts';
import { TOKEN_BYTES, type TokenType, allocateTokens } from './packed-tokens.ts';

/** Takes tokens, then the header. */
export interface ShardWriter {
  append(ids: Uint32Array): Promise<void>;
  /** Writes the header, which makes the folder whole, and deletes the shards of an earlier one. */
  finish(vocabSize: number, counts: PackProgress): Promise<void>;
  /** Deletes what was written. */
  abandon(): Promise<void>;
}

/** Tokens gathered before they are written. */
const BUFFER = 1 << 18;

/** A writer into a folder, which is made when it is missing. Its shards have names that no earlier ones have. */
export async function createShardWriter(folder: string, type: TokenType, shardTokens: number): Promise<ShardWriter> {
  const prefix = `tokens-${randomUUID().slice(0, 8)}`;
  const buffer = allocateTokens(type, BUFFER);
  const shards: { readonly file: string; tokens: number }[] = [];
  let buffered = 0;
  let handle: FileHandle | undefined;

  const guard = async <T>(path: string, task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      throw writeError(path, error);
    }
  };
  const closeShard = async (): Promise<void> => {
    await handle?.sync();
    await handle?.close();
    handle = undefined;
  };
  /** Writes the buffer, opening the next shard wherever one is full. */
  const flush = async (): Promise<void> => {
    for (let start = 0; start < buffered;) {
      let shard = shards.at(-1);
      if (shard === undefined || handle === undefined) {
        shard = { file: `${prefix}-${String(shards.length).padStart(5, '0')}.bin`, tokens: 0 };
        handle = await open(join(folder, shard.file), 'wx');
        shards.push(shard);
      }
      const count = Math.min(buffered - start, shardTokens - shard.tokens);
      await handle.writeFile(new Uint8Array(buffer.buffer, start * TOKEN_BYTES[type], count * TOKEN_BYTES[type]));
      shard.tokens += count;
      start += count;
      if (shard.tokens === shardTokens) await closeShard();
    }
    buffered = 0;
  };

  await guard(folder, () => makeFolder(folder));
  return {
    async append(ids) {
      await guard(folder, async () => {
        for (let start = 0; start < ids.length;) {
          const count = Math.min(ids.length - start, BUFFER - buffered);
          buffer.set(ids.subarray(start, start + count), buffered);
          buffered += count;
          start += count;
          if (buffered === BUFFER) await flush();
        }
      });
    },
    async finish(vocabSize, { tokens, bytes, documents }) {
      await guard(folder, async () => {
        await flush();
        await closeShard();
      });
      const header: PackedHeader = { format: 'weft-tokens', version: 1, type, vocabSize, tokens, bytes, documents, shards };
      await writeFileAtomic(join(folder, HEADER_FILE), `${JSON.stringify(header, null, 1)}\n`);
      const current = new Set(shards.map(({ file }) => file));
      for (const file of await readdir(folder)) {
        if (SHARD_NAME.test(file) && !current.has(file)) await rm(join(folder, file), { force: true });
      }
    },
    async abandon() {
      await handle?.close().catch(() => undefined);
      handle = undefined;
      for (const { file } of shards) await rm(join(folder, file), { force: true }).catch(() => undefined);
    },
  };
}
