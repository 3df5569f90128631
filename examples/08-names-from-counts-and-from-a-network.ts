/** Names: bigrams are counted; a hidden layer over the last three letters is trained, and knows more. */
import { exampleBatches, windowExamples } from 'weft/data';
import { createTextModel } from 'weft/generate';
import type { TextModelParts } from 'weft/generate';
import { bigram, fitBigram, mlpLanguageModel } from 'weft/models';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, languageModelling, train } from 'weft/train';

const names = 'emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily elizabeth mila ella avery sofia camila aria'
  .concat(' scarlett victoria madison luna grace chloe penelope layla riley zoey nora lily eleanor hannah lillian addison aubrey ellie')
  .split(' ');
const tokenizer = await trainTokenizer(names, { type: 'characters' });
const end = tokenizer.endOfText ?? 0;
const texts = names.map((name) => [...tokenizer.encode(name), end]);
const { vocabSize } = tokenizer;

async function write(parts: Pick<TextModelParts, 'model' | 'weights'>): Promise<string> {
  const model = await createTextModel({ ...parts, tokenizer });
  const written: string[] = [];
  for (let seed = 0; seed < 5; seed++) {
    let name = '';
    for await (const { text } of model.generate('', { seed, maxTokens: 12 })) name += text;
    written.push(name);
  }
  await model.close();
  return written.join(' ');
}

const counted = fitBigram(
  texts.map((text) => [end, ...text]),
  { vocabSize },
);
console.log('bigrams, counted:', counted.loss.toFixed(3), await write({ model: bigram({ vocabSize }), weights: counted.weights }));

const model = mlpLanguageModel({ vocabSize, contextLength: 3, width: 8, hidden: 64, batchNorm: true, padToken: end });
const batches = exampleBatches(windowExamples(texts, { contextLength: 3, padToken: end }), { batchSize: 64, seed: 1 });
const run = train(languageModelling(model), batches, { optimizer: adamw({ learningRate: 0.01 }), steps: 300 });
let loss = NaN;
for await (const step of run) loss = step.loss;
console.log('MLP, trained:', loss.toFixed(3), await write({ model, weights: run.weights }));
