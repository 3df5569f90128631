/** Beam search of language models against a search that knows no cache, no batch and no engine. */

import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { llama } from '../../models/index.ts';
import { createBatchEngine } from '../batching/batch-engine.ts';
import { createBatchRunner } from '../batching/batch-runner.ts';
import type { Scores } from '../batching/batch-runner.ts';
import { regexGrammar } from '../constraints/regex-grammar.ts';
import { createTextModel } from '../create-text-model.ts';
import type { TextModelOptions } from '../create-text-model.ts';
import type { BeamSearchOptions } from '../generation-options.ts';
import { byteTokenizer, livelyWeights } from '../models.fixture.ts';
import { naive, slowLogSumExp } from '../naive.fixture.ts';
import type { Naive } from '../naive.fixture.ts';
import { topAlternatives } from '../sampling/probabilities.ts';
import type { TextModel } from '../text-model.ts';
import { createBeams } from './beams.ts';
import { runBeams } from './run-beams.ts';

const VOCAB = 128;
const END = VOCAB - 1;
const model = llama({ layers: 2, heads: 4, kvHeads: 2, width: 64, contextLength: 160, vocabSize: VOCAB });
const weights = livelyWeights(model, 5);
const prompt = (length: number, seed = 3): Uint32Array =>
  Uint32Array.from({ length }, (_, index) => (index * index * 7 + seed * 13 + index) % END);

interface Found {
  readonly ids: readonly number[];
  readonly logProbability: number;
  readonly score: number;
}

let slow: Naive;
/** Of texts that were asked for: the oracle is slow. */
const known = new Map<string, Float32Array>();
beforeAll(async () => {
  slow = await naive(model, weights);
});

/** Beam search by its definition, every hypothesis recomputed from the start at each step. */
async function define(
  text: Uint32Array,
  {
    beams = 4,
    lengthPenalty = 1,
    maxTokens = 10,
    allowed = () => true,
  }: BeamSearchOptions & { allowed?: (ids: readonly number[]) => boolean },
): Promise<readonly Found[]> {
  const following = async (ids: readonly number[]): Promise<readonly number[]> => {
    const key = [...text, ...ids].join();
    const row = known.get(key) ?? (await slow.logits(Uint32Array.from([...text, ...ids]))).at(-1)!;
    known.set(key, row);
    const sum = slowLogSumExp(row);
    return Array.from(row, (value) => value - sum);
  };
  let live: { readonly ids: readonly number[]; readonly p: number }[] = [{ ids: [], p: 0 }];
  let done: Found[] = [];
  const finish = (ids: readonly number[], p: number): void => {
    done.push({ ids, logProbability: p, score: p / ids.length ** lengthPenalty });
    done = done.sort((a, b) => b.score - a.score).slice(0, beams);
  };
  for (let length = 1; live.length > 0; length++) {
    const next = [];
    for (const { ids, p } of live) next.push(...(await following(ids)).map((q, id) => ({ ids: [...ids, id], p: p + q })));
    const best = next
      .filter(({ ids }) => allowed(ids))
      .sort((a, b) => b.p - a.p)
      .slice(0, 2 * beams);
    for (const { ids, p } of best.slice(0, beams)) if (ids.at(-1) === END) finish(ids, p);
    live = best.filter(({ ids }) => ids.at(-1) !== END).slice(0, beams);
    if (done.length === beams && live[0]!.p / length ** lengthPenalty <= done.at(-1)!.score) live = [];
    if (length < maxTokens) continue;
    for (const { ids, p } of live) finish(ids, p);
    live = [];
  }
  return done;
}

