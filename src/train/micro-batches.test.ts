import { describe, expect, it } from 'vitest';

import { createRandom } from '../core/index.ts';
import type { Batch } from '../data/index.ts';
import { gpt, llama } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { microBatchSizeOf, splitBatch } from './micro-batches.ts';
import { languageModelling } from './language-modelling.ts';
import { adamw } from './optimizers/adam.ts';
import { evaluationGraph } from './step-graphs.ts';
import { createTrainer } from './trainer.ts';

const optimizer = adamw({ learningRate: 1e-2, weightDecay: 0.1 });

function sizeFor(model: LanguageModel, batchSize: number, contextLength: number): number {
  const batch = { objective: languageModelling(model, contextLength), optimizer, batchSize, clipNorm: 1 };
  return microBatchSizeOf(evaluationGraph(batch), { batchSize, tokensPerExample: contextLength });
}

describe('the size of a micro-batch', () => {
  const small = gpt({ layers: 1, heads: 2, width: 32, contextLength: 256, vocabSize: 65 });
  const wide = gpt({ layers: 1, heads: 2, width: 32, contextLength: 1024, vocabSize: 50_257 });

  it('is the batch where its widest tensor is small', () => {
    expect(sizeFor(small, 8, 256)).toBe(8);
    expect(sizeFor(small, 1, 256)).toBe(1);
  });

  it('is smaller where it is wide, but not below 1,024 tokens', () => {
    expect(sizeFor(wide, 8, 256)).toBe(4);
    expect(sizeFor(wide, 4, 1024)).toBe(1);
    expect(sizeFor(wide, 8, 32)).toBe(8);
  });

  it('divides the batch', () => {
    // 21 sequences of 200 tokens: 7 of them are 1,400 tokens, still too wide, and 3 are 600.
    expect(sizeFor(wide, 21, 200)).toBe(7);
    expect(sizeFor(wide, 7, 200)).toBe(7);
  });
});

it('parts are views of the batch, in order', () => {
  const batch: Batch = { inputs: Int32Array.of(1, 2, 3, 4, 5, 6), targets: Int32Array.of(2, 3, 4, 5, 6, 7), kept: 6 };
  const parts = splitBatch(batch, ['inputs', 'targets'], 3);
  expect(parts.map((part) => ['inputs', 'targets'].map((name) => [...(part.get(name) ?? [])]))).toEqual([
    [
      [1, 2],
      [2, 3],
    ],
    [
      [3, 4],
      [4, 5],
    ],
    [
      [5, 6],
      [6, 7],
    ],
  ]);
  expect(parts[1]?.get('inputs')?.buffer).toBe(batch.inputs.buffer);
});

describe('a step in micro-batches', () => {
  const [batchSize, contextLength] = [6, 8];
  const random = createRandom(3);
  const inputs = Int32Array.from({ length: batchSize * contextLength }, () => random.integer(11));
  // Parts keep different numbers of targets.
  const targets = inputs.map((id, index) => (index % 5 === 0 || index < 10 ? -1 : (id * 3 + 1) % 11));
  const batch: Batch = { inputs, targets, kept: targets.filter((target) => target >= 0).length };

  for (const accumulate of [1, 2]) {
    it(`equals the step of the whole batch, ${accumulate} of them a step`, async () => {
      const model = llama({ layers: 1, heads: 2, kvHeads: 1, width: 16, contextLength, vocabSize: 11 });
      const common = {
        objective: languageModelling(model, contextLength),
        optimizer,
        batchSize,
        accumulate,
        clipNorm: 1,
        seed: 1,
        threads: 1,
      };
      const whole = await createTrainer(common);
      const parts = await createTrainer({ ...common, microBatchSize: 2 });
      const batches = Array.from({ length: accumulate }, () => batch);
      for (let step = 0; step < 3; step++) {
        const [a, b] = [await whole.step(step, batches), await parts.step(step, batches)];
        expect(b.loss).toBeCloseTo(a.loss, 5);
        expect(b.gradientNorm / a.gradientNorm).toBeCloseTo(1, 5);
      }
      for (const [name, { data }] of whole.weights) {
        const other = parts.weights.get(name)?.data ?? [];
        for (const [index, value] of data.entries()) expect(Math.abs(value - (other[index] ?? NaN)), name).toBeLessThan(2e-5);
      }
      expect((await parts.evaluate([batch])).loss).toBeCloseTo((await whole.evaluate([batch])).loss, 5);
      whole.close();
      parts.close();
    });
  }

  it('refuses batches of another shape, in training and in evaluation, and trains on', async () => {
    const model = gpt({ layers: 1, heads: 2, width: 16, contextLength, vocabSize: 11 });
    const trainer = await createTrainer({
      objective: languageModelling(model, contextLength),
      optimizer,
      batchSize,
      accumulate: 1,
      clipNorm: 1,
      seed: 1,
      threads: 1,
    });
    const twice: Batch = {
      inputs: Int32Array.of(...inputs, ...inputs),
      targets: Int32Array.of(...targets, ...targets),
      kept: 2 * batch.kept,
    };
    const short: Batch = { ...batch, targets: targets.subarray(1) };
    const before = [...trainer.weights].map(([, { data }]) => [...data]);
    for (const wrong of [twice, short]) {
      await expect(trainer.step(0, [wrong])).rejects.toMatchObject({ code: 'WEFT_TRAIN_BATCH' });
      await expect(trainer.evaluate([wrong])).rejects.toMatchObject({ code: 'WEFT_TRAIN_BATCH' });
    }
    expect([...trainer.weights].map(([, { data }]) => [...data])).toEqual(before);
    expect((await trainer.step(0, [batch])).loss).toBeGreaterThan(0);
    trainer.close();
  });

  it('refuses a size that does not divide the batch', async () => {
    const model = gpt({ layers: 1, heads: 2, width: 16, contextLength, vocabSize: 11 });
    const options = {
      objective: languageModelling(model, contextLength),
      optimizer,
      batchSize,
      accumulate: 1,
      clipNorm: 1,
      seed: 1,
      threads: 1,
    };
    await expect(createTrainer({ ...options, microBatchSize: 4 })).rejects.toMatchObject({ code: 'WEFT_TRAIN_OPTION' });
  });
});
