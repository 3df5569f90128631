/**
 * The built page, held in memory and looked up by exact name: no path from a request ever reaches the disk.
 *
 * Source of the content security policy: https://www.w3.org/TR/CSP3/. The page takes nothing from elsewhere.
 */

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FastifyInstance, FastifyReply } from 'fastify';

interface PageFile {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
}

const TYPES: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const UNBUILT =
  '<!doctype html><meta charset="utf-8"><title>Weft</title><p>The page is not built. Run <code>npm run build</code>, then start the server again.';

/** Where the page lies: beside the compiled rooms, or in `dist` when run from the sources. */
function pageFolders(): readonly string[] {
  return ['../studio/', '../../dist/studio/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
}

/** Every file of the built page by its path in the URL; just a word on how to build it when it isn't. */
async function readPage(folders: readonly string[]): Promise<ReadonlyMap<string, PageFile>> {
  for (const folder of folders) {
    const names: readonly string[] = await readdir(folder, { recursive: true }).catch(() => []);
    if (!names.includes('index.html')) continue;
    const files = new Map<string, PageFile>();
    for (const name of names) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const content = await readFile(join(folder, name));
      files.set(`/${name.replaceAll('\\', '/')}`, {
        content,
        type,
        etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
      });
    }
    return files;
  }
  return new Map([['/index.html', { content: Buffer.from(UNBUILT), type: TYPES['.html'] ?? '', etag: '"unbuilt"' }]]);
}

/** Adds `/` and the page's files. */
export async function pageRoutes(app: FastifyInstance, folders: readonly string[] = pageFolders()): Promise<void> {
  const files = await readPage(folders);
  const send = (path: string, reply: FastifyReply, known: string | undefined): FastifyReply => {
    const file = files.get(path);
    if (file === undefined) return reply.callNotFound() as unknown as FastifyReply;
    void reply
      .header('etag', file.etag)
      .header('cache-control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('content-security-policy', POLICY)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer');
    return known === file.etag ? reply.status(304).send() : reply.type(file.type).send(file.content);
  };
  app.get('/', (request, reply) => send('/index.html', reply, request.headers['if-none-match']));
  // Scripts and styles are the same for everybody, and hold nothing; the page itself asks for a key where there are keys.
  const scope = (path: string): 'open' | 'read' => (path === '/index.html' ? 'read' : 'open');
  for (const path of files.keys())
    app.get(path, { config: { scope: scope(path) } }, (request, reply) => send(path, reply, request.headers['if-none-match']));
}
