/**
 * The program of a worker of `weft serve --workers`: a server like any other, but for what all workers have together: the
 * budgets of keys and the sum of the metrics are the first process's.
 *
 * Ctrl-C reaches every process of a terminal: the first says what to do, so a worker does not listen to it. A worker ends
 * with the first process, whose port it answers (Node's cluster sees to that).
 */

import { UsageError, WeftError } from '../core/index.ts';
import type { OwnCounts } from './app.ts';
import type { PageEngineModel } from './page-api.ts';
import type { RateAnswer, RateLimits } from './rate-limits.ts';
import { serveInside } from './serve.ts';
import type { RunningServer } from './serve.ts';
import type { Answer, FromWorker, ToWorker, WorkerOrders } from './worker-messages.ts';

const answers = new Map<number, (value: never) => void>();
let asked = 0;
let own: OwnCounts | undefined;
let server: RunningServer | undefined;

/** Resolves when the message is on its way. */
function say(message: FromWorker): Promise<void> {
  return new Promise((settle) => {
    if (process.connected) process.send?.(message, () => settle());
    else settle();
  });
}

/** Asks the first process. */
function ask<T extends Answer>(question: (id: number) => FromWorker): Promise<T> {
  const id = asked++;
  return new Promise<T>((resolve) => {
    answers.set(id, resolve);
    void say(question(id));
  });
}

const limits: RateLimits = {
  take: (limit) => ask<RateAnswer>((id) => ({ kind: 'take', id, limit })),
  charge: (limit, tokens) => void say({ kind: 'charge', limit, tokens }),
};

async function start({ target, options, loadFirst, threads }: WorkerOrders): Promise<RunningServer> {
  return await serveInside(target, options, {
    loadFirst,
    threads,
    sharedSocket: true,
    limits,
    metricsText: () => ask<string>((id) => ({ kind: 'scrape', id })),
    engines: () => ask<readonly (readonly PageEngineModel[])[]>((id) => ({ kind: 'survey', id })),
    onOwn: (counts) => (own = counts),
  });
}

async function stop(): Promise<void> {
  await server?.close().catch(() => undefined); // Before it is ready it serves nobody.
  process.exit(0);
}

async function hear(message: ToWorker): Promise<void> {
  if (message.kind === 'start') {
    try {
      server = await start(message.orders);
      await say({ kind: 'ready', url: server.url });
    } catch (error) {
      const known = error instanceof WeftError;
      await say({
        kind: 'failed',
        code: known ? error.code : 'WEFT_INTERNAL',
        message: error instanceof Error ? error.message : String(error),
        remedy: known ? error.remedy : 'Please report it.',
        usage: error instanceof UsageError,
      });
      process.exit(1);
    }
  } else if (message.kind === 'stop') await stop();
  else if (message.kind === 'count')
    await say({ kind: 'counted', id: message.id, values: (await own?.values(message)) ?? [], engines: own?.engines() ?? [] });
  else {
    answers.get(message.id)?.(message.value as never);
    answers.delete(message.id);
  }
}

for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => void stop());
process.on('message', (message: ToWorker) => void hear(message));
void say({ kind: 'listening' });
