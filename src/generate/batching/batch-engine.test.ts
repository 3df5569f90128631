import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { llama } from '../../models/index.ts';
import { livelyWeights } from '../models.fixture.ts';
import { naive } from '../naive.fixture.ts';
import { createBatchEngine } from './batch-engine.ts';
import type { BatchEngine, BatchTicket } from './batch-engine.ts';
import { createBatchRunner } from './batch-runner.ts';
import type { BatchRunner, Scores } from './batch-runner.ts';
import { COSTLY_GUESSES } from './guessing.ts';
import { createLookupDrafter } from './lookup-drafter.ts';
import { pieceLength } from './sequence.ts';
import type { BatchTask } from './sequence.ts';

const VOCAB = 50;
/** A context of several pieces. */
const model = llama({ layers: 2, heads: 3, kvHeads: 1, width: 96, contextLength: 1200, vocabSize: VOCAB });
const weights = livelyWeights(model);
const text = (length: number, seed = 3): Uint32Array =>
  Uint32Array.from({ length }, (_, index) => (index * index * seed + 7 * index + seed) % VOCAB);

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - b[index]!)), 0);
}

/** All bits of the scores behind each token, and the tokens: likeliest first, greedy. */
interface Written {
  readonly tokens: readonly number[];
  readonly scores: readonly Float32Array[];
}

interface Wish extends Partial<BatchTask> {
  readonly count: number;
}

/** Writes `count` tokens behind a prompt. */
function write(engine: BatchEngine, prompt: Uint32Array, { count, ...rest }: Wish): Promise<Written> & { readonly ticket: BatchTicket } {
  const written = { tokens: [] as number[], scores: [] as Float32Array[] };
  let ticket: BatchTicket | undefined;
  const promise = new Promise<Written>((resolve, reject) => {
    ticket = engine.submit({
      prompt,
      client: '',
      priority: 0,
      namespace: '',
      next({ logits }: Scores) {
        const row = logits.slice(0, VOCAB);
        written.scores.push(row);
        const token = row.indexOf(Math.max(...row));
        written.tokens.push(token);
        return written.tokens.length < count ? token : undefined;
      },
      wants: () => true,
      started: () => undefined,
      ended: (error) => (error === undefined ? resolve(written) : reject(error)),
      ...rest,
    });
  });
  return Object.assign(promise, { ticket: ticket as BatchTicket });
}

