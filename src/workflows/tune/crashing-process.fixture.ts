/** A program in the place of a trial's, that ends, throws or answers as the request's number of steps asks. */

import type { TrialRequest } from './trial-messages.ts';

process.on('message', (request: TrialRequest) => {
  if (request.kind !== 'train') return;
  if (request.until === 1) process.exit(3);
  if (request.until === 2) process.kill(process.pid, 'SIGKILL');
  if (request.until === 3) throw new Error('out of luck');
  process.send?.({ kind: 'trained', loss: process.pid, steps: request.until, seconds: 0 });
});
