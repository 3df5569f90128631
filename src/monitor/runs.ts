/**
 * The runs that the page shows: folders with a `metrics.jsonl`, found anew at every look, so that a training which began
 * after the server did appears by itself. Summaries are kept up to date by reading only what was added.
 */

import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { WeftError } from '../core/index.ts';
import { readMetrics } from './metrics-file.ts';
import { pictureNames, readPicture } from './run-pictures.ts';
import type { EvalRecord, MetricsChunk, ReadMetricsOptions, StepRecord } from './metrics-file.ts';

/** What a run has come to. */
export interface RunSummary {
  /** Name of the run: its folder's, made unique. */
  readonly name: string;
  /** The folder as it was given. */
  readonly folder: string;
  /** When its metrics were last written, in milliseconds since 1970; 0 before the first. */
  readonly updatedAt: number;
  readonly lastStep: StepRecord | undefined;
  readonly lastEval: EvalRecord | undefined;
  /** Lowest held-out loss so far, in nats per token. */
  readonly bestLoss: number | undefined;
}

/** Run folders, as {@link openRuns} gives them. */
export interface Runs {
  /** All runs, the one written last first. */
  list(): Promise<readonly RunSummary[]>;
  /** Metrics of one run since an offset; undefined when there is no run of that name. */
  metrics(name: string, options?: ReadMetricsOptions): Promise<MetricsChunk | undefined>;
  /** The run's model card (`weft.json`) as parsed, unchecked; undefined without one. */
  card(name: string): Promise<unknown>;
  /** Names of the run's pictures, in order; undefined when there is no run of that name. */
  pictures(name: string): Promise<readonly string[] | undefined>;
  /** A picture as PNG; undefined when there is none of that name. */
  picture(name: string, picture: string): Promise<Buffer | undefined>;
}

const MOST_RUNS = 500;
const DEPTH = 3;
const MOST_CARD_BYTES = 1 << 20;

/**
 * Looks after run folders.
 *
 * @param targets - run folders, or folders that hold run folders up to three levels down
 * @throws WeftError `WEFT_RUN_MISSING` when a target is no folder
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { openRuns } from 'weft/monitor';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'run-'));
 * await writeFile(join(folder, 'metrics.jsonl'), '{"kind":"step","step":7,"loss":3.5}\n');
 * const runs = await openRuns([folder]);
 * console.log((await runs.list())[0]?.lastStep?.loss); // 3.5
 * ```
 */
export async function openRuns(targets: readonly string[]): Promise<Runs> {
  for (const target of targets) {
    const found = await stat(target).catch(() => undefined);
    if (found?.isDirectory() === true) continue;
    throw new WeftError({
      code: 'WEFT_RUN_MISSING',
      action: 'show a run',
      rule: found === undefined ? 'there is no such folder' : 'it is not a folder',
      value: target,
      remedy: 'Give a run folder that `weft train` writes, or a folder that holds several.',
    });
  }
  const followers = new Map<string, Follower>();
  const follow = (folder: string): Follower => {
    const known = followers.get(folder) ?? createFollower(folder);
    followers.set(folder, known);
    return known;
  };
  const folderOf = async (name: string): Promise<string | undefined> => (await findRuns(targets)).get(name);
  return {
    async list() {
      const found = await findRuns(targets);
      const summaries: RunSummary[] = [];
      for (const [name, folder] of found) summaries.push({ name, folder, ...(await follow(folder).update()) });
      return summaries.toSorted((a, b) => b.updatedAt - a.updatedAt);
    },
    async metrics(name, options) {
      const folder = await folderOf(name);
      return folder === undefined ? undefined : await readMetrics(folder, options);
    },
    async card(name) {
      const folder = await folderOf(name);
      return folder === undefined ? undefined : await readCard(join(folder, 'weft.json'));
    },
    async pictures(name) {
      const folder = await folderOf(name);
      return folder === undefined ? undefined : await pictureNames(folder);
    },
    async picture(name, picture) {
      const folder = await folderOf(name);
      return folder === undefined ? undefined : await readPicture(folder, picture);
    },
  };
}

/** Name and folder of every run among `targets`. A target that holds no runs counts as a run that has yet to begin. */
async function findRuns(targets: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const add = (name: string, folder: string): void => {
    if (found.size >= MOST_RUNS || [...found.values()].some((known) => resolve(known) === resolve(folder))) return;
    let unique = name;
    for (let count = 2; found.has(unique); count++) unique = `${name} (${count})`;
    found.set(unique, folder);
  };
  const search = async (folder: string, name: string, depth: number): Promise<boolean> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (entries.some((entry) => entry.name === 'metrics.jsonl')) {
      add(name, folder);
      return true;
    }
    let any = false;
    if (depth < DEPTH) {
      for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') continue;
        if (await search(join(folder, entry.name), name === '' ? entry.name : `${name}/${entry.name}`, depth + 1)) any = true;
      }
    }
    return any;
  };
  for (const target of targets) {
    const name = basename(resolve(target));
    const isRun = (await stat(join(target, 'metrics.jsonl')).catch(() => undefined)) !== undefined;
    const any = await search(target, isRun ? name : '', isRun ? DEPTH : 0);
    if (!any) add(name, target);
  }
  return found;
}

interface Follower {
  update(): Promise<Omit<RunSummary, 'name' | 'folder'>>;
}

/** Keeps one run's summary, reading only what was added since the last look. */
function createFollower(folder: string): Follower {
  const fresh = { updatedAt: 0, lastStep: undefined, lastEval: undefined, bestLoss: undefined };
  let summary: Omit<RunSummary, 'name' | 'folder'> = fresh;
  let at: { offset: number; version: string } = { offset: 0, version: '' };
  const readOn = async (): Promise<Omit<RunSummary, 'name' | 'folder'>> => {
    for (;;) {
      const chunk = await readMetrics(folder, at.version === '' ? {} : at);
      if (chunk.reset) summary = fresh;
      for (const record of chunk.records) summary = include(summary, record);
      summary = { ...summary, updatedAt: chunk.updatedAt };
      at = { offset: chunk.offset, version: chunk.version };
      if (!chunk.more) return summary;
    }
  };
  let last: Promise<Omit<RunSummary, 'name' | 'folder'>> = Promise.resolve(fresh);
  return {
    update() {
      last = last.then(readOn); // One at a time: two readers would count the same lines twice.
      return last;
    },
  };
}

function include(
  summary: Omit<RunSummary, 'name' | 'folder'>,
  record: MetricsChunk['records'][number],
): Omit<RunSummary, 'name' | 'folder'> {
  if (record.kind === 'step') return { ...summary, lastStep: record };
  if (record.kind !== 'eval') return summary;
  const bestLoss = record.loss === null ? summary.bestLoss : Math.min(record.loss, summary.bestLoss ?? Infinity);
  return { ...summary, lastEval: record, bestLoss };
}

async function readCard(path: string): Promise<unknown> {
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).size > MOST_CARD_BYTES) return undefined;
      return JSON.parse(await file.readFile('utf8')) as unknown;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
