/**
 * A file that is read again whenever it changes, while the server runs: keys, certificates.
 *
 * Decided: the file's state is polled, as events differ between systems and miss network drives and the symbolic links that
 * Kubernetes swaps. Whoever spoils the file does not stop the server: what was read before holds on.
 */

import { unwatchFile, watchFile } from 'node:fs';

/** See {@link followFiles}. */
export interface Following {
  /** Reads them now; resolves when that is done, also when they could not be read. */
  reload(): Promise<void>;
  close(): void;
}

/** Milliseconds between two looks. */
const INTERVAL = 1000;

/** Calls `read` when one of the files changed; `onError` hears when that failed. */
export function followFiles(
  paths: readonly string[],
  { read, onError }: { readonly read: () => Promise<void>; readonly onError: (error: unknown) => void },
): Following {
  let work = Promise.resolve();
  const reload = (): Promise<void> => (work = work.then(read).catch(onError));
  const changed = (): void => void reload();
  for (const path of paths) watchFile(path, { interval: INTERVAL, persistent: false }, changed);
  return {
    reload,
    close() {
      for (const path of paths) unwatchFile(path, changed);
    },
  };
}
