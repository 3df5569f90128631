/**
 * One training a run folder at a time: two would mix their checkpoints and their curves.
 *
 * The hold is a socket that is listened on, as the system lets go of it whenever the program ends, by `kill -9` too; a
 * file with a process id would outlive it, and the id may by then be another program's.
 */

import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import { UsageError } from '../core/index.ts';

/**
 * Does `work` while no other training on this machine may use `folder`.
 *
 * @throws UsageError `WEFT_RUN_BUSY` when another one does.
 */
export async function holdRunFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const address = addressOf(folder);
  let hold = await listen(address);
  if (hold === undefined) {
    if (await answers(address)) {
      throw new UsageError({
        code: 'WEFT_RUN_BUSY',
        action: `train in ${folder}`,
        rule: 'another training goes on there',
        remedy: 'Wait for its end or stop it, or give another folder.',
      });
    }
    // Left behind by a program that was killed. Where even that cannot be held, e.g. without a folder for temporary
    // files, training goes on without: the hold protects from a slip and is no condition.
    await rm(address, { force: true }).catch(() => undefined);
    hold = await listen(address);
  }
  try {
    return await work();
  } finally {
    hold?.close();
  }
}

/** A name in the system for the folder, short enough for a socket's (108 bytes). */
function addressOf(folder: string): string {
  const name = `weft-${createHash('sha256')
    .update(realPath(resolve(folder)))
    .digest('hex')
    .slice(0, 24)}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** The path without links, also of a folder that is not made yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path));
  }
}

/** Listens; undefined when that cannot be done. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((settle) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', () => settle(undefined));
    server.listen(address, () => settle(server.unref()));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(address, () => {
      socket.destroy();
      settle(true);
    });
    socket.on('error', () => settle(false));
  });
}
