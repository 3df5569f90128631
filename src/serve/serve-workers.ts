/**
 * Several processes behind one address: `weft serve --workers`. Each holds the models in memory and answers its share of the
 * connections; the first process holds the address, hands connections out in turn (Node's cluster), and starts a worker
 * again that ended unasked.
 *
 * Decided: what belongs to the whole is in the first process: the keys' budgets, and the sum of the metrics, in which a
 * worker that ended stays counted as far as it was seen. The first worker takes the place before its models are loaded, as a
 * server alone does; the others begin when it is ready and listen once they are, so that whoever asks finds one that is ready.
 */

import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { UsageError, WeftError } from '../core/index.ts';
import { countsOf, sumMetrics } from '../monitor/index.ts';
import type { MetricValues } from '../monitor/index.ts';
import { portError } from './listening.ts';
import type { PageEngineModel } from './page-api.ts';
import { checkServing } from './option-ranges.ts';
import { createRateLimits } from './rate-limits.ts';
import { freeSocket, openSocketToGroup } from './unix-socket.ts';
import type { FromWorker, ToWorker, WorkerOrders } from './worker-messages.ts';

/** Options of {@link serveWorkers}. */
export interface WorkersOptions {
  /** How many processes. */
  readonly workers: number;
  /** Hears of a worker that ended unasked, and when another takes its place. */
  readonly onRestart?: (event: WorkerRestart) => void;
}

/** A worker that ended unasked. */
export interface WorkerRestart {
  readonly pid: number;
  /** Why, e.g. `SIGKILL` or `exit code 1`. */
  readonly reason: string;
  /** Seconds until another takes its place. */
  readonly seconds: number;
}

/** Workers that serve. */
export interface RunningWorkers {
  /** Where they answer. */
  readonly url: string;
  /** Takes no more requests, lets the accepted ones finish within `graceSeconds`, then ends every process. */
  close(): Promise<void>;
}

/** Seconds until a worker is started again; twice as many each time, up to the longest. */
const [FIRST_WAIT, LONGEST_WAIT] = [1, 30];
/** Seconds that a worker has to live for its end to count as the first again. */
const SETTLED = 60;
/** Milliseconds that a worker has to say what it counted. */
const COUNT_TIMEOUT = 2000;
/** Seconds beyond the grace period after which a worker is killed. */
const BEYOND_GRACE = 10;

interface Member {
  readonly worker: Worker;
  readonly loadFirst: boolean;
  readonly since: number;
  ready: boolean;
  counts: MetricValues;
  engines: readonly PageEngineModel[];
  reason: WeftError | undefined;
}

/**
 * Serves models from several processes; see {@link serve} for what they serve.
 *
 * @param target - folders of models, as of {@link serve}
 * @param orders - options as of {@link serve}, but for a clock and a stream of the log, which do not go into other processes
 * @param options - see {@link WorkersOptions}
 * @returns when the first worker is ready
 * @throws what {@link serve} throws; WeftError `WEFT_SERVE_WORKER` when a worker ends before the first is ready
 *
 * @example
 * ```ts
 * import { serveWorkers } from 'weft/serve';
 *
 * const error = await serveWorkers('nowhere', { port: 0 }, { workers: 0 }).catch((reason: Error) => reason);
 * console.log(String(error).includes('workers is a whole number from 1 to 256')); // true
 * ```
 */
