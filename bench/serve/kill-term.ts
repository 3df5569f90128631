/**
 * Does a server that is told to stop lose a request? Starts `weft serve` on a tiny model, loads it, sends SIGTERM in the midst,
 * and counts how each request ended; twenty times. `npx tsx bench/serve/kill-term.ts [ROUNDS] [WORKERS]`; exits with 1 when an
 * answer broke off in silence.
 *
 * Half of the rounds have a grace period that is long enough, half have none, so that both ways to end are seen.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { askText, startServing, untilBusy } from '../../src/serve/served-process.fixture.ts';
import type { RequestEnd } from '../../src/serve/served-process.fixture.ts';
import { writeTinyModel } from '../../src/serve/tiny-folder.fixture.ts';

const [rounds = 20, workers = 1] = process.argv.slice(2).map(Number);
const REQUESTS = 16;
const folder = mkdtempSync(join(tmpdir(), 'weft-kill-term-'));
await writeTinyModel(folder, 2048);

const total: Record<RequestEnd, number> = { done: 0, refused: 0, told: 0, unreached: 0, lost: 0 };
let wrongExits = 0;
for (let round = 0; round < rounds; round++) {
  const patient = round % 2 === 0;
  const server = await startServing([
    folder,
    '--grace-seconds',
    patient ? '60' : '0',
    ...(workers > 1 ? ['--workers', String(workers)] : []),
  ]);
  const asked = Array.from({ length: REQUESTS }, (_, number) =>
    askText(server.url, { tokens: patient ? 200 : 2000, stream: number % 2 === 0 }),
  );
  await untilBusy(server.url, REQUESTS / 2);
  server.child.kill('SIGTERM');
  const counts: Partial<Record<RequestEnd, number>> = {};
  for (const end of await Promise.all(asked)) {
    counts[end] = (counts[end] ?? 0) + 1;
    total[end]++;
  }
  const code = await server.ended;
  if (code !== 143) wrongExits++;
  console.log(`round ${round + 1}, ${patient ? 'with' : 'without'} grace: exit ${code}, ${JSON.stringify(counts)}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(
  `${rounds * REQUESTS} requests in ${rounds} rounds, ${workers} worker(s): ${JSON.stringify(total)}, other exit codes ${wrongExits}`,
);
process.exitCode = total.lost > 0 || wrongExits > 0 ? 1 : 0;
