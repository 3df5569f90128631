/** A scratch folder for tests that write files. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that is gone after the tests. */
export interface Scratch {
  readonly folder: string;
  /** Writes files and returns the path of the first. */
  write(files: Readonly<Record<string, string | Uint8Array>>): string;
  remove(): void;
}

/** Makes a scratch folder. */
export function createScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'weft-data-'));
  return {
    folder,
    write(files) {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      return join(folder, Object.keys(files)[0] ?? '');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** All elements. */
export async function gather<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
