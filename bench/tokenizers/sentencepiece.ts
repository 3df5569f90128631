/**
 * Encoding against C++ `spm_encode`, one thread, CPU time, in turns.
 *
 *   npx tsx bench/tokenizers/sentencepiece.ts [megabytes] [rounds]
 *
 * Models of 8,000 pieces are trained with `spm_train`. `spm_encode` reads a text of one and of three times the size, and what it
 * takes longer for the larger is its time for two: its start and the loading of the model are left out. Its output format is
 * `proto`, which prints nothing. Ours is given the same lines, cold (a new tokenizer) and warm (after other lines).
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sentencePieceFromBytes, sentencePieceFromModel, sentencePieceModelOf } from '../../src/tokenizers/index.ts';

const TEXTS = '../shared/data/text';
const BYTES = Number(process.argv[2] ?? 4) * 1e6;
const ROUNDS = Number(process.argv[3] ?? 3);

const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));

function linesOf(text: string, from: number, bytes: number): readonly string[] {
  const start = text.indexOf('\n', from) + 1;
  return text.slice(start, text.indexOf('\n', start + bytes)).split('\n');
}

/** Seconds of processor that a command takes. */
function secondsOf(command: string): number {
  const { stderr } = spawnSync('bash', ['-c', `TIMEFORMAT='%U %S'; time ${command}`], { encoding: 'utf8' });
  const [user, system] = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return (user ?? NaN) + (system ?? NaN);
}

function ownSeconds(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

const books = readdirSync(join(TEXTS, 'books'))
  .map((name) => readFileSync(join(TEXTS, 'books', name), 'utf8'))
  .join('\n');
const multilingual = readFileSync(join(TEXTS, 'multilingual.txt'), 'utf8');

try {
  console.log('text          model    | spm_encode MB/s | cold MB/s ratio | warm MB/s ratio | count warm | load ms');
  for (const [name, text] of [
    ['English', books],
    ['multilingual', multilingual],
  ] as const) {
    const size = Math.min(BYTES, text.length / 4);
    const train = linesOf(text, 0, size);
    const warmUp = linesOf(text, size, size);
    const test = linesOf(text, size * 2, size);
    writeFileSync(join(folder, 'train.txt'), train.join('\n'));
    writeFileSync(join(folder, 'once.txt'), test.map((line) => `${line}\n`).join(''));
    writeFileSync(
      join(folder, 'thrice.txt'),
      test
        .map((line) => `${line}\n`)
        .join('')
        .repeat(3),
    );
    const megabytes = Buffer.byteLength(test.join('\n')) / 1e6;
    for (const kind of ['unigram', 'bpe']) {
      const model = join(folder, kind);
      const options = [
        `--input=${folder}/train.txt`,
        `--model_prefix=${model}`,
        `--model_type=${kind}`,
        '--vocab_size=8000',
        '--minloglevel=2',
      ];
      execFileSync('spm_train', options, { stdio: 'pipe' });
      const file = readFileSync(`${model}.model`);
      const best = { peer: Infinity, cold: Infinity, warm: Infinity, count: Infinity, load: Infinity };
      for (let round = 0; round < ROUNDS; round++) {
        const encode = `spm_encode --model=${model}.model --output_format=proto --output=/dev/null --input=${folder}`;
        const peer = (secondsOf(`${encode}/thrice.txt`) - secondsOf(`${encode}/once.txt`)) / 2;
        best.peer = Math.min(best.peer, peer);
        const sentencePiece = sentencePieceModelOf(await sentencePieceFromBytes(file));
        const start = performance.now();
        const tokenizer = await sentencePieceFromModel(sentencePiece);
        best.load = Math.min(best.load, performance.now() - start);
        const encodeAll = (lines: readonly string[]) => () => {
          for (const line of lines) tokenizer.encode(line);
        };
        best.cold = Math.min(best.cold, ownSeconds(encodeAll(warmUp)));
        best.warm = Math.min(best.warm, ownSeconds(encodeAll(test)));
        best.count = Math.min(
          best.count,
          ownSeconds(() => {
            for (const line of test) tokenizer.count(line);
          }),
        );
      }
      const rate = (seconds: number): string => (megabytes / seconds).toFixed(1).padStart(6);
      const ratio = (seconds: number): string => (best.peer / seconds).toFixed(2).padStart(6);
      console.log(
        `${name.padEnd(13)} ${kind.padEnd(8)} | ${rate(best.peer).padStart(15)} | ${rate(best.cold)} ${ratio(best.cold).padStart(8)} | ${rate(best.warm)} ${ratio(best.warm).padStart(8)} | ${rate(best.count).padStart(10)} | ${best.load.toFixed(0)}`,
      );
      for (const [what, hard] of Object.entries({
        '1 MB of spaces': ' '.repeat(1e6),
        '1 MB of one letter': 'a'.repeat(1e6),
        '1 MB of emoji': '😀👍🎉'.repeat(83_334),
        '100,000 random letters': Array.from({ length: 100_000 }, (_, index) =>
          String.fromCharCode(97 + ((index * index * 7919 + index * 31) % 26)),
        ).join(''),
      })) {
        const tokenizer = await sentencePieceFromBytes(file);
        const first = ownSeconds(() => void tokenizer.encode(hard));
        const second = ownSeconds(() => void tokenizer.encode(hard));
        console.log(`  ${what}: ${(first * 1000).toFixed(0)} ms, again ${(second * 1000).toFixed(0)} ms`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
