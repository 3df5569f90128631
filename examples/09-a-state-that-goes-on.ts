/** A recurrent language model that carries its state from batch to batch, so that a text of any length is one sequence to it. */
import { pack, textCorpus } from 'weft/data';
import { createTextModel } from 'weft/generate';
import { lstm } from 'weft/models';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, train } from 'weft/train';

const rhyme =
  'this is the farmer sowing his corn, that kept the cock that crowed in the morn, that waked the priest all shaven and shorn, ';
const text = textCorpus([rhyme.repeat(60)]);
const tokenizer = await trainTokenizer(text, { type: 'characters' });
const model = lstm({ vocabSize: tokenizer.vocabSize, contextLength: 16, width: 32, hidden: 96, start: 'carried' });

// Row b of a batch goes on where row b of the batch before ended; gradients go back 16 steps, the state farther.
const batches = await pack(text, tokenizer, { batchSize: 8, contextLength: 16, seed: 1, order: 'continued' });
const run = train(model, batches, { optimizer: adamw({ learningRate: 1e-2, betas: [0.9, 0.99] }), steps: 300 });
for await (const step of run) if (step.index % 100 === 0) console.log(step.index, step.loss.toFixed(3));

const writer = await createTextModel({ model, weights: run.weights, tokenizer });
let written = 'this is the ';
for await (const token of writer.generate(written, { temperature: 0, maxTokens: 60 })) written += token.text;
console.log(written);
await writer.close();
