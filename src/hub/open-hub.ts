/**
 * Repositories of models by name, from the Hugging Face hub or a mirror, downloaded with `fetch` and kept.
 *
 * A revision is asked for once, which gives a commit and its files; files are those of that commit, so that they fit together, and
 * what was downloaded is used again without a network. In a browser nothing is kept.
 *
 * Source: huggingface.co/docs/hub, "Hub API Endpoints"; huggingface_hub, `file_download.py`.
 */

import { UsageError, WeftError, checkOptions, findNodeModule } from '../core/index.ts';
import { type HubProgress, downloadFile } from './download-file.ts';
import { readBody, request } from './fetch-response.ts';
import { type HubCache, type Listing, checkListing, defaultCacheFolder, environment, openCache } from './hub-cache.ts';
import { contentError, missingError, offlineError } from './hub-error.ts';
import { type HubName, isSafePath, parseHubName } from './hub-name.ts';

/** Where repositories come from and where they are kept; see {@link openHub}. */
export interface HubOptions {
  /** Base address of the hub. Default: `HF_ENDPOINT`, else `https://huggingface.co`. */
  readonly endpoint?: string;
  /** For private repositories and those with terms. Default: `HF_TOKEN`. It is sent to the endpoint alone. */
  readonly token?: string;
  /** Folder for downloads. Default: `WEFT_CACHE`, else `weft` in the system's folder for caches. */
  readonly cache?: string;
  /** Whether only what was downloaded before is used. Default: whether `HF_HUB_OFFLINE` is 1. */
  readonly offline?: boolean;
  /** Bytes of a file at most. Default 2^36, 64 GiB. */
  readonly largestFile?: number;
  /** Seconds without a byte after which the hub is taken to be gone. Default 30. */
  readonly patience?: number;
  readonly onProgress?: (progress: HubProgress) => void;
  readonly signal?: AbortSignal;
}

const HUB_OPTIONS: readonly string[] = ['endpoint', 'token', 'cache', 'offline', 'largestFile', 'patience', 'onProgress', 'signal'];

/** A repository at a commit. */
export interface HubRepository {
  /** `organisation/name`. */
  readonly id: string;
  /** The commit that the revision was, in hexadecimal digits. */
  readonly commit: string;
  /** Paths of its files. */
  readonly files: readonly string[];
  /**
   * Downloads a file, unless it was before.
   *
   * @returns its path in the cache
   * @throws WeftError `WEFT_PLATFORM` in a browser, else as {@link HubRepository.read}
   */
  download(file: string): Promise<string>;
  /**
   * The content of a file, from the cache or downloaded.
   *
   * @throws WeftError `WEFT_HUB_OFFLINE`, `WEFT_HUB_MISSING`, `WEFT_HUB_REFUSED`, `WEFT_HUB_SERVER`, `WEFT_HUB_CONTENT`, `WEFT_WRITE`;
   *   the signal's reason when it is aborted
   */
  read(file: string): Promise<Uint8Array>;
}

const LARGEST_LISTING = 2 ** 26;
const MOST_FILES = 100_000;
const PATIENCE = 30;

/**
 * Finds a repository of the hub.
 *
 * @param name - `hf:organisation/name`, or `hf:organisation/name@revision` for a branch, tag or commit; default `main`
 * @param options - see {@link HubOptions}
 * @returns the repository, none of its files downloaded yet
 * @throws UsageError `WEFT_HUB_NAME` when it is no name, `WEFT_HUB_ENDPOINT` when the endpoint is no address;
 *   WeftError `WEFT_HUB_OFFLINE` when there is no network and it was not opened before, `WEFT_HUB_MISSING` when there is no such
 *   repository, `WEFT_HUB_REFUSED` when it asks for a token, `WEFT_HUB_SERVER` and `WEFT_HUB_CONTENT` for answers that are wrong;
 *   the signal's reason when it is aborted
 *
 * @example
 * ```ts
 * import { openHub } from 'weft/hub';
 *
 * const error = await openHub('hf:openai-community/gpt2', { offline: true, cache: '/nowhere' }).catch((error: unknown) => error);
 * console.log((error as { code: string }).code); // WEFT_HUB_OFFLINE
 * ```
 */
