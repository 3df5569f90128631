/** A hub on this machine: the real one's addresses, redirections to another host, ETags and ranges, and every way of failing. */

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the hub had. */
export interface Seen {
  readonly path: string;
  readonly host: 'hub' | 'cdn';
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** A hub and the host that it redirects to. */
export interface FakeHub {
  readonly endpoint: string;
  readonly seen: Seen[];
  /** Answers before the hub does, when it returns true. */
  trouble: ((request: IncomingMessage, response: ServerResponse, host: Seen['host']) => boolean) | undefined;
  /** Files by path; a change makes another commit. */
  files: Readonly<Record<string, string | Uint8Array>>;
  commit: string;
  etag: string;
  close(): Promise<void>;
}

/** The commit that the hub begins with. */
export const COMMIT: string = 'a'.repeat(40);

/** Starts one with a repository `org/name`; `org/secret` asks for the token `secret`. */
export async function startHub(files: Readonly<Record<string, string | Uint8Array>>): Promise<FakeHub> {
  const hub: FakeHub = { endpoint: '', seen: [], trouble: undefined, files, commit: COMMIT, etag: '"first"', close: async () => undefined };
  let cdnAddress = '';
  const note = (request: IncomingMessage, host: Seen['host']): string => {
    const path = decodeURIComponent(request.url ?? '');
    hub.seen.push({ path, host, authorization: request.headers.authorization, range: request.headers.range });
    return path;
  };
  const cdn = createServer((request, response) => {
    const path = note(request, 'cdn');
    if (hub.trouble?.(request, response, 'cdn') === true) return;
    const content = bytesOf(hub.files[path.slice(1)] ?? '');
    response.setHeader('etag', hub.etag);
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (start >= content.length && start > 0) return response.writeHead(416).end();
    response.setHeader('content-length', content.length - start);
    if (start > 0) response.writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` });
    return response.end(content.subarray(start));
  });
  const server = createServer((request, response) => {
    const path = note(request, 'hub');
    if (hub.trouble?.(request, response, 'hub') === true) return;
    const [, api, repository, rest] = /^(\/api\/models)?\/(org\/(?:name|secret))\/(?:revision|resolve)\/(.*)$/.exec(path) ?? [];
    if (repository === undefined || rest === undefined) return response.writeHead(path.includes('private') ? 401 : 404).end();
    if (repository === 'org/secret' && request.headers.authorization !== 'Bearer secret') return response.writeHead(401).end();
    if (api !== undefined) {
      if (!['main', 'v1', 'feature/x'].includes(rest)) return response.writeHead(404).end();
      const siblings = Object.keys(hub.files).map((rfilename) => ({ rfilename }));
      return response.end(JSON.stringify({ sha: hub.commit, siblings }));
    }
    const file = rest.slice(rest.indexOf('/') + 1);
    if (!rest.startsWith(`${hub.commit}/`) || hub.files[file] === undefined) return response.writeHead(404).end();
    return response.writeHead(302, { location: `${cdnAddress}/${file.split('/').map(encodeURIComponent).join('/')}` }).end();
  });
  const listen = async (each: Server): Promise<number> => {
    await new Promise<void>((resolve) => void each.listen(0, '127.0.0.1', resolve));
    return (each.address() as AddressInfo).port;
  };
  cdnAddress = `http://localhost:${await listen(cdn)}`;
  return Object.assign(hub, {
    endpoint: `http://127.0.0.1:${await listen(server)}`,
    close: async () => {
      for (const each of [server, cdn]) {
        each.closeAllConnections();
        await new Promise((resolve) => each.close(resolve));
      }
    },
  });
}

function bytesOf(content: string | Uint8Array): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
}
