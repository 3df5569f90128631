import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { llama } from '../models/index.ts';
import { createDecoder } from './decoder.ts';
import type { Decoder } from './decoder.ts';
import { livelyWeights } from './models.fixture.ts';
import { naive } from './naive.fixture.ts';
import { scoringWindows } from './score-tokens.ts';

/** A context of several chunks. */
const model = llama({ layers: 1, heads: 2, kvHeads: 1, width: 32, contextLength: 1200, vocabSize: 50 });
const weights = livelyWeights(model);
const ids = Uint32Array.from({ length: 1200 }, (_, index) => (index * index + 3 * index) % 50);

function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - b[index]!)), 0);
}

describe('a sequence', () => {
  let decoder: Decoder;
  let expected: readonly Float32Array[];
  beforeAll(async () => {
    decoder = await createDecoder(model, weights, { threads: 1 });
    expected = await (await naive(model, weights)).logits(ids);
  });
  afterAll(() => decoder.close());

  it('reads a long prompt in chunks, then token by token', async () => {
    const sequence = decoder.startSequence();
    for (const end of [1100, 1101, 1102, 1198]) {
      const { logits } = end === 1101 ? await sequence.step(ids[1100]!) : await sequence.read(ids.subarray(sequence.length, end));
      expect(sequence.length).toBe(end);
      expect(distance(logits, expected[end - 1]!)).toBeLessThan(1e-3);
    }
    sequence.release();
    sequence.release();
  });

  it('shows what follows each token from the one that is asked for', async () => {
    for (const from of [0, 5, 600, 1199]) {
      const sequence = decoder.startSequence();
      const indices: number[] = [];
      await sequence.readEach(ids, {
        from,
        visit: (logs, index) => {
          indices.push(index);
          const logits = expected[index]!;
          const shift = logits[0]! - logs[0]!;
          expect(
            distance(
              logs.map((value) => value + shift),
              logits,
            ),
          ).toBeLessThan(1e-3);
        },
      });
      expect(indices).toEqual(Array.from({ length: 1200 - from }, (_, index) => from + index));
      sequence.release();
    }
  });

  it('finds nothing of another text in a cache that was used before', async () => {
    const used = decoder.startSequence();
    await used.read(ids.subarray(300, 900));
    used.release();
    const sequence = decoder.startSequence();
    const { logits } = await sequence.read(ids.subarray(0, 7));
    expect(distance(logits, expected[6]!)).toBeLessThan(1e-3);
    sequence.release();
  });

  it('lets the event loop turn between steps', async () => {
    const sequence = decoder.startSequence();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const start = performance.now();
    while (performance.now() - start < 100 && sequence.length < 1200) await sequence.step(1);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    sequence.release();
  });

  it('is cancelled while it reads', async () => {
    const sequence = decoder.startSequence();
    const abort = new AbortController();
    const reading = sequence.read(ids, abort.signal);
    abort.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    sequence.release();
    const next = decoder.startSequence();
    expect(distance((await next.read(ids.subarray(0, 3))).logits, expected[2]!)).toBeLessThan(1e-3);
    next.release();
  });
});

describe('the windows of scoring', () => {
  it('score every token but the first once, with at least half a context before it', () => {
    for (const contextLength of [2, 3, 8, 9]) {
      for (let length = 0; length < 60; length++) {
        const windows = scoringWindows(length, contextLength);
        const scored = windows.flatMap((window) => Array.from({ length: window.end - window.scored }, (_, index) => window.scored + index));
        expect(scored).toEqual(Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1));
        for (const { begin, scored: first, end } of windows) {
          expect(end - begin).toBeLessThanOrEqual(contextLength);
          expect(first - begin).toBeGreaterThanOrEqual(begin === 0 ? 1 : Math.floor(contextLength / 2));
        }
      }
    }
  });
});