describe('a text model', () => {
  let textModel: TextModel;
  const start = async (options: TextModelOptions = {}): Promise<void> => {
    textModel = await createTextModel({ model, weights, tokenizer: byteTokenizer(VOCAB) }, { threads: 1, ...options });
  };
  afterEach(() => textModel.close());
  const search = async (text: Uint32Array, options: BeamSearchOptions): Promise<readonly Found[]> =>
    (await textModel.beamSearch!(text, options)).map(({ tokens, logProbability, score }) => ({
      ids: tokens.map(({ id }) => id),
      logProbability,
      score,
    }));
  const expectLike = (found: readonly Found[], expected: readonly Found[]): void => {
    expect(found.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids));
    for (const [rank, { score, logProbability }] of expected.entries()) {
      expect(found[rank]!.score).toBeCloseTo(score, 3);
      expect(found[rank]!.logProbability).toBeCloseTo(logProbability, 3);
    }
  };
  const WISHES: readonly BeamSearchOptions[] = [
    { beams: 1 },
    { beams: 2, lengthPenalty: 0 },
    { beams: 3, lengthPenalty: 2 },
    { beams: 4, maxTokens: 25 },
    { beams: 8 },
    { beams: 4, maxTokens: 1 },
  ];

  it('finds what the definition finds', async () => {
    await start();
    for (const wish of WISHES)
      for (const length of [1, 5, 40]) {
        const [options, text] = [{ maxTokens: 10, ...wish }, prompt(length)];
        expectLike(await search(text, options), await define(text, options));
      }
    expect(textModel.status!()).toMatchObject({ running: 0, waiting: 0 });
  });

  it('finds some texts that end by themselves, and tells so', async () => {
    await start();
    const reasons = new Set<string>();
    for (let seed = 0; seed < 20; seed++)
      for (const { finishReason, tokens, text } of await textModel.beamSearch!(prompt(6, seed), { beams: 4, maxTokens: 12 })) {
        reasons.add(finishReason);
        expect(tokens.at(-1)!.id === END).toBe(finishReason === 'stop');
        expect(tokens.at(-1)!.finishReason).toBe(finishReason);
        expect(text).toBe(tokens.map((token) => token.text).join(''));
      }
    expect([...reasons].sort()).toEqual(['length', 'stop']);
  });

  it('with one beam writes what is likeliest at each step', async () => {
    await start();
    const greedy: number[] = [];
    for await (const { id } of textModel.generate(prompt(9), { temperature: 0, maxTokens: 20 })) greedy.push(id);
    expect((await search(prompt(9), { beams: 1, maxTokens: 20 }))[0]!.ids).toEqual(greedy);
  });

  it('finds the same bits beside others, with few slots, and where memory runs out', async () => {
    await start();
    const texts = [prompt(5), prompt(40), prompt(70), prompt(33, 8)];
    const options = { beams: 4, maxTokens: 60, lengthPenalty: 0 };
    const alone: (readonly Found[])[] = [];
    for (const text of texts) alone.push(await search(text, options));
    await textModel.close();
    let preemptions = 0;
    // 60 blocks hold most of it; 26 hold one search and a little more.
    for (const [slots, cacheTokens] of [
      [8, 60 * 32],
      [16, 26 * 32],
      [5, 26 * 32],
      [4, 26 * 32],
    ] as const) {
      await start({ slots, cacheTokens });
      const writing = [20, 50, 31].map(async (length) => {
        for await (const _ of textModel.generate(prompt(length), { maxTokens: 80 }));
      });
      const together = await Promise.all(texts.map((text) => search(text, options)));
      await Promise.all(writing);
      expect(together).toEqual(alone);
      expect(textModel.status!()).toMatchObject({ running: 0, waiting: 0 });
      preemptions += textModel.status!().preemptions;
      await textModel.close();
    }
    expect(preemptions).toBeGreaterThan(0);
    await start();
  });

  it('keeps to a grammar, stops at a text, and shows what else was likely', async () => {
    await start();
    const grammar = regexGrammar('[ab]{3}');
    const found = await textModel.beamSearch!(prompt(5), { beams: 4, grammar, alternatives: 2 });
    const allowed = (ids: readonly number[]): boolean => /^[ab]{1,3}$/.test(String.fromCharCode(...ids));
    const expected = await define(prompt(5), { beams: 4, maxTokens: 3, allowed });
    expect(found.map(({ text }) => text)).toEqual(expected.map(({ ids }) => String.fromCharCode(...ids)));
    for (const { tokens, finishReason } of found) {
      expect(finishReason).toBe('stop');
      for (const { alternatives } of tokens) expect(alternatives).toHaveLength(2);
    }

    const [plain] = await textModel.beamSearch!(prompt(5), { beams: 2, maxTokens: 8 });
    const stop = plain!.text.slice(3, 5);
    for (const { text, finishReason, tokens } of await textModel.beamSearch!(prompt(5), { beams: 2, maxTokens: 8, stop: [stop] })) {
      expect(text).not.toContain(stop);
      if (finishReason === 'stop' && tokens.at(-1)!.id !== END)
        expect(String.fromCharCode(...tokens.map(({ id }) => id)).endsWith(stop)).toBe(true);
    }
  });

  it('stops at a text that comes late, where it ends', async () => {
    await start();
    let late = 0;
    for (let seed = 0; seed < 20; seed++) {
      const wish = { beams: 3, maxTokens: 60, lengthPenalty: 2 };
      const [plain] = await textModel.beamSearch!(prompt(5, seed), wish);
      const written = String.fromCharCode(...plain!.tokens.map(({ id }) => id));
      const at = Array.from({ length: 40 }, (_, index) => 12 + index).find(
        (place) => written.indexOf(written.slice(place, place + 2)) === place,
      );
      if (at === undefined) continue;
      const stop = written.slice(at, at + 2);
      for (const { tokens } of await textModel.beamSearch!(prompt(5, seed), { ...wish, stop: [stop] })) {
        const raw = String.fromCharCode(...tokens.map(({ id }) => id));
        if (!raw.includes(stop)) continue;
        expect(raw.indexOf(stop)).toBe(raw.length - stop.length);
        if (raw.length > 12) late++;
      }
    }
    expect(late).toBeGreaterThan(0);
  });

  it('refuses what it cannot do', async () => {
    await start({ slots: 4, cacheTokens: 320 });
    for (const [options, words] of [
      [{ beams: 0 }, 'beams'],
      [{ beams: 5 }, 'beams must be at most 4'],
      [{ lengthPenalty: NaN }, 'lengthPenalty'],
      [{ beam: 3 }, 'beam'],
      [{ temperature: 1 }, 'temperature'],
    ] as const)
      await expect(textModel.beamSearch!('ab', options as BeamSearchOptions)).rejects.toThrow(words);
    // Two blocks for each: a prompt and its text have 63 tokens at most.
    await expect(textModel.beamSearch!(prompt(64), { beams: 4 })).rejects.toThrow('so many beams have room for 63 tokens');
    expect((await textModel.beamSearch!(prompt(60), { beams: 4 }))[0]!.tokens.length).toBeLessThanOrEqual(3);
    expect(await textModel.beamSearch!(prompt(5), { beams: 4, maxTokens: 0 })).toEqual([]);
  });

  it('ends and leaves nothing when it is aborted, and when the model is closed', async () => {
    await start();
    const kept = textModel.status!().blocksUsed;
    const stopping = new AbortController();
    const searching = textModel.beamSearch!(prompt(5), {
      beams: 8,
      signal: stopping.signal,
      onStart: () => setTimeout(() => stopping.abort(new Error('enough')), 5),
      maxTokens: 150,
      lengthPenalty: 3,
    });
    await expect(searching).rejects.toThrow('enough');
    while (textModel.status!().running > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(textModel.status!().blocksUsed).toBe(kept);
    await expect(textModel.beamSearch!('ab', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    const last = textModel.beamSearch!(prompt(5), { beams: 8, maxTokens: 150, lengthPenalty: 3 });
    await Promise.all([expect(last).rejects.toMatchObject({ code: 'WEFT_GENERATE_CLOSED' }), textModel.close()]);
  });
});

describe('the hypotheses of a search', () => {
  it('share one reading of their prompt, and end with the first of them that fails', async () => {
    const runner = await createBatchRunner(model, weights, { slots: 6, longest: 160, threads: 1 });
    let read = 0;
    const engine = createBatchEngine(
      {
        ...runner,
        read: (piece, signal) => {
          read += piece.tokens.length;
          return runner.read(piece, signal);
        },
      },
      { slots: 6, blocks: 100 },
    );
    const run = (likeliest: (scores: Scores, state: readonly number[]) => ReturnType<typeof topAlternatives>) =>
      runBeams(engine, {
        prompt: prompt(50),
        client: '',
        priority: 0,
        namespace: '',
        started: () => undefined,
        size: 4,
        beams: createBeams<readonly number[]>({
          beams: 4,
          penalty: () => 1,
          limit: 20,
          start: [],
          extend: (ids, { id }) => ({ state: [...ids, id], ended: false }),
        }),
        likeliest,
        signal: undefined,
      });
    expect(await run(({ logProbabilities }) => topAlternatives(logProbabilities, 8))).toHaveLength(4);
    expect(read).toBe(50);
    const failing = run(({ logProbabilities }, ids) => {
      if (ids.length === 3) throw new Error('no number');
      return topAlternatives(logProbabilities, 8);
    });
    await expect(failing).rejects.toThrow('no number');
    await engine.close(new Error('closed'));
  });
});
