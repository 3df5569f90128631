/** A convolutional classifier: which way lines run in small noisy images. */
import { createRandom, hostTensor } from 'weft';
import { imageBatches } from 'weft/data';
import { accuracy, bestClasses } from 'weft/eval';
import { cnn, pixelsOf } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageClassification, train } from 'weft/train';

/** Images of 12 × 12 pixels with lines: flat (class 0), upright (1) or slanting (2). */
function lines(count: number, seed: number) {
  const random = createRandom(seed);
  const labels = Int32Array.from({ length: count }, () => random.integer(3));
  const images = hostTensor('uint8', [count, 1, 12, 12]);
  for (const [image, label] of labels.entries()) {
    const offset = random.integer(4);
    for (let pixel = 0; pixel < 144; pixel++) {
      const [row, column] = [Math.floor(pixel / 12), pixel % 12];
      const along = [row, column, row + column][label] ?? 0;
      images.data[image * 144 + pixel] = ((along + offset) % 4 === 0 ? 150 : 0) + random.integer(106);
    }
  }
  return { images, labels };
}

const model = cnn({ image: { channels: 1, rows: 12, columns: 12 }, classes: 3, widths: [4, 8], hidden: 16 });
const batches = imageBatches(lines(600, 1), { batchSize: 50, seed: 1, shift: 1 });
const run = train(imageClassification(model), batches, { optimizer: adamw({ learningRate: 5e-3 }), steps: 60 });
for await (const { index, loss } of run) if (index % 20 === 0) console.log(index, loss.toFixed(3));

const { images, labels } = lines(200, 2);
const logits = await computeRows(({ images }) => model.logits(pixelsOf(images), {}), { images }, { weights: run.weights });
console.log('accuracy on other images', accuracy(bestClasses(logits), labels));
