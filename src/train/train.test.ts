/** What users of other trainers complain about, as tests: accumulation, resuming, dropout, divergence. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createRandom } from '../core/index.ts';
import type { Batch, Batches } from '../data/index.ts';
import { gpt, llama } from '../models/index.ts';
import { adamw } from './optimizers/adam.ts';
import { constantRate, warmupCosine, warmupStableDecay } from './schedules.ts';
import { train } from './train.ts';
import type { TrainOptions, TrainingRun } from './train.ts';
import { languageModelling } from './language-modelling.ts';
import { createTrainer } from './trainer.ts';
import type { Weights } from './training-arrays.ts';

const CONTEXT = 8;

/** Batches of random ids; `kept` below all when `masked`. */
function randomBatches(batchSize: number, masked = false): Batches {
  return {
    batchSize,
    contextLength: CONTEXT,
    batchesPerEpoch: 1000,
    batch(index): Batch {
      const random = createRandom(7, `batch ${index}`);
      const inputs = Int32Array.from({ length: batchSize * CONTEXT }, () => random.integer(11));
      const targets = inputs.map((id, at) => (masked && at % 3 === index % 3 ? -1 : (id * 3 + 1) % 11));
      return { inputs, targets, kept: targets.filter((target) => target >= 0).length };
    },
  };
}

const model = gpt({ layers: 1, heads: 2, width: 16, contextLength: CONTEXT, vocabSize: 11 });
const optimizer = adamw({ learningRate: warmupCosine({ peak: 1e-2, warmup: 3, total: 20 }), weightDecay: 0.1 });

async function finish(run: TrainingRun, until = Infinity): Promise<number[]> {
  const losses: number[] = [];
  for await (const { loss } of run) {
    losses.push(loss);
    if (losses.length >= until) break;
  }
  return losses;
}

