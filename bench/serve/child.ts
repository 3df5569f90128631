/**
 * A process that answers requests of its parent, one at a time: what is measured has a process of its own, stays loaded while others are
 * measured, and its processor time tells whether it kept still.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The parent's end. */
export interface Child<Requests extends RequestMap> {
  readonly pid: number;
  ask<K extends keyof Requests & string>(kind: K, request: Requests[K]['request']): Promise<Requests[K]['answer']>;
  /** Seconds of the processor that it has used so far; NaN where the system does not say. */
  processorSeconds(): number;
  /** Ends it. */
  close(): Promise<void>;
}

/** What can be asked, and what is answered. */
export type RequestMap = Readonly<Record<string, { readonly request: unknown; readonly answer: unknown }>>;

interface Question {
  readonly id: number;
  readonly kind: string;
  readonly request: unknown;
}

type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

/** Ticks of `/proc/<pid>/stat` in a second, as Linux has them on every machine of today. */
const TICKS = 100;

/** Starts a file of this folder as a child. */
export function startChild<Requests extends RequestMap>(file: string): Child<Requests> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const pending = new Map<number, { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }>();
  let next = 0;
  let over: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      over = new Error(`${file} ended (${signal ?? code})`);
      for (const { reject } of pending.values()) reject(over);
      pending.clear();
      resolve();
    });
  });
  child.on('error', (error) => {
    over = error;
  });
  child.on('message', (reply: Reply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(`${file}: ${reply.error}`));
    else waiting?.resolve(reply.answer);
  });
  return {
    pid: child.pid ?? -1,
    ask: (kind, request) =>
      new Promise((resolve, reject) => {
        if (over !== undefined) {
          reject(over);
          return;
        }
        const id = next++;
        pending.set(id, { resolve, reject });
        child.send({ id, kind, request } satisfies Question);
      }),
    processorSeconds() {
      try {
        // The name in brackets may hold spaces; user and system time are the 12th and 13th field behind it.
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ');
        return (Number(fields[11]) + Number(fields[12])) / TICKS;
      } catch {
        return NaN;
      }
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await ended;
    },
  };
}

/** The child's end: answers until the parent is gone. */
export function answerParent<Requests extends RequestMap>(handlers: {
  readonly [K in keyof Requests]: (request: Requests[K]['request']) => Promise<Requests[K]['answer']>;
}): void {
  let turn: Promise<void> = Promise.resolve();
  const answer = async ({ id, kind, request }: Question): Promise<void> => {
    let reply: Reply;
    try {
      const handler = (handlers as Readonly<Record<string, (request: unknown) => Promise<unknown>>>)[kind];
      if (handler === undefined) throw new Error(`cannot ${kind}`);
      reply = { id, answer: await handler(request) };
    } catch (error) {
      reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(reply);
  };
  process.on('message', (question: Question) => {
    turn = turn.then(() => answer(question));
  });
  process.on('disconnect', () => process.exit());
}
