/**
 * A classifier of handwritten digits: npx tsx recipes/mnist-cnn.ts MNIST-FOLDER [OUT-FOLDER]
 *
 * Five epochs of 600 batches; digits are moved by a pixel at random. Writes the model's folder.
 */
import { imageBatches, readMnist } from 'weft/data';
import { accuracy, bestClasses } from 'weft/eval';
import { saveNetwork } from 'weft/formats';
import { cnn, pixelsOf } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageClassification, train, warmupCosine } from 'weft/train';

const [folder = 'mnist', out = 'out/mnist-cnn'] = process.argv.slice(2);
const { train: digits, test } = await readMnist(folder);
const model = cnn({ widths: [32, 64], hidden: 128, dropout: 0.5 });

const epochs = 5;
const batches = imageBatches(digits, { batchSize: 100, seed: 1, shift: 1 });
const steps = epochs * batches.batchesPerEpoch;
const optimizer = adamw({ learningRate: warmupCosine({ peak: 2e-3, warmup: 100, total: steps, floor: 0 }) });
const run = train(imageClassification(model), batches, { optimizer, steps, seed: 1 });
for await (const { index, loss, seconds } of run)
  if (index % 100 === 0) console.log(`step ${index}  loss ${loss.toFixed(4)}  ${seconds.toFixed(0)} s`);
await saveNetwork(out, { model, weights: run.weights });

const logits = await computeRows(({ images }) => model.logits(pixelsOf(images), {}), { images: test.images }, { weights: run.weights });
console.log(
  `test accuracy ${(100 * accuracy(bestClasses(logits), test.labels)).toFixed(2)}%, trained in ${run.state.seconds.toFixed(0)} s`,
);