function copyOf(weights: Weights): Map<string, number[]> {
  return new Map([...weights].map(([name, { data }]) => [name, [...data]]));
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-train-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('accumulation', () => {
  it('equals the large batch, also when the small ones keep different numbers of targets', async () => {
    const small = randomBatches(2, true);
    const parts = [0, 1, 2].map((index) => small.batch(index));
    expect(new Set(parts.map(({ kept }) => kept)).size).toBeGreaterThan(1);
    const joined: Batch = {
      inputs: Int32Array.from(parts.flatMap(({ inputs }) => [...inputs])),
      targets: Int32Array.from(parts.flatMap(({ targets }) => [...targets])),
      kept: parts.reduce((sum, { kept }) => sum + kept, 0),
    };
    const common = { objective: languageModelling(model, CONTEXT), optimizer, clipNorm: 1, seed: 1, threads: 1 };
    const large = await createTrainer({ ...common, batchSize: 6, accumulate: 1 });
    const accumulated = await createTrainer({ ...common, batchSize: 2, accumulate: 3 });
    for (let step = 0; step < 3; step++) {
      const [a, b] = [await large.step(step, [joined]), await accumulated.step(step, parts)];
      expect(b.loss).toBeCloseTo(a.loss, 5);
      expect(b.gradientNorm / a.gradientNorm).toBeCloseTo(1, 5);
    }
    for (const [name, { data }] of large.weights) {
      for (const [index, value] of data.entries())
        expect(Math.abs(value - (accumulated.weights.get(name)?.data[index] ?? NaN)), name).toBeLessThan(2e-5);
    }
    large.close();
    accumulated.close();
  });
});

describe('resuming', () => {
  for (const [name, subject, accumulate] of [
    ['a GPT with dropout', gpt({ layers: 1, heads: 2, width: 16, contextLength: CONTEXT, vocabSize: 11, dropout: 0.2 }), 1],
    ['a Llama with accumulation', llama({ layers: 1, heads: 2, kvHeads: 1, width: 16, contextLength: CONTEXT, vocabSize: 11 }), 2],
  ] as const) {
    it(`equals the uninterrupted run, bit for bit: ${name}`, async () => {
      const batches = randomBatches(2);
      const options: TrainOptions = { optimizer, steps: 12, seed: 3, threads: 1, accumulate };
      const whole = train(subject, batches, options);
      const losses = await finish(whole);
      const checkpoint = join(folder, 'checkpoint.safetensors');
      const first = train(subject, batches, options);
      const before: number[] = [];
      for await (const { index, loss } of first) {
        before.push(loss);
        if (index === 4) await first.save(checkpoint);
        if (index === 6) break; // Steps after the checkpoint are lost, as by kill -9.
      }
      const second = train(subject, batches, { ...options, resumeFrom: checkpoint });
      const after = await finish(second);
      expect([...before.slice(0, 5), ...after]).toEqual(losses);
      expect(copyOf(second.weights)).toEqual(copyOf(whole.weights));
    });
  }

  it('takes no step beyond an early stop', async () => {
    const batches = randomBatches(2);
    const still = adamw({ learningRate: 0, weightDecay: 0 });
    const options: TrainOptions = { optimizer: still, steps: 60, threads: 1, heldOut: [batches.batch(999)], evaluateEvery: 2, patience: 2 };
    const checkpoint = join(folder, 'checkpoint.safetensors');
    const stopped = train(model, batches, options);
    for await (const { index } of stopped) if (index === 5) await stopped.save(checkpoint);
    expect(stopped.state).toMatchObject({ step: 6, evaluationsSinceBest: 2 });
    const resumed = train(model, batches, { ...options, resumeFrom: checkpoint });
    expect(await finish(resumed)).toEqual([]);
    expect(resumed.state).toEqual(stopped.state);
  });

  it('refuses a checkpoint of another model, a damaged one and what is none', async () => {
    const checkpoint = join(folder, 'checkpoint.safetensors');
    const run = train(model, randomBatches(2), { optimizer, steps: 1, threads: 1 });
    for await (const step of run) {
      void step;
      await run.save(checkpoint);
    }
    const wider = gpt({ layers: 1, heads: 2, width: 32, contextLength: CONTEXT, vocabSize: 11 });
    await expect(finish(train(wider, randomBatches(2), { optimizer, steps: 2, threads: 1, resumeFrom: checkpoint }))).rejects.toMatchObject(
      { code: 'WEFT_TRAIN_CHECKPOINT' },
    );
    const bytes = await readFile(checkpoint);
    await writeFile(checkpoint, bytes.subarray(0, bytes.length - 100));
    await expect(finish(train(model, randomBatches(2), { optimizer, steps: 2, threads: 1, resumeFrom: checkpoint }))).rejects.toMatchObject(
      { name: 'FormatError' },
    );
    await writeFile(checkpoint, 'not a checkpoint');
    await expect(finish(train(model, randomBatches(2), { optimizer, steps: 2, threads: 1, resumeFrom: checkpoint }))).rejects.toMatchObject(
      { name: 'FormatError' },
    );
  });
});

describe('dropout', () => {
  it('changes the loss of training, not that of evaluation, and is a function of seed and step', async () => {
    const dropped = gpt({ layers: 1, heads: 2, width: 16, contextLength: CONTEXT, vocabSize: 11, dropout: 0.5 });
    const batches = randomBatches(4);
    const still = adamw({ learningRate: 0, weightDecay: 0 });
    const losses = async (seed: number): Promise<number[]> =>
      finish(train(dropped, batches, { optimizer: still, steps: 3, seed: 1, threads: 1, ...(seed === 1 ? {} : { seed }) }));
    expect(await losses(1)).toEqual(await losses(1));
    const trainer = await createTrainer({
      objective: languageModelling(dropped, CONTEXT),
      optimizer: still,
      batchSize: 4,
      clipNorm: 1,
      accumulate: 1,
      seed: 1,
      threads: 1,
    });
    const batch = batches.batch(0);
    const [a, b] = [await trainer.step(0, [batch]), await trainer.step(1, [batch])];
    expect(a.loss).not.toBe(b.loss);
    expect(await trainer.evaluate([batch])).toEqual(await trainer.evaluate([batch]));
    trainer.close();
  });
});

describe('checkpointing', () => {
  it('changes no bit of losses and weights', async () => {
    const deep = gpt({ layers: 2, heads: 2, width: 16, contextLength: CONTEXT, vocabSize: 11, dropout: 0.2 });
    const after = async (checkpointing: boolean): Promise<readonly [number[], Map<string, number[]>]> => {
      const run = train(deep, randomBatches(2), { optimizer, steps: 4, threads: 1, checkpointing });
      return [await finish(run), copyOf(run.weights)];
    };
    expect(await after(true)).toEqual(await after(false));
  });
});

describe('a run', () => {
  it('learns, evaluates on held-out batches, and stops early when they get no better', async () => {
    const batches = randomBatches(4);
    const steps: { readonly loss: number; readonly evaluation?: { readonly loss: number; readonly best: boolean } }[] = [];
    const options: TrainOptions = {
      optimizer: adamw({ learningRate: 1e-2 }),
      steps: 60,
      threads: 1,
      heldOut: [batches.batch(999)],
      evaluateEvery: 10,
    };
    for await (const step of train(model, batches, options)) steps.push(step);
    const evaluations = steps.flatMap(({ evaluation }) => evaluation ?? []);
    expect(evaluations).toHaveLength(6);
    expect(evaluations.at(-1)?.loss).toBeLessThan(1);
    expect(steps.at(-1)?.loss).toBeLessThan((steps[0]?.loss ?? 0) / 2);
    // A rate of 0 never gets better than its first evaluation.
    const idle = await finish(
      train(model, batches, { ...options, optimizer: adamw({ learningRate: 0, weightDecay: 0 }), evaluateEvery: 5, patience: 2 }),
    );
    expect(idle).toHaveLength(15);
  });

  it('evaluates its last step when the time ends it, so that the best weights are not older than need be', async () => {
    const batches = randomBatches(2);
    const options: TrainOptions = { optimizer, steps: 60, threads: 1, seconds: 1e-9, heldOut: [batches.batch(999)], evaluateEvery: 20 };
    const steps = [];
    for await (const step of train(model, batches, options)) steps.push(step);
    expect(steps).toHaveLength(1);
    expect(steps[0]?.evaluation).toMatchObject({ best: true });
  });

  it('stops with a remedy when the loss is no longer a number', async () => {
    const run = train(model, randomBatches(2), { optimizer: adamw({ learningRate: 1e38 }), steps: 20, clipNorm: 0, threads: 1 });
    await expect(finish(run)).rejects.toMatchObject({
      code: 'WEFT_TRAIN_DIVERGED',
      remedy: expect.stringContaining('lower learning rate') as unknown,
    });
  });

  it('is iterated once: a second time would go on with fresh weights', async () => {
    const run = train(model, randomBatches(2), { optimizer, steps: 4, threads: 1 });
    expect(await finish(run, 1)).toHaveLength(1);
    await expect(finish(run)).rejects.toMatchObject({ code: 'WEFT_TRAIN_STATE' });
  });

  it('refuses held-out batches that are gone after the first evaluation', async () => {
    const held = [randomBatches(2).batch(9)].values();
    const run = train(model, randomBatches(2), { optimizer, steps: 4, threads: 1, heldOut: held, evaluateEvery: 1 });
    await expect(finish(run)).rejects.toMatchObject({ code: 'WEFT_TRAIN_OPTION' });
  });

  it('refuses options that are unknown or out of range', () => {
    const batches = randomBatches(2);
    expect(() => train(model, batches, { optimizer, stesp: 3 } as unknown as TrainOptions)).toThrow('unknown: stesp');
    expect(() => train(model, batches, { optimizer, steps: 0 })).toThrow('steps must be a whole number');
    expect(() => train(model, batches, { optimizer, steps: 1, patience: 0 })).toThrow('patience must be a whole number');
    expect(() => train(model, batches, { optimizer, steps: 1, evaluateEvery: 0.5 })).toThrow('evaluateEvery must be a whole number');
    expect(() => train(model, { ...batches, contextLength: 99 }, { optimizer, steps: 1 })).toThrow("longer than the model's context");
  });
});

describe('threads', () => {
  it('change no bit, at a size where every operation uses them', async () => {
    const [batchSize, contextLength, vocabSize] = [8, 256, 65];
    const wide = gpt({ layers: 1, heads: 3, width: 192, contextLength, vocabSize });
    const random = createRandom(5);
    const inputs = Int32Array.from({ length: batchSize * contextLength }, () => random.integer(vocabSize));
    const batch: Batch = { inputs, targets: inputs.map((id) => (id * 3 + 1) % vocabSize), kept: inputs.length };
    const after = async (threads: number): Promise<Map<string, number[]>> => {
      const trainer = await createTrainer({
        objective: languageModelling(wide, contextLength),
        optimizer,
        batchSize,
        accumulate: 1,
        clipNorm: 1,
        seed: 1,
        threads,
      });
      for (let step = 0; step < 2; step++) await trainer.step(step, [batch]);
      trainer.close();
      return copyOf(trainer.weights);
    };
    const one = await after(1);
    for (const threads of [2, 4]) {
      const several = await after(threads);
      for (const [name, numbers] of one) expect(several.get(name), `${name}, ${threads} threads`).toEqual(numbers);
    }
  });
});

describe('schedules', () => {
  it('rise, hold and fall as their papers say', () => {
    const cosine = warmupCosine({ peak: 1e-3, warmup: 100, total: 2000, floor: 1e-4 });
    expect([cosine(0), cosine(99), cosine(100), cosine(1050), cosine(2000), cosine(9999)]).toEqual([
      1e-3 / 101,
      (1e-3 * 100) / 101,
      1e-3,
      expect.closeTo(5.5e-4, 12) as unknown,
      1e-4,
      1e-4,
    ]);
    const stable = warmupStableDecay({ peak: 1, warmup: 2, total: 10, decay: 4 });
    expect(Array.from({ length: 11 }, (_, step) => stable(step))).toEqual([1 / 3, 2 / 3, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0]);
    expect(constantRate(0.1)(123)).toBe(0.1);
  });
});
