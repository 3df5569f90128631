/**
 * Reads `metrics.jsonl`, the learning curve of a run folder, while another process may be writing it.
 *
 * Decided: a reader keeps a byte offset and asks for what is new. Only whole lines count, so a half-written last line is
 * read next time. A file that was replaced or cut short is told by its identity and by what stands before the offset;
 * then reading starts over. Lines that are no metrics are counted, never thrown.
 */

import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { checkOptions } from '../core/index.ts';

/** One training step. A number that was not finite is null. */
export interface StepRecord {
  readonly kind: 'step';
  readonly step: number;
  /** Mean cross-entropy of the step's tokens, in nats. */
  readonly loss: number | null;
  readonly learningRate?: number | null;
  readonly gradientNorm?: number | null;
  readonly tokensPerSecond?: number | null;
  readonly tokensSeen?: number | null;
  /** Seconds since training began. */
  readonly seconds?: number | null;
}

/** One evaluation on held-out text. */
export interface EvalRecord {
  readonly kind: 'eval';
  readonly step: number;
  /** Mean cross-entropy in nats per token. */
  readonly loss: number | null;
  readonly perplexity?: number | null;
  readonly bitsPerByte?: number | null;
  readonly seconds?: number | null;
}

/** A text that the model wrote during training. */
export interface SampleRecord {
  readonly kind: 'sample';
  readonly step: number;
  readonly text: string;
}

/** One line of `metrics.jsonl`. */
export type MetricsRecord = StepRecord | EvalRecord | SampleRecord;

/** What {@link readMetrics} found. */
export interface MetricsChunk {
  readonly records: readonly MetricsRecord[];
  /** Byte offset to read from next time. */
  readonly offset: number;
  /** Identity of the file; hand it back next time. Empty while there is no file. */
  readonly version: string;
  /** The records begin at the file's start although a later offset was asked for: forget what was read before. */
  readonly reset: boolean;
  /** More whole lines may be there already: read again at once. */
  readonly more: boolean;
  /** Lines that were no metrics. */
  readonly skipped: number;
  /** When the file was last written, in milliseconds since 1970; 0 while there is no file. */
  readonly updatedAt: number;
}

/** Where to go on: see {@link readMetrics}. */
export interface ReadMetricsOptions {
  /** Byte offset of an earlier {@link MetricsChunk}; default 0. */
  readonly offset?: number;
  /** Version of that chunk. */
  readonly version?: string;
  /** Most bytes read at once; default 4 MiB. */
  readonly maxBytes?: number;
}

const NEWLINE = 0x0a;
const NOTHING: MetricsChunk = { records: [], offset: 0, version: '', reset: false, more: false, skipped: 0, updatedAt: 0 };

/**
 * Reads the metrics of a run folder that were added since `offset`.
 *
 * @param folder - the run folder; a missing `metrics.jsonl` reads as empty
 * @returns the new records and where to go on
 * @throws WeftError `WEFT_OPTION_UNKNOWN`
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { readMetrics } from 'weft/monitor';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'run-'));
 * await writeFile(join(folder, 'metrics.jsonl'), '{"kind":"step","step":1,"loss":4.2}\n{"kind":"st');
 * const chunk = await readMetrics(folder);
 * console.log(chunk.records.length, chunk.offset); // 1 36
 * ```
 */
export async function readMetrics(folder: string, options: ReadMetricsOptions = {}): Promise<MetricsChunk> {
  checkOptions('read metrics', options, ['offset', 'version', 'maxBytes']);
  const { offset: asked = 0, version: known, maxBytes = 4 << 20 } = options;
  let file: FileHandle;
  try {
    file = await open(join(folder, 'metrics.jsonl'), 'r');
  } catch {
    return { ...NOTHING, reset: asked > 0 };
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return { ...NOTHING, reset: asked > 0 };
    const version = `${stats.ino}-${Math.trunc(stats.birthtimeMs)}`;
    const reset = asked > 0 && ((known !== undefined && known !== version) || !(await followsNewline(file, asked, stats.size)));
    const offset = reset ? 0 : asked;
    const { lines, next } = await readLines(file, { offset, size: stats.size, maxBytes });
    const records = lines.map(parseRecord).filter((record) => record !== undefined);
    const blank = lines.filter((line) => line.trim() === '').length;
    return {
      records,
      offset: next,
      version,
      reset,
      more: next > offset && next < stats.size,
      skipped: lines.length - blank - records.length,
      updatedAt: Math.trunc(stats.mtimeMs),
    };
  } finally {
    await file.close();
  }
}

/** Whether `offset` lies within the file, just behind a line's end. */
async function followsNewline(file: FileHandle, offset: number, size: number): Promise<boolean> {
  if (offset > size) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, offset - 1);
  return bytesRead === 1 && buffer[0] === NEWLINE;
}

/** The whole lines from `offset`, at most `maxBytes` of them; a line longer than that is passed over. */
async function readLines(
  file: FileHandle,
  range: { offset: number; size: number; maxBytes: number },
): Promise<{ lines: string[]; next: number }> {
  const { offset, maxBytes } = range;
  const length = Math.max(0, Math.min(range.size - offset, maxBytes));
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
  if (end >= 0) return { lines: buffer.toString('utf8', 0, end).split('\n'), next: offset + end + 1 };
  if (bytesRead < maxBytes) return { lines: [], next: offset };
  for (let position = offset + bytesRead; ;) {
    const block = await file.read(buffer, 0, maxBytes, position);
    if (block.bytesRead === 0) return { lines: [], next: offset };
    const newline = buffer.subarray(0, block.bytesRead).indexOf(NEWLINE);
    if (newline >= 0) return { lines: ['(too long)'], next: position + newline + 1 };
    position += block.bytesRead;
  }
}

const NUMBERS: { readonly [kind: string]: readonly string[] } = {
  step: ['loss', 'learningRate', 'gradientNorm', 'tokensPerSecond', 'tokensSeen', 'seconds'],
  eval: ['loss', 'perplexity', 'bitsPerByte', 'seconds'],
};

/** The record of a line, with the known fields alone; undefined when the line is none. */
function parseRecord(line: string): MetricsRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, step, text, ...rest } = value as Readonly<Record<string, unknown>>;
  if (typeof step !== 'number' || !Number.isFinite(step)) return undefined;
  if (kind === 'sample') return typeof text === 'string' ? { kind, step, text } : undefined;
  if (kind !== 'step' && kind !== 'eval') return undefined;
  const numbers: Record<string, number | null> = {};
  for (const name of NUMBERS[kind] ?? []) {
    const number = rest[name];
    if (number !== undefined) numbers[name] = typeof number === 'number' ? number : null;
  }
  return { kind, step, loss: null, ...numbers };
}
