/** The house keeps its rules: who imports whom, through which door, and which packages a room knows. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { globSync } from 'tinyglobby';
import { describe, expect, test } from 'vitest';

import { NOT_EXPORTED, PACKAGES, ROOMS } from './house/rooms.ts';
import { violations } from './house/violations.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const rooms = readdirSync(`${root}src`, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;

test('every file keeps the rules', () => {
  const paths = globSync('{src,studio,examples,bench,test}/**/*.{ts,tsx}', {
    cwd: root,
    ignore: ['**/*.d.ts', '**/node_modules/**', '**/dist/**'],
  });
  expect(paths.length).toBeGreaterThan(0);
  expect(violations(new Map(paths.sort().map((path) => [path, read(path)])))).toEqual([]);
});

test('the table has no cycle: a room imports only rooms that never come back to it', () => {
  const below = (room: string, seen: ReadonlySet<string>): readonly string[] =>
    (ROOMS[room] ?? []).flatMap((other) =>
      seen.has(other) ? [`${[...seen].join(' > ')} > ${other}`] : below(other, new Set([...seen, other])),
    );
  expect(Object.keys(ROOMS).flatMap((room) => below(room, new Set([room])))).toEqual([]);
});

test('every room has a door, and every door is a subpath of the package', () => {
  expect(rooms.filter((room) => room !== 'cli' && !existsSync(`${root}src/${room}/index.ts`))).toEqual([]);
  const doors = rooms.filter((room) => !NOT_EXPORTED.includes(room)).map((room) => `./${room}`);
  const subpaths = Object.keys(manifest.exports).filter((path) => path !== '.' && path !== './package.json');
  expect(subpaths.sort()).toEqual(doors.sort());
});

test('every dependency is in the table of packages, and the table names no other', () => {
  expect(Object.keys(PACKAGES).sort()).toEqual(Object.keys(manifest.dependencies).sort());
});

describe('the rules catch', () => {
  const CASES: readonly (readonly [rule: string, path: string, source: string, message: string | undefined])[] = [
    ['an upward import', 'src/graph/a.ts', "import { train } from '../train/index.ts';", 'graph may not import train'],
    [
      'an upward import of a type',
      'src/models/a.ts',
      "import type { Session } from '../runtime/index.ts';",
      'models may not import runtime',
    ],
    ['an upward import() type', 'src/nn/a.ts', "type T = import('../train/index.ts').T;", 'nn may not import train'],
    ['an upward re-export', 'src/nn/index.ts', "export { x } from '../train/index.ts';", 'nn may not import train'],
    ['a dynamic import', 'src/serve/a.ts', "const room = await import('../train/index.ts');", 'serve may not import train'],
    ['a reach past a door', 'src/train/a.ts', "import { x } from '../graph/graph.ts';", 'reaches past the door of graph'],
    ['a reach past a door in a test', 'src/train/a.test.ts', "import { x } from '../graph/graph.ts';", 'reaches past the door of graph'],
    ['a package that is not for the room', 'src/train/a.ts', "import koffi from 'koffi';", 'train may not know the package koffi'],
    ['an unknown package', 'src/train/a.ts', "import _ from 'lodash/fp';", 'the package lodash is not in the table'],
    ['Node in a pure room', 'src/graph/a.ts', "import fs from 'node:fs';", 'graph is pure'],
    ['depth', 'src/eval/metrics/text/a.ts', '', 'deeper than'],
    ['export *', 'src/data/index.ts', "export * from './a.ts';", '`export *`'],
    ['a default export', 'src/data/a.ts', 'export default 1;', 'a default export'],
    ['a junk drawer', 'src/data/utils.ts', '', 'junk drawer'],
    ['a room that is not in the table', 'src/magic/index.ts', '', 'the room magic is not in the table'],
    ['camel case', 'src/data/readText.ts', '', 'kebab-case'],
    ['a missing extension', 'src/data/a.ts', "import { b } from './b';", 'lacks its extension'],
    ['the test helper of a room in its code', 'src/data/a.ts', "import { b } from './b.fixture.ts';", 'belongs to the tests'],
    ['code of the package in the page', 'studio/src/a.tsx', "import { serve } from '../../src/serve/index.ts';", 'only the types of serve'],
    ['a package in an example', 'examples/01.ts', "import 'zod';", 'an example imports weft and Node alone'],
    [
      'nothing in a good file',
      'src/train/a.ts',
      "import { x } from '../graph/index.ts';\nimport { y } from './y.ts';\nimport { z } from 'zod';",
      undefined,
    ],
    [
      'nothing in strings and comments',
      'src/nn/a.ts',
      "// import '../train/index.ts'\nexport const a = \"import '../train/index.ts'\";",
      undefined,
    ],
    ['nothing in a test that uses another room', 'src/nn/a.test.ts', "import { x } from '../train/index.ts';", undefined],
  ];
  test.for(CASES)('%s', ([, path, source, message]) => {
    const found = violations(new Map([[path, source]]));
    if (message === undefined) expect(found).toEqual([]);
    else expect(found).toEqual([expect.stringContaining(message)]);
  });
});
