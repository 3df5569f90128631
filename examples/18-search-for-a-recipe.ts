/** A search over recipes: trials that fall behind are stopped early, and the best one is written as a recipe. */
import { writeFile } from 'node:fs/promises';

import { choice, defineSearch, logUniform, onlyWhen, tune } from 'weft/workflows';

await writeFile('lines.txt', Array.from({ length: 200 }, (_, line) => `line ${line}: to be, or not to be.`).join('\n'));

const search = defineSearch({
  recipe: {
    text: 'lines.txt',
    heldOut: 0.1,
    tokenizer: { type: 'characters' },
    model: { architecture: 'gpt', layers: 1, heads: 2, width: 32, contextLength: 16 },
    training: { steps: 36, batchSize: 8 }, // of a whole training; the first rung is at 4 steps, the second at 12
    threads: 1,
  },
  space: {
    'training.learningRate': logUniform(1e-4, 1e-1),
    'training.optimizer': choice('adamw', 'muon'),
    'training.matrixLearningRate': onlyWhen({ 'training.optimizer': 'muon' }, logUniform(1e-3, 1e-1)),
  },
  budget: { steps: 5 * 36 },
});

const { best, trials, recipe } = await tune(search, {
  onEvent(event) {
    if (event.kind === 'trial' && event.trial.status !== 'running')
      console.log(event.trial.id, event.trial.steps, event.trial.loss.toFixed(3));
  },
});
console.log(`${trials.length} trials; the best has a loss of ${best.loss?.toFixed(3)}: ${recipe}`);
