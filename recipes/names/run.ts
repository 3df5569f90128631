/** What the recipes on names have in common: train with three seeds, measure the whole splits, say what it took. */

import { exampleBatches, rowExamples, windowExamples } from 'weft/data';
import type { TokenExamples } from 'weft/data';
import { saveModel, saveNetwork } from 'weft/formats';
import { loadTextModel } from 'weft/generate';
import { hasCache } from 'weft/models';
import type { SequenceModel, WindowModel } from 'weft/models';
import { trainTokenizer } from 'weft/tokenizers';
import { createTrainer, languageModelling, train } from 'weft/train';
import type { Optimizer, Weights } from 'weft/train';

import { END, readNames } from './names.ts';
import type { Names, NamesSplit } from './names.ts';

/** How a model of names is trained. */
export interface NamesRecipe {
  readonly title: string;
  readonly model: SequenceModel | WindowModel;
  readonly optimizer: Optimizer;
  readonly steps: number;
  readonly batchSize: number;
  /** Default that of the notebooks. */
  readonly split?: NamesSplit;
  /** Published losses of the same network on the same splits, nats. */
  readonly reference: Partial<Readonly<Record<keyof Names, number>>>;
  readonly clipNorm?: number;
  /** Share of itself that a running average of the weights keeps; the average is what is measured. */
  readonly average?: number;
  readonly seeds?: readonly number[];
}

/** Examples of names as a model takes them: windows where it predicts one token, else rows. */
export function examplesFor(model: SequenceModel | WindowModel, texts: readonly (readonly number[])[]): TokenExamples {
  const { contextLength } = model;
  return 'padToken' in model
    ? windowExamples(texts, { contextLength, padToken: model.padToken })
    : rowExamples(texts, { contextLength, startToken: END });
}

/** The mean loss on texts, nats a character. */
export async function lossOn(recipe: NamesRecipe, weights: Weights, texts: readonly (readonly number[])[]): Promise<number> {
  const batchSize = 2048;
  const { model, optimizer } = recipe;
  const trainer = await createTrainer({
    objective: languageModelling(model),
    optimizer,
    batchSize,
    clipNorm: 0,
    accumulate: 1,
    seed: 1,
    weights,
    microBatchSize: batchSize,
    threads: 1,
  });
  try {
    const batches = exampleBatches(examplesFor(model, texts), { batchSize, order: 'sequential' });
    return (await trainer.evaluate(Array.from({ length: batches.batchesPerEpoch }, (_, index) => batches.batch(index)))).loss;
  } finally {
    trainer.close();
  }
}

/** Saves a model's folder, which `weft generate` opens, too, and has it make up ten names. */
async function writeNames(folder: string, model: SequenceModel | WindowModel, weights: Weights): Promise<readonly string[]> {
  const tokenizer = await trainTokenizer(['abcdefghijklmnopqrstuvwxyz'], { type: 'characters', specialTokens: ['<|endoftext|>'] });
  if (tokenizer.endOfText !== END) throw new Error('the tokenizer counts otherwise than the recipes');
  await (hasCache(model) ? saveModel(folder, { model, weights, tokenizer }) : saveNetwork(folder, { model, weights, tokenizer }));
  const writer = await loadTextModel(folder);
  const names: string[] = [];
  for (let seed = 0; seed < 10; seed++) {
    let name = '';
    for await (const { text } of writer.generate('', { seed })) name += text;
    names.push(name);
  }
  await writer.close();
  return names;
}

/** Trains with each seed and prints losses beside the reference, and names of the last seed's model. */
export async function runNames(recipe: NamesRecipe): Promise<void> {
  const { title, model, optimizer, steps, batchSize, reference, seeds = [1, 2, 3] } = recipe;
  const names = readNames(recipe.split);
  const splits = (['train', 'dev', 'test'] as const).flatMap((split) => {
    const texts = names[split];
    return texts === undefined ? [] : [[split, texts] as const];
  });
  const parameters = model.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
  console.log(`${title}: ${parameters} parameters, ${steps} steps of ${batchSize}`);
  const examples = examplesFor(model, names.train);
  const rows: Readonly<Record<string, number>>[] = [];
  let weights: Weights = new Map();
  for (const seed of seeds) {
    const run = train(languageModelling(model), exampleBatches(examples, { batchSize, seed }), {
      optimizer,
      steps,
      seed,
      clipNorm: recipe.clipNorm ?? 0,
      threads: 1, // These products are too small to share.
      ...(recipe.average === undefined ? {} : { average: recipe.average }),
    });
    let seconds = 0;
    for await (const step of run) seconds = step.seconds;
    // Running averages have no statistics of batches: those of the weights themselves serve.
    weights = recipe.average === undefined ? run.weights : new Map([...run.weights, ...run.averaged]);
    const row: Record<string, number> = { seed, seconds };
    for (const [split, texts] of splits) row[split] = await lossOn(recipe, weights, texts);
    rows.push(row);
    console.log(`seed ${seed}: ${splits.map(([split]) => `${split} ${row[split]?.toFixed(4)}`).join(', ')} in ${seconds.toFixed(0)} s`);
  }
  for (const [split] of splits) {
    const mean = rows.reduce((sum, row) => sum + (row[split] ?? NaN), 0) / rows.length;
    const published = reference[split];
    const against = published === undefined ? '' : `, reference ${published}: ${mean <= published + 0.01 ? 'reached' : 'not reached'}`;
    console.log(`${split}: mean ${mean.toFixed(4)}${against}`);
  }
  const folder = `out/names/${title.toLowerCase().replaceAll(/\W+/g, '-')}`;
  console.log(`new names: ${(await writeNames(folder, model, weights)).join(', ')} (${folder})`);
}
