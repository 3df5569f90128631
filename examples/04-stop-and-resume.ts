/** A training that is broken off and resumed equals the one that never stopped, bit for bit. */
import { pack, textCorpus } from 'weft/data';
import { gpt } from 'weft/models';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, train } from 'weft/train';

const text = textCorpus(['to be, or not to be, that is the question. '.repeat(50)]);
const tokenizer = await trainTokenizer(text, { type: 'characters' });
const batches = await pack(text, tokenizer, { batchSize: 4, contextLength: 16, seed: 1 });
const model = gpt({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: tokenizer.vocabSize, dropout: 0.1 });
const options = { optimizer: adamw({ learningRate: 1e-2 }), steps: 20, seed: 1 };

const whole: number[] = [];
for await (const step of train(model, batches, options)) whole.push(step.loss);

const pieces: number[] = [];
const first = train(model, batches, options);
for await (const step of first) {
  pieces.push(step.loss);
  if (step.index === 9) {
    await first.save('checkpoint.safetensors');
    break; // Stopping is `break`.
  }
}
for await (const step of train(model, batches, { ...options, resumeFrom: 'checkpoint.safetensors' })) pieces.push(step.loss);
console.log(
  'the same losses:',
  whole.every((loss, index) => loss === pieces[index]),
);
