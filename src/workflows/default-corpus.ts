/** The text that every clone has: type declarations with their documentation, among the installed packages. */

import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { globSync } from 'tinyglobby';

import { UsageError } from '../core/index.ts';

/** Enough text for a small model. */
const ENOUGH_BYTES = 1_500_000;

/** Packages whose declarations are documentation as much as types: TypeScript's library and Node's. */
const DOCUMENTED = ['typescript/lib/*.d.ts', '@typescript/*/lib/*.d.ts', '@types/node/**/*.d.ts'];

/**
 * The declaration files that `weft quickstart` learns from when it is given none: TypeScript's and Node's where they are
 * installed, else every package's.
 *
 * @param from Folders to look in and above; default the working directory and this package.
 */
export function declarationFiles(from: readonly string[] = [process.cwd(), dirname(fileURLToPath(import.meta.url))]): readonly string[] {
  for (const folder of from.flatMap(modulesAbove)) {
    for (const patterns of [DOCUMENTED, ['**/*.d.ts']]) {
      const files = globSync(patterns, { cwd: folder, absolute: true, followSymbolicLinks: false }).sort();
      if (files.reduce((sum, file) => sum + statSync(file).size, 0) >= ENOUGH_BYTES) return files;
    }
  }
  throw new UsageError({
    code: 'WEFT_QUICKSTART_TEXT',
    action: 'train without text',
    rule: 'no type declarations are installed near here',
    value: from.join(', '),
    remedy: 'Give text: weft quickstart my.txt, or install typescript and @types/node.',
  });
}

/** `node_modules` of a folder and of those above it. */
function modulesAbove(folder: string): readonly string[] {
  const here = join(folder, 'node_modules');
  const above = dirname(folder) === folder ? [] : modulesAbove(dirname(folder));
  return existsSync(here) ? [here, ...above] : above;
}
