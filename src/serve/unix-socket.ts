/**
 * A Unix socket to listen on. A socket file outlives a server that was killed, and then stands in the way of the next: it is
 * removed, but only when nobody listens on it.
 */

import { chmod, lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';

import { WeftError } from '../core/index.ts';

/** Owner and group may connect, which takes the right to write. */
const MODE = 0o660;

/** @throws WeftError `WEFT_SERVE_SOCKET` when something else is at the path, or another program listens there */
export async function freeSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw taken(path, 'there is a file that is no socket', 'Give another path, or remove the file.');
  if (await listens(path)) throw taken(path, 'another program listens there', 'Stop the other program, or give another path.');
  await rm(path, { force: true });
}

/** Lets the group connect too; before it, the system lets the owner alone. */
export async function openSocketToGroup(path: string): Promise<void> {
  await chmod(path, MODE);
}

/** The error for a socket that can't be made. */
export function taken(path: string, rule: string, remedy: string, cause?: unknown): WeftError {
  return new WeftError({ code: 'WEFT_SERVE_SOCKET', action: 'serve on a socket', rule, value: path, remedy, cause });
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}
