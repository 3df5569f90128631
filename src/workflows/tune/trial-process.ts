/**
 * The program of a trial: a process of its own, so that one that crashes, or that the system kills for its memory, is a failed trial and
 * no more. It does one request at a time, stays for the next, and ends with its parent.
 */

import { WeftError } from '../../core/index.ts';
import { timeStep } from '../time-step.ts';
import { trainPart } from '../train-run.ts';
import type { TrialAnswer, TrialRequest } from './trial-messages.ts';

/** Milliseconds between two steps that are told. */
const TELL_EVERY = 200;

let stop = new AbortController();
let work: Promise<void> = Promise.resolve();

/** Resolves when the message is on its way. */
function say(answer: TrialAnswer): Promise<void> {
  return new Promise((settle) => {
    if (process.connected) process.send?.(answer, () => settle());
    else settle();
  });
}

async function train({ recipe, until, data, heldOutTokens }: Extract<TrialRequest, { readonly kind: 'train' }>): Promise<TrialAnswer> {
  let steps = 0;
  let toldAt = 0;
  try {
    const state = await trainPart(recipe, {
      until,
      data,
      heldOutTokens,
      signal: stop.signal,
      onEvent(event) {
        if (event.kind !== 'step') return;
        steps = event.step;
        const now = performance.now();
        if (now - toldAt < TELL_EVERY) return;
        toldAt = now;
        void say({ kind: 'step', step: event.step, loss: event.loss, tokensPerSecond: event.tokensPerSecond });
      },
    });
    return { kind: 'trained', loss: state.bestLoss ?? Infinity, steps: state.step, seconds: state.seconds };
  } catch (error) {
    if (stop.signal.aborted) return { kind: 'stopped' };
    return failure(error, steps);
  }
}

async function time({ recipe, vocabSize, threads, steps }: Extract<TrialRequest, { readonly kind: 'time' }>): Promise<TrialAnswer> {
  try {
    const { model = {}, training: { batchSize = 16 } = {} } = recipe;
    return { kind: 'timed', seconds: await timeStep({ model, vocabSize, batchSize, threads, steps }) };
  } catch (error) {
    return failure(error, 0);
  }
}

function failure(error: unknown, steps: number): TrialAnswer {
  const code = error instanceof WeftError ? error.code : 'WEFT_INTERNAL';
  return { kind: 'failed', code, message: error instanceof Error ? error.message : String(error), steps };
}

process.on('message', (request: TrialRequest) => {
  if (request.kind === 'stop') {
    stop.abort();
    return;
  }
  stop = new AbortController();
  work = (request.kind === 'train' ? train(request) : time(request)).then(say);
});
// A terminal's Ctrl-C reaches every process of the group; it is the parent that decides what is saved.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => {
  stop.abort();
  // What runs is saved first.
  void work.then(() => process.exit(0));
});
