/**
 * Where a server answers: a port or a Unix socket, and why it could not be had.
 *
 * Decided: `localhost` may have two addresses, and both lead to one server. Fastify would make a second one, which has neither the
 * limits of connections nor the answers to what is no request, and keeps its certificate when that is renewed.
 */

import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';

import { UsageError, WeftError } from '../core/index.ts';
import { freeSocket, openSocketToGroup, taken } from './unix-socket.ts';

/** See {@link listen}. */
export interface Place {
  /** Port; 0 takes any that is free. Default 8080. */
  readonly port?: number;
  /** Host name or address to listen on. Default `localhost`, which other machines do not reach; `0.0.0.0` for all. */
  readonly host?: string;
  /** Path of a Unix socket to listen on instead: its owner and group may connect. */
  readonly socket?: string;
}

/** @throws UsageError `WEFT_SERVE_OPTION` for a socket and a port at once */
export function checkPlace({ port, host, socket }: Place): void {
  if (socket === undefined || (port === undefined && host === undefined)) return;
  throw new UsageError({
    code: 'WEFT_SERVE_OPTION',
    action: 'serve',
    rule: 'a server listens on a socket or on a port',
    value: `${socket} and ${host ?? 'localhost'}:${port ?? ''}`,
    remedy: 'Give one of them.',
  });
}

/** What {@link listen} may leave to others. */
export interface ListenOptions {
  readonly tls: boolean;
  /** Another process holds the socket's file, and looked that it is free. */
  readonly shared?: boolean;
}

/**
 * Has an application answer at a place, and closes it when that can't be had.
 *
 * @returns the address: `http://localhost:8080`, `https://…`, or `unix:/path`
 * @throws WeftError `WEFT_SERVE_PORT` or `WEFT_SERVE_SOCKET`
 */
export async function listen(app: FastifyInstance, place: Place, { tls, shared = false }: ListenOptions): Promise<string> {
  const { port = 8080, host = 'localhost', socket } = place;
  try {
    if (socket !== undefined) {
      if (!shared) await freeSocket(socket);
      await app.listen({ path: socket });
      if (!shared) await openSocketToGroup(socket);
      return `unix:${socket}`;
    }
    const [first = host, ...others] = host === 'localhost' ? await addressesOf(host) : [];
    await app.listen({ port, host: first });
    for (const address of others) await alsoListen(app, address, { tls });
  } catch (error) {
    await app.close();
    throw socket === undefined ? portError(error, { port, host }) : socketError(error, socket);
  }
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${shown}:${(app.server.address() as AddressInfo).port}`;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true }).catch(() => []); // Whoever listens there hears why.
  return [...new Set(found.map(({ address }) => address))];
}

/** Has an application that listens answer at the same port of another address too, if that can be had. */
export async function alsoListen(app: FastifyInstance, address: string, { tls }: { readonly tls: boolean }): Promise<void> {
  const { port } = app.server.address() as AddressInfo;
  // As Node's server for HTTP has it; TLS ends both ways at once.
  const door = createServer({ allowHalfOpen: !tls, noDelay: true }, (socket) => app.server.emit('connection', socket));
  door.maxConnections = app.server.maxConnections;
  app.server.once('close', () => door.close());
  await new Promise<void>((settle) => door.once('error', () => settle()).listen({ port, host: address }, settle));
}

function socketError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'EADDRINUSE') return taken(path, 'another program listens there', 'Stop the other program, or give another path.', error);
  if (code === 'EINVAL') return taken(path, 'the system takes no path as long', 'Give a path of fewer than 108 bytes.', error);
  if (['EACCES', 'ENOENT', 'ENOTDIR', 'EROFS', 'EPERM'].includes(code))
    return taken(
      path,
      'the system lets nobody make a socket there',
      'Give a path in a folder that is there and that you may write to.',
      error,
    );
  return error;
}

/** Why a port could not be had. */
export function portError(error: unknown, { port, host }: { port: number; host: string }): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reasons: { readonly [code: string]: readonly [string, string] } = {
    EADDRINUSE: [
      'another program uses that port',
      `Stop the other program, or give another port, e.g. --port ${port === 65_535 ? port - 1 : port + 1}.`,
    ],
    EACCES: ['the system does not let you use that port', 'Give a port of 1024 or above.'],
    EADDRNOTAVAIL: ['this machine does not have that address', 'Give an address of this machine, or localhost.'],
    ENOTFOUND: ['there is no such host', 'Give an address of this machine, or localhost.'],
    ERR_SOCKET_BAD_PORT: ['a port is a whole number from 0 to 65535', 'Give a port in that range.'],
  };
  const reason = reasons[code];
  if (reason === undefined) return error;
  return new WeftError({
    code: 'WEFT_SERVE_PORT',
    action: 'serve',
    rule: reason[0],
    value: `${host}:${port}`,
    remedy: reason[1],
    cause: error,
  });
}
