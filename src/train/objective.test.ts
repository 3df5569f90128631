/** Objectives of any kind: losses against each other, states that are carried, noise, running averages, groups of parameters. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { add, axes, exp, multiply, negate, parameter, reshape, subtract, sum, tanh } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { carried, linear, noise } from '../nn/index.ts';
import { adamw, defineObjective, parameterGroups, singleRule, train } from './index.ts';
import type { Optimizer, TrainOptions, TrainingRun } from './index.ts';

const ONE = { kind: 'constant', value: 1 } as const;
const ZERO = { kind: 'constant', value: 0 } as const;

/** p' = p - rate · g. */
const descent = (rate: number): Optimizer =>
  singleRule({
    stateNames: [],
    scalarNames: [],
    elementwise: true,
    learningRate: () => rate,
    scalars: () => ({}),
    update: ({ parameter: p, gradient, gradientScale }) => ({
      parameter: subtract(p, multiply(multiply(gradient, gradientScale), rate)),
      states: [],
    }),
  });
const OPTIONS = { optimizer: descent(0.5), steps: 1, clipNorm: 0, threads: 1 } as const;

const single = (name: string): Tensor => parameter(name, axes('C', 1), ONE);
const total = (x: Tensor): Tensor => sum(x);
const numbers = (batchSize: number, at: (index: number) => number): { batchSize: number; batch: (index: number) => Batch } => ({
  batchSize,
  batch: (index) => ({ x: Float32Array.from({ length: batchSize }, (_, row) => at(index * batchSize + row)), kept: batchSize }),
});
interface Batch {
  readonly x: Float32Array;
  readonly kept: number;
}
const feeds = (batchSize: number) => ({ x: { dtype: 'float32', shape: axes('B', batchSize) } }) as const;

async function finish(run: TrainingRun): Promise<TrainingRun> {
  for await (const _ of run);
  return run;
}
const valueOf = (run: TrainingRun, name: string): number => run.weights.get(name)?.data[0] ?? NaN;

describe('losses against each other', () => {
  // first: a·b·x, for a; second: -a·b·x, for b. Both from the same weights, in one step.
  const game = defineObjective({
    feeds,
    losses: ({ x }) => {
      const product = sum(multiply(multiply(single('a'), single('b')), x));
      return {
        losses: [
          { total: product, trains: (name) => name === 'a' },
          { total: negate(product), trains: (name) => name === 'b' },
        ],
        metrics: { second: negate(product) },
      };
    },
  });

  it('each train their own parameters, and metrics are means', async () => {
    const run = train(
      game,
      numbers(4, () => 2),
      OPTIONS,
    );
    for await (const { loss, metrics } of run) {
      expect(loss).toBe(2);
      expect(metrics).toEqual({ second: -2 });
    }
    expect([valueOf(run, 'a'), valueOf(run, 'b')]).toEqual([0, 2]); // 1 - 0.5·2, 1 + 0.5·2
  });

  it('are the same in micro-batches', async () => {
    const run = await finish(
      train(
        game,
        numbers(2, (index) => index),
        { ...OPTIONS, accumulate: 2 },
      ),
    );
    expect([valueOf(run, 'a'), valueOf(run, 'b')]).toEqual([0.25, 1.75]); // mean x = 1.5
  });
});

