/** Every example in a docblock, and on the pages below, is type-checked and runs, and prints what the comments behind its console.log calls say. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';

import { globSync } from 'tinyglobby';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type DocExample, LOG, docExamples, instrument, keepsPromise, pageExamples } from './examples/doc-examples.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
// Inside the project, where the tests' names for the rooms hold; its own for every run, as two may run at once.
mkdirSync(join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, '.cache', 'doc-examples-'));

/** Pages whose examples run. */
const PAGES = ['docs/serving.md', 'docs/tokenizers.md', 'docs/tuning.md'];
const examples = globSync('src/**/*.ts', { cwd: root, ignore: ['**/*.test.ts', '**/*.fixture.ts'] })
  .sort()
  .flatMap((path) => docExamples(path, readFileSync(join(root, path), 'utf8')))
  .concat(PAGES.flatMap((path) => pageExamples(path, readFileSync(join(root, path), 'utf8'))));
const fileOf = ({ name }: DocExample): string => `${name.replace(/[^a-z0-9]+/gi, '-')}.ts`;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the examples compile under strict', () => {
  const typed = join(folder, 'typed');
  mkdirSync(typed);
  for (const example of examples) writeFileSync(join(typed, fileOf(example)), `${example.code}\nexport {};\n`);
  const options = { noEmit: true, noUnusedLocals: false, isolatedDeclarations: false, declaration: false, rootDir: root };
  const paths = { weft: [join(root, 'src/index.ts')], 'weft/*': [join(root, 'src/*/index.ts')] };
  writeFileSync(
    join(typed, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { ...options, paths }, include: ['*.ts'] }),
  );
  const { stdout } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', typed, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: typed,
  });
  const inExamples = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(' ') && !line.startsWith('..'));
  expect(inExamples).toEqual([]);
});

describe('the examples run', () => {
  let home = '';
  beforeAll(() => {
    home = process.cwd();
  });
  afterAll(() => process.chdir(home));

  test.for(examples.map((example) => [example.name, example] as const))('%s', async ([, example]) => {
    const { code, expectations } = instrument(example.code);
    const printed = new Map<number, string[]>();
    const log =
      (line: number) =>
      (...values: readonly unknown[]): void => {
        printed.set(line, [...(printed.get(line) ?? []), format(...values)]);
      };
    Object.assign(globalThis, { [LOG]: log });
    const file = join(folder, fileOf(example));
    writeFileSync(file, code);
    const scratch = mkdtempSync(join(tmpdir(), 'weft-example-'));
    process.chdir(scratch);
    const { log: consoleLog } = console;
    console.log = () => undefined;
    try {
      await import(/* @vite-ignore */ pathToFileURL(file).href);
    } finally {
      console.log = consoleLog;
      process.chdir(home);
      rmSync(scratch, { recursive: true, force: true });
    }
    for (const { line, output } of expectations) {
      const actual = printed.get(line)?.join('\n') ?? '(nothing)';
      // Equal by the rule for white space and "…", else the two are shown side by side.
      expect(keepsPromise(output, actual) ? output : actual, `line ${line} of the example`).toBe(output);
    }
  });
});

describe('the finder and the promise', () => {
  const source = [
    '/** One.',
    ' *',
    ' * @example',
    ' * ```ts',
    " * console.log('a', // not this comment",
    ' *   1); // a 1',
    ' * for (const n of [1, 2]) console.log(n); // 1 2',
    ' * ```',
    ' * @returns',
    ' * ```ts',
    ' * not an example',
    ' * ```',
    ' */',
    'export const text = "/** @example */";',
  ].join('\n');

  test('finds blocks after @example alone, with their line', () => {
    expect(docExamples('src/a.ts', source).map(({ name }) => name)).toEqual(['src/a.ts:5']);
  });

  test('instruments only calls with a comment behind them', () => {
    const { code, expectations } = instrument(docExamples('src/a.ts', source)[0]?.code ?? '');
    expect(expectations).toEqual([
      { line: 2, output: 'a 1' },
      { line: 3, output: '1 2' },
    ]);
    expect(code).toContain(`globalThis.${LOG}(3)(n)`);
  });

  test('a broken promise is noticed', () => {
    expect(keepsPromise('1 2', '1\n2')).toBe(true);
    expect(keepsPromise('[ 1, 2, …', '[ 1, 2, 3 ]')).toBe(true);
    expect(keepsPromise('1', '2')).toBe(false);
    expect(keepsPromise('', '2')).toBe(false);
  });
});
