/**
 * CPU time of training tokenizers: ours beside npm `tokenizers` (Rust) and Debian's `spm_train` (C++), each in a process of its own.
 *
 *     npx tsx bench/tokenizers/training.ts [TEXT-FILE-OR-FOLDER] [ROUNDS]
 *
 * The text is read as lines. Theirs and ours take turns; printed are the medians of the CPU seconds of all threads, from the reading of
 * the text to the trained vocabulary, and the ratio within a round. Node's and the modules' start-up is left out, spm_train's is not.
 * npm's binding has no options: it trains 30,000 tokens (8,000 of a unigram model).
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { TrainTokenizerOptions } from '../../src/tokenizers/index.ts';

const execute = promisify(execFile);
const SELF = fileURLToPath(import.meta.url);
const BOOKS = fileURLToPath(new URL('../../../shared/data/text/books', import.meta.url));

interface Duel {
  readonly name: string;
  readonly options: TrainTokenizerOptions;
  /** What npm's binding trains, or the flags of `spm_train`. */
  readonly peer: { readonly rust: RustModel } | { readonly flags: readonly string[] };
}

type RustModel = 'bpe' | 'character-bpe' | 'wordpiece' | 'unigram';

const spm = (model: string, size: number): Duel['peer'] => ({ flags: [`--model_type=${model}`, `--vocab_size=${size}`] });

const DUELS: readonly Duel[] = [
  {
    name: 'bpe 30k, Hugging Face',
    options: { vocabSize: 30_000, splitting: 'gpt2', minFrequency: 1, specialTokens: [] },
    peer: { rust: 'bpe' },
  },
  { name: 'bpe 32k, spm_train', options: { vocabSize: 32_000 }, peer: spm('bpe', 32_000) },
  {
    name: 'character-bpe 30k, Hugging Face',
    options: { type: 'character-bpe', vocabSize: 30_000, minFrequency: 1 },
    peer: { rust: 'character-bpe' },
  },
  { name: 'wordpiece 30k, Hugging Face', options: { type: 'wordpiece', vocabSize: 30_000, minFrequency: 1 }, peer: { rust: 'wordpiece' } },
  { name: 'unigram 8k, Hugging Face', options: { type: 'unigram', vocabSize: 8000 }, peer: { rust: 'unigram' } },
  { name: 'unigram 8k, spm_train', options: { type: 'unigram', vocabSize: 8000 }, peer: spm('unigram', 8000) },
  { name: 'unigram 32k, spm_train', options: { type: 'unigram', vocabSize: 32_000 }, peer: spm('unigram', 32_000) },
  { name: 'sentencepiece-bpe 8k, spm_train', options: { type: 'sentencepiece-bpe', vocabSize: 8000 }, peer: spm('bpe', 8000) },
  { name: 'sentencepiece-bpe 32k, spm_train', options: { type: 'sentencepiece-bpe', vocabSize: 32_000 }, peer: spm('bpe', 32_000) },
];

interface Cost {
  readonly seconds: number;
  readonly megabytes: number;
}

const [first = BOOKS, ...rest] = process.argv.slice(2);
if (first === '--child') await child(rest);
else await parent(first, Number(rest[0] ?? 1));

/** Trains in this process and prints what it cost. */
async function child([contestant = '', argument = '', file = '']: readonly string[]): Promise<void> {
  const train = contestant === 'weft' ? await weft(JSON.parse(argument) as TrainTokenizerOptions) : await rust(argument as RustModel);
  const before = process.cpuUsage();
  await train(file);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ seconds: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1024 }));
}

async function weft(options: TrainTokenizerOptions): Promise<(file: string) => Promise<unknown>> {
  const { trainTokenizer } = await import('../../src/tokenizers/index.ts');
  await trainTokenizer(['load the modules'], { ...options, vocabSize: 300 });
  return (file) => trainTokenizer(readFileSync(file, 'utf8').match(/[^\n]*\n|[^\n]+$/g) ?? [], options);
}

async function rust(kind: RustModel): Promise<(file: string) => Promise<void>> {
  const library = await import('tokenizers');
  const models = { bpe: library.BPE, 'character-bpe': library.BPE, wordpiece: library.WordPiece, unigram: library.Unigram };
  const tokenizer = new library.Tokenizer(models[kind].empty());
  if (kind === 'wordpiece') {
    tokenizer.setNormalizer(library.bertNormalizer());
    tokenizer.setPreTokenizer(library.bertPreTokenizer());
  } else tokenizer.setPreTokenizer(kind === 'bpe' ? library.byteLevelPreTokenizer(false, true) : library.metaspacePreTokenizer());
  return (file) => Promise.resolve(tokenizer.train([file]));
}

async function runSelf(...args: readonly string[]): Promise<Cost> {
  const { stdout } = await execute(process.execPath, ['--import', 'tsx', SELF, '--child', ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Cost;
}

async function runSpm(file: string, folder: string, flags: readonly string[]): Promise<Cost> {
  const all = [
    `--input=${file}`,
    `--model_prefix=${folder}/model`,
    '--max_sentence_length=1000000000',
    '--num_threads=1',
    '--minloglevel=2',
    ...flags,
  ];
  const command = 'TIMEFORMAT="CPU %U %S"; time spm_train "$@" 2>/dev/null';
  const { stderr } = await execute('bash', ['-c', command, 'bash', ...all]);
  const [, user, system] = /CPU (\S+) (\S+)/.exec(stderr) ?? [];
  return { seconds: Number(user) + Number(system), megabytes: Number.NaN };
}

async function parent(source: string, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  try {
    const file = join(folder, 'text.txt');
    const files = statSync(source).isDirectory()
      ? readdirSync(source)
          .sort()
          .map((name) => join(source, name))
      : [source];
    writeFileSync(file, files.map((name) => readFileSync(name, 'utf8')).join('\n'));
    console.log(`${source}: ${(statSync(file).size / 1e6).toFixed(1)} MB, ${rounds} round(s)`);
    console.log(`${'what'.padEnd(36)}${'ours s'.padStart(9)}${'theirs s'.padStart(9)}${'ratio'.padStart(8)}${'our MB'.padStart(9)}`);
    for (const { name, options, peer } of DUELS) {
      if (!('rust' in peer) && !existsSync('/usr/bin/spm_train')) {
        console.log(`${name}: skipped, there is no spm_train`);
        continue;
      }
      const ours: Cost[] = [];
      const theirs: Cost[] = [];
      for (let round = 0; round < rounds; round++) {
        ours.push(await runSelf('weft', JSON.stringify(options), file));
        theirs.push('rust' in peer ? await runSelf('rust', peer.rust, file) : await runSpm(file, folder, peer.flags));
      }
      const ratio = median(ours.map(({ seconds }, round) => seconds / (theirs[round] as Cost).seconds));
      const [mine, other] = [median(ours.map(({ seconds }) => seconds)), median(theirs.map(({ seconds }) => seconds))];
      const megabytes = Math.max(...ours.map((cost) => cost.megabytes));
      console.log(
        `${name.padEnd(36)}${mine.toFixed(2).padStart(9)}${other.toFixed(2).padStart(9)}${ratio.toFixed(3).padStart(8)}${megabytes.toFixed(0).padStart(9)}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
