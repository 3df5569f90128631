/**
 * Downloads one file into the cache: into a part beside its place, which becomes the file when it is whole. What broke off is
 * continued, when nobody has written to it for as long as a stalled connection is waited for.
 */

import { hash32, makeFolder, nodeModule, writeError } from '../core/index.ts';
import { type Answer, type Request, request } from './fetch-response.ts';
import { contentError } from './hub-error.ts';

/** How far a download is. */
export interface HubProgress {
  readonly file: string;
  /** Bytes that are there, those of an earlier try included. */
  readonly bytes: number;
  /** All of them; undefined where the hub does not say. */
  readonly total: number | undefined;
}

/** What to download to where. */
export interface Download extends Request {
  readonly file: string;
  readonly url: string;
  readonly path: string;
  /** Bytes at most. */
  readonly most: number;
  readonly onProgress: ((progress: HubProgress) => void) | undefined;
}

/** An unfinished download. The key stands for the hub's ETag: parts of different contents are never joined. */
interface Part {
  readonly path: string;
  readonly size: number;
  readonly key: string;
}

const NO_SUCH_RANGE = 416;
const PARTIAL = 206;

/** Downloads the file, unless it is there. */
export async function downloadFile(download: Download): Promise<void> {
  const { dirname, basename, join } = nodeModule('node:path');
  const { open, rename, rm } = nodeModule('node:fs/promises');
  const folder = dirname(download.path);
  try {
    await makeFolder(folder);
  } catch (error) {
    throw writeError(download.path, error);
  }
  const { answer, part } = await ask(download, await findPart(folder, basename(download.path), download.patience));
  const start = part?.size ?? 0;
  const length = answer.headers.get('content-length');
  const total = length === null ? undefined : start + Number(length);
  const tooLarge = (bytes: number): boolean => bytes > download.most;
  const sizeError = (value: string): Error => contentError(download.action, `it has ${download.most} bytes or fewer`, value);
  if (total !== undefined && tooLarge(total)) {
    await answer.body().return(undefined);
    throw sizeError(`${total} bytes`);
  }

  const temporary = part?.path ?? join(folder, `.${basename(download.path)}.${crypto.randomUUID().slice(0, 8)}.${keyOf(answer)}.part`);
  const file = await open(temporary, 'a').catch((error: unknown) => {
    throw writeError(temporary, error);
  });
  let bytes = start;
  try {
    download.onProgress?.({ file: download.file, bytes, total });
    for await (const chunk of answer.body()) {
      bytes += chunk.length;
      if (tooLarge(bytes)) throw sizeError('more');
      await file.writeFile(chunk).catch((error: unknown) => {
        throw writeError(temporary, error);
      });
      download.onProgress?.({ file: download.file, bytes, total });
    }
    if (total !== undefined && bytes !== total) throw contentError(download.action, `it has ${total} bytes, as the hub says`, `${bytes}`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, download.path).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw writeError(download.path, error);
  });
}

/** Asks for what is missing; for all of it where the hub has another content now, or gives no parts. */
async function ask(download: Download, part: Part | undefined): Promise<{ readonly answer: Answer; readonly part: Part | undefined }> {
  const { rm } = nodeModule('node:fs/promises');
  if (part !== undefined) {
    try {
      const answer = await request(download.url, { ...download, headers: { range: `bytes=${part.size}-` } });
      const continues = answer.headers.get('content-range')?.startsWith(`bytes ${part.size}-`) === true;
      if (answer.status === PARTIAL && continues && keyOf(answer) === part.key) return { answer, part };
      await rm(part.path, { force: true });
      if (answer.status !== PARTIAL) return { answer, part: undefined };
      await answer.body().return(undefined);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.endsWith(`status ${NO_SUCH_RANGE}`)) throw error;
      await rm(part.path, { force: true });
    }
  }
  return { answer: await request(download.url, download), part: undefined };
}

/** The largest part of the file that nobody is writing to. */
async function findPart(folder: string, name: string, patience: number): Promise<Part | undefined> {
  const { readdir, stat } = nodeModule('node:fs/promises');
  const { join } = nodeModule('node:path');
  const names = (await readdir(folder)).filter((each) => each.startsWith(`.${name}.`) && each.endsWith('.part'));
  const parts: Part[] = [];
  for (const each of names) {
    const [, key] = /\.[0-9a-f]{8}\.([0-9a-f]{8})\.part$/.exec(each.slice(name.length + 1)) ?? [];
    const found = await stat(join(folder, each)).catch(() => undefined);
    if (key === undefined || found === undefined || found.size === 0 || Date.now() - found.mtimeMs < patience) continue;
    parts.push({ path: join(folder, each), size: found.size, key });
  }
  return parts.sort((a, b) => b.size - a.size)[0];
}

function keyOf({ headers }: Answer): string {
  return hash32(headers.get('etag') ?? '')
    .toString(16)
    .padStart(8, '0');
}
