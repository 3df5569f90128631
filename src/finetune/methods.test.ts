/** The methods at work on small models: preferences are learnt and hold for prompts never seen; rewards rise; runs resume. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { createTextModel } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import { gpt, withAdapters } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';
import { adamw, train } from '../train/index.ts';
import type { TrainingRun } from '../train/index.ts';
import { dpo, grpo, lora, packChats, preferenceBatches, rewardWeighted, rewardWeights, sampleGroups, startAdapter } from './index.ts';
import type { GroupSource, Preference, SampledReply } from './index.ts';

const TEMPLATE =
  '{% for m in messages %}{{ m.role[0] }}{{ m.content }}{% if m.role == "assistant" %}{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}a{% endif %}';
const tokenizer = await trainTokenizer(['abcdefgh ust'], { type: 'characters' });
const base = gpt({ layers: 1, heads: 2, width: 32, contextLength: 24, vocabSize: tokenizer.vocabSize });
/** Larger than initial weights are, so that what stays as it is has a say. */
const weights = new Map(
  [...initialize(base.parameters, { seed: 1 })].map(([name, { shape, data }]) => [
    name,
    hostTensor(
      'float32',
      shape,
      data.map((value) => (shape.length > 1 ? 10 * value : value)),
    ),
  ]),
);
const adapter = lora(base, { rank: 8 });
const model = withAdapters(base, [adapter]);
const start = new Map([...weights, ...startAdapter(base, adapter, { seed: 1 })]);

let reference: TextModel;
let folder = '';
beforeAll(async () => {
  reference = await createTextModel({ model: base, weights, tokenizer, chatTemplate: TEMPLATE }, { threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'weft-methods-'));
});
afterAll(async () => {
  await reference.close();
  await rm(folder, { recursive: true });
});

const user = (content: string): readonly { role: string; content: string }[] => [{ role: 'user', content }];
const said = (content: string): Preference['chosen'] => [{ role: 'assistant', content }];

describe('direct preference optimisation', () => {
  /** Of two letters, the one that the question names first is preferred. */
  const letters = [...'abcdefgh'];
  const pairs = letters.flatMap((a) =>
    letters.flatMap((b): Preference[] =>
      a === b ? [] : [{ prompt: user(`${a}${b}`), chosen: said(a), rejected: said(b), origin: `${a}${b}` }],
    ),
  );
  const heldOut = pairs.filter((_, index) => index % 7 === 3);
  const learnt = pairs.filter((_, index) => index % 7 !== 3);

  test('learns a rule that holds for questions that it never saw; a resumed run equals the uninterrupted one', async () => {
    const batches = await preferenceBatches(learnt, reference, { batchSize: 16, seed: 1 });
    const held = await preferenceBatches(heldOut, reference, {
      batchSize: 16,
      seed: 1,
      order: 'sequential',
      contextLength: batches.contextLength,
    });
    const objective = dpo(model, { contextLength: batches.contextLength, beta: 0.5 });
    const options = {
      optimizer: adamw({ learningRate: 0.02 }),
      steps: 150,
      weights: start,
      threads: 1,
      heldOut: [0].map(() => held.batch(0)),
      evaluateEvery: 150,
    };
    const run = train(objective, batches, options);
    let first = NaN;
    let last: { readonly loss: number; readonly metrics: Readonly<Record<string, number>> } | undefined;
    for await (const step of run) {
      if (step.index === 0) first = step.loss;
      if (step.index === 74) await run.save(join(folder, 'half'));
      last = step.evaluation ?? last;
    }
    expect(first).toBeCloseTo(Math.LN2, 3); // Nothing is preferred yet.
    expect(last!.metrics['accuracy']).toBeGreaterThanOrEqual(0.8);
    const resumed = train(objective, batches, { ...options, resumeFrom: join(folder, 'half') });
    for await (const { index } of resumed) expect(index).toBeGreaterThanOrEqual(75);
    expect(resumed.weights.size).toBe(2 * adapter.layers.size);
    for (const [name, { data }] of resumed.weights) expect(data).toEqual(run.weights.get(name)!.data);
  });

  test('refuses pairs that are no pairs', async () => {
    const options = { batchSize: 1, seed: 1 };
    const pair = pairs[0]!;
    const rejects = async (preferences: readonly Preference[], code: string, changes: object = {}): Promise<void> => {
      await expect(preferenceBatches(preferences, reference, { ...options, ...changes })).rejects.toThrow(
        expect.objectContaining({ code }),
      );
    };
    await rejects([{ ...pair, rejected: pair.chosen }], 'WEFT_CHAT_PAIR');
    await rejects([{ ...pair, rejected: [{ role: 'assistant', content: 'a', note: 'differs' }] }], 'WEFT_CHAT_PAIR');
    await rejects([], 'WEFT_CHAT_OPTION');
    await rejects([pair], 'WEFT_CHAT_TOO_LONG', { contextLength: 3 });
    await rejects([pair], 'WEFT_CHAT_OPTION', { batchSize: 0 });
  });
});

