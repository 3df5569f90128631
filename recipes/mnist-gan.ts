/**
 * A generator of handwritten digits: npx tsx recipes/mnist-gan.ts MNIST-FOLDER [OUT-FOLDER] [EPOCHS]
 *
 * Sixteen epochs of 937 batches. Writes grids of drawn digits as it goes on and the model's folder, with a running average
 * over about the last five hundred steps. mnist-gan-distance.ts says how far its digits are from real ones.
 */
import { createRandom, hostTensor } from 'weft';
import { imageBatches, readMnist, writeImageGrid } from 'weft/data';
import { saveNetwork } from 'weft/formats';
import { gan } from 'weft/models';
import { computeRows } from 'weft/runtime';
import { adamw, imageGeneration, parameterGroups, train, warmupCosine } from 'weft/train';

const [folder = 'mnist', out = 'out/mnist-gan', epochs = '16'] = process.argv.slice(2);
const { train: digits } = await readMnist(folder);
const model = gan({ latent: 64, widths: [32, 64] });

const batches = imageBatches(digits, { batchSize: 64, seed: 1 });
const steps = Math.round(Number(epochs) * batches.batchesPerEpoch);
// The generator learns ten times as fast: at one rate for both the judge is ahead of it from the first steps on.
const adam = (peak: number): ReturnType<typeof adamw> =>
  adamw({ learningRate: warmupCosine({ peak, warmup: 50, total: steps, floor: peak / 50 }), betas: [0.5, 0.99], weightDecay: 0 });
const optimizer = parameterGroups([{ match: /^generator/, optimizer: adam(1e-2) }, { optimizer: adam(1e-3) }]);
const run = train(imageGeneration(model), batches, { optimizer, steps, seed: 1, clipNorm: 0, average: 0.998 });

const random = createRandom(1, 'latents');
const latents = hostTensor(
  'float32',
  [100, 64],
  Float32Array.from({ length: 6400 }, () => random.normal()),
);
const labels = hostTensor(
  'int32',
  [100],
  Int32Array.from({ length: 100 }, (_, index) => index % 10),
);
for await (const { index, loss, metrics, seconds } of run) {
  if (index % 100 === 0) {
    const judge = metrics['discriminator']?.toFixed(3);
    console.log(`step ${index}  generator ${loss.toFixed(3)}  discriminator ${judge}  ${seconds.toFixed(0)} s`);
  }
  if ((index + 1) % 500 !== 0 && index + 1 !== steps) continue;
  const weights = new Map([...run.weights, ...run.averaged]);
  const drawn = await computeRows((batch) => model.generate(batch.latents, batch.labels, {}), { latents, labels }, { weights });
  await writeImageGrid(`${out}/digits-${index + 1}.png`, drawn, { columns: 10 });
  await saveNetwork(out, { model, weights });
}