export async function serveWorkers(
  target: WorkerOrders['target'],
  orders: WorkerOrders['options'],
  { workers: count, onRestart = () => undefined }: WorkersOptions,
): Promise<RunningWorkers> {
  checkServing({ ...orders, workers: count });
  const { graceSeconds = 25, socket } = orders;
  if (socket !== undefined) await freeSocket(socket);
  const options = socket === undefined && orders.port === 0 ? { ...orders, port: await freePort(orders.host ?? 'localhost') } : orders;
  const threads = Math.max(1, Math.floor(availableParallelism() / count));
  const limits = createRateLimits(() => performance.now() / 1000);
  const members = new Set<Member>();
  const timers = new Set<NodeJS.Timeout>();
  const counting = new Map<number, (told: Pick<Member, 'counts' | 'engines'>) => void>();
  let [questions, failures, closing] = [0, 0, false];
  let departed: MetricValues = [];
  let started: { readonly resolve: (url: string) => void; readonly reject: (error: unknown) => void } | undefined;
  const first = new Promise<string>((resolve, reject) => (started = { resolve, reject }));

  const tell = (worker: Worker, message: ToWorker): void => {
    if (worker.isConnected()) worker.send(message, () => undefined);
  };

  const countOf = (member: Member, scrape: boolean): Promise<void> =>
    new Promise((resolve) => {
      const id = questions++;
      const timer = setTimeout(resolve, COUNT_TIMEOUT);
      counting.set(id, (told) => {
        Object.assign(member, told);
        clearTimeout(timer);
        counting.delete(id);
        resolve();
      });
      tell(member.worker, { kind: 'count', id, scrape });
    });

  const countAll = async ({ scrape }: { readonly scrape: boolean }): Promise<readonly Member[]> => {
    const ready = [...members].filter((member) => member.ready);
    await Promise.all(ready.map((member) => countOf(member, scrape)));
    return ready;
  };
  const scrape = async (): Promise<string> => {
    await countAll({ scrape: true });
    return (await sumMetrics([departed, ...[...members].map(({ counts }) => counts)])).text;
  };

  const hear = async (member: Member, message: FromWorker): Promise<void> => {
    const { worker } = member;
    if (message.kind === 'listening') {
      // Whoever was told to stop before it listened did not hear it.
      tell(worker, closing ? { kind: 'stop' } : { kind: 'start', orders: { target, options, loadFirst: member.loadFirst, threads } });
    } else if (message.kind === 'ready') {
      member.ready = true;
      if (socket !== undefined) await openSocketToGroup(socket).catch(() => undefined);
      if (started === undefined) return;
      started.resolve(message.url);
      started = undefined;
      if (closing) return;
      for (let number = 1; number < count; number++) begin();
    } else if (message.kind === 'failed') member.reason = failure(message);
    else if (message.kind === 'counted') counting.get(message.id)?.({ counts: message.values, engines: message.engines });
    else if (message.kind === 'take') tell(worker, { kind: 'answer', id: message.id, value: await limits.take(message.limit) });
    else if (message.kind === 'charge') limits.charge(message.limit, message.tokens);
    else if (message.kind === 'survey')
      tell(worker, { kind: 'answer', id: message.id, value: (await countAll({ scrape: false })).map(({ engines }) => engines) });
    else tell(worker, { kind: 'answer', id: message.id, value: await scrape() });
  };

  const ended = async (member: Member, reason: string): Promise<void> => {
    members.delete(member);
    departed = (await sumMetrics([departed, countsOf(member.counts)])).values;
    if (closing) return;
    if (started !== undefined) {
      started.reject(member.reason ?? crashed(reason));
      started = undefined;
      return;
    }
    if (performance.now() / 1000 - member.since > SETTLED) failures = 0;
    const seconds = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures++);
    onRestart({ pid: member.worker.process.pid ?? 0, reason: member.reason?.message ?? reason, seconds });
    const timer = setTimeout(() => {
      timers.delete(timer);
      begin();
    }, seconds * 1000);
    timers.add(timer);
  };

  const begin = (): void => {
    const loadFirst = members.size > 0;
    const worker = cluster.fork();
    const member: Member = { worker, loadFirst, since: performance.now() / 1000, ready: false, counts: [], engines: [], reason: undefined };
    members.add(member);
    worker.on('message', (message: FromWorker) => void hear(member, message));
    worker.once('exit', (code, signal) => void ended(member, signal ?? `exit code ${code}`));
  };

  const close = async (): Promise<void> => {
    closing = true;
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(
      [...members].map(async ({ worker }) => {
        const gone = new Promise((resolve) => worker.once('exit', resolve));
        if (worker.isDead()) return;
        const timer = setTimeout(() => worker.process.kill('SIGKILL'), (graceSeconds + BEYOND_GRACE) * 1000);
        tell(worker, { kind: 'stop' });
        await gone;
        clearTimeout(timer);
      }),
    );
  };

  setUp();
  begin();
  try {
    return { url: await first, close };
  } catch (error) {
    for (const { worker } of members) worker.process.kill('SIGKILL');
    await close();
    throw error;
  }
}

/** Says what a worker runs. */
function setUp(): void {
  // As TypeScript in the sources, which tsx reads, as JavaScript in the package.
  const here = import.meta.url;
  const extension = here.endsWith('.ts') ? '.ts' : '.js';
  const loader = extension === '.ts' ? ['--import', pathToFileURL(createRequire(here).resolve('tsx')).href] : [];
  cluster.setupPrimary({ exec: fileURLToPath(new URL(`./worker-process${extension}`, here)), args: [], execArgv: loader });
}

/** A port that is free, so that a worker that starts later can ask for the same. */
async function freePort(host: string): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error) => reject(portError(error, { port: 0, host })));
    probe.listen(0, host, resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** A worker's error, made anew in this process. */
function failure({ code, message, remedy, usage }: Extract<FromWorker, { readonly kind: 'failed' }>): WeftError {
  const [, action = 'serve', rule = message] = /^Cannot (.*?) as (.*)$/s.exec(message) ?? [];
  return new (usage ? UsageError : WeftError)({ code, action, rule, remedy });
}

function crashed(reason: string): WeftError {
  return new WeftError({
    code: 'WEFT_SERVE_WORKER',
    action: 'serve',
    rule: 'a worker ended before it was ready',
    value: reason,
    remedy: 'Each worker holds the models in memory: start fewer, or smaller models.',
  });
}
