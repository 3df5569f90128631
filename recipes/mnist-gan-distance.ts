/**
 * How far drawn digits are from real ones: npx tsx recipes/mnist-gan-distance.ts MNIST-FOLDER CLASSIFIER GENERATOR
 *
 * Both are folders, of mnist-cnn.ts and of mnist-gan.ts. The Fréchet distance of 10,000 drawn digits to 10,000 real
 * ones, in the classifier's hidden layer, beside that of two disjoint sets of real ones; and the spread of each class.
 */
import { createRandom, hostTensor } from 'weft';
import type { HostTensor } from 'weft';
import { readMnist } from 'weft/data';
import type { LabelledImages } from 'weft/data';
import { accuracy, bestClasses, classSpread, frechetDistance } from 'weft/eval';
import { loadNetwork } from 'weft/formats';
import type { Tensor } from 'weft/graph';
import { pixelsOf } from 'weft/models';
import { computeRows } from 'weft/runtime';

const [folder = 'mnist', ...folders] = process.argv.slice(2);
const { train: digits, test } = await readMnist(folder);
const { model: classifier, weights: seeing } = await loadNetwork(folders[0] ?? 'out/mnist-cnn');
const { model: generator, weights: drawing } = await loadNetwork(folders[1] ?? 'out/mnist-gan');
if (classifier.architecture !== 'cnn' || generator.architecture !== 'gan') throw new Error('a classifier and a generator are needed');

const see = async (build: (images: Tensor) => Tensor, images: HostTensor<'uint8'>): Promise<HostTensor<'float32'>> =>
  computeRows((batch) => build(pixelsOf(batch.images)), { images }, { weights: seeing });
const featuresOf = async (images: HostTensor<'uint8'>): Promise<HostTensor<'float32'>> => see((x) => classifier.features(x, {}), images);
const classesOf = async (images: HostTensor<'uint8'>): Promise<Int32Array> =>
  bestClasses(await see((x) => classifier.logits(x, {}), images));
console.log(`classifier: ${(100 * accuracy(await classesOf(test.images), test.labels)).toFixed(2)}% of the test digits`);

// Two disjoint sets of real digits at random (neighbours in the file are of the same writers), and as many drawn ones of the classes
// of the second, rounded to bytes as real ones are.
const order = Array.from({ length: 60_000 }, (_, row) => row);
const shuffle = createRandom(1, 'real digits');
for (let last = order.length - 1; last > 0; last--) {
  const other = shuffle.integer(last + 1);
  [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
}
const pick = (rows: readonly number[]): LabelledImages => {
  const images = hostTensor('uint8', [rows.length, 1, 28, 28]);
  for (const [at, row] of rows.entries()) images.data.set(digits.images.data.subarray(row * 784, (row + 1) * 784), at * 784);
  return { images, labels: Int32Array.from(rows, (row) => digits.labels[row] ?? 0) };
};
const [real, { images: others, labels }] = [pick(order.slice(0, 10_000)), pick(order.slice(10_000, 20_000))];
const random = createRandom(2, 'latents');
const latents = hostTensor(
  'float32',
  [10_000, generator.config.latent],
  Float32Array.from({ length: 10_000 * generator.config.latent }, () => random.normal()),
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

const [first, second, third, held] = [
  await featuresOf(real.images),
  await featuresOf(others),
  await featuresOf(drawn),
  await featuresOf(test.images),
];
const compare = (name: string, to: HostTensor<'float32'>): void => {
  const [near, far] = [frechetDistance(to, second), frechetDistance(to, third)];
  console.log(`Fréchet distance to ${name}: real ${near.toFixed(3)}, drawn ${far.toFixed(3)}, ${(far / near).toFixed(2)} times as far`);
};
compare('training digits', first);
compare('the test digits', held);

const predicted = await classesOf(drawn);
console.log(`drawn as asked: ${(100 * accuracy(predicted, labels)).toFixed(2)}%`);
const [spreadReal, spreadDrawn] = [classSpread(first, real.labels, 10), classSpread(third, labels, 10)];
for (const [label, spread] of spreadDrawn.entries()) {
  const members = predicted.filter((_, index) => labels[index] === label);
  const right = accuracy(members, new Int32Array(members.length).fill(label));
  const share = spread / (spreadReal[label] ?? NaN);
  console.log(`class ${label}: spread ${share.toFixed(2)} of that of real digits, ${(100 * right).toFixed(1)}% as asked`);
}
