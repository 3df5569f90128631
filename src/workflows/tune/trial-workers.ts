/** Processes for trials, as many as run beside each other; one that ends unasked is a failed trial, and another takes its place. */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { TrialAnswer, TrialRequest } from './trial-messages.ts';

/** An answer that ends a request. */
export type TrialEnd = Exclude<TrialAnswer, { readonly kind: 'step' }>;

/** Processes to give requests to. */
export interface TrialWorkers {
  /** Does a request in a process that is free; `onStep` hears of steps on the way. Aborting has it stop and save. */
  ask(
    request: Exclude<TrialRequest, { readonly kind: 'stop' }>,
    options?: { readonly onStep?: (step: Extract<TrialAnswer, { readonly kind: 'step' }>) => void; readonly signal?: AbortSignal },
  ): Promise<TrialEnd>;
  /** Ends the processes. */
  close(): void;
}

/** The last of what a process wrote about its end that is kept. */
const LAST_WORDS = 400;

/** No process yet: they are started as they are needed and then kept. `program` stands beside this file, without its extension. */
export function createTrialWorkers(program: string = 'trial-process'): TrialWorkers {
  const free: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const start = (): ChildProcess => {
    const child = startProcess(program);
    all.add(child);
    return child.once('exit', () => {
      all.delete(child);
      if (free.includes(child)) free.splice(free.indexOf(child), 1);
    });
  };
  return {
    ask: (request, { onStep, signal } = {}) =>
      new Promise((settle) => {
        const child = free.pop() ?? start();
        let lastWords = '';
        const listen = (text: Buffer): void => {
          lastWords = (lastWords + text.toString()).slice(-LAST_WORDS);
        };
        const stop = (): void => void child.send({ kind: 'stop' } satisfies TrialRequest, () => undefined);
        const end = (answer: TrialEnd, alive: boolean): void => {
          child.off('message', hear).off('exit', crashed).off('error', crashed);
          child.stderr?.off('data', listen);
          signal?.removeEventListener('abort', stop);
          if (alive) free.push(child);
          settle(answer);
        };
        const hear = (answer: TrialAnswer): void => {
          if (answer.kind === 'step') onStep?.(answer);
          else end(answer, true);
        };
        const crashed = (code: unknown, by: unknown): void => {
          const how = typeof by === 'string' ? `killed by ${by}` : `exit code ${String(code)}`;
          const words = lastWords.trim().split('\n').at(-1) ?? '';
          end(
            { kind: 'failed', code: 'WEFT_TUNE_CRASH', message: `the process ended: ${how}${words === '' ? '' : `, ${words}`}`, steps: 0 },
            false,
          );
        };
        child.on('message', hear).on('exit', crashed).on('error', crashed);
        child.stderr?.on('data', listen);
        signal?.addEventListener('abort', stop, { once: true });
        child.send(request, (error) => {
          if (error !== null) crashed(error.message, undefined);
        });
        if (signal?.aborted === true) stop();
      }),
    close() {
      for (const child of all) child.kill('SIGKILL');
      all.clear();
    },
  };
}

function startProcess(name: string): ChildProcess {
  // As TypeScript in the sources, which tsx reads, as JavaScript in the package.
  const here = import.meta.url;
  const extension = here.endsWith('.ts') ? '.ts' : '.js';
  const loader = extension === '.ts' ? ['--import', pathToFileURL(createRequire(here).resolve('tsx')).href] : [];
  const program = fileURLToPath(new URL(`./${name}${extension}`, here));
  return fork(program, { execArgv: loader, serialization: 'json', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
}
