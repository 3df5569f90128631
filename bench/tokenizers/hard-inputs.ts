/**
 * Texts that make other tokenizers take minutes: long pieces, runs of one character. Each in a process of its own, first call and best of
 * five.
 *
 *     npx tsx bench/tokenizers/hard-inputs.ts [encoding…]
 */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { loadEncoding } from '../../src/tokenizers/index.ts';
import type { EncodingName } from '../../src/tokenizers/index.ts';

const MEGABYTE = 1 << 20;
/** Letters that look random, the same in every run. */
function letters(count: number): string {
  let state = 7;
  let text = '';
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    text += String.fromCharCode(0x61 + ((state >>> 16) % 26));
  }
  return text;
}
const TEXTS: Readonly<Record<string, () => string>> = {
  'a piece of 100,000 letters': () => letters(100_000),
  'of 200,000': () => letters(200_000),
  '1 MB of one letter': () => 'a'.repeat(MEGABYTE),
  '2 MB of one letter': () => 'a'.repeat(2 * MEGABYTE),
  '1 MB of spaces': () => ' '.repeat(MEGABYTE),
  '2 MB of spaces': () => ' '.repeat(2 * MEGABYTE),
  '1 MB of emoji': () => '😀'.repeat(MEGABYTE / 4),
  '2 MB of emoji': () => '😀'.repeat(MEGABYTE / 2),
};

const [first, name, encoding] = process.argv.slice(2);
if (first === '--child') {
  const tokenizer = await loadEncoding(encoding as EncodingName);
  const text = TEXTS[name ?? '']?.() ?? '';
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    tokenizer.encode(text);
    times.push(performance.now() - started);
  }
  console.log(JSON.stringify({ first: times[0], best: Math.min(...times) }));
} else {
  const encodings = process.argv.length > 2 ? process.argv.slice(2) : ['o200k_base', 'cl100k_base'];
  for (const encodingName of encodings) {
    const rows = Object.keys(TEXTS).map((text) => {
      const command = ['--import', 'tsx', fileURLToPath(import.meta.url), '--child', text, encodingName];
      const measured = JSON.parse(execFileSync(process.execPath, command, { encoding: 'utf8' })) as { first: number; best: number };
      return [text, { 'first ms': measured.first.toFixed(1), 'best ms': measured.best.toFixed(1) }] as const;
    });
    console.log(`\n${encodingName}`);
    console.table(Object.fromEntries(rows));
  }
}
