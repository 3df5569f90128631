/** Clients that hang up in the middle: afterwards nothing of theirs may run, wait or hold memory. */

import { setTimeout as sleep } from 'node:timers/promises';

import type { EngineStatus } from '../../../src/generate/index.ts';
import { get, streamCompletion } from '../client.ts';
import type { Line } from '../line.ts';
import { benchModel, randomPrompt } from '../model.ts';
import { QUEUE } from './options.ts';
import type { LoadOptions } from './options.ts';
import { withServer } from './server.ts';
import type { LoadedServer } from './server.ts';

/** Options of {@link disconnectLines}. */
export interface DisconnectOptions extends Pick<LoadOptions, 'choice' | 'threads' | 'sequences'> {
  readonly disconnects: number;
}

/** Shorter than a block of the prefix cache, so that nothing is kept of it and every block in use is somebody's. */
const PROMPT = 20;
/** More than anybody waits for. */
const TOKENS = 1000;
const AT_ONCE = 64;
const MOST_EVENTS = 12;
/** Milliseconds that the server has to notice. */
const PATIENCE = 10_000;

/** One line. */
export async function disconnectLines({ choice, threads, sequences, disconnects }: DisconnectOptions): Promise<readonly Line[]> {
  const { vocabSize } = benchModel(choice);
  const result = await withServer({ choice, threads, slots: sequences, queue: QUEUE }, async (server) => {
    const { url, child } = server;
    const before = await child.ask('status', undefined);
    let [next, full, flaws] = [0, 0, 0];
    const leaver = async (): Promise<void> => {
      while (next < disconnects) {
        const index = next++;
        // Some leave while they wait, the others behind a few events.
        const events = index % (MOST_EVENTS + 1);
        const leave = events === 0 ? { milliseconds: index % 50 } : { events };
        const body = { prompt: randomPrompt(PROMPT, vocabSize, index), max_tokens: TOKENS, seed: index };
        const answer = await streamCompletion(url, body, { leave });
        if (answer.status === 429) full++;
        else if (answer.error !== undefined || answer.done) flaws++;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, leaver));
    const start = performance.now();
    // The blocks of one that is over are free when the run that it was in is done.
    let [left, after] = [await remains(server), await child.ask('status', undefined)];
    while (!isQuiet(left, after, before) && performance.now() - start < PATIENCE) {
      await sleep(20);
      [left, after] = [await remains(server), await child.ask('status', undefined)];
    }
    return { before, after, left, full, flaws, milliseconds: performance.now() - start };
  });
  if (result === undefined) throw new Error('there is no server');
  const { before, after, left, full, flaws, milliseconds } = result;
  return [
    {
      what: `${disconnects} clients that hang up: requests that run, requests that wait, blocks in use`,
      measured:
        `${left.running}, ${left.waiting}, ${after.blocksUsed - before.blocksUsed} after ${milliseconds.toFixed(0)} ms` +
        ` (the engine: ${after.running}, ${after.waiting}; ${full} times 429; ${flaws} that failed)`,
      goal: '0, 0, 0',
      met: isQuiet(left, after, before) && flaws === 0,
    },
  ];
}

interface Requests {
  readonly running: number;
  readonly waiting: number;
}

/** Whether nothing runs, waits or holds more blocks than before, by the server's own words and by the engine's. */
function isQuiet(left: Requests, after: EngineStatus, before: EngineStatus): boolean {
  return left.running + left.waiting + after.running + after.waiting === 0 && after.blocksUsed <= before.blocksUsed;
}

/** What `/metrics` says of requests. */
async function remains({ url, agent }: LoadedServer): Promise<Requests> {
  const { text } = await get(`${url}/metrics`, agent);
  const read = (name: string): number => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, 'm').exec(text)?.[1] ?? NaN);
  return { running: read('llm_num_requests_running'), waiting: read('llm_num_requests_waiting') };
}
