/** The world as the program sees it, passed in, so that tests run commands without a process. */

import type { Output } from './terminal/render-events.ts';

/** Everything a command may touch besides files. */
export interface CliContext {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C, by SIGTERM, or when nobody reads the output any more: its reason is then a {@link Stop}, else the error. */
  readonly signal: AbortSignal;
  /** Milliseconds, for what is redrawn. */
  readonly now: () => number;
}

/** Why the program was stopped from outside, and the exit code that says so (128 + the signal's number). */
export class Stop extends Error {
  override readonly name: string = 'AbortError';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('stopped');
    this.exitCode = exitCode;
  }
}

/** Resolves when the program is stopped: for commands that run until then. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Prints a value as JSON, one object on stdout and nothing else. */
export function printJson({ stdout }: CliContext, value: unknown): void {
  stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints a line. */
export function printLine({ stdout }: CliContext, line: string): void {
  stdout.write(`${line}\n`);
}
