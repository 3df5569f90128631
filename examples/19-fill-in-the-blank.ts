/** An encoder sees both sides of a blank: BERT learns which word is missing. */
import { hostTensor } from 'weft';
import { maskedBatches } from 'weft/data';
import { bert } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, maskedTokens, train } from 'weft/train';

const sounds = { cat: 'miaows', dog: 'barks', cow: 'moos' };
const texts = Object.entries(sounds).flatMap(([animal, sound]) =>
  ['here', 'there', 'now', 'again'].map((where) => `the ${animal} ${sound} ${where}`),
);
const tokenizer = await trainTokenizer(texts, { type: 'wordpiece', vocabSize: 80 });
const special = ['[PAD]', '[CLS]', '[SEP]', '[MASK]'].map((token) => tokenizer.specialTokens.get(token) ?? 0);
const [padToken = 0, start = 0, end = 0, maskToken = 0] = special;
const encoded = (text: string): number[] => [...tokenizer.encode(text, { addSpecialTokens: false })];

const { vocabSize } = tokenizer;
const sizes = { layers: 2, heads: 2, width: 32, contextLength: 12, vocabSize, dropout: 0, attentionDropout: 0 };
const model = bert({ ...sizes, head: 'masked' });
const batches = maskedBatches(
  texts.map((text) => ({ tokens: [start, ...encoded(text), end] })),
  { batchSize: 12, length: 12, padToken, maskToken, vocabSize, specialTokens: special },
);
const run = train(maskedTokens(model, 12), batches, { optimizer: adamw({ learningRate: 2e-3 }), steps: 400 });
for await (const { index, loss } of run) if (index % 100 === 0) console.log(`step ${index}  loss ${loss.toFixed(3)}`);

for (const sound of Object.values(sounds)) {
  const tokens = [start, ...encoded('the'), maskToken, ...encoded(`${sound} now`), end];
  const ids = hostTensor('int32', [1, tokens.length], Int32Array.from(tokens));
  const fill = await computeRows(({ ids }) => model.maskedLogits(model.hidden({ ids }, {})), { ids }, { weights: run.weights });
  const at = tokens.indexOf(maskToken) * vocabSize;
  const row = fill.data.subarray(at, at + vocabSize);
  console.log(`the ___ ${sound} now: ${tokenizer.decode([row.indexOf(Math.max(...row))])}`);
}
