/**
 * Node's own modules where they are needed, without an `import` that a bundler for browsers would follow: rooms that also run in
 * browsers and workers reach files only through here. `process.getBuiltinModule` is in Node from 20.16 on.
 */

import type * as files from 'node:fs/promises';
import type * as system from 'node:os';
import type * as paths from 'node:path';
import type * as zlib from 'node:zlib';

import { WeftError } from './errors.ts';

/** The modules that are asked for. */
interface NodeModules {
  readonly 'node:fs/promises': typeof files;
  readonly 'node:os': typeof system;
  readonly 'node:path': typeof paths;
  readonly 'node:zlib': typeof zlib;
}

/** A module of Node; undefined where the program runs elsewhere. */
export function findNodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const node = (globalThis as { readonly process?: { readonly getBuiltinModule?: (name: string) => unknown } }).process;
  return node?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/**
 * A module of Node.
 *
 * @throws WeftError `WEFT_PLATFORM` where there is no Node, as in a browser.
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  const found = findNodeModule(name);
  if (found !== undefined) return found;
  throw new WeftError({
    code: 'WEFT_PLATFORM',
    action: 'read or write a file',
    rule: 'files are there only where Node runs',
    value: name,
    remedy: 'In a browser, give the content itself instead of a path.',
  });
}
