/** Two trainings never share a folder. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { holdRunFolder } from './hold-run-folder.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-hold-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a second one is refused while the first goes on, by whatever path it comes; another folder is free', async () => {
  await symlink(folder, `${folder}-link`);
  await holdRunFolder(folder, async () => {
    await expect(holdRunFolder(folder, async () => 2)).rejects.toMatchObject({ code: 'WEFT_RUN_BUSY' });
    await expect(holdRunFolder(`${folder}-link`, async () => 2)).rejects.toMatchObject({ code: 'WEFT_RUN_BUSY' });
    await holdRunFolder(join(folder, 'new'), async () => {
      await expect(holdRunFolder(join(`${folder}-link`, 'new'), async () => 2)).rejects.toMatchObject({ code: 'WEFT_RUN_BUSY' });
    });
    expect(await holdRunFolder(join(folder, 'other'), async () => 3)).toBe(3);
  });
  await rm(`${folder}-link`);
  expect(await holdRunFolder(folder, async () => 4)).toBe(4);
});

test('is let go when the work fails', async () => {
  await expect(holdRunFolder(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await holdRunFolder(folder, async () => 1)).toBe(1);
});

test('is let go when the program is killed', async () => {
  const source = `import { holdRunFolder } from ${JSON.stringify(fileURLToPath(new URL('hold-run-folder.ts', import.meta.url)))};
    await holdRunFolder(${JSON.stringify(folder)}, () => new Promise((done) => { console.log('held'); setTimeout(done, 60_000); }));`;
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', source]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await expect(holdRunFolder(folder, async () => 1)).rejects.toMatchObject({ code: 'WEFT_RUN_BUSY' });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  expect(await holdRunFolder(folder, async () => 1)).toBe(1);
});
