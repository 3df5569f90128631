/** What the program loads before it knows its command: flags alone, no room, so that `weft --help` answers at once. */

import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { moduleFacts } from './house/module-facts.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Every file and package that loading `entry` loads, `import()` left out. */
function loaded(entry: string): { readonly files: ReadonlySet<string>; readonly packages: ReadonlySet<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string): void => {
    if (files.has(path)) return;
    files.add(path);
    for (const { specifier, typeOnly, dynamic } of moduleFacts(path, readFileSync(`${root}${path}`, 'utf8')).imports) {
      if (typeOnly || dynamic) continue;
      if (specifier.startsWith('.')) visit(posix.join(posix.dirname(path), specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
  };
  visit(entry);
  return { files, packages };
}

test('the program starts without any room but core, and with the packages that flags and colours need', () => {
  const { files, packages } = loaded('src/cli/main.ts');
  expect([...files].filter((path) => !path.startsWith('src/cli/') && !path.startsWith('src/core/'))).toEqual([]);
  expect([...packages].sort()).toEqual(['commander', 'picocolors']);
});
