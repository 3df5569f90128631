/** A world for commands in tests: streams that remember, a signal to pull, no process. */

import { Readable } from 'node:stream';

import type { CliContext } from './context.ts';

/** A {@link CliContext} and what was written into it. */
export interface FakeContext extends CliContext {
  readonly out: () => string;
  readonly err: () => string;
  /** Stops the program, as Ctrl-C would. */
  readonly stop: (reason: unknown) => void;
}

/** A context whose standard input holds `stdin`, or is it, and whose streams are a terminal when `terminal` is set. */
export function fakeContext({
  stdin = '',
  terminal = false,
  env = {},
}: { stdin?: string | Readable; terminal?: boolean; env?: Record<string, string> } = {}): FakeContext {
  const controller = new AbortController();
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: terminal,
    columns: 100,
    rows: 40,
    write(text: string) {
      written[name] += text;
    },
  });
  const input = typeof stdin === 'string' ? Readable.from([stdin]) : stdin;
  return {
    stdin: Object.assign(input, { isTTY: terminal }),
    stdout: stream('out'),
    stderr: stream('err'),
    env,
    signal: controller.signal,
    now: () => 0,
    out: () => written.out,
    err: () => written.err,
    stop: (reason) => controller.abort(reason),
  };
}
