/** Files, folders and globs to a sorted list of files. */

import { stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';

import { convertPathToPattern, glob, isDynamicPattern } from 'tinyglobby';

import { fileError } from '../data-error.ts';

/** A file to read. */
export interface FoundFile {
  /** Absolute path. */
  readonly path: string;
  /** The path as messages show it: relative to the working folder where it lies within. */
  readonly name: string;
  /** Whether the user named this very file: then it must be readable text. */
  readonly isNamed: boolean;
}

/** Folders that are no text of the user's: left out of folders, not of globs that name them. */
const NOT_IN_FOLDERS = ['**/node_modules/**'];

/** All files of the patterns, each once, in the order of their paths. */
export async function findFiles(patterns: readonly string[], ignore: readonly string[]): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const pattern of patterns) {
    for (const file of await filesOf(pattern, ignore)) if (file.isNamed || !found.has(file.path)) found.set(file.path, file);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function filesOf(pattern: string, ignore: readonly string[]): Promise<readonly FoundFile[]> {
  const kind = await kindOf(pattern);
  if (kind === 'file') return [describe(resolve(pattern), true)];
  if (kind === 'folder') {
    const paths = await glob('**/*', { cwd: resolve(pattern), absolute: true, ignore: [...NOT_IN_FOLDERS, ...ignore] });
    if (paths.length > 0) return paths.map((path) => describe(resolve(path), false));
    throw fileError({
      code: 'WEFT_DATA_NO_MATCH',
      path: pattern,
      rule: 'the folder has no files besides hidden ones and node_modules',
      remedy: 'Give a folder with text files in it.',
    });
  }
  if (!isDynamicPattern(pattern)) {
    throw fileError({
      code: 'WEFT_DATA_MISSING',
      path: pattern,
      rule: 'there is no such file or folder',
      remedy: 'Check the path, which is relative to the working folder.',
    });
  }
  const paths = await glob(process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern, { absolute: true, ignore: [...ignore] });
  if (paths.length > 0) return paths.map((path) => describe(resolve(path), false));
  throw fileError({
    code: 'WEFT_DATA_NO_MATCH',
    path: pattern,
    rule: 'no file matches the pattern',
    remedy: `Check the pattern, which is relative to ${convertPathToPattern(process.cwd())}; quote it, so that the shell leaves it alone.`,
  });
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw fileError({
      code: 'WEFT_DATA_UNREADABLE',
      path,
      rule: 'the system refused',
      value: code ?? String(error),
      remedy: 'Give a file that you may read.',
      cause: error,
    });
  }
}

function describe(path: string, isNamed: boolean): FoundFile {
  const inside = relative(process.cwd(), path);
  return { path, name: inside === '' || inside.startsWith('..') || resolve(inside) !== path ? path : inside.split(sep).join('/'), isNamed };
}
