/** What a session owns natively, and how it ends: closed by hand, at the end of its last run, or by the garbage collector. */

import koffi from 'koffi';

import { UsageError } from '../core/index.ts';
import { call, ortApi } from './api.ts';
import { trimHeap } from './library.ts';
import type { Address } from './library.ts';
import { live } from './native-tensor.ts';

/** Mutable, and shared by a session, its bindings and the finalizer; it refers to none of them. */
export interface SessionState {
  readonly handle: Address;
  readonly profiling: boolean;
  /** Runs that are going on or wait for a thread. */
  running: number;
  closed: boolean;
  released: boolean;
  profilePath: string | undefined;
}

/** Throws `WEFT_RUNTIME_CLOSED` when the session was closed. */
export function checkOpen(state: SessionState): void {
  if (!state.closed) return;
  throw new UsageError({
    code: 'WEFT_RUNTIME_CLOSED',
    action: 'run the model',
    rule: 'its session was closed',
    value: 'close was called',
    remedy: 'Close a session after its last run, or create another.',
  });
}

/** Refuses further runs; frees the session now, or when the last run that is going on ends. */
export function closeSession(state: SessionState): void {
  state.closed = true;
  if (state.running === 0) release(state);
}

/** To be called at the end of every run. */
export function endRun(state: SessionState): void {
  state.running--;
  if (state.closed && state.running === 0) release(state);
}

function release(state: SessionState): void {
  if (state.released) return;
  state.released = true;
  const { ReleaseSession, AllocatorFree, allocator } = ortApi();
  if (state.profiling) {
    const path = call('SessionEndProfiling', state.handle, allocator);
    state.profilePath = koffi.decode.string(BigInt(path));
    AllocatorFree(allocator, path);
  }
  ReleaseSession(state.handle);
  live.sessions--;
  trimHeap();
}

/** Sessions that nobody closed and nobody can reach are closed here. */
export const forgottenSessions: FinalizationRegistry<SessionState> = new FinalizationRegistry(closeSession);
