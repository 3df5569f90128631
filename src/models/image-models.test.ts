/** Models of images: PyTorch's loss and gradients, parameter counts, gradients against differences, and what configurations are refused. */

import { describe, expect, test } from 'vitest';

import { finiteDifferences, relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fill, fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { torchImages } from '../../test/vectors/torch-images.ts';
import { arrayOf, numbers } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { createRandom } from '../core/index.ts';
import { add, axes, buildGraph, crossEntropy, input, parameter, staticCount, sum } from '../graph/index.ts';
import type { Graph, ParameterSpec, Tensor } from '../graph/index.ts';
import { spectralNormalized } from '../nn/index.ts';
import { cnn, gan, vae } from './index.ts';

const countOf = (parameters: readonly ParameterSpec[]): number =>
  parameters.reduce((total, { shape }) => total + (staticCount(shape) ?? NaN), 0);

describe('parameters', () => {
  test('of the classifier: 32·9 + 2·32 + 64·32·9 + 2·64 + 128·3136 + 128 + 10·128 + 10', () => {
    const model = cnn();
    expect(countOf(model.parameters)).toBe(421_738);
    expect(model.buffers.map(({ name }) => name).toSorted()).toEqual(
      [0, 1].flatMap((stage) => [`stages.${stage}.norm.runningMean`, `stages.${stage}.norm.runningVariance`]),
    );
  });

  test('of the VAE of PyTorch’s examples, 784-400-20: 652,824', () => {
    expect(countOf(vae({ hidden: [400], latent: 20 }).parameters)).toBe(652_824);
  });

  test('of the GAN', () => {
    const { parameters } = gan();
    const of = (part: string): number => countOf(parameters.filter(({ name }) => name.startsWith(`${part}.`)));
    // 64·6272 + 2·128 + 2·10·128 + 128·64·16 + 2·64 + 2·10·64 + 64·16 + 1: before a norm a bias would do nothing
    expect(of('generator')).toBe(64 * 6272 + 256 + 2560 + 131_072 + 128 + 1280 + 1024 + 1);
    // 64·16 + 64 + 128·64·16 + 128 + 6272 + 1 + 10·6272
    expect(of('discriminator')).toBe(1024 + 64 + 131_072 + 128 + 6273 + 62_720);
  });
});

/** The parameter of a model by its name. */
function parameterOf(parameters: readonly ParameterSpec[], name: string): Tensor {
  const found = parameters.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`the model has no ${name}`);
  return parameter(name, found.shape, found.initializer);
}

describe.for(['cnn', 'vae'] as const)('%s agrees with PyTorch', (name) => {
  const vector = torchImages()[name];
  const built = {
    cnn: () => {
      const model = cnn({ image: { channels: 1, rows: 8, columns: 8 }, widths: [2, 3], hidden: 5, classes: 4, dropout: 0 });
      const updates = new Map<string, Tensor>();
      const logits = model.logits(input('images', 'float32', axes('B C Y X', 3, 1, 8, 8)), { training: true, updates });
      const loss = sum(crossEntropy(logits, input('labels', 'int32', axes('B', 3)))[0] as Tensor);
      return { model, loss, outputs: { logits, ...Object.fromEntries(updates) } };
    },
    vae: () => {
      const model = vae({ image: { channels: 1, rows: 4, columns: 4 }, latent: 3, hidden: [7, 5] });
      const { reconstruction, divergence } = model.negativeElbo(input('images', 'float32', axes('B C Y X', 2, 1, 4, 4)), {
        training: true,
      });
      return { model, loss: sum(add(reconstruction, divergence)), outputs: { reconstruction, divergence } };
    },
  }[name]();
  const { loss } = built;
  const names = Object.keys(vector.gradients);
  const by = gradients(
    loss,
    names.map((each) => parameterOf(built.model.parameters, each)),
  );
  const graph = buildGraph({
    loss,
    ...Object.fromEntries(Object.entries(built.outputs).map(([key, tensor]) => [`out:${key}`, tensor])),
    ...Object.fromEntries(names.map((key, index) => [`by ${key}`, by[index] as Tensor])),
  });
  const weights = names.map((key, index) => {
    const shape = vector.gradients[key]?.shape ?? [];
    return [key, fromHost(numbers(100 + index, shape, { scale: 0.5, shift: /norm.*weight$/.test(key) ? 1 : 0 }))] as const;
  });
  const feeds: Readonly<Record<string, NdArray>> = {
    ...Object.fromEntries(weights),
    ...Object.fromEntries(
      built.model.buffers.map((each) => [
        each.name,
        fill(
          'float32',
          each.shape.map(({ size }) => Number(size)),
          () => (each.name.endsWith('Variance') ? 1 : 0),
        ),
      ]),
    ),
    images: fromHost(numbers(90, name === 'cnn' ? [3, 1, 8, 8] : [2, 1, 4, 4], { shift: 0.5 })),
    labels: { dtype: 'int32', shape: [3], data: Float64Array.of(1, 0, 3) },
    'noise:latent': fromHost(numbers(91, [2, 3], { scale: 3 })),
  };

  test('and has its parameters', () => {
    expect(built.model.parameters.map((each) => each.name).toSorted()).toEqual(names.toSorted());
  });

  test.for([
    ['the interpreter', async (of: Graph) => evaluateGraph(of, feeds)],
    ['ONNX Runtime', async (of: Graph) => runOnnx(of, feeds)],
  ] as const)('in %s', async ([, run]) => {
    const actual = await run(graph);
    expect(Math.abs((actual.get('loss')?.data[0] ?? NaN) - vector.loss)).toBeLessThan(1e-5 * Math.max(1, vector.loss));
    for (const [key, plain] of Object.entries(vector.outputs))
      expect(relativeError(actual.get(`out:${key}`), arrayOf(plain)), key).toBeLessThan(1e-5);
    for (const [key, plain] of Object.entries(vector.gradients))
      expect(relativeError(actual.get(`by ${key}`), arrayOf(plain)), key).toBeLessThan(1e-4);
  });
});

