import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { createTextModel } from './create-text-model.ts';
import { byteTokenizer, livelyWeights } from './models.fixture.ts';
import { naive } from './naive.fixture.ts';
import type { GenerationOptions } from './generation-options.ts';
import type { GeneratedToken, TextModel } from './text-model.ts';

const VOCAB = 128;
const MODELS: { readonly [name: string]: LanguageModel } = {
  gpt: gpt({ layers: 2, heads: 4, width: 32, contextLength: 48, vocabSize: VOCAB }),
  'gpt with heads 12 wide': gpt({
    layers: 1,
    heads: 3,
    width: 36,
    contextLength: 24,
    vocabSize: VOCAB,
    bias: false,
    tiedHead: false,
    activation: 'gelu',
  }),
  'gpt with sinusoidal positions, normed heads, capped scores and logits, squared ReLU': gpt({
    layers: 2,
    heads: 2,
    width: 32,
    contextLength: 24,
    vocabSize: VOCAB,
    activation: 'reluSquared',
    positions: 'sinusoidal',
    queryKeyNorm: true,
    scoreSoftCap: 5,
    logitSoftCap: 8,
  }),
  'gpt with ALiBi and ReLU': gpt({
    layers: 2,
    heads: 4,
    width: 32,
    contextLength: 24,
    vocabSize: VOCAB,
    activation: 'relu',
    positions: 'alibi',
  }),
  'gpt with heads 5 wide': gpt({ layers: 1, heads: 1, width: 5, contextLength: 24, vocabSize: VOCAB }),
  llama: llama({ layers: 2, heads: 4, kvHeads: 2, width: 64, contextLength: 48, vocabSize: VOCAB }),
  'llama with heads 8 wide': llama({ layers: 2, heads: 8, kvHeads: 4, width: 64, contextLength: 24, vocabSize: VOCAB, tiedHead: true }),
  'llama with heads 6 wide': llama({ layers: 1, heads: 2, kvHeads: 1, width: 12, contextLength: 24, vocabSize: VOCAB }),
  'llama with wide heads': llama({ layers: 1, heads: 2, headWidth: 32, width: 20, contextLength: 24, vocabSize: VOCAB, ropeTheta: 500 }),
};

async function collect(tokens: AsyncIterable<GeneratedToken>): Promise<readonly GeneratedToken[]> {
  const list: GeneratedToken[] = [];
  for await (const token of tokens) list.push(token);
  return list;
}

function prompt(length: number, seed = 3): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => (index * index * 7 + seed * 13 + index) % (VOCAB - 1));
}

describe.each(Object.entries(MODELS))('%s', (_, model) => {
  const weights = livelyWeights(model);
  let textModel: TextModel;
  beforeAll(async () => {
    textModel = await createTextModel({ model, weights, tokenizer: byteTokenizer(VOCAB, { endOfText: false }) }, { threads: 1 });
  });
  afterAll(() => textModel.close());

  it('writes what a loop without a cache writes, at temperature 0', async () => {
    const slow = await naive(model, weights);
    for (const length of [1, 2, 11]) {
      const tokens = await collect(textModel.generate(prompt(length), { temperature: 0, maxTokens: 10 }));
      expect(tokens.map(({ id }) => id)).toEqual(await slow.greedy(prompt(length), 10));
    }
  });

  it('scores a text as a loop without a cache does, and as its own generation did', async () => {
    const ids = prompt(model.contextLength);
    const slow = await (await naive(model, weights)).score(ids);
    const scores = await textModel.score(ids);
    expect(scores[0]).toBeNaN();
    for (let index = 1; index < ids.length; index++) expect(Math.abs(scores[index]! - slow[index]!)).toBeLessThan(1e-4);

    const written = await collect(textModel.generate(ids.subarray(0, 5), { seed: 2 }));
    const whole = Uint32Array.from([...ids.subarray(0, 5), ...written.map(({ id }) => id)]);
    const again = await textModel.score(whole);
    for (const [index, { logProbability }] of written.entries()) expect(Math.abs(again[5 + index]! - logProbability)).toBeLessThan(1e-4);
    expect(whole).toHaveLength(model.contextLength);
    expect(written.at(-1)?.finishReason).toBe('length');
  });

  it('scores a text longer than its context with at least half a context before each token', async () => {
    const ids = prompt(2 * model.contextLength + 5);
    const scores = await textModel.score(ids);
    const slow = await naive(model, weights);
    const half = Math.floor(model.contextLength / 2);
    for (const [begin, from] of [
      [0, 1],
      [half, model.contextLength],
      [2 * half, model.contextLength + half],
      [3 * half, model.contextLength + 2 * half],
    ] as const) {
      const window = await slow.score(ids.subarray(begin, Math.min(ids.length, begin + model.contextLength)));
      for (let index = from - begin; index < window.length; index++)
        expect(Math.abs(scores[begin + index]! - window[index]!)).toBeLessThan(1e-4);
    }
  });
});

