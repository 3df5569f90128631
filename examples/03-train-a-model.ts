/** From text to a model folder to new text. */
import { pack, textCorpus } from 'weft/data';
import { saveModel } from 'weft/formats';
import { loadTextModel } from 'weft/generate';
import { llama } from 'weft/models';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, train, warmupCosine } from 'weft/train';

const rhyme =
  'one for the master, one for the dame, and one for the little boy who lives down the lane. baa, baa, black sheep, have you any wool? ';
const text = textCorpus([rhyme.repeat(40)]);
const tokenizer = await trainTokenizer(text, { type: 'bpe', vocabSize: 300 });
const model = llama({ layers: 2, heads: 2, width: 64, contextLength: 32, vocabSize: tokenizer.vocabSize });

const batches = await pack(text, tokenizer, { batchSize: 8, contextLength: 32, seed: 1 });
const optimizer = adamw({ learningRate: warmupCosine({ peak: 5e-3, warmup: 10, total: 120 }) });
const run = train(model, batches, { optimizer, steps: 120 });
for await (const step of run) {
  if (step.index % 40 === 0) console.log(step.index, step.loss.toFixed(3));
}
await saveModel('rhymer', { model, weights: run.weights, tokenizer });

const rhymer = await loadTextModel('rhymer');
let written = 'one for the';
for await (const token of rhymer.generate(written, { temperature: 0, maxTokens: 30 })) written += token.text;
console.log(written);
await rhymer.close();
