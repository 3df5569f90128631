/** Runs of fine-tuning from folder to folder: what they leave behind, interrupted and resumed, and what they refuse. */

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hostTensor } from '../../core/index.ts';
import { loadAdapter, loadModel, mergeAdapter, readSafetensors, saveModel } from '../../formats/index.ts';
import { createTextModel, loadTextModel } from '../../generate/index.ts';
import { llama, withAdapters } from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import { trainTokenizer } from '../../tokenizers/index.ts';
import { fineTuneRun, resumeFineTune } from './fine-tune-run.ts';
import type { FineTuneRunOptions } from './options.ts';

let root = '';
let count = 0;
const out = (): string => join(root, `out-${count++}`);
const words = 'red blue green one two'.split(' ');
const at = (name: string): string => join(root, name);
const options = (more: Partial<FineTuneRunOptions>): FineTuneRunOptions => ({
  data: at('chats.jsonl'),
  out: out(),
  batchSize: 4,
  steps: 6,
  threads: 1,
  heldOut: 0.2,
  ...more,
});

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-finetune-'));
  const tokenizer = await trainTokenizer(['red blue green one two user assistant system: \n'], { type: 'characters' });
  const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 48, vocabSize: tokenizer.vocabSize });
  const weights = new Map(
    [...initialize(model.parameters, { seed: 1 })].map(([name, { shape, data }]) => [
      name,
      hostTensor(
        'float32',
        shape,
        data.map((value) => (shape.length > 1 ? 8 * value : value)),
      ),
    ]),
  );
  await saveModel(at('base'), { model, weights, tokenizer });
  const lines = words.flatMap((a) => words.map((b) => ({ a, b })));
  const file = (name: string, value: (line: { a: string; b: string }) => unknown): Promise<void> =>
    writeFile(
      at(name),
      lines
        .filter(({ a, b }) => a !== b)
        .map((line) => JSON.stringify(value(line)))
        .join('\n'),
    );
  await file('chats.jsonl', ({ a, b }) => ({
    messages: [
      { role: 'user', content: `${a} ${b}` },
      { role: 'assistant', content: b },
    ],
  }));
  await file('pairs.jsonl', ({ a, b }) => ({ prompt: `${a} ${b}`, chosen: b, rejected: a }));
});
afterAll(() => rm(root, { recursive: true }));

test('an adapter: PEFT’s folder, which with the base model says what the merged model says', async () => {
  const adapterOptions = options({ rank: 4 });
  const result = await fineTuneRun(at('base'), adapterOptions);
  expect(result).toMatchObject({ kind: 'adapter', steps: 6, method: 'lora' });
  expect(result.heldOut!['loss']).toBeLessThan(result.heldOutBefore!['loss']!);
  const base = await loadModel(at('base'));
  const adapter = await loadAdapter(result.folder, { model: base.model, baseWeights: base.weights });
  const merged = await fineTuneRun(at('base'), { ...adapterOptions, out: out(), merge: true });
  expect(merged.kind).toBe('model');
  const { weights } = await loadModel(merged.folder);
  for (const [name, { data }] of mergeAdapter(base.weights, adapter)) expect(weights.get(name)!.data).toEqual(data);
  const text = await loadTextModel(merged.folder, { threads: 1 });
  const apart = await createTextModel(
    {
      model: withAdapters(base.model, [adapter.definition]),
      weights: new Map([...base.weights, ...adapter.weights]),
      tokenizer: base.tokenizer!,
    },
    { threads: 1 },
  );
  const ids = base.tokenizer!.encode('user:\nred blue\nassistant:\nblue');
  const [a, b] = [await text.score(ids), await apart.score(ids)];
  for (const [index, value] of a.entries()) if (index > 0) expect(Math.abs(value - b[index]!)).toBeLessThan(1e-4);
  expect(text.chatTemplate).toContain('assistant:');
  const opened = await loadTextModel(result.folder, { threads: 1 });
  expect(await opened.score(ids)).toEqual(await text.score(ids));
  expect(opened.chatTemplate).toBe(text.chatTemplate);
  await opened.close();
  await text.close();
  await apart.close();
});

describe.each(['lora', 'full', 'dpo', 'grpo'] as const)('%s', (method) => {
  test('is interrupted, and resumed to the same end', async () => {
    const more =
      method === 'dpo' ? { data: at('pairs.jsonl') } : method === 'grpo' ? { rewardFile: 'reward.ts', group: 2, batchSize: 1 } : {};
    const reward = ({ text }: { readonly text: string }): number => text.length / 10;
    const whole = await fineTuneRun(at('base'), options({ method, ...more }), { reward });
    const stopped = options({ method, ...more });
    const stop = new AbortController();
    const run = fineTuneRun(at('base'), stopped, {
      reward,
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 3) stop.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(existsSync(join(stopped.out!, 'checkpoint', 'checkpoint.safetensors'))).toBe(true);
    const resumed = await resumeFineTune(stopped.out!, { reward });
    expect(resumed).toMatchObject({ kind: whole.kind, steps: whole.steps, heldOut: whole.heldOut });
    const file = whole.kind === 'adapter' ? 'adapter_model.safetensors' : 'model.safetensors';
    const [before, after] = await Promise.all([whole, resumed].map(({ folder }) => readSafetensors(join(folder, file))));
    expect(after!.tensors).toEqual(before!.tensors);
    const curve = (await readFile(join(resumed.folder, 'metrics.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; step: number });
    expect(curve.filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

test('an adapter on 4-bit weights is trained, and no part of the base is written', async () => {
  const result = await fineTuneRun(at('base'), options({ bits: 4, rank: 4 }));
  expect(result.heldOut!['loss']).toBeLessThan(result.heldOutBefore!['loss']!);
  expect(existsSync(join(result.folder, 'model.safetensors'))).toBe(false);
});

describe('misuse', () => {
  test.each([
    ['WEFT_FINETUNE_OPTION', { method: 'full', rank: 8 }],
    ['WEFT_FINETUNE_OPTION', { rank: 0 }],
    ['WEFT_FINETUNE_OPTION', { bits: 4, merge: true }],
    ['WEFT_FINETUNE_OPTION', { method: 'grpo' }],
    ['WEFT_FINETUNE_OPTION', { targets: ['query' as 'q'] }],
    ['WEFT_FINETUNE_OPTION', { rank: 8, ranks: 8 }],
    ['WEFT_DATA_MISSING', { data: 'nothing-there.jsonl' }],
  ] as const)('%s: %o', async (code, given) => {
    const wrong = options(given);
    await expect(fineTuneRun(at('base'), wrong)).rejects.toThrow(expect.objectContaining({ code }));
    expect(existsSync(wrong.out!)).toBe(false);
  });

  test('a folder with a model, and one without a run', async () => {
    await expect(fineTuneRun(at('base'), options({ out: at('base') }))).rejects.toThrow(
      expect.objectContaining({ code: 'WEFT_RUN_EXISTS' }),
    );
    await expect(resumeFineTune(at('base'))).rejects.toThrow(expect.objectContaining({ code: 'WEFT_RUN_MISSING' }));
  });
});
