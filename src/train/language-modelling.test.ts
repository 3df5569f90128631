import { describe, expect, test } from 'vitest';

import { axes, buildGraph, input } from '../graph/index.ts';
import { llama } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { adamw, createTrainer, languageModelling } from './index.ts';

const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 12, vocabSize: 50 });
const inputs = Int32Array.from({ length: 24 }, (_, index) => (index * 7) % 50);
const targets = Int32Array.from({ length: 24 }, (_, index) => (index % 5 === 0 ? -1 : (index * 7 + 7) % 50));
const kept = targets.filter((target) => target >= 0).length;

async function stepOf(chunk: number | undefined): Promise<{ readonly numbers: readonly number[]; readonly weights: readonly number[] }> {
  const trainer = await createTrainer({
    objective: languageModelling(model, 12, { labelSmoothing: 0.1, zLoss: 1e-3, ...(chunk === undefined ? {} : { chunk }) }),
    optimizer: adamw({ learningRate: 1e-2 }),
    batchSize: 2,
    clipNorm: 0,
    accumulate: 1,
    seed: 1,
    threads: 1,
    weights: initialize(model.parameters, { seed: 1 }),
  });
  const { loss, gradientNorm } = await trainer.step(0, [{ inputs, targets, kept }]);
  const weights = [...trainer.weights.values()].flatMap(({ data }) => [...data]);
  trainer.close();
  return { numbers: [loss, gradientNorm], weights };
}

describe('cross-entropy in chunks', () => {
  test.each([1, 5, 8, 24, 100])('of %i tokens is what it is at once', async (chunk) => {
    const [whole, parts] = [await stepOf(undefined), await stepOf(chunk)];
    for (const [index, number] of parts.numbers.entries()) expect(number).toBeCloseTo(whole.numbers[index]!, 5);
    // A first step of AdamW is nearly of one size each way: signs are what differs where gradients are near 0.
    const differ = parts.weights.filter((weight, index) => Math.abs(weight - whole.weights[index]!) > 1e-4);
    expect(differ.length).toBeLessThan(whole.weights.length / 1000);
  });

  test('never has the logits of more tokens in one tensor', () => {
    const [first] = languageModelling(model, 12, { chunk: 8 }).losses(
      { inputs: input('inputs', 'int32', axes('B T', 2, 12)), targets: input('targets', 'int32', axes('B T', 2, 12)) },
      {},
    ).losses;
    const wide = buildGraph({ total: first!.total }).nodes.flatMap(({ outputs }) =>
      outputs.flatMap(({ shape }) => (shape.at(-1)?.size === 50 && shape.length === 2 ? [shape[0]?.size] : [])),
    );
    expect(wide.length).toBeGreaterThan(0);
    expect(wide.every((rows) => Number(rows) <= 16)).toBe(true); // The embedding's table is 50 × 16.
    expect(wide).toContain(8);
  });

  test.each([0, 1.5, -1, NaN])('of %d is refused', (chunk) => {
    expect(() => languageModelling(model, 12, { chunk })).toThrow(expect.objectContaining({ code: 'WEFT_TRAIN_OPTION' }));
  });
});