describe('states of the model', () => {
  // A running sum of inputs with an initial value, and the last input carried without one.
  const sums = defineObjective({
    feeds,
    losses: ({ x }, context) => {
      const running = carried('running', { shape: axes('C', 1), initializer: { kind: 'constant', value: 10 } }, context);
      if (context.training === true) running.set(add(running.value, reshape(sum(x), axes('C', 1))));
      const last = carried('last', { shape: x.shape }, context);
      last.set(x);
      return { losses: [{ total: total(multiply(single('a'), add(last.value, multiply(running.value, 100)))) }] };
    },
  });
  const batches = numbers(1, (index) => index + 1);
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-objective-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('begin as they say, follow the batches, and are saved with the weights', async () => {
    const losses: number[] = [];
    const run = train(sums, batches, { ...OPTIONS, optimizer: descent(0), steps: 3 });
    for await (const { loss } of run) losses.push(loss);
    expect(losses).toEqual([1000, 1 + 1100, 2 + 1300]);
    expect(valueOf(run, 'running')).toBe(16);
    expect(run.weights.has('last')).toBe(false);
  });

  it('do not change in an evaluation, which carries states of its own from zeros', async () => {
    const evaluations: number[] = [];
    const heldOut = [5, 7].map((x) => ({ x: Float32Array.of(x), kept: 1 }));
    const options: TrainOptions<Batch> = { ...OPTIONS, optimizer: descent(0), steps: 2, heldOut, evaluateEvery: 1 };
    for await (const { evaluation } of train(sums, batches, options)) evaluations.push(evaluation?.loss ?? NaN);
    expect(evaluations).toEqual([(1100 + 1105) / 2, (1300 + 1305) / 2]);
  });

  it('go on where they were when a run is resumed', async () => {
    const path = join(folder, 'checkpoint.safetensors');
    const options = { ...OPTIONS, optimizer: descent(1e-4), steps: 6 };
    const whole = await finish(train(sums, batches, options));
    const first = train(sums, batches, options);
    for await (const { index } of first) {
      if (index < 2) continue;
      await first.save(path);
      break;
    }
    const second = await finish(train(sums, batches, { ...options, resumeFrom: path }));
    expect([...second.weights].map(([name, { data }]) => [name, [...data]])).toEqual(
      [...whole.weights].map(([name, { data }]) => [name, [...data]]),
    );
  });
});

it('noise is another at each step, and the same in each run', async () => {
  const noisy = defineObjective({
    feeds,
    losses: ({ x }) => ({ losses: [{ total: total(multiply(single('a'), add(noise('z', x.shape), x))) }] }),
  });
  const losses = async (seed: number): Promise<number[]> => {
    const all: number[] = [];
    for await (const { loss } of train(
      noisy,
      numbers(64, () => 0),
      { ...OPTIONS, optimizer: descent(0), steps: 4, seed },
    ))
      all.push(loss);
    return all;
  };
  const first = await losses(1);
  expect(new Set(first).size).toBe(4);
  expect(await losses(1)).toEqual(first);
  expect(await losses(2)).not.toEqual(first);
  for (const loss of first) expect(Math.abs(loss)).toBeLessThan(0.6); // A mean of 64: four deviations are 0.5.
});

describe('a running average of the weights', () => {
  const distance = defineObjective({
    feeds,
    losses: ({ x }) => {
      const error = subtract(linear(reshape(x, axes('B C', x.shape[0]?.size ?? 1, 1)), { name: 'y', in: 1, out: 1, initializer: ZERO }), 1);
      return { losses: [{ total: total(multiply(error, error)) }] };
    },
  });

  it('keeps its share at each step, and is what is evaluated', async () => {
    const batches = numbers(2, () => 1);
    const heldOut = [batches.batch(0)];
    let [weight, average] = [0, 0];
    const run = train(distance, batches, { ...OPTIONS, optimizer: descent(0.1), steps: 5, average: 0.75, heldOut, evaluateEvery: 1 });
    for await (const { evaluation } of run) {
      weight -= 0.1 * 2 * (weight - 1);
      average = average * 0.75 + weight * 0.25;
      expect(run.averaged.get('y.weight')?.data[0]).toBeCloseTo(average, 5);
      expect(evaluation?.loss).toBeCloseTo((average - 1) ** 2, 5);
    }
    expect(valueOf(run, 'y.weight')).toBeCloseTo(weight, 5);
  });
});

