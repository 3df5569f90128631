/** Greedy and beam search of a translator against a search that knows no cache, no batch and no padding. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../../test/oracle/nd-array.ts';
import { axes, buildGraph, input, logSoftmax } from '../../graph/index.ts';
import { seq2seq } from '../../models/index.ts';
import type { Seq2SeqModel } from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import { createTranslator } from './create-translator.ts';
import type { Hypothesis, Translator } from './create-translator.ts';

const TOKENS = { padToken: 0, startToken: 1, endToken: 2 };
const SOURCES = [
  [5, 6, 7, 2],
  [3, 2],
  [8, 4, 4, 6, 9, 10, 2],
  [7, 2],
  [11, 5, 2],
];
const LIMIT = 6;

const MODELS: readonly (readonly [string, Seq2SeqModel])[] = [
  [
    'post-norm, sinusoids, one table',
    seq2seq({ encoderLayers: 2, decoderLayers: 2, heads: 2, width: 16, hidden: 24, vocabSize: 12, contextLength: 10 }),
  ],
  [
    'pre-norm, learned positions, narrow heads',
    seq2seq({
      encoderLayers: 1,
      decoderLayers: 2,
      heads: 4,
      width: 12,
      hidden: 20,
      sourceVocabSize: 12,
      targetVocabSize: 9,
      contextLength: 10,
      positions: 'learned',
      normFirst: true,
      activation: 'gelu',
    }),
  ],
];

describe.for(MODELS)('%s', ([, model]) => {
  const weights = initialize(model.parameters, { seed: 5 });
  for (const [name, { shape, data }] of weights)
    if (shape.length === 2 && !name.endsWith('tokens.weight')) data.forEach((value, i) => void (data[i] = 2.5 * value));
  const fed = Object.fromEntries([...weights].map(([name, tensor]) => [name, fromHost(tensor)]));
  const known = new Map<string, Float64Array>();

  /** Log-probabilities of what follows a target, from the whole of both texts. */
  const following = (source: readonly number[], target: readonly number[]): Float64Array => {
    const key = `${source.join()}>${target.join()}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const memory = model.encode({ ids: input('source', 'int32', axes('B S', 1, source.length)) }, {});
    const hidden = model.decode({ ids: input('target', 'int32', axes('B T', 1, target.length)), memory }, {});
    const results = evaluateGraph(buildGraph({ p: logSoftmax(model.logits(hidden)) }), {
      ...fed,
      source: fill('int32', [1, source.length], ([, s = 0]) => source[s] ?? 0),
      target: fill('int32', [1, target.length], ([, t = 0]) => target[t] ?? 0),
    });
    const last = results.get('p')!.data.slice(-model.vocabSize);
    known.set(key, last);
    return last;
  };

  /** Beam search by its definition, one source, recomputed from the start at each step. */
  const naive = (source: readonly number[], beams: number, alpha: number): readonly Pick<Hypothesis, 'score' | 'tokens'>[] => {
    let live: { readonly tokens: readonly number[]; readonly p: number }[] = [{ tokens: [], p: 0 }];
    let done: { readonly tokens: readonly number[]; readonly score: number }[] = [];
    for (let length = 1; live.length > 0; length++) {
      const next = live
        .flatMap(({ tokens, p }) =>
          [...following(source, [TOKENS.startToken, ...tokens])].map((q, token) => ({ tokens: [...tokens, token], p: p + q })),
        )
        .sort((a, b) => b.p - a.p)
        .slice(0, 2 * beams);
      for (const { tokens, p } of next.slice(0, beams))
        if (tokens.at(-1) === TOKENS.endToken) done.push({ tokens: tokens.slice(0, -1), score: p / ((5 + tokens.length) / 6) ** alpha });
      live = next.filter(({ tokens }) => tokens.at(-1) !== TOKENS.endToken).slice(0, beams);
      done = done.sort((a, b) => b.score - a.score).slice(0, beams);
      if (done.length === beams && live[0]!.p / ((5 + length) / 6) ** alpha <= done.at(-1)!.score) live = [];
      if (length < LIMIT) continue;
      for (const { tokens, p } of live) done.push({ tokens, score: p / ((5 + tokens.length) / 6) ** alpha });
      live = [];
    }
    return done
      .sort((a, b) => b.score - a.score)
      .slice(0, beams)
      .map(({ tokens, score }) => ({ tokens: Uint32Array.from(tokens), score }));
  };

  let translator: Translator;
  beforeAll(async () => {
    translator = await createTranslator({ model, weights, ...TOKENS }, { threads: 1 });
  });
  afterAll(() => {
    translator.close();
  });

  test.for([
    ['greedily', 1, 0.6],
    ['with three beams', 3, 0.6],
    ['with four beams and no penalty', 4, 0],
  ] as const)('%s, in batches of any size', async ([, beams, lengthPenalty]) => {
    for (const batchSize of [1, 2, 32]) {
      const found = await translator.translate(SOURCES, { beams, lengthPenalty, batchSize, maxTokens: LIMIT });
      for (const [index, source] of SOURCES.entries()) {
        const expected = naive(source, beams, lengthPenalty);
        expect(found[index]!.map(({ tokens }) => [...tokens])).toEqual(expected.map(({ tokens }) => [...tokens]));
        for (const [rank, { score }] of expected.entries()) expect(found[index]![rank]!.score).toBeCloseTo(score, 4);
      }
    }
  });

  test('refuses what it cannot do', async () => {
    await expect(translator.translate([[]])).rejects.toMatchObject({ code: 'WEFT_GENERATE_CONTEXT' });
    await expect(translator.translate([Array.from({ length: 11 }, () => 3)])).rejects.toMatchObject({ code: 'WEFT_GENERATE_CONTEXT' });
    await expect(translator.translate([[12]])).rejects.toMatchObject({ code: 'WEFT_GENERATE_TOKEN' });
    await expect(translator.translate([[3]], { beams: 0 })).rejects.toMatchObject({ code: 'WEFT_GENERATE_OPTION' });
    await expect(translator.translate([[3]], { lengthPenalty: -1 })).rejects.toMatchObject({ code: 'WEFT_GENERATE_OPTION' });
    await expect(translator.translate([[3]], { beam: 2 } as object)).rejects.toThrow(/beam/);
    expect(await translator.translate([])).toEqual([]);
  });
});
