/**
 * How far drawn digits are from real ones: npx tsx recipes/mnist-gan-distance.ts MNIST-FOLDER CLASSIFIER GENERATOR
 *
 * Both are weights.safetensors, of mnist-cnn.ts and of mnist-gan.ts. The Fréchet distance of 10,000 drawn digits to 10,000 real
 * ones, in the classifier's hidden layer, beside that of two disjoint sets of real ones; and the spread of each class.
 */
import { createRandom, hostTensor } from 'weft';
import type { HostTensor } from 'weft';
import { readMnist } from 'weft/data';
import { accuracy, bestClasses, classSpread, frechetDistance } from 'weft/eval';
import { readSafetensors } from 'weft/formats';
import type { Tensor } from 'weft/graph';
import { cnn, gan, pixelsOf } from 'weft/models';
import { computeRows } from 'weft/runtime';

const [folder = 'mnist', classifierPath = 'out/mnist-cnn/weights.safetensors', generatorPath = 'out/mnist-gan/weights.safetensors'] =
  process.argv.slice(2);
const { train: digits, test } = await readMnist(folder);
const [classifier, generator] = [cnn(), gan({ latent: 64, widths: [32, 64] })];
const [{ tensors: seeing }, { tensors: drawing }] = [await readSafetensors(classifierPath), await readSafetensors(generatorPath)];

const see = async (build: (images: Tensor) => Tensor, images: HostTensor<'uint8'>): Promise<HostTensor<'float32'>> =>
  computeRows((batch) => build(pixelsOf(batch.images)), { images }, { weights: seeing });
const featuresOf = async (images: HostTensor<'uint8'>): Promise<HostTensor<'float32'>> => see((x) => classifier.features(x, {}), images);
const classesOf = async (images: HostTensor<'uint8'>): Promise<Int32Array> =>
  bestClasses(await see((x) => classifier.logits(x, {}), images));
console.log(`classifier: ${(100 * accuracy(await classesOf(test.images), test.labels)).toFixed(2)}% of the test digits`);

// Two disjoint sets of real digits, and as many drawn ones of the classes of the second, rounded to bytes as real ones are.
const imagesFrom = (start: number): HostTensor<'uint8'> =>
  hostTensor('uint8', [10_000, 1, 28, 28], digits.images.data.slice(start * 784, (start + 10_000) * 784));
const [firstLabels, labels] = [digits.labels.slice(40_000, 50_000), digits.labels.slice(50_000, 60_000)];
const random = createRandom(2, 'latents');
const latents = hostTensor(
  'float32',
  [10_000, 64],
  Float32Array.from({ length: 640_000 }, () => random.normal()),
);
const pixels = await computeRows(
  (batch) => generator.generate(batch.latents, batch.labels, {}),
  { latents, labels: hostTensor('int32', [10_000], labels) },
  { weights: drawing },
);
const drawn = hostTensor(
  'uint8',
  pixels.shape,
  Uint8Array.from(pixels.data, (pixel) => Math.round(255 * pixel)),
);

const [first, second, third] = [await featuresOf(imagesFrom(40_000)), await featuresOf(imagesFrom(50_000)), await featuresOf(drawn)];
const [real, distance] = [frechetDistance(first, second), frechetDistance(first, third)];
console.log(`Fréchet distance: real ${real.toFixed(4)}, drawn ${distance.toFixed(4)}: ${(distance / real).toFixed(2)} times as far`);
const held = await featuresOf(test.images);
console.log(`to the test digits: real ${frechetDistance(held, second).toFixed(4)}, drawn ${frechetDistance(held, third).toFixed(4)}`);

const predicted = await classesOf(drawn);
console.log(`drawn as asked: ${(100 * accuracy(predicted, labels)).toFixed(2)}%`);
const [spreadReal, spreadDrawn] = [classSpread(first, firstLabels, 10), classSpread(third, labels, 10)];
for (const [label, spread] of spreadDrawn.entries()) {
  const members = predicted.filter((_, index) => labels[index] === label);
  const right = accuracy(members, new Int32Array(members.length).fill(label));
  const share = spread / (spreadReal[label] ?? NaN);
  console.log(`class ${label}: spread ${share.toFixed(2)} of that of real digits, ${(100 * right).toFixed(1)}% as asked`);
}
