/** An engine under all kinds of work at once, as chance will have it: everything comes out as it does alone, to the bit. */

import { expect, it } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { llama } from '../../models/index.ts';
import { createBeams } from '../beams/beams.ts';
import { runBeams } from '../beams/run-beams.ts';
import { livelyWeights } from '../models.fixture.ts';
import { topAlternatives } from '../sampling/probabilities.ts';
import { createBatchEngine } from './batch-engine.ts';
import type { BatchEngine, BatchTicket } from './batch-engine.ts';
import { createBatchRunner } from './batch-runner.ts';
import { createLookupDrafter } from './lookup-drafter.ts';

const VOCAB = 50;
const LONGEST = 300;
const ROUNDS = 20;
const model = llama({ layers: 1, heads: 2, kvHeads: 1, width: 32, contextLength: LONGEST, vocabSize: VOCAB });
const weights = livelyWeights(model);
const random = createRandom(1, 'batch stress');
const below = (limit: number): number => Math.floor((random.uint32() / 2 ** 32) * limit);
const pause = async (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Work {
  readonly kind: 'plain' | 'lookup' | 'slow reader' | 'beams';
  readonly beams: number;
  readonly prompt: Uint32Array;
  readonly count: number;
  readonly client: string;
  readonly priority: number;
}

const startEngine = async (slots: number, blocks: number): Promise<BatchEngine> =>
  createBatchEngine(await createBatchRunner(model, weights, { slots, longest: LONGEST, threads: 1 }), { slots, blocks });

/** The tokens, and a number that every score had a part in. */
async function run(engine: BatchEngine, { kind, beams, prompt, count, client, priority }: Work, signal?: AbortSignal): Promise<unknown> {
  const task = { prompt, client, priority, namespace: '', started: () => undefined };
  if (kind === 'beams') {
    return runBeams(engine, {
      ...task,
      size: beams,
      signal,
      likeliest: ({ logProbabilities }) => topAlternatives(logProbabilities, 2 * beams),
      beams: createBeams<readonly number[]>({
        beams,
        penalty: (length) => length,
        limit: count,
        start: [],
        extend: (ids, { id }) => ({ state: [...ids, id], ended: id === 7 && ids.length > 4 }),
      }),
    });
  }
  const tokens: number[] = [];
  let [sum, unread] = [0, 0];
  return new Promise((resolve, reject) => {
    const ticket: BatchTicket = engine.submit({
      ...task,
      drafter: kind === 'lookup' ? createLookupDrafter() : undefined,
      next({ logits }) {
        const row = logits.slice(0, VOCAB);
        for (const value of row) sum += value;
        const token = row.indexOf(Math.max(...row));
        tokens.push(token);
        if (++unread === 10 && kind === 'slow reader') {
          setTimeout(() => {
            unread = 0;
            ticket.wake();
          }, 1);
        }
        return tokens.length < count ? token : undefined;
      },
      wants: () => kind !== 'slow reader' || unread < 10,
      ended: (error) => (error === undefined ? resolve([tokens, sum]) : reject(error)),
    });
    signal?.addEventListener('abort', () => ticket.cancel(signal.reason));
  });
}

/** What fits into an engine of so many slots and blocks. */
function chooseWork(slots: number, blocks: number): Work {
  const kind = (['plain', 'beams', 'lookup', 'slow reader', 'beams'] as const)[below(5)] ?? 'plain';
  const beams = 1 + below(Math.min(slots, 4));
  const room = Math.min(LONGEST - 1, Math.floor(blocks / (kind === 'beams' ? beams : 1)) * 32 - 1);
  const [length, seed] = [1 + below(Math.min(100, room - 10)), 1 + below(3)];
  const prompt = Uint32Array.from({ length }, (_, index) => (index * index * seed + 7 * index + seed) % VOCAB);
  return { kind, beams, prompt, count: 1 + below(Math.min(60, room - length)), client: String(below(3)), priority: below(2) };
}

it('gives everyone what they would get alone, whoever comes, leaves or runs out of memory beside them', async () => {
  const known = new Map<string, unknown>();
  const alone = async (work: Work): Promise<unknown> => {
    const key = [work.kind, work.beams, work.count, ...work.prompt].join();
    if (known.has(key)) return known.get(key);
    const engine = await startEngine(8, 1000);
    const result = await run(engine, { ...work, kind: work.kind === 'slow reader' ? 'plain' : work.kind });
    await engine.close(new Error('closed'));
    known.set(key, result);
    return result;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [slots, blocks] = [2 + below(6), 12 + below(40)];
    const engine = await startEngine(slots, blocks);
    const works = Array.from({ length: 4 + below(10) }, () => ({
      work: chooseWork(slots, blocks),
      begins: below(20),
      leaves: below(5) === 0,
    }));
    await Promise.all(
      works.map(async ({ work, begins, leaves }) => {
        await pause(begins);
        if (!leaves) {
          expect(await run(engine, work), `round ${round}: ${work.kind}, ${slots} slots, ${blocks} blocks`).toEqual(await alone(work));
          return;
        }
        const stop = new AbortController();
        setTimeout(() => stop.abort(new Error('left')), begins);
        await run(engine, work, stop.signal).catch((error: unknown) => expect(error).toMatchObject({ message: 'left' }));
      }),
    );
    await pause(5);
    const status = engine.status();
    expect(status).toMatchObject({ running: 0, waiting: 0 });
    expect(status.blocksUsed).toBeLessThanOrEqual(blocks);
    await engine.close(new Error('closed'));
  }
  expect(known.size).toBeGreaterThan(50);
}, 120_000);
