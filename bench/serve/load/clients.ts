/**
 * Many clients for a while: nobody may get an error but 429, lose a part of a stream or get another's text, and memory must not grow.
 *
 * Each client has a prompt and a seed of its own and asks again and again. What they give was asked for alone before, of every client of
 * a sample; the others' texts must be the same each time.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { median } from '../../peer.ts';
import { flawOf, streamCompletion } from '../client.ts';
import type { CompletionRequest } from '../client.ts';
import type { Line } from '../line.ts';
import { benchModel, randomPrompt } from '../model.ts';
import { QUEUE } from './options.ts';
import type { LoadOptions } from './options.ts';
import { withServer } from './server.ts';
import type { LoadedServer } from './server.ts';

/** Options of {@link clientLines}. */
export interface ClientOptions extends Pick<LoadOptions, 'choice' | 'threads' | 'sequences'> {
  readonly clients: number;
  readonly seconds: number;
  /** Clients whose text is asked for alone. */
  readonly sample: number;
}

const PROMPT = 48;
const TOKENS = 48;
/** The share of the time after which memory counts: ten seconds of a minute. */
const SETTLED = 1 / 6;
const GROWTH = 0.05;

interface Counts {
  answers: number;
  full: number;
  errors: number;
  lost: number;
  mixed: number;
  /** Answers that were compared with what was asked for alone. */
  compared: number;
  readonly flaws: Set<string>;
}

/** Two lines. */
export async function clientLines(options: ClientOptions): Promise<readonly Line[]> {
  const { choice, threads, sequences, clients, seconds } = options;
  const result = await withServer({ choice, threads, slots: sequences, queue: QUEUE }, (server) => crowd(server, options));
  if (result === undefined) throw new Error('there is no server');
  const { counts, memory } = result;
  const { answers, full, errors, lost, mixed, compared, flaws } = counts;
  const part = memory.filter(({ second }) => second >= seconds * SETTLED);
  const some = Math.max(1, Math.floor(part.length / 10));
  const [before, after] = [median(part.slice(0, some).map(({ bytes }) => bytes)), median(part.slice(-some).map(({ bytes }) => bytes))];
  const growth = after / before - 1;
  // Whether it levels off: a dozen values over the time.
  const series = memory.filter((_, index) => index % Math.ceil(memory.length / 12) === 0);
  console.log(`memory: ${series.map(({ second, bytes }) => `${second.toFixed(0)} s ${(bytes / 2 ** 20).toFixed(0)}`).join(', ')} MB`);
  return [
    {
      what: `${clients} clients for ${seconds} s: errors, streams lost, streams mixed up`,
      measured:
        `${errors}, ${lost}, ${mixed} (${answers} answers, ${compared} compared with what was asked for alone; ${full} times 429)` +
        (flaws.size === 0 ? '' : `: ${[...flaws].slice(0, 3).join('; ')}`),
      goal: '0, 0, 0',
      met: errors + lost + mixed === 0 && answers > 0 && compared > 0,
    },
    {
      what: `growth of the server's memory after the first ${(seconds * SETTLED).toFixed(0)} s`,
      measured: `${(100 * growth).toFixed(1)}%: ${(before / 2 ** 20).toFixed(0)} to ${(after / 2 ** 20).toFixed(0)} MB`,
      goal: `≤ ${100 * GROWTH}%`,
      met: growth <= GROWTH,
    },
  ];
}

async function crowd(
  { url, agent, child }: LoadedServer,
  { choice, clients, seconds, sample }: ClientOptions,
): Promise<{ readonly counts: Counts; readonly memory: readonly { readonly second: number; readonly bytes: number }[] }> {
  const { vocabSize } = benchModel(choice);
  const counts: Counts = { answers: 0, full: 0, errors: 0, lost: 0, mixed: 0, compared: 0, flaws: new Set() };
  const bodies = Array.from({ length: clients }, (_, seed): CompletionRequest => ({
    prompt: randomPrompt(PROMPT, vocabSize, seed),
    max_tokens: TOKENS,
    seed,
  }));
  const alone = new Map<number, string>();
  for (let index = 0; index < Math.min(sample, clients); index++) {
    const client = Math.floor((index * clients) / Math.min(sample, clients));
    const answer = await streamCompletion(url, bodies[client] as CompletionRequest, { agent });
    const flaw = flawOf(answer, TOKENS);
    if (flaw !== undefined) throw new Error(`a stream failed alone: ${flaw}`);
    alone.set(client, answer.text);
  }
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const before = new Map<number, string>();
  const client = async (index: number, body: CompletionRequest): Promise<void> => {
    for (let turn = 0; elapsed() < seconds; turn++) {
      const answer = await streamCompletion(url, body, { agent });
      if (answer.status === 429) {
        counts.full++;
        // As asked, but not all at once.
        await sleep(1000 * (answer.retryAfter ?? 1) * (0.5 + ((index * 7 + turn * 13) % 100) / 100));
        continue;
      }
      const flaw = flawOf(answer, TOKENS);
      if (flaw !== undefined) {
        counts.flaws.add(flaw);
        if (answer.status === 200) counts.lost++;
        else counts.errors++;
        await sleep(100);
        continue;
      }
      counts.answers++;
      const expected = alone.get(index) ?? before.get(index);
      if (alone.has(index)) counts.compared++;
      if (expected !== undefined && expected !== answer.text) counts.mixed++;
      before.set(index, answer.text);
    }
  };
  const memory: { second: number; bytes: number }[] = [];
  const watch = async (): Promise<void> => {
    while (elapsed() < seconds) {
      memory.push({ second: elapsed(), bytes: await child.ask('memory', undefined) });
      await sleep(250);
    }
  };
  await Promise.all([watch(), ...bodies.map((body, index) => client(index, body))]);
  return { counts, memory };
}