describe('a text model', () => {
  const model = MODELS['llama'] as LanguageModel;
  const weights = livelyWeights(model);
  let textModel: TextModel;
  beforeAll(async () => {
    textModel = await createTextModel({ model, weights, tokenizer: byteTokenizer(VOCAB), name: 'small' }, { threads: 1 });
  });
  afterAll(() => textModel.close());
  const write = (options: GenerationOptions, from: string | Uint32Array = prompt(4)): Promise<readonly GeneratedToken[]> =>
    collect(textModel.generate(from, options));

  it('gives the same text for the same seed, whatever runs beside it', async () => {
    const options = { seed: 5, temperature: 1.5, maxTokens: 20 };
    const alone = await write(options);
    const [one, two, three] = await Promise.all([write(options), write({ ...options, seed: 6 }), write(options)]);
    expect(one).toEqual(alone);
    expect(three).toEqual(alone);
    expect(two?.map(({ id }) => id)).not.toEqual(alone.map(({ id }) => id));
  });

  it('writes the same with guesses by lookup and by a draft model', async () => {
    const small = llama({ layers: 1, heads: 2, width: 32, contextLength: 48, vocabSize: VOCAB });
    const parts = { model, weights, tokenizer: byteTokenizer(VOCAB) };
    const drafts = { itself: { model, weights }, another: { model: small, weights: livelyWeights(small) } };
    for (const [name, draft] of Object.entries(drafts)) {
      const drafting = await createTextModel(parts, { threads: 1, draft });
      await collect(drafting.generate(prompt(4), { temperature: 0, maxTokens: 30, speculation: 'draft' }));
      const { drafted, accepted } = drafting.status!();
      // A stranger is not asked for long.
      expect(drafted).toBeGreaterThan(name === 'itself' ? 20 : 2);
      if (name === 'itself') {
        expect(accepted / drafted).toBeGreaterThan(0.8);
        // What is drawn is guessed as well as what is likeliest.
        await collect(drafting.generate(prompt(4), { temperature: 1, seed: 3, maxTokens: 40, speculation: 'draft' }));
        const after = drafting.status!();
        expect((after.accepted - accepted) / (after.drafted - drafted)).toBeGreaterThan(0.7);
      }
      for (const options of [{ temperature: 0 }, { seed: 4, temperature: 0.5 }, { seed: 5, stop: ['\u0001'] }]) {
        const plain = await write({ ...options, maxTokens: 40 });
        for (const speculation of ['lookup', 'draft'] as const) {
          const guessed = await collect(drafting.generate(prompt(4), { ...options, maxTokens: 40, speculation }));
          expect(guessed.map(({ id, text, finishReason }) => ({ id, text, finishReason }))).toEqual(
            plain.map(({ id, text, finishReason }) => ({ id, text, finishReason })),
          );
        }
      }
      await drafting.close();
    }
    await expect(write({ speculation: 'draft' })).rejects.toMatchObject({ code: 'WEFT_GENERATE_OPTION' });
  });

  it('lets two generations take turns in one loop', async () => {
    const [a, b] = [
      textModel.generate(prompt(3), { maxTokens: 5, temperature: 0 }),
      textModel.generate(prompt(6), { maxTokens: 5, temperature: 0 }),
    ];
    const ids: number[][] = [[], []];
    for (let index = 0; index < 5; index++) {
      ids[0]!.push((await a.next()).value.id);
      ids[1]!.push((await b.next()).value.id);
    }
    expect(ids[0]).toEqual((await write({ maxTokens: 5, temperature: 0 }, prompt(3))).map(({ id }) => id));
    expect(ids[1]).toEqual((await write({ maxTokens: 5, temperature: 0 }, prompt(6))).map(({ id }) => id));
    await a.return(undefined);
    await b.return(undefined);
  });

  it('counts probabilities before temperature, and names the likeliest tokens', async () => {
    const rows = await (await naive(model, weights)).logits(prompt(4));
    const [token] = await write({ temperature: 0.1, maxTokens: 1, alternatives: 3, repetitionPenalty: 1.3 });
    const row = rows.at(-1)!;
    const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    const order = [...row.keys()].toSorted((x, y) => row[y]! - row[x]!);
    expect(token!.logProbability).toBeCloseTo(row[token!.id]! - total, 4);
    expect(token!.alternatives.map(({ id }) => id)).toEqual(order.slice(0, 3));
    for (const { id, logProbability, text } of token!.alternatives) {
      expect(logProbability).toBeCloseTo(row[id]! - total, 4);
      expect(text).toBe(textModel.tokenizer.decode([id]));
    }
  });

  it('penalises tokens of the prompt and of its own text', async () => {
    const free = await write({ temperature: 0, maxTokens: 40 });
    const penalised = await write({ temperature: 0, maxTokens: 40, repetitionPenalty: 5 });
    const distinct = (tokens: readonly GeneratedToken[]): number => new Set(tokens.map(({ id }) => id)).size;
    expect(distinct(penalised)).toBeGreaterThan(distinct(free));
  });

  it('ends at a stop text, which it leaves out, and gives no part of it before', async () => {
    const free = await write({ seed: 9, maxTokens: 30, temperature: 2 });
    const text = free.map((token) => token.text).join('');
    const stop = text.slice(7, 10);
    const stopped = await write({ seed: 9, maxTokens: 30, temperature: 2, stop: ['never', stop] });
    expect(stopped.map((token) => token.text).join('')).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.at(-1)?.finishReason).toBe('stop');
    expect(stopped.slice(0, -1).every(({ finishReason }) => finishReason === undefined)).toBe(true);
    const held = await write({ seed: 9, maxTokens: 9, temperature: 2, stop: [`${text.slice(7, 9)}\u0000never`] });
    expect(held.map((token) => token.text).join('')).toBe(text.slice(0, 9));
    expect(held.at(-1)?.finishReason).toBe('length');
  });

  it('ends at the end of a text', async () => {
    const ended = await Promise.all(Array.from({ length: 20 }, (_, seed) => write({ seed, temperature: 5 })));
    const one = ended.find((tokens) => tokens.at(-1)?.finishReason === 'stop');
    expect(one?.at(-1)).toMatchObject({ id: VOCAB - 1, text: '', finishReason: 'stop' });
    expect(ended.every((tokens) => tokens.slice(0, -1).every(({ id }) => id !== VOCAB - 1))).toBe(true);
  });

  it('begins a document when the prompt is empty', async () => {
    const empty = await write({ temperature: 0, maxTokens: 3 }, '');
    expect(empty).toEqual(await write({ temperature: 0, maxTokens: 3 }, Uint32Array.of(VOCAB - 1)));
    const without = await createTextModel({ model, weights, tokenizer: byteTokenizer(VOCAB, { endOfText: false }) }, { threads: 1 });
    await expect(collect(without.generate(''))).rejects.toMatchObject({ code: 'WEFT_GENERATE_PROMPT' });
    await without.close();
    // A model folder may name the first and last tokens that its tokenizer has no word for.
    const end = empty[1]?.id as number;
    const other = await createTextModel(
      { model, weights, tokenizer: byteTokenizer(VOCAB, { endOfText: false }), startToken: VOCAB - 1, endTokens: [end] },
      { threads: 1 },
    );
    const ended = await collect(other.generate('', { temperature: 0, maxTokens: 3 }));
    expect(ended.map(({ id, finishReason }) => [id, finishReason])).toEqual([
      [empty[0]?.id, undefined],
      [end, 'stop'],
    ]);
    await other.close();
  });

  it('fills its context and no more', async () => {
    const tokens = await write({ temperature: 0 }, prompt(model.contextLength - 2));
    expect(tokens.at(-1)?.finishReason).toMatch(/length|stop/);
    expect(tokens.length).toBeLessThanOrEqual(2);
    await expect(write({}, prompt(model.contextLength))).rejects.toMatchObject({
      code: 'WEFT_GENERATE_CONTEXT',
      message: `Cannot generate with small as prompt and text together may have at most 48 tokens: the prompt alone has 48`,
    });
    expect(await write({ maxTokens: 0 })).toEqual([]);
  });

  it('stops between tokens when it is aborted, and when the reader leaves', async () => {
    const abort = new AbortController();
    let count = 0;
    const run = async (): Promise<void> => {
      for await (const _ of textModel.generate(prompt(4), { signal: abort.signal })) if (++count === 3) abort.abort(new Error('enough'));
    };
    await expect(run()).rejects.toThrow('enough');
    expect(count).toBe(3);
    await expect(write({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
    for await (const _ of textModel.generate(prompt(4))) break;
    await expect(textModel.score(prompt(10), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect((await write({ maxTokens: 2 })).length).toBe(2);
  });

  it('refuses tokens it lacks, weights that do not belong to it, and a tokenizer of another model', async () => {
    await expect(write({}, Uint32Array.of(1, VOCAB))).rejects.toMatchObject({ code: 'WEFT_GENERATE_TOKEN' });
    await expect(textModel.score(Uint32Array.of(VOCAB, 1))).rejects.toMatchObject({ code: 'WEFT_GENERATE_TOKEN' });
    await expect(createTextModel({ model, weights: new Map(), tokenizer: byteTokenizer(VOCAB) })).rejects.toMatchObject({
      code: 'WEFT_GENERATE_WEIGHTS',
    });
    await expect(
      createTextModel({ model, weights: livelyWeights(MODELS['gpt'] as LanguageModel), tokenizer: byteTokenizer(VOCAB) }),
    ).rejects.toMatchObject({ code: 'WEFT_GENERATE_WEIGHTS' });
    await expect(createTextModel({ model, weights, tokenizer: byteTokenizer(VOCAB + 1) })).rejects.toMatchObject({
      code: 'WEFT_GENERATE_VOCABULARY',
    });
    await expect(write({ temperature: -1 })).rejects.toMatchObject({ code: 'WEFT_GENERATE_OPTION' });
  });

  it('never takes a row of its table that is no token', async () => {
    const narrow = await createTextModel({ model, weights, tokenizer: byteTokenizer(20, { endOfText: false }) }, { threads: 1 });
    const tokens = await collect(narrow.generate(Uint32Array.of(1, 2), { temperature: 3 }));
    expect(tokens.every(({ id }) => id < 20)).toBe(true);
    await narrow.close();
  });

  it('says that the weights are damaged when its scores are not numbers', async () => {
    const broken = new Map(weights).set('norm.weight', { dtype: 'float32', shape: [64], data: new Float32Array(64).fill(NaN) });
    const damaged = await createTextModel({ model, weights: broken, tokenizer: byteTokenizer(VOCAB) }, { threads: 1 });
    await expect(collect(damaged.generate(prompt(3)))).rejects.toMatchObject({ code: 'WEFT_GENERATE_NOT_FINITE' });
    await expect(damaged.score(prompt(3))).rejects.toMatchObject({ code: 'WEFT_GENERATE_NOT_FINITE' });
    await damaged.close();
  });

  it('is closed while it writes, twice, and says so afterwards', async () => {
    const short = await createTextModel({ model, weights, tokenizer: byteTokenizer(VOCAB) }, { threads: 1 });
    const tokens = short.generate(prompt(4), { temperature: 0 });
    await tokens.next();
    const pending = tokens.next().catch(() => undefined);
    await Promise.all([short.close(), short.close()]);
    await pending;
    await expect(collect(tokens).then(() => collect(short.generate(prompt(4))))).rejects.toMatchObject({ code: 'WEFT_GENERATE_CLOSED' });
    await expect(short.score(prompt(4))).rejects.toMatchObject({ code: 'WEFT_GENERATE_CLOSED' });
    await short.close();
  });

  it('keeps its weights when the ones it was made from are trained on', async () => {
    const trained = livelyWeights(model);
    const sample = await createTextModel({ model, weights: trained, tokenizer: byteTokenizer(VOCAB) }, { threads: 1 });
    const before = await sample.score(prompt(9));
    for (const { data } of trained.values()) data.fill(0.5);
    expect(await sample.score(prompt(9))).toEqual(before);
    await sample.close();
  });

  it('scores texts of no and one token', async () => {
    expect(await textModel.score(new Uint32Array())).toHaveLength(0);
    expect([...(await textModel.score(Uint32Array.of(1)))]).toEqual([NaN]);
  });
});