describe('groups of parameters', () => {
  const two = defineObjective({ feeds, losses: ({ x }) => ({ losses: [{ total: total(multiply(add(single('a'), single('b')), x)) }] }) });

  it('have their own optimizers, the first that matches', async () => {
    const optimizer = parameterGroups([{ match: /^a$/, optimizer: descent(0.5) }, { optimizer: descent(0.25) }]);
    const run = await finish(
      train(
        two,
        numbers(1, () => 1),
        { ...OPTIONS, optimizer },
      ),
    );
    expect([valueOf(run, 'a'), valueOf(run, 'b')]).toEqual([0.5, 0.75]);
  });

  it('decay where they say', async () => {
    const still = (decays: boolean): Optimizer => parameterGroups([{ optimizer: adamw({ learningRate: 0.5, weightDecay: 0.5 }), decays }]);
    const zeros = numbers(1, () => 0);
    expect(valueOf(await finish(train(two, zeros, { ...OPTIONS, optimizer: still(true) })), 'a')).toBeCloseTo(0.75, 6);
    expect(valueOf(await finish(train(two, zeros, { ...OPTIONS, optimizer: still(false) })), 'a')).toBe(1);
  });

  it('must have every parameter', async () => {
    const optimizer = parameterGroups([{ match: ({ name }) => name === 'a', optimizer: descent(1) }]);
    await expect(
      finish(
        train(
          two,
          numbers(1, () => 1),
          { ...OPTIONS, optimizer },
        ),
      ),
    ).rejects.toMatchObject({ code: 'WEFT_TRAIN_GROUP' });
    expect(() => parameterGroups([])).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_GROUP' }));
  });
});

describe('a step that is not finite', () => {
  const line = defineObjective({
    feeds,
    losses: ({ x }) => ({ losses: [{ total: total(multiply(exp(multiply(single('a'), x)), single('b'))) }] }),
  });

  it.for([1, 2])('leaves the weights as they were, %d batches a step, and says which tensor was the first', async (accumulate) => {
    const run = train(
      line,
      numbers(1, (index) => (index < 2 * accumulate ? 1 : 1000)),
      { ...OPTIONS, optimizer: descent(0.01), steps: 3, accumulate },
    );
    const before: Map<string, number>[] = [];
    await expect(
      (async () => {
        for await (const _ of run) before.push(new Map([...run.weights].map(([name, { data }]) => [name, data[0] ?? NaN])));
      })(),
    ).rejects.toMatchObject({ code: 'WEFT_TRAIN_DIVERGED', message: expect.stringMatching(/from exp$/) as unknown });
    expect(before).toHaveLength(2);
    expect(new Map([...run.weights].map(([name, { data }]) => [name, data[0]]))).toEqual(before[1]);
  });

  it('names the batch where that is what is wrong', async () => {
    await expect(
      finish(
        train(
          line,
          numbers(1, () => NaN),
          OPTIONS,
        ),
      ),
    ).rejects.toMatchObject({
      code: 'WEFT_TRAIN_DIVERGED',
      message: expect.stringContaining('the batch x') as unknown,
    });
  });
});

describe('misuse', () => {
  it('of losses', () => {
    const define = (build: (x: Tensor) => Tensor) => () =>
      defineObjective({ feeds, losses: ({ x }) => ({ losses: [{ total: build(x) }] }) });
    expect(define((x) => multiply(single('a'), x))).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_OBJECTIVE' }));
    expect(define((x) => total(tanh(x)))).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_OBJECTIVE' }));
  });

  it('of batches', async () => {
    const two = defineObjective({ feeds, losses: ({ x }) => ({ losses: [{ total: total(multiply(single('a'), x)) }] }) });
    const wrong = { batchSize: 2, batch: () => ({ x: new Float32Array(3), kept: 2 }) };
    await expect(finish(train(two, wrong, OPTIONS))).rejects.toMatchObject({ code: 'WEFT_TRAIN_BATCH' });
    const missing = { batchSize: 2, batch: () => ({ kept: 2 }) as unknown as Batch };
    await expect(finish(train(two, missing, OPTIONS))).rejects.toMatchObject({ code: 'WEFT_TRAIN_BATCH' });
    expect(() => train(two, wrong, { ...OPTIONS, average: 1 })).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_OPTION' }));
  });
});
