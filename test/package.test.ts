/** The tarball of `npm pack` installs into an empty strict project, where every subpath imports with its types and an example runs. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
};
const specifiers = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace(/^\./, 'weft'));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

function run(command: string, args: readonly string[], cwd: string): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', npm_config_loglevel: 'error', npm_config_update_notifier: 'false' },
  });
  return { code: status, output: `${stdout}${stderr}${error?.message ?? ''}` };
}
const node = (args: readonly string[], cwd: string): Outcome => run(process.execPath, args, cwd);
const ok = (outcome: Outcome): void => expect(outcome, outcome.output).toMatchObject({ code: 0 });

describe.skipIf(!existsSync(join(root, 'dist', 'index.js')))('the package (built by npm test or npm run build)', () => {
  let home = '';
  let tarball = '';
  let project = '';

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'weft-package-'));
    ok(run('npm', ['pack', '--ignore-scripts', '--pack-destination', home], root));
    tarball = join(home, readdirSync(home).find((name) => name.endsWith('.tgz')) ?? '');
    project = join(home, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
    const types = `@types/node@${(JSON.parse(readFileSync(join(root, 'node_modules/@types/node/package.json'), 'utf8')) as { version: string }).version}`;
    ok(run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball, types], project));
  }, 300_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test('holds what is built and nothing else', () => {
    const inside = readdirSync(join(project, 'node_modules', 'weft'), { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => statSync(join(project, 'node_modules', 'weft', path)).isFile());
    expect(inside.filter((path) => !/^dist\/|^package\.json$|^README\.md$|^LICENSE$/.test(path))).toEqual([]);
    expect(inside.filter((path) => /\.(?:test|fixture)\.|\.stamp$/.test(path))).toEqual([]);
    expect(inside).toContain('dist/cli/main.js');
  });

  test('every subpath has types under strict, libraries checked too', { timeout: 120_000 }, () => {
    const imports = specifiers.map(
      (specifier, index) => `import * as room${index} from '${specifier}';\nconsole.log('${specifier}', Object.keys(room${index}).length);`,
    );
    writeFileSync(join(project, 'all.ts'), `${imports.join('\n')}\n`);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      module: 'NodeNext',
      target: 'ES2023',
      lib: ['ES2023'],
      types: ['node'],
      skipLibCheck: false,
      outDir: 'out',
      rootDir: '.',
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    ok(node([join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'], project));
    const imported = node(['out/all.js'], project);
    ok(imported);
    const counts = imported.output.trim().split('\n');
    expect(counts.map((line) => line.split(' ')[0])).toEqual(specifiers);
    expect(counts.filter((line) => line.endsWith(' 0'))).toEqual([]);
  });

  test('the first example compiles and runs', { timeout: 120_000 }, () => {
    const first = readdirSync(join(root, 'examples')).sort()[0] ?? '';
    copyFileSync(join(root, 'examples', first), join(project, 'example.ts'));
    ok(node([join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'], project));
    const ran = node(['out/example.js'], project);
    ok(ran);
    expect(ran.output.trim()).not.toBe('');
  });

  test('the program runs', () => {
    const help = run(join(project, 'node_modules', '.bin', 'weft'), ['--help'], project);
    ok(help);
    expect(help.output).toContain('quickstart');
  });

  test('publint finds nothing', async () => {
    const { publint } = await import('publint');
    const { messages } = await publint({ pkgDir: root, level: 'suggestion', strict: true });
    expect(messages).toEqual([]);
  });

  test('arethetypeswrong finds nothing', { timeout: 120_000 }, () => {
    const cli = join(root, 'node_modules/@arethetypeswrong/cli');
    const { bin } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8')) as { bin: { attw: string } };
    ok(node([join(cli, bin.attw), tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], project));
  });
});
