/** One native run: on this thread, or on one of Node's pool with cancellation. */

import { UsageError, WeftError } from '../core/index.ts';
import { check, ortApi, takeError } from './api.ts';
import type { Attempt } from './api.ts';
import type { Address } from './library.ts';
import { endRun } from './session-state.ts';
import type { SessionState } from './session-state.ts';
import { giveThread, leaveQueue, takeThread } from './threads.ts';

/** The arguments of OrtApi::Run: addresses of arrays of C strings and of OrtValues, which the caller holds. */
export interface RunCall {
  readonly session: SessionState;
  readonly options: Address;
  readonly inputNames: Address;
  readonly inputs: Address;
  readonly inputCount: number;
  readonly outputNames: Address;
  readonly outputs: Address;
  readonly outputCount: number;
  /** Whether a run with these options was cancelled, which they remember. */
  terminated: boolean;
}

const RUN: Attempt = {
  code: 'WEFT_RUNTIME_RUN',
  action: 'run the model',
  remedy: 'Check the shapes and values that are fed against the model; ONNX Runtime names the node above.',
};

/** Runs on this thread. The caller checked the arguments. */
export function runSync(call: RunCall): void {
  const { session, options, inputNames, inputs, inputCount, outputNames, outputs, outputCount } = call;
  if (call.terminated) forgetTermination(call);
  session.running++;
  let status: unknown;
  try {
    status = ortApi().Run(session.handle, options, inputNames, inputs, inputCount, outputNames, outputCount, outputs);
  } finally {
    endRun(session);
  }
  if (status !== 0) check(status, RUN);
}

/**
 * Runs on a thread of Node's pool; the event loop stays free. Rejects with `WEFT_RUNTIME_CANCELLED` when `signal` is
 * aborted before the run ends. The caller checked the arguments, and holds all memory until the promise settles.
 */
export function runAsync(call: RunCall, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(cancelled(signal));
    const { session, options, inputNames, inputs, inputCount, outputNames, outputs, outputCount } = call;
    const { Run, RunOptionsSetTerminate } = ortApi();
    if (call.terminated) forgetTermination(call);
    const settle = (): void => {
      going.delete(call);
      signal?.removeEventListener('abort', abort);
      endRun(session);
    };
    const start = (): void => {
      stopAtExit(call);
      try {
        Run.async(
          session.handle,
          options,
          inputNames,
          inputs,
          inputCount,
          outputNames,
          outputCount,
          outputs,
          (failure: unknown, status: unknown) => {
            giveThread();
            settle();
            const error = failure === null || failure === undefined ? takeError(status, RUN) : failure;
            if (error === undefined) resolve();
            else reject(signal?.aborted === true ? cancelled(signal, error) : error);
          },
        );
      } catch (error) {
        giveThread();
        settle();
        reject(error);
      }
    };
    const abort = (): void => {
      if (leaveQueue(start)) {
        settle();
        reject(cancelled(signal));
        return;
      }
      call.terminated = true;
      RunOptionsSetTerminate(options);
    };
    session.running++;
    signal?.addEventListener('abort', abort, { once: true });
    takeThread(start);
  });
}

/** Runs that a thread works on. */
const going = new Set<RunCall>();
let watching = false;

/** The process waits for its threads when it ends, so runs that go on then are told to stop. */
function stopAtExit(call: RunCall): void {
  going.add(call);
  if (watching) return;
  watching = true;
  process.once('exit', () => {
    for (const { options } of going) ortApi().RunOptionsSetTerminate(options);
  });
}

function forgetTermination(call: RunCall): void {
  check(ortApi().RunOptionsUnsetTerminate(call.options));
  call.terminated = false;
}

function cancelled(signal: AbortSignal | undefined, cause: unknown = signal?.reason): WeftError {
  return new WeftError({
    code: 'WEFT_RUNTIME_CANCELLED',
    action: 'finish the run',
    rule: 'it was cancelled',
    value: String(signal?.reason ?? 'aborted'),
    remedy: 'Run again without aborting the signal.',
    cause,
  });
}

/** For a second run of what can run once at a time. */
export function busy(action: string): UsageError {
  return new UsageError({
    code: 'WEFT_RUNTIME_BUSY',
    action,
    rule: 'a run of the same binding is going on',
    value: 'its memory is in use',
    remedy: 'Await the run, or make a second binding with outputs of its own.',
  });
}
