/** Certificate and key of a server that speaks TLS, from PEM files; read again when they are renewed. */

import { readFile } from 'node:fs/promises';
import type { Server as HttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';

import type { FastifyInstance } from 'fastify';

import { WeftError } from '../core/index.ts';
import { followFiles } from './followed-file.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, and behind it those that lead to the root. */
  readonly cert: string;
  /** Its private key, without a password. */
  readonly key: string;
}

/** What the files hold. */
export interface TlsParts {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** @throws WeftError `WEFT_SERVE_TLS` when a file can't be read, is no PEM, or the two do not belong together */
export async function readTls({ cert, key }: TlsFiles): Promise<TlsParts> {
  const parts = { cert: await readPem(cert), key: await readPem(key) };
  try {
    createSecureContext(parts);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const mismatch = code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
    throw new WeftError({
      code: 'WEFT_SERVE_TLS',
      action: 'serve over TLS',
      rule: mismatch ? 'certificate and key do not belong together' : 'certificate or key is no PEM file of one, or the key has a password',
      value: `${cert}, ${key}`,
      remedy: mismatch ? 'Give the key that the certificate was made for.' : 'Give PEM files, the key without a password.',
      cause: error,
    });
  }
  return parts;
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new WeftError({
      code: 'WEFT_SERVE_TLS',
      action: 'serve over TLS',
      rule: (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'the system refuses to read the file',
      value: path,
      remedy: 'Give a file that is there and that this user may read.',
      cause: error,
    });
  }
}

/** Has new connections use the files as they are then: whoever renews a certificate need not start the server again. */
export function followTls(app: FastifyInstance, files: TlsFiles): void {
  const following = followFiles([files.cert, files.key], {
    async read() {
      (app.server as unknown as HttpsServer).setSecureContext(await readTls(files));
      app.log.info('the certificate was read again');
    },
    onError: (error) => app.log.error({ err: error }, 'the certificate cannot be read; the former holds on'),
  });
  app.addHook('onClose', async () => following.close());
}
