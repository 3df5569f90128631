/**
 * Time from starting `weft --help` to its first output, of what `npm run build` made.
 *
 *     npm run build && npx tsx bench/start-up.ts
 *
 * Prints one JSON line: milliseconds, median and least of 20 starts after 2 that warm the disk's cache, beside `node -e 0`.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const STARTS = 20;

/** Milliseconds until the process writes, or ends. */
function firstOutput(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let time: number | undefined;
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', () => (time ??= performance.now() - started));
    child.on('close', (code) =>
      code === 0 ? resolve(time ?? performance.now() - started) : reject(new Error(`exit ${code}: run npm run build first`)),
    );
  });
}

async function measure(args: readonly string[]): Promise<{ readonly median: number; readonly least: number }> {
  const times: number[] = [];
  for (let start = 0; start < STARTS + 2; start++) {
    const time = await firstOutput(args);
    if (start >= 2) times.push(time);
  }
  times.sort((a, b) => a - b);
  return { median: Math.round(times[times.length >> 1] ?? 0), least: Math.round(times[0] ?? 0) };
}

console.log(JSON.stringify({ help: await measure([program, '--help']), bareNode: await measure(['-e', '0']) }));