export async function openHub(name: string, options: HubOptions = {}): Promise<HubRepository> {
  checkOptions('open a repository of the hub', options, HUB_OPTIONS);
  const hubName = parseHubName(name);
  const settings = readSettings(options);
  const folder = options.cache ?? defaultCacheFolder();
  const cache = folder === undefined || findNodeModule('node:fs/promises') === undefined ? undefined : openCache(folder, hubName);
  const { commit, files } = await findListing(hubName, settings, cache);
  const { id } = hubName;

  const check = (file: string): void => {
    if (!files.includes(file)) throw missingError(`download ${file} of ${id}`, `no ${file} among its ${files.length} files`);
  };
  const prepare = (file: string): Prepared => ({
    ...settings,
    action: `download ${file} of ${id}`,
    url: `${settings.endpoint}/${id}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`,
  });
  const download = async (file: string): Promise<string> => {
    check(file);
    const { stat } = (cache === undefined ? undefined : findNodeModule('node:fs/promises')) ?? missingFiles();
    const path = (cache as HubCache).pathOf(commit, file);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return path;
    const prepared = prepare(file);
    if (settings.offline) throw offlineError(prepared.action, 'offline');
    await downloadFile({ ...prepared, file, path });
    return path;
  };
  return {
    id,
    commit,
    files,
    download,
    async read(file) {
      const files = cache === undefined ? undefined : findNodeModule('node:fs/promises');
      if (files !== undefined) return files.readFile(await download(file));
      check(file);
      const prepared = prepare(file);
      return readBody(await request(prepared.url, prepared), prepared);
    },
  };
}

interface Settings {
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly offline: boolean;
  readonly most: number;
  readonly patience: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: HubProgress) => void) | undefined;
}

interface Prepared extends Settings {
  readonly action: string;
  readonly url: string;
}

function readSettings(options: HubOptions): Settings {
  const { HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE } = environment();
  const endpoint = (options.endpoint ?? (HF_ENDPOINT || 'https://huggingface.co')).replace(/\/+$/, '');
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new UsageError({
      code: 'WEFT_HUB_ENDPOINT',
      action: 'reach the hub',
      rule: 'its address begins with https:// or http://',
      value: endpoint,
      remedy: 'Correct HF_ENDPOINT or leave it out.',
    });
  }
  return {
    endpoint,
    token: (options.token ?? HF_TOKEN)?.trim() || undefined,
    offline: options.offline ?? HF_HUB_OFFLINE === '1',
    most: options.largestFile ?? 2 ** 36,
    patience: (options.patience ?? PATIENCE) * 1000,
    signal: options.signal,
    onProgress: options.onProgress,
  };
}

/** The commit of a revision and its files: from the hub, or what they were when it was last asked. */
async function findListing({ id, revision }: HubName, settings: Settings, cache: HubCache | undefined): Promise<Listing> {
  const action = `find ${id} at ${revision}`;
  const known = await cache?.readListing(revision);
  // A commit never changes.
  if (known !== undefined && (settings.offline || known.commit === revision)) return known;
  if (settings.offline) throw offlineError(action, 'offline');
  let listing: Listing;
  try {
    const url = `${settings.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}`;
    const body = await readBody(await request(url, { ...settings, action }), { action, most: LARGEST_LISTING });
    listing = readListing(action, body);
  } catch (error) {
    const isUnreachable = error instanceof WeftError && ['WEFT_HUB_OFFLINE', 'WEFT_HUB_SERVER', 'WEFT_HUB_CONTENT'].includes(error.code);
    if (isUnreachable && known !== undefined) return known;
    throw error;
  }
  await cache?.writeListing(revision, listing);
  return listing;
}

function readListing(action: string, body: Uint8Array): Listing {
  const json = parsed(body) as { readonly sha?: unknown; readonly siblings?: unknown } | null | undefined;
  const siblings = Array.isArray(json?.siblings) ? (json.siblings as readonly ({ readonly rfilename?: unknown } | null)[]) : [];
  const names = siblings.map((sibling) => sibling?.rfilename).filter((name) => typeof name === 'string' && isSafePath(name));
  const listing = checkListing({ commit: json?.sha, files: names });
  if (listing === undefined || names.length > MOST_FILES) {
    throw contentError(
      action,
      `the hub answers with a commit and up to ${MOST_FILES} files`,
      new TextDecoder().decode(body.subarray(0, 80)),
    );
  }
  return listing;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function missingFiles(): never {
  throw new WeftError({
    code: 'WEFT_PLATFORM',
    action: 'keep a download',
    rule: 'files are there only where Node runs',
    remedy: 'In a browser, read the content instead of its path.',
  });
}
