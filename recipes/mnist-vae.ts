/**
 * A variational autoencoder of handwritten digits: npx tsx recipes/mnist-vae.ts MNIST-FOLDER [OUT-FOLDER]
 *
 * Twenty epochs of 300 batches. Writes grids of drawn digits as it goes on, a grid that turns digits into others, and
 * the model's folder.
 */
import { createRandom, hostTensor } from 'weft';
import type { HostTensor } from 'weft';
import { imageBatches, readMnist, writeImageGrid } from 'weft/data';
import { saveNetwork } from 'weft/formats';
import { sigmoid } from 'weft/graph';
import { pixelsOf, vae } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageAutoencoding, train, warmupCosine } from 'weft/train';
import type { Weights } from 'weft/train';

const [folder = 'mnist', out = 'out/mnist-vae'] = process.argv.slice(2);
const { train: digits, test } = await readMnist(folder);
const model = vae({ latent: 20, hidden: [512, 256] });
const { latent } = model.config;

const epochs = 20;
const batches = imageBatches(digits, { batchSize: 200, seed: 1 });
const heldOut = imageBatches(test, { batchSize: 200, seed: 1, order: 'sequential' });
const steps = epochs * batches.batchesPerEpoch;

/** Digits of given latents, N × Z. */
const draw = (latents: HostTensor<'float32'>, weights: Weights): Promise<HostTensor<'float32'>> =>
  computeRows(({ z }) => sigmoid(model.decode(z)), { z: latents }, { weights });
const random = createRandom(1, 'latents');
const samples = hostTensor(
  'float32',
  [100, latent],
  Float32Array.from({ length: 100 * latent }, () => random.normal()),
);

const optimizer = adamw({ learningRate: warmupCosine({ peak: 1.5e-3, warmup: 100, total: steps, floor: 0 }), weightDecay: 0 });
const run = train(imageAutoencoding(model), batches, {
  optimizer,
  steps,
  seed: 1,
  clipNorm: 0,
  heldOut: Array.from({ length: heldOut.batchesPerEpoch }, (_, index) => heldOut.batch(index)),
  evaluateEvery: 5 * batches.batchesPerEpoch,
});
for await (const { index, loss, metrics, seconds, evaluation } of run) {
  if (index % 100 === 0)
    console.log(
      `step ${index}  negative ELBO ${loss.toFixed(1)}, divergence ${metrics['divergence']?.toFixed(1)}  ${seconds.toFixed(0)} s`,
    );
  if (evaluation !== undefined) {
    console.log(`test: negative ELBO ${evaluation.loss.toFixed(2)} nats  ${seconds.toFixed(0)} s`);
    await writeImageGrid(`${out}/samples-${index + 1}.png`, await draw(samples, run.weights));
  }
}
await saveNetwork(out, { model, weights: run.weights });

// From each of eight digits to another, in ten steps through the latents.
const shown = hostTensor('uint8', [16, 1, 28, 28], test.images.data.slice(0, 16 * 784));
const means = await computeRows(({ images }) => model.encode(pixelsOf(images)).mean, { images: shown }, { weights: run.weights });
const between = Float32Array.from({ length: 8 * 10 * latent }, (_, at) => {
  const [row, step, z] = [Math.floor(at / (10 * latent)), Math.floor(at / latent) % 10, at % latent];
  const [from = 0, to = 0] = [means.data[row * latent + z], means.data[(row + 8) * latent + z]];
  return from + ((to - from) * step) / 9;
});
await writeImageGrid(`${out}/between.png`, await draw(hostTensor('float32', [80, latent], between), run.weights), { columns: 10 });
