import { appendFile, mkdtemp, rename, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readMetrics } from './metrics-file.ts';
import type { MetricsRecord } from './metrics-file.ts';

const runFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'weft-run-'));
const fileOf = (folder: string): string => join(folder, 'metrics.jsonl');
const step = (index: number, loss: number = index / 10): string => `${JSON.stringify({ kind: 'step', step: index, loss })}\n`;

describe('reading metrics', () => {
  test('a run that wrote nothing yet is empty', async () => {
    const chunk = await readMetrics(await runFolder());
    expect(chunk).toEqual({ records: [], offset: 0, version: '', reset: false, more: false, skipped: 0, updatedAt: 0 });
  });

  test('all three kinds are read with their known fields alone', async () => {
    const folder = await runFolder();
    const lines = [
      {
        kind: 'step',
        step: 1,
        loss: 4.5,
        learningRate: 1e-3,
        gradientNorm: 2,
        tokensPerSecond: 900,
        tokensSeen: 64,
        seconds: 0.1,
        secret: 1,
      },
      { kind: 'eval', step: 1, loss: 4.4, perplexity: 81.5, bitsPerByte: 2, seconds: 0.2 },
      { kind: 'sample', step: 1, text: 'Grüße\n' },
    ];
    await writeFile(fileOf(folder), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { records, skipped } = await readMetrics(folder);
    expect(records).toEqual([
      { kind: 'step', step: 1, loss: 4.5, learningRate: 1e-3, gradientNorm: 2, tokensPerSecond: 900, tokensSeen: 64, seconds: 0.1 },
      { kind: 'eval', step: 1, loss: 4.4, perplexity: 81.5, bitsPerByte: 2, seconds: 0.2 },
      { kind: 'sample', step: 1, text: 'Grüße\n' },
    ]);
    expect(skipped).toBe(0);
  });

  test('a loss that was not finite (null in JSON) is null', async () => {
    const folder = await runFolder();
    await writeFile(fileOf(folder), '{"kind":"step","step":1,"loss":null,"gradientNorm":null}\n{"kind":"step","step":2}\n');
    expect((await readMetrics(folder)).records).toEqual([
      { kind: 'step', step: 1, loss: null, gradientNorm: null },
      { kind: 'step', step: 2, loss: null },
    ]);
  });

  test('a half-written last line waits for its end', async () => {
    const folder = await runFolder();
    await writeFile(fileOf(folder), step(1) + step(2).slice(0, 12));
    const first = await readMetrics(folder);
    expect(first.records.map((record) => record.step)).toEqual([1]);
    expect(first.offset).toBe(Buffer.byteLength(step(1)));
    await appendFile(fileOf(folder), step(2).slice(12));
    const second = await readMetrics(folder, { offset: first.offset, version: first.version });
    expect(second.records.map((record) => record.step)).toEqual([2]);
    expect(second.reset).toBe(false);
  });

  test('lines that are no metrics are counted and passed over', async () => {
    const folder = await runFolder();
    await writeFile(
      fileOf(folder),
      `nonsense\n[1]\nnull\n{"kind":"step"}\n{"kind":"other","step":1}\n{"kind":"sample","step":1}\n\n${step(3)}`,
    );
    const { records, skipped } = await readMetrics(folder);
    expect(records.map((record) => record.step)).toEqual([3]);
    expect(skipped).toBe(6);
  });

  test('a file that was cut short is read from the start', async () => {
    const folder = await runFolder();
    await writeFile(fileOf(folder), step(1) + step(2) + step(3));
    const { offset, version } = await readMetrics(folder);
    await truncate(fileOf(folder), Buffer.byteLength(step(1)));
    const again = await readMetrics(folder, { offset, version });
    expect(again.reset).toBe(true);
    expect(again.records.map((record) => record.step)).toEqual([1]);
  });

  test('a file that took the place of another is read from the start, also when it is as long', async () => {
    const folder = await runFolder();
    await writeFile(fileOf(folder), step(1) + step(2));
    const { offset, version } = await readMetrics(folder);
    await writeFile(join(folder, 'new'), step(7) + step(8));
    await rename(join(folder, 'new'), fileOf(folder));
    const again = await readMetrics(folder, { offset, version });
    expect(again.reset).toBe(true);
    expect(again.records.map((record) => record.step)).toEqual([7, 8]);
  });

  test('an offset within a line starts over instead of reading half a record', async () => {
    const folder = await runFolder();
    await writeFile(fileOf(folder), step(1) + step(2));
    const again = await readMetrics(folder, { offset: 5 });
    expect(again.reset).toBe(true);
    expect(again.records).toHaveLength(2);
  });

  test('a line longer than the bound is passed over, and what follows is read', async () => {
    const folder = await runFolder();
    await writeFile(fileOf(folder), `${JSON.stringify({ kind: 'sample', step: 1, text: 'x'.repeat(5000) })}\n${step(2)}`);
    const first = await readMetrics(folder, { maxBytes: 256 });
    expect(first).toMatchObject({ records: [], skipped: 1, more: true });
    const second = await readMetrics(folder, { offset: first.offset, maxBytes: 256 });
    expect(second.records.map((record) => record.step)).toEqual([2]);
    expect(second.more).toBe(false);
  });

  test('an unknown option is refused', async () => {
    await expect(readMetrics('.', { ofset: 1 } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
  });

  test('however the writing and the reading fall together, every line is read once and in order', async () => {
    const folder = await runFolder();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 150, max: 400 }),
        async (texts, cuts, maxBytes) => {
          const whole = Buffer.from(texts.map((text, index) => `${JSON.stringify({ kind: 'sample', step: index, text })}\n`).join(''));
          await writeFile(fileOf(folder), '');
          const found: MetricsRecord[] = [];
          let at: { offset: number } = { offset: 0 };
          const readAll = async (): Promise<void> => {
            for (let more = true; more;) {
              const chunk = await readMetrics(folder, { offset: at.offset, maxBytes });
              expect(chunk.reset).toBe(false);
              found.push(...chunk.records);
              at = { offset: chunk.offset };
              more = chunk.more;
            }
          };
          let written = 0;
          for (const cut of cuts) {
            await appendFile(fileOf(folder), whole.subarray(written, written + cut));
            written = Math.min(whole.length, written + cut);
            await readAll();
          }
          await appendFile(fileOf(folder), whole.subarray(written));
          await readAll();
          expect(found).toEqual(texts.map((text, index) => ({ kind: 'sample', step: index, text })));
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  });
});
