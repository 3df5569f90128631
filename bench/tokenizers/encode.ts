/**
 * Encoding beside the tokenizers of npm, each library in its own process, in turns.
 *
 *     npx tsx bench/tokenizers/encode.ts [--rounds 3] [--encodings o200k_base,cl100k_base] [--english PATH] [--multilingual PATH]
 *
 * The built package is measured: run `npm run build` first. The peers are installed into bench/peers when they are missing. Prints a
 * table of medians, and what our figure is divided by that of the fastest peer, or of the fastest whose ids are tiktoken's, with
 * both in the same round.
 */

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import { median } from '../peer.ts';

/** What a child prints. */
interface Measured {
  readonly loadMilliseconds: number;
  readonly loadedMegabytes: number;
  readonly cold: number;
  readonly warm: number;
  readonly decode: number;
  readonly countMicroseconds: number;
  readonly peakMegabytes: number;
  readonly tokens: number;
}

const LIBRARIES = ['weft', 'gpt-tokenizer', 'ai-tokenizer', 'tiktoken'] as const;
const EXACT: readonly string[] = ['tiktoken'];
const CORPUS_UNITS = 20_000_000;

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    encodings: { type: 'string', default: 'o200k_base,cl100k_base' },
    corpora: { type: 'string', default: 'English,code,multilingual' },
    english: { type: 'string', default: join(root, '../shared/data/text/books') },
    multilingual: { type: 'string', default: join(root, '../shared/data/text/multilingual.txt') },
    code: { type: 'string', default: join(root, 'node_modules') },
  },
});
if (!existsSync(join(root, 'dist/tokenizers/index.js'))) throw new Error('There is no dist: run npm run build.');
if (!existsSync(join(here, '../peers/node_modules'))) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: join(here, '../peers'), stdio: 'inherit' });
}

/** The text of a file, or of the files of a folder whose names match, up to what is measured. */
function textOf(path: string, names: RegExp, largest: number): string {
  if (!existsSync(path)) return '';
  if (statSync(path).isFile()) return readFileSync(path, 'utf8').slice(0, CORPUS_UNITS);
  let text = '';
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of files) {
    if (text.length >= CORPUS_UNITS) break;
    // Bundles of one line are no code that people write.
    const status = statSync(join(path, name));
    if (names.test(name) && status.isFile() && status.size < largest) text += readFileSync(join(path, name), 'utf8');
  }
  return text.slice(0, CORPUS_UNITS);
}

const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
const corpora = [
  ['English', flags.english, /./, Infinity],
  ['code', flags.code, /\.[cm]?[jt]s$/, 400_000],
  ['multilingual', flags.multilingual, /./, Infinity],
] as const;
const execute = promisify(execFile);
async function measure(library: string, encoding: string, corpus: readonly string[]): Promise<Measured> {
  const { stdout } = await execute(process.execPath, [join(here, 'encode-child.mjs'), library, encoding, ...corpus], { cwd: root });
  return JSON.parse(stdout) as Measured;
}

const show = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
try {
  for (const encoding of flags.encodings.split(',')) {
    for (const [name, path, names, largest] of corpora) {
      if (!flags.corpora.split(',').includes(name)) continue;
      const text = textOf(path, names, largest);
      if (text === '') {
        console.error(`skipped: ${name}, as there is no ${path}`);
        continue;
      }
      const file = join(folder, `${name}.txt`);
      writeFileSync(file, text);
      const rounds: Record<string, Measured>[] = [];
      for (let round = 0; round < Number(flags.rounds); round++) {
        const results: Record<string, Measured> = {};
        for (const library of LIBRARIES) results[library] = await measure(library, encoding, [file]);
        rounds.push(results);
      }
      const of = (library: string, key: keyof Measured): number => median(rounds.map((results) => results[library]?.[key] ?? NaN));
      console.log(`\n${encoding}, ${name}`);
      console.table(
        Object.fromEntries(
          LIBRARIES.map((library) => [
            library,
            {
              'cold MB/s': show(of(library, 'cold')),
              'warm MB/s': show(of(library, 'warm')),
              'decode MB/s': show(of(library, 'decode')),
              'count µs': show(of(library, 'countMicroseconds')),
              'load ms': show(of(library, 'loadMilliseconds')),
              'peak MB': show(of(library, 'peakMegabytes')),
              tokens: of(library, 'tokens'),
            },
          ]),
        ),
      );
      const peers = LIBRARIES.slice(1);
      for (const [who, among] of [
        ['fastest peer', peers],
        ['fastest exact peer', peers.filter((library) => EXACT.includes(library))],
      ] as const) {
        const ratio = (key: 'cold' | 'warm'): string =>
          median(
            rounds.map((results) => (results['weft']?.[key] ?? 0) / Math.max(...among.map((library) => results[library]?.[key] ?? 0))),
          ).toFixed(2);
        console.log(`  ÷ ${who}: cold ${ratio('cold')}, warm ${ratio('warm')}`);
      }
      const count = median(
        rounds.map((results) => (results['gpt-tokenizer']?.countMicroseconds ?? 0) / (results['weft']?.countMicroseconds ?? 1)),
      );
      console.log(`  count of 100 characters: gpt-tokenizer takes ${count.toFixed(2)} times as long`);
    }
  }
  const loads = [];
  for (let round = 0; round < Number(flags.rounds); round++) loads.push(await measure('weft', 'o200k_base', []));
  console.log(
    `\nloading o200k_base and a first call: ${show(median(loads.map(({ loadMilliseconds }) => loadMilliseconds)))} ms, ` +
      `${show(median(loads.map(({ loadedMegabytes }) => loadedMegabytes)))} MB at most in the process`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
