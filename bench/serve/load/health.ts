/** How long `/health` takes while the batch is full and prompts come in. */

import { setTimeout as sleep } from 'node:timers/promises';

import { startChild } from '../child.ts';
import { flawOf, streamCompletion } from '../client.ts';
import type { Line } from '../line.ts';
import { benchModel, randomPrompt } from '../model.ts';
import type { ProbeRequests } from '../probe-child.ts';
import { QUEUE } from './options.ts';
import type { LoadOptions } from './options.ts';
import { withServer } from './server.ts';
import type { LoadedServer } from './server.ts';

const MOST = 20;
const BETWEEN = 25;
/** Milliseconds until the batch is under way. */
const UNDER_WAY = 500;
/** Probes of a round: with ten rounds enough for the last hundredth to be more than a handful. */
const PROBES = 40;

/** One line. */
export async function healthLines({ choice, threads, sequences, rounds, prompt, tokens }: LoadOptions): Promise<readonly Line[]> {
  const { vocabSize } = benchModel(choice);
  const prober = startChild<ProbeRequests>('probe-child.ts');
  const measure = async ({ url, agent }: LoadedServer): Promise<readonly number[]> => {
    const over = new AbortController();
    const writer = async (index: number): Promise<void> => {
      for (let turn = 0; !over.signal.aborted; turn++) {
        const seed = index + turn * 100;
        const body = { prompt: randomPrompt(2 * prompt, vocabSize, seed), max_tokens: 2 * tokens, seed };
        const answer = await streamCompletion(url, body, { agent });
        const flaw = flawOf(answer, 2 * tokens);
        if (flaw !== undefined) throw new Error(`a stream failed: ${flaw}`);
      }
    };
    const writers = Promise.all(Array.from({ length: sequences }, (_, index) => writer(index)));
    const probe = async (): Promise<readonly number[]> => {
      await sleep(UNDER_WAY);
      return await prober.ask('probe', { url: `${url}/health`, count: rounds * PROBES, between: BETWEEN });
    };
    try {
      // The writers write until the end, or fail.
      return (await Promise.race([probe(), writers])) as readonly number[];
    } finally {
      over.abort();
      await writers.catch(() => undefined);
    }
  };
  let times: readonly number[] | undefined;
  try {
    times = await withServer({ choice, threads, slots: sequences, queue: QUEUE }, measure);
  } finally {
    await prober.close();
  }
  const sorted = (times ?? []).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return [
    {
      what: '/health while a batch runs, 99th percentile',
      measured: `${at(0.99).toFixed(1)} ms (median ${at(0.5).toFixed(1)}, most ${at(1).toFixed(1)}; ${sorted.length} times)`,
      goal: `≤ ${MOST} ms`,
      met: at(0.99) <= MOST,
    },
  ];
}