describe('the GAN', () => {
  const model = gan({ image: { channels: 1, rows: 4, columns: 4 }, widths: [2], latent: 2, classes: 3 });
  const [images, labels] = [input('images', 'float32', axes('B C Y X', 3, 1, 4, 4)), input('labels', 'int32', axes('B', 3))];
  const random = createRandom(3);
  const given: Readonly<Record<string, NdArray>> = {
    images: fill('float32', [3, 1, 4, 4], () => random.uniform()),
    labels: { dtype: 'int32', shape: [3], data: Float64Array.of(2, 0, 2) },
    'noise:latent': fill('float32', [3, 2], () => random.normal()),
    ...Object.fromEntries(
      [...model.parameters, ...model.buffers].map(({ name, shape }) => [
        name,
        fill(
          'float32',
          shape.map(({ size }) => Number(size)),
          () => Math.fround(random.normal() / 2 + (name.endsWith('Variance') ? 2 : 0)),
        ),
      ]),
    ),
  };
  const losses = model.losses(images, labels, { training: true });

  test.for(['generator', 'discriminator'] as const)('has the gradients of the %s’s loss', async (part) => {
    const loss = sum(losses[part]);
    const names = model.parameters.map(({ name }) => name).filter((name) => name.startsWith(`${part}.`));
    const by = gradients(
      loss,
      names.map((name) => parameterOf(model.parameters, name)),
    );
    const graph = buildGraph(Object.fromEntries(names.map((name, index) => [name.replace('.', ':'), by[index] as Tensor])));
    const [exact, run] = [evaluateGraph(graph, given), await runOnnx(graph, given)];
    for (const name of names) {
      const key = name.replace('.', ':');
      expect(relativeError(exact.get(key), finiteDifferences(buildGraph({ loss }), given, name)), name).toBeLessThan(1e-5);
      expect(relativeError(run.get(key), exact.get(key)), name).toBeLessThan(1e-4);
    }
  });

  test('draws images from 0 to 1, others for other classes and other noise', () => {
    const latents = input('latents', 'float32', axes('B Z', 3, 2));
    const drawn = evaluateGraph(buildGraph({ drawn: model.generate(latents, labels, {}) }), {
      ...given,
      latents: fill('float32', [3, 2], ([row = 0, z = 0]) => (row === 0 ? z : 1 - z)),
    }).get('drawn');
    expect(drawn?.shape).toEqual([3, 1, 4, 4]);
    const rows = [0, 1, 2].map((row) => drawn?.data.slice(row * 16, row * 16 + 16).join() ?? '');
    expect(new Set(rows).size).toBe(3);
    expect(drawn?.data.every((pixel) => pixel > 0 && pixel < 1)).toBe(true);
  });
});

test('spectral normalisation brings the largest singular value to 1', () => {
  const weight = parameter('w', axes('O I', 3, 4), { kind: 'normal', standardDeviation: 1 });
  const updates = new Map<string, Tensor>();
  const normalized = spectralNormalized(weight, { training: true, updates });
  const graph = buildGraph({ normalized, next: updates.get('singular') as Tensor });
  // Singular values 3, 2 and 1: a diagonal matrix with its columns turned.
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  const w = [3 * c, -3 * s, 0, 0, 2 * s, 2 * c, 0, 0, 0, 0, 1, 0];
  let singular: NdArray = { dtype: 'float32', shape: [1, 3], data: Float64Array.of(0.3, -1, 0.4) };
  let result: NdArray | undefined;
  for (let step = 0; step < 60; step++) {
    const values = evaluateGraph(graph, { w: { dtype: 'float32', shape: [3, 4], data: Float64Array.from(w) }, singular });
    [singular, result] = [values.get('next') as NdArray, values.get('normalized')];
  }
  for (const [index, value] of w.entries()) expect(result?.data[index]).toBeCloseTo(value / 3, 8);
});

test.for([
  ['no stages', () => cnn({ widths: [] }), 'WEFT_MODEL_SIZE'],
  ['half a channel', () => cnn({ widths: [1.5] }), 'WEFT_MODEL_SIZE'],
  ['no classes', () => cnn({ classes: 0 }), 'WEFT_MODEL_SIZE'],
  ['dropout of everything', () => cnn({ dropout: 1 }), 'WEFT_MODEL_OPTION'],
  ['more stages than the image can be halved', () => cnn({ widths: [8, 8, 8, 8, 8] }), 'WEFT_MODEL_IMAGE'],
  ['an image without rows', () => vae({ image: { channels: 1, rows: 0, columns: 28 } }), 'WEFT_MODEL_SIZE'],
  ['no latents', () => vae({ latent: 0 }), 'WEFT_MODEL_SIZE'],
  ['no hidden layers', () => vae({ hidden: [] }), 'WEFT_MODEL_SIZE'],
  ['an image that stages cannot halve', () => gan({ widths: [8, 8, 8] }), 'WEFT_MODEL_OPTION'],
  ['an option that is unknown', () => gan({ width: 3 } as object), 'WEFT_OPTION_UNKNOWN'],
] as const)('%s is refused', ([, make, code]) => {
  expect(make).toThrow(expect.objectContaining({ code }));
});
