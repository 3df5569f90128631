/** Every numbered example is short, runs, and prints something. */

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';

import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));

test('are numbered without a gap', () => {
  expect(names.map((name) => name.slice(0, 3))).toEqual(names.map((_, index) => `${String(index + 1).padStart(2, '0')}-`));
});

test.for(names)('%s', { timeout: 180_000 }, async (name) => {
  expect(readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  const home = process.cwd();
  const scratch = mkdtempSync(join(tmpdir(), 'weft-example-'));
  const printed: string[] = [];
  const { log } = console;
  console.log = (...values: readonly unknown[]): void => void printed.push(format(...values));
  process.chdir(scratch);
  try {
    await import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);
  } finally {
    process.chdir(home);
    console.log = log;
    rmSync(scratch, { recursive: true, force: true });
  }
  expect(printed.join('\n').trim()).not.toBe('');
});
