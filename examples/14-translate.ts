/** A transformer that reads one text and writes another: here it spells numbers out, with greedy search and with beams. */
import { pairBatches } from 'weft/data';
import { createTranslator } from 'weft/generate';
import { seq2seq } from 'weft/models';
import { adamw, train, translating } from 'weft/train';

const words = 'zero one two three four five six seven eight nine'.split(' ');
const letters = ['', '<s>', '</s>', ...new Set(`0123456789 ${words.join('')}`)];
const tokens = (text: string): number[] => [...text].map((letter) => letters.indexOf(letter));
const spelled = (digits: string): string => [...digits].map((digit) => words[Number(digit)]).join(' ');
const pairs = Array.from({ length: 100 }, (_, number) => ({
  source: tokens(String(number)),
  target: tokens(spelled(String(number))),
}));

const special = { padToken: 0, startToken: 1, endToken: 2 };
const batches = pairBatches(pairs, { batchSize: 4, length: 32, seed: 1, ...special });
const sizes = { encoderLayers: 1, decoderLayers: 1, heads: 2, width: 48, hidden: 96 };
const model = seq2seq({ ...sizes, vocabSize: letters.length, contextLength: 32, dropout: 0, normFirst: true });
const run = train(translating(model, 32), batches, { optimizer: adamw({ learningRate: 5e-3 }), steps: 400 });
for await (const step of run) if (step.index % 100 === 0) console.log(step.index, step.loss.toFixed(2));

const translator = await createTranslator({ model, weights: run.weights, ...special });
for (const beams of [1, 3]) {
  const found = await translator.translate(
    ['7', '42'].map((digits) => [...tokens(digits), 2]),
    { beams },
  );
  for (const hypotheses of found)
    console.log(beams, hypotheses.map(({ tokens }) => [...tokens].map((id) => letters[id]).join('')).join(' | '));
}
translator.close();
