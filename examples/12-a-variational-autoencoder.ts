/** A variational autoencoder: images as a few numbers, and new images from new numbers. */
import { createRandom, hostTensor } from 'weft';
import { imageBatches, writeImageGrid } from 'weft/data';
import { sigmoid } from 'weft/graph';
import { vae } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageAutoencoding, train } from 'weft/train';

// Discs of any size at any place, 12 × 12 pixels: three numbers would do.
const random = createRandom(1);
const images = hostTensor('uint8', [1000, 1, 12, 12]);
for (let image = 0; image < 1000; image++) {
  const [row, column, radius] = [3 + 6 * random.uniform(), 3 + 6 * random.uniform(), 1 + 2 * random.uniform()];
  for (let pixel = 0; pixel < 144; pixel++) {
    const distance = Math.hypot(Math.floor(pixel / 12) - row, (pixel % 12) - column);
    images.data[image * 144 + pixel] = 255 * Math.min(1, Math.max(0, radius + 0.5 - distance));
  }
}

const model = vae({ image: { channels: 1, rows: 12, columns: 12 }, latent: 4, hidden: [64] });
const batches = imageBatches({ images, labels: new Int32Array(1000) }, { batchSize: 50, seed: 1 });
const run = train(imageAutoencoding(model), batches, { optimizer: adamw({ learningRate: 3e-3 }), steps: 400 });
for await (const { index, loss, metrics } of run)
  if (index % 100 === 0)
    console.log(index, `negative ELBO ${loss.toFixed(1)} nats`, `of which divergence ${metrics['divergence']?.toFixed(1)}`);

const z = hostTensor(
  'float32',
  [64, 4],
  Float32Array.from({ length: 256 }, () => random.normal()),
);
const drawn = await computeRows(({ z }) => sigmoid(model.decode(z)), { z }, { weights: run.weights });
await writeImageGrid('discs.png', drawn);
console.log('drawn:', drawn.shape.join(' × '));
