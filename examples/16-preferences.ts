/** Preferences: of two replies the one that repeats the question is better. What was learnt holds for questions never seen. */
import { dpo, preferenceBatches } from 'weft/finetune';
import { createTextModel } from 'weft/generate';
import { llama } from 'weft/models';
import { initialize } from 'weft/nn';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, train } from 'weft/train';

const letters = [...'abcdefgh'];
const tokenizer = await trainTokenizer([letters.join('')], { type: 'characters' });
const base = llama({ layers: 1, heads: 2, width: 32, contextLength: 8, vocabSize: tokenizer.vocabSize, tiedHead: true });
const weights = initialize(base.parameters, { seed: 1 });

const chatTemplate = '{% for m in messages %}{{ m.content }}{% endfor %}';
const pairs = letters.flatMap((asked) =>
  letters
    .filter((other) => other !== asked)
    .map((other) => ({
      prompt: [{ role: 'user', content: asked }],
      chosen: [{ role: 'assistant', content: asked }],
      rejected: [{ role: 'assistant', content: other }],
      origin: `${asked} ${other}`,
    })),
);
// What the model gave to the replies before training is computed once.
const reference = await createTextModel({ model: base, weights, tokenizer, chatTemplate });
const [learnt, heldOut] = [pairs.filter((_, index) => index % 4 !== 0), pairs.filter((_, index) => index % 4 === 0)];
const batches = await preferenceBatches(learnt, reference, { batchSize: 14, seed: 1 });
const held = await preferenceBatches(heldOut, reference, { batchSize: 14, seed: 1, order: 'sequential' });

const run = train(dpo(base, { contextLength: batches.contextLength }), batches, {
  optimizer: adamw({ learningRate: 5e-3 }),
  steps: 100,
  weights,
  heldOut: [held.batch(0)],
});
for await (const { index, evaluation } of run)
  if (evaluation) console.log(index + 1, evaluation.loss.toFixed(3), evaluation.metrics['accuracy']);
await reference.close();
