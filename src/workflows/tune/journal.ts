/**
 * The journal of a search: one JSON object a line, first what is searched, then everything that happened. It is written whole and put in
 * place at once, so that it is never half a line, and a search goes on from it as if it had not been broken off.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { UsageError, WeftError, writeFileAtomic } from '../../core/index.ts';
import { difference } from '../recipe-difference.ts';
import type { TrialEvent } from './trial.ts';

/** How many trainings run beside each other, with how many threads each. */
export interface Split {
  readonly parallel: number;
  readonly threads: number;
}

/** A journal that is open. */
export interface Journal {
  /** What happened before. */
  readonly earlier: readonly TrialEvent[];
  /** Seconds of searching before. */
  readonly seconds: number;
  /** The split that was found before. */
  readonly split: Split | undefined;
  addSplit(split: Split): Promise<void>;
  /** Adds an event, `seconds` of searching after the beginning. */
  add(event: TrialEvent, seconds: number): Promise<void>;
}

const VERSION = 1;

const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number(), z.boolean()]))]);
const at = { trial: z.number().int().positive(), rung: z.number().int().min(0), at: z.number().min(0) };
const LINE = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('search'), version: z.literal(VERSION), search: z.unknown() }),
  z.object({ kind: z.literal('split'), parallel: z.number().int().positive(), threads: z.number().int().positive() }),
  z.object({ kind: z.literal('started'), ...at, values: z.record(z.string(), value) }),
  z.object({ kind: z.literal('reported'), ...at, loss: z.number(), steps: z.number(), seconds: z.number() }),
  z.object({ kind: z.literal('failed'), ...at, code: z.string(), message: z.string(), steps: z.number() }),
]);
type Line = z.infer<typeof LINE>;

/**
 * Opens the journal at `path`, or begins it.
 *
 * @param search - what decides the search's course, plain data; it must be what the journal began with.
 * @throws UsageError `WEFT_TUNE_OTHER` when the journal is of another search; WeftError `WEFT_TUNE_JOURNAL` when it is damaged.
 */
export async function openJournal(path: string, search: Readonly<Record<string, unknown>>): Promise<Journal> {
  const lines: Line[] = existsSync(path) ? await read(path) : [{ kind: 'search', version: VERSION, search }];
  const [head, ...rest] = lines;
  const differing = head?.kind === 'search' ? difference(JSON.parse(JSON.stringify(search)), head.search) : 'search';
  if (differing !== undefined)
    throw new UsageError({
      code: 'WEFT_TUNE_OTHER',
      action: `go on with the search in ${path}`,
      rule: 'it was begun with something else',
      value: differing,
      remedy: 'Give another --out for another search.',
    });
  const texts = lines.map((line) => JSON.stringify(line));
  let written: Promise<void> = Promise.resolve();
  const append = (line: Line): Promise<void> => {
    texts.push(JSON.stringify(line));
    const content = `${texts.join('\n')}\n`;
    written = written.then(() => writeFileAtomic(path, content));
    return written;
  };
  const earlier = rest.flatMap((line): TrialEvent[] => {
    if (line.kind === 'search' || line.kind === 'split') return [];
    const { at: _, ...event } = line;
    return [event];
  });
  const split = rest.findLast((line) => line.kind === 'split');
  return {
    earlier,
    seconds: rest.reduce((most, line) => ('at' in line ? Math.max(most, line.at) : most), 0),
    split: split === undefined ? undefined : { parallel: split.parallel, threads: split.threads },
    addSplit: ({ parallel, threads }) => append({ kind: 'split', parallel, threads }),
    add: (event, seconds) => append({ ...event, at: Math.round(seconds * 1000) / 1000 } as Line),
  };
}

async function read(path: string): Promise<Line[]> {
  try {
    const text = await readFile(path, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => LINE.parse(JSON.parse(line)));
  } catch (error) {
    throw new WeftError({
      code: 'WEFT_TUNE_JOURNAL',
      action: `read ${path}`,
      rule: 'a line of it is not what a search writes',
      value: (error as Error).message.split('\n')[0] ?? '',
      remedy: 'Put the file back as it was, or give another --out.',
      cause: error,
    });
  }
}
