/**
 * A generator of handwritten digits: npx tsx recipes/mnist-gan.ts MNIST-FOLDER CLASSIFIER [OUT-FOLDER]
 *
 * CLASSIFIER is the weights.safetensors of mnist-cnn.ts, in whose features drawn and real digits are compared. Writes grids of
 * drawn digits as it goes on, weights.safetensors and, at the end, Fréchet distances and the spread of each class.
 */
import { createRandom, hostTensor } from 'weft';
import type { HostTensor } from 'weft';
import { imageBatches, readMnist, writeImageGrid } from 'weft/data';
import type { LabelledImages } from 'weft/data';
import { accuracy, bestClasses, classSpread, frechetDistance } from 'weft/eval';
import { readSafetensors, writeSafetensors } from 'weft/formats';
import type { Tensor } from 'weft/graph';
import { cnn, gan, pixelsOf } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageGeneration, train, warmupCosine } from 'weft/train';

const [folder = 'mnist', classifierPath = 'out/mnist-cnn/weights.safetensors', out = 'out/mnist-gan'] = process.argv.slice(2);
const { train: digits, test } = await readMnist(folder);
const model = gan({ latent: 64, widths: [32, 64] });
const classifier = cnn();
const classifierWeights = (await readSafetensors(classifierPath)).tensors;

const epochs = 8;
const batches = imageBatches(digits, { batchSize: 64, seed: 1 });
const steps = epochs * batches.batchesPerEpoch;
const learningRate = warmupCosine({ peak: 1e-3, warmup: 50, total: steps, floor: 5e-5 });
const optimizer = adamw({ learningRate, betas: [0.5, 0.99], weightDecay: 0 });
const run = train(imageGeneration(model), batches, { optimizer, steps, seed: 1, clipNorm: 0, average: 0.999 });

/** Digits of given classes from a seed, as bytes. */
async function draw(labels: Int32Array, seed: number): Promise<HostTensor<'uint8'>> {
  const random = createRandom(seed, 'latents');
  const count = labels.length;
  const latents = hostTensor(
    'float32',
    [count, 64],
    Float32Array.from({ length: count * 64 }, () => random.normal()),
  );
  const { shape, data } = await computeRows(
    (batch) => model.generate(batch.latents, batch.labels, {}),
    { latents, labels: hostTensor('int32', [count], labels) },
    { weights: new Map([...run.weights, ...run.averaged]) },
  );
  return hostTensor(
    'uint8',
    shape,
    Uint8Array.from(data, (pixel) => Math.round(255 * pixel)),
  );
}

const shown = Int32Array.from({ length: 100 }, (_, index) => index % 10);
for await (const { index, loss, metrics, seconds } of run) {
  if (index % 100 === 0)
    console.log(
      `step ${index}  generator ${loss.toFixed(3)}  discriminator ${metrics['discriminator']?.toFixed(3)}  ${seconds.toFixed(0)} s`,
    );
  if ((index + 1) % batches.batchesPerEpoch === 0)
    await writeImageGrid(`${out}/digits-${index + 1}.png`, await draw(shown, 1), { columns: 10 });
}
await writeSafetensors(`${out}/weights.safetensors`, new Map([...run.weights, ...run.averaged]));

const classify = async (build: (images: Tensor) => Tensor, images: HostTensor<'uint8'>): Promise<HostTensor<'float32'>> =>
  computeRows((batch) => build(pixelsOf(batch.images)), { images }, { weights: classifierWeights });
const featuresOf = (images: HostTensor<'uint8'>) => classify((x) => classifier.features(x, {}), images);
const classesOf = async (images: HostTensor<'uint8'>) => bestClasses(await classify((x) => classifier.logits(x, {}), images));
const part = (start: number): LabelledImages => ({
  images: hostTensor('uint8', [10_000, 1, 28, 28], digits.images.data.slice(start * 784, (start + 10_000) * 784)),
  labels: digits.labels.slice(start, start + 10_000),
});

// Two disjoint sets of real digits, and drawn ones of the classes of the second.
const [first, second] = [part(40_000), part(50_000)];
const drawn = await draw(second.labels, 2);
const [a, b, c] = [await featuresOf(first.images), await featuresOf(second.images), await featuresOf(drawn)];
const [real, distance] = [frechetDistance(a, b), frechetDistance(a, c)];
console.log(`classifier: ${(100 * accuracy(await classesOf(test.images), test.labels)).toFixed(2)}% of test digits`);
console.log(`Fréchet distance: real ${real.toFixed(4)}, drawn ${distance.toFixed(4)}, ${(distance / real).toFixed(2)} times as far`);
console.log(`to the test digits: ${frechetDistance(await featuresOf(test.images), c).toFixed(4)}`);
const predicted = await classesOf(drawn);
console.log(`drawn as asked: ${(100 * accuracy(predicted, second.labels)).toFixed(2)}%`);
const [spreadReal, spreadDrawn] = [classSpread(a, first.labels, 10), classSpread(c, second.labels, 10)];
for (const [label, spread] of spreadDrawn.entries()) {
  const members = predicted.filter((_, index) => second.labels[index] === label);
  const right = accuracy(members, new Int32Array(members.length).fill(label));
  console.log(
    `class ${label}: spread ${(spread / (spreadReal[label] ?? NaN)).toFixed(2)} of that of real digits, ${(100 * right).toFixed(1)}% as asked`,
  );
}
