/** Every error code in the source is in docs/errors.md, once, with a remedy; and the document lists no code that is gone. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Visitor, parseSync } from 'oxc-parser';
import { globSync } from 'tinyglobby';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

const CODE = /^WEFT_[A-Z0-9_]+$/;
const ANY_CODE = /WEFT_[A-Z0-9]+(?:_[A-Z0-9]+)*/g;

/** Codes written out in the source, and the beginnings of codes that the source completes (`WEFT_SHAPE_${kind}`). */
function codesInSource(): { readonly whole: ReadonlySet<string>; readonly begun: ReadonlySet<string> } {
  const whole = new Set<string>();
  const begun = new Set<string>();
  for (const path of globSync(['src/**/*.ts', 'studio/**/*.{ts,tsx}'], {
    cwd: root,
    ignore: ['**/*.test.*', '**/*.fixture.*', '**/node_modules/**', '**/dist/**'],
  })) {
    new Visitor({
      Literal: ({ value }) => {
        if (typeof value === 'string' && CODE.test(value)) (value.endsWith('_') ? begun : whole).add(value);
      },
      TemplateElement: ({ value: { raw } }) => {
        if (CODE.test(raw)) (raw.endsWith('_') ? begun : whole).add(raw);
      },
    }).visit(parseSync(path, read(path)).program);
  }
  // The scripts print their codes inside messages.
  for (const path of globSync('scripts/*.mjs', { cwd: root })) for (const [code] of read(path).matchAll(ANY_CODE)) whole.add(code);
  whole.delete('WEFT_DEBUG'); // A variable of the environment.
  return { whole, begun };
}

const rows = read('docs/errors.md')
  .split('\n')
  .filter((line) => /^\|\s*`?WEFT_/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '')));
const listed = rows.map((cells) => cells[1] ?? '');
const { whole, begun } = codesInSource();

test('every code in the source is listed', () => {
  expect([...whole].filter((code) => !listed.includes(code)).sort()).toEqual([]);
  expect([...begun].filter((prefix) => !listed.some((code) => code.startsWith(prefix))).sort()).toEqual([]);
});

test('no code is listed twice, or without when and remedy', () => {
  expect(listed.filter((code, index) => listed.indexOf(code) !== index)).toEqual([]);
  expect(rows.filter((cells) => !cells[2] || !cells[3]).map((cells) => cells[1])).toEqual([]);
});

test('every listed code is in the source', () => {
  const alive = (code: string): boolean => whole.has(code) || [...begun].some((prefix) => code.startsWith(prefix));
  expect(listed.filter((code) => !alive(code))).toEqual([]);
});