describe('the runs of a batch', () => {
  let runner: BatchRunner;
  let expected: readonly Float32Array[];
  const ids = text(700);
  beforeAll(async () => {
    runner = await createBatchRunner(model, weights, { slots: 4, longest: 1200, threads: 2 });
    expected = await (await naive(model, weights)).logits(ids);
  });
  afterAll(() => runner.close());
  /** The logits behind each token, read in pieces of the given sizes, over and over. */
  const read = async (slot: number, tokens: Uint32Array, sizes: readonly number[]): Promise<Float32Array> => {
    const all = new Float32Array(tokens.length * VOCAB);
    for (let past = 0, piece = 0; past < tokens.length; piece++) {
      const size = sizes[piece % sizes.length] as number;
      let time = Math.min(size, tokens.length - past);
      if (tokens.length - past - time === 1 || time % 16 === 1) time -= 2;
      const { logits } = await runner.read({ slot, tokens: tokens.subarray(past, past + time), past, rowCount: time }, undefined);
      all.set(logits, past * VOCAB);
      past += time;
    }
    return all;
  };

  it('give a prompt the same bits however it is cut and wherever it stands, those of a run without a cache to 1e-3', async () => {
    const whole = await read(0, ids, [700]);
    for (const [index, row] of expected.entries())
      expect(distance(whole.subarray(index * VOCAB, (index + 1) * VOCAB), row)).toBeLessThan(1e-3);
    for (const sizes of [[2], [7, 5, 4], [64], [31, 35, 128]]) expect(await read(sizes.length, ids, sizes)).toEqual(whole);
  });

  it('give a step the same bits beside others as alone', async () => {
    const prompts = [5, 130, 64, 257].map((length, seed) => text(length, seed + 2));
    const alone: Float32Array[][] = [];
    for (const prompt of prompts) {
      await read(0, prompt, [512]);
      const rows: Float32Array[] = [];
      for (let index = 0; index < 20; index++)
        rows.push((await runner.step([{ token: index, past: prompt.length + index }]))(0).logits.slice());
      alone.push(rows);
    }
    for (const [slot, prompt] of prompts.entries()) await read(slot, prompt, [100]);
    for (let index = 0; index < 20; index++) {
      const scoresOf = await runner.step(prompts.map(({ length }) => ({ token: index, past: length + index })));
      for (const [row, rows] of alone.entries()) expect(scoresOf(row).logits).toEqual(rows[index]);
    }
  });

  it('let the event loop turn between steps', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    // As many as a text may have, and as few as it takes.
    for (let past = 0; past < 1200; past++) {
      await runner.step([{ token: 1, past }]);
      if (turns > 0) break;
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('pieces of a prompt', () => {
  it('leave no token alone, nor one more than a tile', () => {
    for (const most of [16, 20, 128, 512]) {
      for (let length = 2; length < 700; length++) {
        let left = length;
        for (let pieces = 0; left > 0; pieces++) {
          const time = pieceLength(left, most);
          expect(time).toBeGreaterThan(1);
          expect(time).toBeLessThanOrEqual(most);
          expect(time % 16).not.toBe(1);
          expect(pieces).toBeLessThan(60);
          left -= time;
        }
      }
    }
    expect(pieceLength(1, 512)).toBe(1);
  });
});

describe('an engine', () => {
  let engine: BatchEngine;
  afterEach(() => engine.close(new Error('closed')));
  const start = async (slots: number, blocks = 1000): Promise<void> => {
    engine = createBatchEngine(await createBatchRunner(model, weights, { slots, longest: 1200, threads: 1 }), { slots, blocks });
  };
  const prompts = [text(40), text(3, 5), text(600, 7), text(1, 9), text(129, 11), text(33, 13), text(513, 15)];
  /** What each prompt leads to alone, in an engine that has seen nothing. */
  const aloneOf = async (count: number): Promise<readonly Written[]> => {
    const alone: Written[] = [];
    for (const prompt of prompts) {
      await start(1);
      alone.push(await write(engine, prompt, { count }));
      await engine.close(new Error('closed'));
    }
    return alone;
  };

  it('writes what a loop without a cache writes, and the same bits whatever runs beside it', async () => {
    const alone = await aloneOf(30);
    const slow = await naive(model, weights);
    expect(alone[0]!.tokens).toEqual(await slow.greedy(prompts[0]!, 30));
    await start(3);
    // All come at once, more than there are slots, and come again, when their beginnings are known.
    for (let round = 0; round < 2; round++) {
      const together = await Promise.all(prompts.map((prompt, index) => write(engine, prompt, { count: 30 - 3 * index })));
      for (const [index, { tokens, scores }] of together.entries()) {
        expect(tokens).toEqual(alone[index]!.tokens.slice(0, 30 - 3 * index));
        expect(scores).toEqual(alone[index]!.scores.slice(0, 30 - 3 * index));
      }
    }
    expect(engine.status()).toMatchObject({ running: 0, waiting: 0, preemptions: 0 });
    expect(engine.status().prefixHits).toBeGreaterThan(1000);
  });

  it('takes blocks from the last when they run out, and computes it again to the same bits', async () => {
    const alone = await aloneOf(100);
    // The longest needs 22 blocks; the others do not fit beside it.
    await start(4, 26);
    const together = await Promise.all(prompts.map((prompt) => write(engine, prompt, { count: 100 })));
    for (const [index, { tokens, scores }] of together.entries()) {
      expect(tokens).toEqual(alone[index]!.tokens);
      expect(scores).toEqual(alone[index]!.scores);
    }
    expect(engine.status().preemptions).toBeGreaterThan(0);
    expect(engine.status().blocksUsed).toBeLessThanOrEqual(26);
  });

  it('writes the same with guesses, right and wrong, whatever runs beside it', async () => {
    await start(1);
    const prompt = Uint32Array.from([...text(40), ...text(40), ...text(20)]);
    const plain = await write(engine, prompt, { count: 120 });
    const whole = [...prompt, ...plain.tokens];
    /** Right but for every fifth token, and at times without a guess. */
    const drafter = {
      cost: COSTLY_GUESSES,
      propose: (so: readonly number[], most: number) =>
        so.length % 7 === 0
          ? []
          : whole.slice(so.length, so.length + most).map((token, index) => ((so.length + index) % 5 === 0 ? 1 : token)),
    };
    const alone = await write(engine, prompt, { count: 120, drafter });
    expect(alone.tokens).toEqual(plain.tokens);
    for (const [index, row] of alone.scores.entries()) expect(distance(row, plain.scores[index]!)).toBeLessThan(1e-4);
    const { drafted, accepted } = engine.status();
    expect(accepted).toBeGreaterThan(60);
    expect(drafted).toBeGreaterThan(accepted);
    await engine.close(new Error('closed'));
    // Beside others, with too few blocks: it is computed again, and every bit is the same.
    await start(4, 14);
    const [beside, lookup] = await Promise.all([
      write(engine, prompt, { count: 120, drafter }),
      write(engine, prompt, { count: 120, drafter: createLookupDrafter() }),
      write(engine, text(30), { count: 100, priority: 1 }),
      write(engine, text(60), { count: 100, priority: 1 }),
    ]);
    expect(beside.scores).toEqual(alone.scores);
    expect(lookup.tokens).toEqual(plain.tokens);
    expect(engine.status().preemptions).toBeGreaterThan(0);
  });

  it('reads a beginning once that two prompts share, within a namespace', async () => {
    await start(2);
    const [a, b] = [text(300), Uint32Array.from([...text(200), 1, 2, 3])];
    await write(engine, a, { count: 1, namespace: 'one' });
    expect(engine.status().prefixHits).toBe(0);
    await write(engine, b, { count: 1, namespace: 'two' });
    expect(engine.status().prefixHits).toBe(0);
    await write(engine, b, { count: 1, namespace: 'one' });
    expect(engine.status().prefixHits).toBe(6 * 32); // of 200 shared tokens
  });

  it('shares its steps between clients, and serves a higher priority first', async () => {
    await start(1);
    const order: string[] = [];
    const ask = (name: string, wish: Partial<Wish> = {}): Promise<Written> =>
      write(engine, text(20), { count: 20, client: name[0]!, started: () => order.push(name), ...wish });
    await Promise.all([...['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => ask(name)), ask('d1', { priority: 1 })]);
    expect(order[0]).toBe('d1');
    expect(order.slice(1, 4).map((name) => name[0])).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect(order).toHaveLength(7);
  });

  it('lets a short request of a client pass the many texts of another', async () => {
    await start(1);
    const order: string[] = [];
    const ask = (request: string): Promise<Written> => write(engine, text(20), { count: 20, request, started: () => order.push(request) });
    await Promise.all([...Array.from({ length: 10 }, () => ask('many')), ask('one')]);
    expect(order.indexOf('one')).toBeLessThanOrEqual(2);
    expect(order).toHaveLength(11);
  });

  it('frees slot and blocks of who leaves, waiting, reading or writing', async () => {
    await start(1);
    const kept = engine.status().blocksUsed;
    const writing = write(engine, text(30), { count: 500 });
    const waiting = write(engine, text(900), { count: 5 });
    setTimeout(() => waiting.ticket.cancel(new Error('left')), 5);
    setTimeout(() => writing.ticket.cancel(new Error('gone')), 20);
    await expect(waiting).rejects.toThrow('left');
    await expect(writing).rejects.toThrow('gone');
    let started: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      started = resolve;
    });
    const reading = write(engine, text(1100), { count: 5, started });
    void begun.then(() => setTimeout(() => reading.ticket.cancel(new Error('enough')), 1));
    await expect(reading).rejects.toThrow('enough');
    expect((await write(engine, text(5), { count: 2 })).tokens).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(engine.status()).toMatchObject({ running: 0, waiting: 0 });
    expect(engine.status().blocksUsed - kept).toBeLessThanOrEqual(1);
  });

  it('holds a sequence back whose reader is behind, and lets others take its place', async () => {
    await start(2);
    const want = [0, 0, 0];
    const slow = want.map((_, index) => {
      let count = 0;
      return write(engine, text(10 + index), {
        count: 40,
        next: ({ logits }) => {
          count++;
          want[index]!--;
          const row = logits.slice(0, VOCAB);
          return count < 40 ? row.indexOf(Math.max(...row)) : undefined;
        },
        wants: () => want[index]! > 0,
      });
    });
    // Three readers, two slots: each gets what it asks for, in turns.
    for (let turn = 0; turn < 10; turn++) {
      for (const [index, { ticket }] of slow.entries()) {
        want[index] = 4;
        ticket.wake();
        if (turn === 9) continue;
        while (want[index] > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    await Promise.all(slow);
    expect(engine.status().preemptions).toBeGreaterThan(5);
  });

  it('ends what throws, and that alone', async () => {
    await start(2);
    const fails = write(engine, text(10), {
      count: 5,
      next: () => {
        throw new Error('no number');
      },
    });
    const other = write(engine, text(10), { count: 5 });
    await expect(fails).rejects.toThrow('no number');
    expect((await other).tokens).toHaveLength(5);
  });

  it('ends all with a reason when it is closed', async () => {
    await start(1);
    const both = Promise.allSettled([write(engine, text(10), { count: 900 }), write(engine, text(10), { count: 5 })]);
    await engine.close(new Error('bye'));
    expect((await both).map((result) => (result.status === 'rejected' ? (result.reason as Error).message : ''))).toEqual(['bye', 'bye']);
    await expect(write(engine, text(10), { count: 5 })).rejects.toThrow('bye');
  });
});
