import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openRuns } from './runs.ts';

const root = (): Promise<string> => mkdtemp(join(tmpdir(), 'weft-runs-'));

async function run(folder: string, losses: readonly number[], at = 1_700_000_000): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'metrics.jsonl');
  await writeFile(
    path,
    losses
      .map((loss, index) => `{"kind":"step","step":${index + 1},"loss":${loss}}\n{"kind":"eval","step":${index + 1},"loss":${loss + 1}}\n`)
      .join(''),
  );
  await utimes(path, at, at);
}

describe('runs', () => {
  test('are found in the folders given and in the folders within, the one written last first', async () => {
    const folder = await root();
    await run(join(folder, 'a'), [3, 2], 1_700_000_000);
    await run(join(folder, 'deep', 'b'), [5], 1_700_000_500);
    await run(join(folder, '.hidden', 'c'), [9]);
    await run(join(folder, 'node_modules', 'd'), [9]);
    const runs = await openRuns([folder]);
    expect((await runs.list()).map(({ name }) => name)).toEqual(['deep/b', 'a']);
  });

  test('have a summary: last step, last evaluation, best held-out loss', async () => {
    const folder = await root();
    await run(join(folder, 'a'), [3, 1, 2]);
    const [summary] = await (await openRuns([join(folder, 'a')])).list();
    expect(summary).toMatchObject({
      name: 'a',
      updatedAt: 1_700_000_000_000,
      bestLoss: 2,
      lastStep: { step: 3, loss: 2 },
      lastEval: { step: 3, loss: 3 },
    });
  });

  test('a summary grows with the file and starts over when the file does', async () => {
    const folder = await root();
    await run(folder, [3, 2]);
    const runs = await openRuns([folder]);
    await Promise.all([runs.list(), runs.list()]);
    await appendFile(join(folder, 'metrics.jsonl'), '{"kind":"eval","step":9,"loss":0.5}\n{"kind":"st');
    expect((await runs.list())[0]).toMatchObject({ bestLoss: 0.5, lastEval: { step: 9 }, lastStep: { step: 2 } });
    await rm(join(folder, 'metrics.jsonl'));
    await run(folder, [7]);
    expect((await runs.list())[0]).toMatchObject({ bestLoss: 8, lastStep: { step: 1, loss: 7 } });
  });

  test('a run that begins later appears by itself', async () => {
    const folder = await root();
    const runs = await openRuns([folder]);
    expect((await runs.list()).map(({ lastStep }) => lastStep)).toEqual([undefined]);
    await run(join(folder, 'later'), [4]);
    expect((await runs.list()).map(({ name }) => name)).toEqual(['later']);
  });

  test('two of the same name are told apart, and one given twice is one', async () => {
    const folder = await root();
    await run(join(folder, 'x', 'run'), [1]);
    await run(join(folder, 'y', 'run'), [2]);
    const runs = await openRuns([join(folder, 'x', 'run'), join(folder, 'y', 'run'), join(folder, 'x', '..', 'x', 'run')]);
    expect((await runs.list()).map(({ name }) => name).toSorted()).toEqual(['run', 'run (2)']);
    expect((await runs.metrics('run (2)'))?.records[0]).toMatchObject({ loss: 2 });
  });

  test('a name that is not in the list reads nothing, whatever path it spells', async () => {
    const folder = await root();
    await run(join(folder, 'a'), [1]);
    await run(join(folder, 'b'), [1]);
    const runs = await openRuns([join(folder, 'a')]);
    for (const name of ['b', '../b', '', '.', 'a/../b', join(folder, 'b')]) {
      expect(await runs.metrics(name)).toBeUndefined();
      expect(await runs.card(name)).toBeUndefined();
    }
  });

  test('a card is read as it is; a broken, missing or huge one is none', async () => {
    const folder = await root();
    await run(folder, [1]);
    const runs = await openRuns([folder]);
    const [{ name } = { name: '' }] = await runs.list();
    expect(await runs.card(name)).toBeUndefined();
    await writeFile(join(folder, 'weft.json'), '{"name":"tiny"}');
    expect(await runs.card(name)).toEqual({ name: 'tiny' });
    await writeFile(join(folder, 'weft.json'), '{"name":');
    expect(await runs.card(name)).toBeUndefined();
    await writeFile(join(folder, 'weft.json'), `{"name":"${'x'.repeat(2 << 20)}"}`);
    expect(await runs.card(name)).toBeUndefined();
  });

  test('a target that is no folder is refused with a remedy', async () => {
    const folder = await root();
    await writeFile(join(folder, 'file'), '');
    await expect(openRuns([join(folder, 'none')])).rejects.toMatchObject({
      code: 'WEFT_RUN_MISSING',
      message: expect.stringContaining('no such folder') as string,
    });
    await expect(openRuns([join(folder, 'file')])).rejects.toMatchObject({
      code: 'WEFT_RUN_MISSING',
      message: expect.stringContaining('not a folder') as string,
    });
  });
});
