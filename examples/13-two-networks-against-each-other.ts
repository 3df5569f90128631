/** A conditional GAN: one network draws, the other judges, and one step trains both. */
import { createRandom, hostTensor } from 'weft';
import { imageBatches, writeImageGrid } from 'weft/data';
import { gan } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageGeneration, train } from 'weft/train';

// Squares (class 0) and crosses (1) at any place, 8 × 8 pixels.
const random = createRandom(1);
const labels = Int32Array.from({ length: 1000 }, () => random.integer(2));
const images = hostTensor('uint8', [1000, 1, 8, 8]);
for (const [image, label] of labels.entries()) {
  const [row, column] = [2 + random.integer(4), 2 + random.integer(4)];
  for (let pixel = 0; pixel < 64; pixel++) {
    const [down, right] = [Math.abs(Math.floor(pixel / 8) - row), Math.abs((pixel % 8) - column)];
    const white = label === 0 ? Math.max(down, right) === 2 : Math.max(down, right) <= 2 && Math.min(down, right) === 0;
    images.data[image * 64 + pixel] = white ? 255 : 0;
  }
}

const model = gan({ image: { channels: 1, rows: 8, columns: 8 }, classes: 2, latent: 8, widths: [16, 32] });
const batches = imageBatches({ images, labels }, { batchSize: 32, seed: 1 });
const run = train(imageGeneration(model), batches, {
  optimizer: adamw({ learningRate: 1e-3, betas: [0.5, 0.99] }),
  steps: 400,
  clipNorm: 0,
  average: 0.98,
});
for await (const { index, loss, metrics } of run)
  if (index % 100 === 0) console.log(index, `generator ${loss.toFixed(2)}`, `discriminator ${metrics['discriminator']?.toFixed(2)}`);

const asked = hostTensor('int32', [32], labels.slice(0, 32).sort());
const z = hostTensor('float32', [32, 8], new Float32Array(256).map(random.normal));
const weights = new Map([...run.weights, ...run.averaged]);
const drawn = await computeRows(({ z, asked }) => model.generate(z, asked, {}), { z, asked }, { weights });
await writeImageGrid('drawn.png', drawn, { columns: 8 });
console.log('drawn:', drawn.shape.join(' × '));
