/**
 * Where downloads are kept: `models/<organisation>--<name>/`, with `refs/<revision>.json` (which commit a revision was, and its files)
 * and `commits/<commit>/<file>`. A commit never changes, so its files are never asked for again. A file that is not whole yet ends in
 * `.part`, and what it is a part of stands in its name.
 */

import { findNodeModule, nodeModule, writeFileAtomic } from '../core/index.ts';
import type { HubName } from './hub-name.ts';

/** What a revision was when it was last asked for. */
export interface Listing {
  readonly commit: string;
  readonly files: readonly string[];
}

/** Downloads of one repository. */
export interface HubCache {
  /** The path of a file of a commit, whether it is there or not. */
  pathOf(commit: string, file: string): string;
  readListing(revision: string): Promise<Listing | undefined>;
  writeListing(revision: string, listing: Listing): Promise<void>;
}

/** The variables of the environment; none in a browser. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { readonly process?: { readonly env?: Record<string, string | undefined> } }).process?.env ?? {};
}

/** The folder for downloads: `WEFT_CACHE`, else the system's folder for caches; undefined where there are no files. */
export function defaultCacheFolder(): string | undefined {
  const os = findNodeModule('node:os');
  const path = findNodeModule('node:path');
  if (os === undefined || path === undefined) return undefined;
  const { WEFT_CACHE: chosen, XDG_CACHE_HOME: shared, LOCALAPPDATA: local } = environment();
  if (chosen) return chosen;
  if (os.platform() === 'win32') return path.join(local || path.join(os.homedir(), 'AppData', 'Local'), 'weft', 'Cache');
  if (os.platform() === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'weft');
  return path.join(shared || path.join(os.homedir(), '.cache'), 'weft');
}

/** The downloads of one repository below a folder. */
export function openCache(folder: string, { id }: HubName): HubCache {
  const { join } = nodeModule('node:path');
  const { readFile } = nodeModule('node:fs/promises');
  const root = join(folder, 'hub', 'models', id.replace('/', '--'));
  const listingPath = (revision: string): string => join(root, 'refs', `${revision.replaceAll('/', '--')}.json`);
  return {
    pathOf: (commit, file) => join(root, 'commits', commit, ...file.split('/')),
    async readListing(revision) {
      try {
        return checkListing(JSON.parse(await readFile(listingPath(revision), 'utf8')));
      } catch {
        return undefined; // Not there, or damaged: it is asked for again.
      }
    },
    writeListing: (revision, listing) => writeFileAtomic(listingPath(revision), JSON.stringify(listing)),
  };
}

/** A listing of whom it may come from; undefined when it is none. */
export function checkListing(value: unknown): Listing | undefined {
  const { commit, files } = (value ?? {}) as Partial<Listing>;
  if (typeof commit !== 'string' || !/^[0-9a-f]{40,64}$/.test(commit)) return undefined;
  if (!Array.isArray(files) || !files.every((file) => typeof file === 'string')) return undefined;
  return { commit, files };
}
