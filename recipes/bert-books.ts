/**
 * BERT on books: pre-trained on masked tokens, then fine-tuned to tell which of ten authors a passage is by, beside the same network from
 * fresh weights.
 *
 *   npx tsx recipes/bert-books.ts FOLDER-OF-BOOKS [--steps 1200] [--examples 40] [--out out/bert-books]
 *
 * Passages of 62 tokens; the last tenth of each book is held out of both. Few examples of each author are labelled: what the fine-tuned
 * network knows of English comes from the masked tokens.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { hostTensor } from 'weft';
import type { HostTensor } from 'weft';
import { labelledBatches, maskedBatches } from 'weft/data';
import { accuracy, bestClasses } from 'weft/eval';
import { loadEncoder, saveModel } from 'weft/formats';
import { bert } from 'weft/models';
import { initialize, paddingOf } from 'weft/nn';
import { computeRows } from 'weft/runtime';
import { trainTokenizer } from 'weft/tokenizers';
import { adamw, classifyingTexts, maskedTokens, train, warmupCosine } from 'weft/train';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '1200' },
    examples: { type: 'string', default: '40' },
    out: { type: 'string', default: 'out/bert-books' },
  },
});
const AUTHORS = ['Radcliffe', 'Dickens', 'Defoe', 'Norris', 'James', 'Cooper', 'Joyce', 'Blackmore', 'Collins', 'Christie'];
const [length, steps, examples] = [64, Number(values.steps), Number(values.examples)];

const folder = positionals[0] ?? '../shared/data/text/books';
const books = readdirSync(folder)
  .sort()
  .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
const tokenizer = await trainTokenizer(
  books.map(({ text }) => text),
  { type: 'wordpiece', vocabSize: 8000 },
);
const specialTokens = [...tokenizer.specialTokens.values()];
const [padToken, clsToken, sepToken, maskToken] = ['[PAD]', '[CLS]', '[SEP]', '[MASK]'].map((token) =>
  tokenizer.specialTokens.get(token),
) as [number, number, number, number];

/** Passages of each book, and which author it is by, -1 for none of the ten. */
const passages = books.map(({ file, text }) => {
  const ids = tokenizer.encode(text).filter((token) => token !== clsToken && token !== sepToken);
  const rows = Array.from({ length: Math.floor(ids.length / (length - 2)) }, (_, row) => ({
    tokens: [clsToken, ...ids.subarray(row * (length - 2), (row + 1) * (length - 2)), sepToken],
    label: AUTHORS.findIndex((author) => file.split('__')[0]?.endsWith(author) === true),
  }));
  const first = Math.floor(rows.length * 0.9);
  return { training: rows.slice(0, first), heldOut: rows.slice(first) };
});
const training = passages.flatMap((book) => book.training);
const heldOut = passages.flatMap((book) => book.heldOut);

const sizes = { layers: 4, heads: 4, width: 256, contextLength: length, vocabSize: tokenizer.vocabSize, dropout: 0, attentionDropout: 0 };
const model = bert({ ...sizes, head: 'masked' });
const masking = { length, padToken, maskToken, vocabSize: tokenizer.vocabSize, specialTokens };
const batches = maskedBatches(training, { batchSize: 64, seed: 1, ...masking });
const few = maskedBatches(
  heldOut.filter((_, index) => index % 8 === 0),
  { batchSize: 64, order: 'sequential', ...masking },
);
console.log(`${training.length} passages, ${batches.batchesPerEpoch} batches an epoch`);
const pretraining = train(maskedTokens(model, length), batches, {
  optimizer: adamw({
    learningRate: warmupCosine({ peak: 1e-3, warmup: 200, total: steps, floor: 0 }),
    betas: [0.9, 0.98],
    weightDecay: 0.01,
  }),
  steps,
  heldOut: Array.from({ length: few.batchesPerEpoch }, (_, index) => few.batch(index)),
  evaluateEvery: Math.ceil(steps / 6),
  seed: 1,
});
for await (const { index, loss, evaluation, seconds } of pretraining) {
  if (index % 50 === 0) console.log(`step ${index}  loss ${loss.toFixed(3)}  ${seconds.toFixed(0)} s`);
  if (evaluation !== undefined) console.log(`held out: ${evaluation.loss.toFixed(4)} nats a masked token  ${seconds.toFixed(0)} s`);
}
await saveModel(values.out, { model, weights: pretraining.weights, tokenizer });

const labelled = AUTHORS.flatMap((_, label) => {
  const own = training.filter((row) => row.label === label);
  return Array.from({ length: examples }, (__, index) => own[Math.floor((index * own.length) / examples)] as (typeof own)[number]);
});
const tests = heldOut.filter(({ label }) => label >= 0);
const loaded = await loadEncoder(values.out, { head: 'classification', classes: AUTHORS.length });
const classifier = bert({ ...loaded.model.config, dropout: 0.1 });
const fresh = initialize(classifier.parameters, { seed: 1 });
for (const [name, weights] of [
  ['pre-trained', new Map([...fresh, ...loaded.weights])],
  ['fresh', fresh],
] as const) {
  const texts = labelledBatches(labelled, { batchSize: 40, length, padToken, seed: 1 });
  const total = 20 * texts.batchesPerEpoch;
  const run = train(classifyingTexts(classifier, length), texts, {
    optimizer: adamw({ learningRate: warmupCosine({ peak: 2e-4, warmup: 20, total, floor: 0 }), weightDecay: 0.01 }),
    steps: total,
    weights,
    seed: 1,
  });
  for await (const { index, loss } of run) if (index % 50 === 0) console.log(`${name}: step ${index}  loss ${loss.toFixed(3)}`);
  const logits = await computeRows(
    ({ ids, seen }) => classifier.classLogits(classifier.hidden({ ids, keyPadding: paddingOf(seen, 0) }, {}), {}),
    rowsOf(tests),
    { weights: run.weights },
  );
  const labels = Int32Array.from(tests, ({ label }) => label);
  console.log(
    `${name}: ${(100 * accuracy(bestClasses(logits), labels)).toFixed(1)}% of ${tests.length} held-out passages, ${labelled.length} labelled`,
  );
}

function rowsOf(texts: typeof tests): { readonly ids: HostTensor; readonly seen: HostTensor } {
  const all = labelledBatches(texts, { batchSize: texts.length, length, padToken, order: 'sequential' }).batch(0);
  return { ids: hostTensor('int32', [texts.length, length], all.ids), seen: hostTensor('int32', [texts.length, length], all.seen) };
}