describe('rewards', () => {
  /** How much of a reply is the letter b. */
  const reward = ({ text }: SampledReply): number => [...text].filter((letter) => letter === 'b').length / 6;
  const prompts = [...'acdefgh'].map(user);
  const sourceOf = (now: () => ReadonlyMap<string, HostTensor<'float32'>>): GroupSource => ({
    model,
    weights: () => new Map([...start, ...now()]),
    reference,
    prompts,
    reward,
  });
  const options = { prompts: 2, group: 6, contextLength: 12, seed: 1, maxTokens: 6, threads: 1 };

  test('group-relative policy optimisation raises them; a resumed run equals the uninterrupted one', async () => {
    const objective = grpo(model, { contextLength: 12, beta: 0.01 });
    const trainOptions = { optimizer: adamw({ learningRate: 0.02 }), steps: 30, weights: start, threads: 1 };
    const run: TrainingRun = train(
      objective,
      sampleGroups(
        sourceOf(() => run.weights),
        options,
      ),
      trainOptions,
    );
    const rewards: number[] = [];
    for await (const step of run) {
      rewards.push(step.metrics['reward']!);
      if (step.index === 24) await run.save(join(folder, 'group'));
      if (step.index === 0) expect(step.metrics['divergence']!).toBeLessThan(1e-6);
    }
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(rewards[0]).toBeLessThan(0.25);
    expect(mean(rewards.slice(-5))).toBeGreaterThan(0.8);
    const resumed: TrainingRun = train(
      objective,
      sampleGroups(
        sourceOf(() => resumed.weights),
        options,
      ),
      { ...trainOptions, resumeFrom: join(folder, 'group') },
    );
    for await (const { index, metrics } of resumed) expect(metrics['reward']).toBe(rewards[index]);
    for (const [name, { data }] of resumed.weights) expect(data).toEqual(run.weights.get(name)!.data);
  });

  test('reward-weighted regression raises them, too', async () => {
    const replies = ['abab', 'bbbb', 'cdef', 'gh', 'bcbc'];
    const perText = rewardWeights(
      replies.map((text) => reward({ prompt: [], text, ended: true })),
      { temperature: 0.2 },
    );
    const examples = replies.map((text, index) => {
      const ids = Int32Array.from([...tokenizer.encode(`ac${'a'}${text}`), tokenizer.endOfText!]);
      return { ids, isReply: Uint8Array.from(ids, (_, at) => (at > 2 ? 1 : 0)), weight: perText[index]! };
    });
    const batches = packChats(examples, { batchSize: 1, contextLength: 24, seed: 1 });
    const run = train(rewardWeighted(model, { contextLength: 24 }), batches, {
      optimizer: adamw({ learningRate: 0.02 }),
      steps: 60,
      weights: start,
      threads: 1,
    });
    for await (const step of run) if (step.index === 59) expect(step.loss).toBeGreaterThan(0);
    const trained = new Map([
      ...weights,
      ...[...run.weights].map(([name, { shape, data }]) => [name, hostTensor('float32', shape, data.slice())] as const),
    ]);
    const after = await createTextModel({ model, weights: trained, tokenizer }, { threads: 1 });
    const score = async (on: TextModel, text: string): Promise<number> =>
      (await on.score(tokenizer.encode(`aca${text}`))).slice(3).reduce((a, b) => a + b, 0);
    expect((await score(after, 'bbbb')) - (await score(after, 'cdef'))).toBeGreaterThan(
      (await score(reference, 'bbbb')) - (await score(reference, 'cdef')) + 1,
    );
    await after.close();
  });

  test.each([
    ['WEFT_CHAT_OPTION', { group: 1 }],
    ['WEFT_CHAT_OPTION', { prompts: 0 }],
    ['WEFT_OPTION_UNKNOWN', { groups: 3 }],
  ])('%s: %o', (code, changes) => {
    expect(() =>
      sampleGroups(
        sourceOf(() => start),
        { ...options, ...changes },
      ),
    ).toThrow(expect.objectContaining({ code }));
  });

  test('a reward that is no number, and a prompt without room, are errors', async () => {
    const bad = sampleGroups({ ...sourceOf(() => start), reward: () => NaN }, options);
    await expect(Promise.resolve(bad.batch(0))).rejects.toThrow(expect.objectContaining({ code: 'WEFT_REWARD' }));
    const long = sampleGroups({ ...sourceOf(() => start), prompts: [user('abcdefghabcdefgh')] }, options);
    await expect(Promise.resolve(long.batch(0))).rejects.toThrow(expect.objectContaining({ code: 'WEFT_CHAT_TOO_LONG' }));
  });
});
