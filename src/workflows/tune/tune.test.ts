/** Whole searches with real trainings, small ones. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { resumeRun } from '../train-run.ts';
import { choice, logUniform, onlyWhen } from './parameters.ts';
import type { Search } from './search.ts';
import { tune } from './tune.ts';
import type { TuneEvent } from './tune-events.ts';

let home = '';
let search: Search = { recipe: { text: '' } };
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'weft-tune-'));
  const text = join(home, 'text.txt');
  writeFileSync(
    text,
    Array.from({ length: 120 }, (_, index) => `line ${index} of a text: to be, or not to be, that is ${index % 7}.\n`).join('\n'),
  );
  search = {
    recipe: {
      text,
      heldOut: 0.2,
      tokenizer: { type: 'characters' },
      model: { architecture: 'gpt', layers: 1, heads: 2, width: 16, contextLength: 16 },
      training: { steps: 12, batchSize: 4 },
      threads: 1,
    },
    space: {
      'training.learningRate': logUniform(1e-3, 1e-1),
      'training.optimizer': choice('adamw', 'muon'),
      'training.matrixLearningRate': onlyWhen({ 'training.optimizer': 'muon' }, logUniform(1e-3, 1e-1)),
      'model.width': choice(16, 24),
      'model.heads': choice(2, 3),
    },
    budget: { steps: 60 },
    reduction: 2,
    parallel: 1,
  };
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const journal = (out: string): Record<string, unknown>[] =>
  readFileSync(join(out, 'search.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
/** What happened, without times. */
const course = (out: string): unknown[] =>
  journal(out)
    .slice(1)
    .map(({ at: _at, seconds: _seconds, ...event }) => event);

test('trials are run folders, and the best of them is a recipe file', { timeout: 120_000 }, async () => {
  const out = join(home, 'whole');
  const events: TuneEvent[] = [];
  const result = await tune({ ...search, out }, { onEvent: (event) => events.push(event) });
  expect(result).toMatchObject({ strategy: 'tpe-asha', unit: 'nats a token', parallel: 1, threads: 1, folder: out });
  expect(result.steps).toBeLessThanOrEqual(60);
  expect(result.steps).toBeGreaterThan(50);
  const { best } = result;
  expect(best.loss).toBe(Math.min(...result.trials.map(({ loss }) => loss ?? Infinity)));
  // Three heads do not divide a width of 16: what does not fit together is not tried.
  for (const { values } of result.trials) expect([values['model.width'], values['model.heads']]).not.toEqual([16, 3]);
  for (const { values } of result.trials) expect('training.matrixLearningRate' in values).toBe(values['training.optimizer'] === 'muon');
  const metrics = readFileSync(join(best.folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const evaluations = metrics.map((line) => JSON.parse(line) as { kind: string; loss: number }).filter(({ kind }) => kind === 'eval');
  expect(Math.min(...evaluations.map(({ loss }) => loss))).toBe(best.loss);
  const file = readFileSync(result.recipe, 'utf8');
  expect(file).toContain('defineRecipe');
  expect(file).toContain(`"learningRate": ${String(best.values['training.learningRate'])}`);
  expect(events.filter(({ kind }) => kind === 'trial').length).toBe(course(out).length);
  // Nothing is left to be done: the same call tells the same.
  const { seconds: _, ...again } = await tune({ ...search, out });
  expect(again).toEqual({ ...result, seconds: undefined, ...again });
  expect(again.trials).toEqual(result.trials);
  // The folder of a trial goes on to a model.
  const trained = await resumeRun(best.folder);
  expect(trained.steps).toBe(12);
  expect(existsSync(join(best.folder, 'model.safetensors'))).toBe(true);
});

test('stopped and called again, it comes to the same trials and losses', { timeout: 120_000 }, async () => {
  const [whole, broken] = [join(home, 'whole'), join(home, 'broken')];
  const controller = new AbortController();
  let ends = 0;
  const stopped = tune(
    { ...search, out: broken },
    {
      signal: controller.signal,
      onEvent(event) {
        if (event.kind === 'trial' && event.trial.status !== 'running') ends++;
        if (event.kind === 'trial' && ends === 3 && event.trial.status === 'running') controller.abort(new Error('stopped'));
      },
    },
  );
  await expect(stopped).rejects.toThrow('stopped');
  expect(journal(broken).at(-1)?.['kind']).toBe('started');
  await tune({ ...search, out: broken });
  expect(course(broken)).toEqual(course(whole));
});

describe('trials that end badly', () => {
  test('do not end the search, and are never the best', { timeout: 120_000 }, async () => {
    const out = join(home, 'bad');
    // A file in the place of its folder: the second trial cannot be run.
    mkdirSync(join(out, 'trials'), { recursive: true });
    writeFileSync(join(out, 'trials', '002'), '');
    const space = { 'training.learningRate': choice(0.01, 1e30, 0.02, 1e25) };
    const { trials, best } = await tune({ ...search, space, out, budget: { steps: 60 }, strategy: 'random' });
    const states = new Set(trials.map(({ status }) => status));
    expect(states).toEqual(new Set(['done', 'diverged', 'failed']));
    expect(trials.find(({ id }) => id === 2)).toMatchObject({ status: 'failed', loss: null });
    expect(best.status).toBe('done');
    expect(trials.filter(({ status }) => status !== 'done').every(({ loss }) => loss === null)).toBe(true);
    expect(readdirSync(join(best.folder, 'checkpoint')).length).toBeGreaterThan(0);
  });
});

test('where tokenizers differ, the loss is bits a byte, and the text is packed once for each', { timeout: 120_000 }, async () => {
  const out = join(home, 'tokenizers');
  const space = { 'tokenizer.type': choice('characters', 'bpe'), 'tokenizer.vocabSize': choice(300) } as const;
  const recipe = { ...search.recipe, tokenizer: {}, training: { steps: 4, batchSize: 4 } };
  const { unit, trials } = await tune({ ...search, recipe, space, out, strategy: 'random', budget: { trials: 2 } });
  expect(unit).toBe('bits a byte');
  expect(trials.map(({ values }) => values['tokenizer.type']).sort()).toEqual(['bpe', 'characters']);
  for (const { loss } of trials) expect(loss).toBeGreaterThan(1);
  expect(readdirSync(join(out, 'data'))).toHaveLength(3); // the recipe's own, and one for each trial
});

test('a folder with another search is refused', async () => {
  const other = { ...search, seed: 2, out: join(home, 'whole') };
  await expect(tune(other)).rejects.toMatchObject({ code: 'WEFT_TUNE_OTHER', message: expect.stringMatching(/: seed$/) as string });
});

test('a damaged journal is told with its file', async () => {
  const out = join(home, 'damaged');
  mkdirSync(out);
  writeFileSync(join(out, 'search.jsonl'), '{"kind":"search"');
  await expect(tune({ ...search, out })).rejects.toMatchObject({ code: 'WEFT_TUNE_JOURNAL' });
});
