/** A recurrent layer for something else than language: which of two frequencies a noisy series has. */
import { createRandom } from 'weft';
import { axes, crossEntropy, reshape, slice, sum } from 'weft/graph';
import type { Tensor } from 'weft/graph';
import { gruLayer, linear } from 'weft/nn';
import { adamw, defineObjective, train } from 'weft/train';

const [B, T, F] = [32, 24, 16];
const classifier = defineObjective({
  feeds: (batchSize) => ({
    series: { dtype: 'float32', shape: axes('B T C', batchSize, T, 1) },
    label: { dtype: 'int32', shape: axes('B', batchSize) },
  }),
  losses: ({ series, label }) => {
    const { state } = gruLayer(series, { name: 'gru', in: 1, hidden: F, layers: 2 }); // L B F
    const last = reshape(slice(state, 0, { start: 1, end: 2 }), axes('B F', Number(label.shape[0]?.size), F));
    const logits = linear(last, { name: 'head', in: F, out: 2, bias: true }); // B F -> B 2
    return { losses: [{ total: sum(crossEntropy(logits, label)[0] as Tensor) }] };
  },
});

const batch = (index: number) => {
  const random = createRandom(index);
  const label = Int32Array.from({ length: B }, () => random.integer(2));
  const series = Float32Array.from({ length: B * T }, (_, place) => {
    const frequency = label[Math.floor(place / T)] === 0 ? 0.9 : 1.3;
    return Math.sin(frequency * (place % T) + random.normal() / 10) + random.normal() / 3;
  });
  return { series, label, kept: B };
};
const run = train(classifier, { batchSize: B, batch }, { optimizer: adamw({ learningRate: 0.01 }), steps: 200 });
for await (const step of run) if (step.index % 50 === 0 || step.index === 199) console.log(step.index, step.loss.toFixed(3));
