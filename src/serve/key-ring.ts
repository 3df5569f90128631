/** The keys that a server knows at this moment: those of its file, read again when the file changes. */

import { followFiles } from './followed-file.ts';
import { findKey } from './key-records.ts';
import type { KeyRecord } from './key-records.ts';
import { readKeys } from './keys-file.ts';

/** See {@link openKeyRing}. */
export interface KeyRing {
  find(key: string): KeyRecord | undefined;
  /** Reads the file now; resolves also when it is broken. */
  reload(): Promise<void>;
  close(): void;
}

/** What {@link openKeyRing} tells. */
export interface KeyRingEvents {
  readonly onReload: (keys: number) => void;
  /** The file is broken; the former keys hold on. */
  readonly onError: (error: unknown) => void;
}

/** @throws FormatError `WEFT_SERVE_KEYS` when the file can't be read at the beginning */
export async function openKeyRing(path: string, { onReload, onError }: KeyRingEvents): Promise<KeyRing> {
  let records = await readKeys(path);
  const read = async (): Promise<void> => {
    records = await readKeys(path);
    onReload(records.length);
  };
  return { find: (key) => findKey(records, key), ...followFiles([path], { read, onError }) };
}
