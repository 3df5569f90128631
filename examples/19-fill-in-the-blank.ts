/** An encoder sees both sides of a blank: BERT learns which word is missing. */
import { hostTensor } from 'weft';
import { maskedBatches } from 'weft/data';
import { bert } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, maskedTokens, train, warmupCosine } from 'weft/train';

const animals = ['cat', 'dog', 'cow'];
const sounds = ['miaows', 'barks', 'moos'];
const texts = animals.flatMap((animal, index) =>
  ['here', 'there', 'now', 'again'].map((where) => `the ${animal} ${sounds[index] ?? ''} ${where}`),
);
const tokenizer = await trainTokenizer(texts, { type: 'wordpiece', vocabSize: 80 });
const [pad, cls, sep, mask] = ['[PAD]', '[CLS]', '[SEP]', '[MASK]'].map((token) => tokenizer.specialTokens.get(token) ?? 0) as [
  number,
  number,
  number,
  number,
];
const length = 12;
const rows = texts.map((text) => ({ tokens: [cls, ...tokenizer.encode(text, { addSpecialTokens: false }), sep] }));

const model = bert({
  layers: 2,
  heads: 2,
  width: 32,
  contextLength: length,
  vocabSize: tokenizer.vocabSize,
  head: 'masked',
  dropout: 0,
  attentionDropout: 0,
});
const steps = 400;
const batches = maskedBatches(rows, {
  batchSize: 12,
  length,
  padToken: pad,
  maskToken: mask,
  vocabSize: tokenizer.vocabSize,
  specialTokens: [pad, cls, sep, mask],
});
const optimizer = adamw({ learningRate: warmupCosine({ peak: 3e-3, warmup: 40, total: steps, floor: 0 }) });
const run = train(maskedTokens(model, length), batches, { optimizer, steps });
for await (const { index, loss } of run) if (index % 100 === 0) console.log(`step ${index}  loss ${loss.toFixed(3)}`);

for (const sound of sounds) {
  const tokens = [
    cls,
    ...tokenizer.encode('the ', { addSpecialTokens: false }),
    mask,
    ...tokenizer.encode(`${sound} now`, { addSpecialTokens: false }),
    sep,
  ];
  const ids = hostTensor('int32', [1, tokens.length], Int32Array.from(tokens));
  const logits = await computeRows((batch) => model.maskedLogits(model.hidden({ ids: batch.ids }, {})), { ids }, { weights: run.weights });
  const at = tokens.indexOf(mask) * tokenizer.vocabSize;
  const row = logits.data.subarray(at, at + tokenizer.vocabSize);
  console.log(`the ___ ${sound} now: ${tokenizer.decode([row.indexOf(Math.max(...row))])}`);
}
