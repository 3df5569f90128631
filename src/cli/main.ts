#!/usr/bin/env node
/** The program `weft`: ties {@link run} to this process, its signals and its streams. */

import { constants } from 'node:os';

import { writeError } from '../core/index.ts';
import { Stop } from './context.ts';
import { reportError } from './report-error.ts';
import { run } from './run.ts';

const stop = new AbortController();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    const exitCode = 128 + constants.signals[signal];
    // The first asks to save and stop, the second means now; but a terminal that closes hangs up twice, the shell too.
    if (stop.signal.aborted && signal !== 'SIGHUP') process.exit(exitCode);
    stop.abort(new Stop(exitCode));
  });
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read the output is gone, as in `weft … | head`: stop as other programs do on SIGPIPE, but save first. So too
    // when the output goes to a file on a disk that is full.
    stop.abort(error.code === 'EPIPE' ? new Stop(128 + constants.signals.SIGPIPE) : writeError('the output', error));
  });
}

const { stdin, stdout, stderr, env } = process;
const context = { stdin, stdout, stderr, env, signal: stop.signal, now: () => performance.now() };
const exitCode = await run(process.argv.slice(2), context);
// Native threads may still live, so the end is said aloud, once all output is written.
for (const stream of [stdout, stderr]) if (!stream.destroyed) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
// The last of the output may have failed only now.
process.exit(exitCode === 0 && stop.signal.aborted ? reportError(stop.signal.reason, context) : exitCode);
