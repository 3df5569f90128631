/** The file of API keys: `weft keys` writes it, the server reads it. It holds no key, see `key-records.ts`. */

import { readFile, stat } from 'node:fs/promises';

import { FormatError, UsageError, checkOptions, writeFileAtomic } from '../core/index.ts';
import { digestOf, keysSchema, newKey } from './key-records.ts';
import type { KeyRecord, KeyRights } from './key-records.ts';

/** Most bytes that the file may have. */
const LARGEST = 8 << 20;

const RIGHTS: readonly (keyof KeyRights)[] = ['scopes', 'requestsPerMinute', 'tokensPerMinute', 'priority', 'expires', 'models'];

/**
 * The keys of a file, without the keys themselves.
 *
 * @param path - of the file
 * @throws FormatError `WEFT_SERVE_KEYS` when it is missing, no such file or damaged
 *
 * @example
 * ```ts
 * import { addKey, readKeys } from 'weft/serve';
 *
 * await addKey('keys.json', 'web', { requestsPerMinute: 60 });
 * const [key] = await readKeys('keys.json');
 * console.log(key?.name, key?.scopes.join(' ')); // web generate embeddings read
 * ```
 */
export async function readKeys(path: string): Promise<readonly KeyRecord[]> {
  const damaged = (rule: string, remedy: string, cause?: unknown): FormatError =>
    new FormatError({ code: 'WEFT_SERVE_KEYS', action: `read the keys of ${path}`, rule, remedy, cause });
  let text: string;
  try {
    if ((await stat(path)).size > LARGEST) throw damaged('the file is too large', 'Give a file that weft keys wrote.');
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw damaged(
      missing ? 'there is no such file' : 'the system refuses to read it',
      missing ? 'Make it with weft keys add NAME --keys FILE.' : 'Give a file that you may read.',
      error,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged('it is not JSON', 'Give a file that weft keys wrote.', error);
  }
  const result = keysSchema.safeParse(value);
  if (result.success) return result.data.keys;
  const [issue] = result.error.issues;
  throw damaged(`${issue?.path.join('.') ?? ''} does not fit: ${issue?.message ?? ''}`, 'Correct the file, or make the key again.');
}

/**
 * Adds a key to a file, and makes the file when there is none.
 *
 * @param path - of the file
 * @param name - what logs call it; each name once
 * @param rights - see {@link KeyRights}
 * @returns the key, which is written nowhere: whoever loses it needs another
 * @throws UsageError `WEFT_SERVE_KEY_NAME` when the name is taken, `WEFT_SERVE_KEY_RIGHTS` when a right is out of its range;
 *   FormatError `WEFT_SERVE_KEYS` when the file is no file of keys
 *
 * @example
 * ```ts
 * import { addKey } from 'weft/serve';
 *
 * const key = await addKey('keys.json', 'monitoring', { scopes: ['metrics'] });
 * console.log(key.slice(0, 5), key.length); // weft_ 48
 * ```
 */
export async function addKey(path: string, name: string, rights: KeyRights = {}): Promise<string> {
  checkOptions('add a key', rights, RIGHTS);
  const keys = await readKeys(path).catch((error: FormatError) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return [];
    throw error;
  });
  if (keys.some((key) => key.name === name)) {
    throw new UsageError({
      code: 'WEFT_SERVE_KEY_NAME',
      action: 'add a key',
      rule: 'there is one of that name',
      value: name,
      remedy: 'Give another name, or revoke that key first.',
    });
  }
  const key = newKey();
  const { scopes = ['generate', 'embeddings', 'read'], ...others } = rights;
  const record: KeyRecord = { name, sha256: digestOf(key), scopes, ...others, created: new Date().toISOString() };
  const checked = keysSchema.safeParse({ keys: [record] });
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new UsageError({
      code: 'WEFT_SERVE_KEY_RIGHTS',
      action: 'add a key',
      rule: `its ${String(issue?.path[2] ?? 'rights')} does not fit`,
      value: issue?.message ?? '',
      remedy: 'See weft keys add --help.',
    });
  }
  await write(path, [...keys, record]);
  return key;
}

/**
 * Takes a key out of a file; a server that reads the file refuses it from then on.
 *
 * @param path - of the file
 * @param name - of the key
 * @throws UsageError `WEFT_SERVE_KEY_NAME` when there is none of that name
 *
 * @example
 * ```ts
 * import { addKey, readKeys, revokeKey } from 'weft/serve';
 *
 * await addKey('keys.json', 'web');
 * await revokeKey('keys.json', 'web');
 * console.log((await readKeys('keys.json')).length); // 0
 * ```
 */
export async function revokeKey(path: string, name: string): Promise<void> {
  const keys = await readKeys(path);
  const left = keys.filter((key) => key.name !== name);
  if (left.length === keys.length) {
    throw new UsageError({
      code: 'WEFT_SERVE_KEY_NAME',
      action: 'revoke a key',
      rule: 'there is none of that name',
      value: name,
      remedy: `There ${keys.length === 0 ? 'are none' : `are ${keys.map((key) => key.name).join(', ')}`}.`,
    });
  }
  await write(path, left);
}

async function write(path: string, keys: readonly KeyRecord[]): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify({ keys }, undefined, 2)}\n`);
}
