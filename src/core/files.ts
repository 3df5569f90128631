/** Atomic file writes: a reader sees the old file or the new one, never half of one, also after `kill -9`. */

import { WeftError } from './errors.ts';
import { nodeModule } from './node-modules.ts';

/**
 * Writes `content` to `path` atomically: to a temporary file beside it, flushed to the disk, then renamed over it.
 * Makes the folder when it is missing.
 *
 * @throws WeftError `WEFT_WRITE` when the disk is full or the folder can't be written; the old file is untouched.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array | readonly Uint8Array[]): Promise<void> {
  const { open, rename, rm } = nodeModule('node:fs/promises');
  const { basename, dirname, join } = nodeModule('node:path');
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${crypto.randomUUID().slice(0, 8)}.tmp`);
  try {
    await makeFolder(folder);
    const file = await open(temporary, 'w');
    try {
      const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** What {@link writeFileAtomic} calls a file until it is whole. */
const UNFINISHED = /^\..+\.[0-9a-f]{8}\.tmp$/;

/** Removes what writes into `folder` left behind that were killed half-way; only for a folder that nobody else writes to now. */
export async function sweepUnfinished(folder: string): Promise<void> {
  const { readdir, rm } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const names = await readdir(folder).catch((): readonly string[] => []);
  await Promise.all(names.filter((name) => UNFINISHED.test(name)).map(async (name) => rm(join(folder, name), { force: true })));
}

/**
 * Makes a folder and those above it that are missing. `mkdir` with `recursive` never ends in a file system that answers
 * ENOENT for a folder that is there, as `/proc` does.
 *
 * @throws the system's error, for {@link writeError} to word.
 */
export async function makeFolder(folder: string): Promise<void> {
  const { mkdir, stat } = nodeModule('node:fs/promises');
  const { dirname, resolve } = nodeModule('node:path');
  const missing: string[] = [];
  for (let path = resolve(folder); ; path = dirname(path)) {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (found?.isDirectory() === true) break;
    if (found !== undefined) throw Object.assign(new Error(`${path} is a file`), { code: 'ENOTDIR' });
    missing.unshift(path);
  }
  for (const path of missing) {
    await mkdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // made by another meanwhile
    });
  }
}

/** The {@link WeftError} for a failed write to `path`, from the system's error. */
export function writeError(path: string, error: unknown): WeftError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const reasons: { readonly [code: string]: readonly [string, string] } = {
    ENOSPC: ['the disk is full', 'Free some space, then run it again: what was saved before is untouched.'],
    EACCES: ['the folder cannot be written', 'Give a folder that you may write to.'],
    EPERM: ['the folder cannot be written', 'Give a folder that you may write to.'],
    EROFS: ['the file system is read-only', 'Give a folder on a disk that can be written.'],
    ENOENT: ['the folder cannot be made', 'Give a folder on a disk that can be written.'],
    ENOTDIR: ['a part of the path is a file', 'Give a path whose parents are folders.'],
    EEXIST: ['a part of the path is a file', 'Give a path whose parents are folders.'],
    EISDIR: ['the path is a folder', 'Give the path of a file.'],
  };
  const [rule, remedy] = reasons[code] ?? ['the system refused', 'Check the path and the disk.'];
  return new WeftError({ code: 'WEFT_WRITE', action: `write ${path}`, rule, value: code, remedy, cause: error });
}
