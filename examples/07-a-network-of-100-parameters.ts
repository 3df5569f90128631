/** A feed-forward network: its shape found by its number of parameters, trained on one wave of a sine. */
import { hostTensor } from 'weft';
import { countParameters, findMlpShapes } from 'weft/cost';
import { axes, buildGraph, input, multiply, subtract, sum } from 'weft/graph';
import { mlp } from 'weft/models';
import { compileGraph } from 'weft/runtime';
import { adamw, defineObjective, train } from 'weft/train';

const shapes = findMlpShapes({ parameters: 100, outputs: 1 });
console.log('100 parameters:', shapes.map((sizes) => sizes.join('-')).join(' '));
const model = mlp({ sizes: shapes.find(([inputs]) => inputs === 1) ?? [] });
console.log('built:', model.config.sizes.join('-'), 'with', countParameters(model).total);

const N = 64;
const x = Float32Array.from({ length: N }, (_, index) => (2 * index) / (N - 1) - 1);
const y = x.map((value) => Math.sin(Math.PI * value));
const column = (batchSize: number) => ({ dtype: 'float32', shape: axes('B C', batchSize, 1) }) as const;
const sine = defineObjective({
  feeds: (batchSize) => ({ x: column(batchSize), y: column(batchSize) }),
  losses: (feeds) => {
    const error = subtract(model.forward(feeds.x), feeds.y);
    return { losses: [{ total: sum(multiply(error, error)) }] };
  },
});
const batches = { batchSize: N, batch: () => ({ x, y, kept: N }) };
const run = train(sine, batches, { optimizer: adamw({ learningRate: 0.02, weightDecay: 0 }), steps: 500 });
for await (const step of run) if (step.index % 250 === 0) console.log(step.index, step.loss.toFixed(4));

const point = input('x', 'float32', axes('B C', 1, 1));
const session = await compileGraph(buildGraph({ y: model.forward(point) }), { weights: run.weights });
const { y: half } = await session.run({ x: hostTensor('float32', [1, 1], Float32Array.of(0.5)) });
console.log('sin(π/2) ≈', half?.data[0]);
session.close();
