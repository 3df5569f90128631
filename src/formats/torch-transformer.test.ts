/** The encoder-decoder transformer with the weights of PyTorch's `nn.Transformer`: outputs and gradients. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { relativeError } from '../../test/oracle/check-op.ts';
import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import { runOnnx } from '../../test/oracle/run-graph.ts';
import { arrayOf, numbers, stateDictOf, torchVectors } from '../../test/vectors/torch-vectors.ts';
import { gradients } from '../autodiff/index.ts';
import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { buildGraph, constant, multiply, parameter, sum } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { seq2seq } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { loadSeq2Seq, readSafetensors, saveModel, writeSafetensors } from './index.ts';

const [B, S, T, C] = [2, 5, 4, 8];
const truth = (rows: readonly (readonly number[])[]): Tensor =>
  constant(hostTensor('bool', [rows.length, rows[0]!.length], Uint8Array.from(rows.flat())));
const counted = (rows: number, columns: number): Tensor =>
  constant(
    hostTensor(
      'int32',
      [rows, columns],
      Int32Array.from({ length: rows * columns }, (_, index) => index),
    ),
  );

const sourcePadding = truth([
  [0, 0, 0, 0, 1],
  [0, 0, 1, 1, 1],
]);
const targetPadding = truth([
  [0, 0, 0, 1],
  [0, 0, 0, 0],
]);
const memoryMask = truth(Array.from({ length: T }, () => [0, 1, 0, 0, 1]));
const MASKS = {
  'post-norm, relu, padding': {
    source: { keyPadding: sourcePadding },
    target: { keyPadding: targetPadding, memoryPadding: sourcePadding },
  },
  'pre-norm, gelu, masks': { source: { mask: constant(numbers(12, [S, S], { scale: 3 })) }, target: { memoryMask } },
  'without biases': { source: {}, target: {} },
};

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'weft-transformer-'));
});
afterAll(() => rm(root, { recursive: true }));

const { cases } = torchVectors('transformer');

describe.for(cases.map((each) => [each.name, each] as const))('as PyTorch: %s', ([name, vector]) => {
  // What nn.Transformer is fed stands in tables of tokens, one row a place, so that ours is fed the same.
  const extra = {
    'source.tokens.weight': hostTensor('float32', [B * S, C], numbers(10, [B, S, C], { scale: 2 }).data),
    'target.tokens.weight': hostTensor('float32', [B * T, C], numbers(11, [B, T, C], { scale: 2 }).data),
    'positions.weight': hostTensor('float32', [S, C]),
    'head.weight': hostTensor('float32', [B * T, C]),
    'head.bias': hostTensor('float32', [B * T]),
  };
  const config = {
    model_type: 'weft_seq2seq',
    architectures: ['WeftSeq2Seq'],
    ...vector.arguments,
    source_vocab_size: B * S,
    target_vocab_size: B * T,
    max_position_embeddings: S,
    positions: 'learned',
    shared_embeddings: false,
    scale_embedding: false,
    tie_word_embeddings: false,
  };

  test('in both engines', async () => {
    const folder = await mkdtemp(join(root, 'model-'));
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const state = new Map<string, HostTensor>([...stateDictOf(vector)].map(([key, tensor]) => [`transformer.${key}`, tensor]));
    for (const [key, tensor] of Object.entries(extra)) state.set(key, tensor);
    await writeSafetensors(join(folder, 'model.safetensors'), state);
    const { model, weights } = await loadSeq2Seq(folder);

    const masks = MASKS[name as keyof typeof MASKS];
    const memory = model.encode({ ids: counted(B, S), ...masks.source }, {});
    const output = model.decode({ ids: counted(B, T), memory, ...masks.target }, {});
    const by = model.parameters
      .filter((spec) => !spec.name.startsWith('head'))
      .map((spec) => parameter(spec.name, spec.shape, spec.initializer));
    const found = gradients(sum(multiply(output, constant(numbers(90, [B, T, C])))), by);
    const graph = buildGraph({ output, ...Object.fromEntries(found.map((gradient, index) => [`by ${by[index]!.label}`, gradient])) });
    const feeds = Object.fromEntries([...weights].map(([key, tensor]) => [key, fromHost(tensor)]));

    // Gradients under our names, by the same tables that weights are read with.
    const theirs = new Map<string, HostTensor>(
      Object.entries(vector.gradients).flatMap(([key, { shape, data }]) =>
        shape.length === 3 ? [] : [[`transformer.${key}`, hostTensor('float32', shape, Float32Array.from(data))] as const],
      ),
    );
    for (const [key, tensor] of Object.entries(extra)) theirs.set(key, tensor);
    for (const side of ['source', 'target'] as const) {
      const { shape, data } = vector.gradients[side]!;
      theirs.set(`${side}.tokens.weight`, hostTensor('float32', [shape[0]! * shape[1]!, C], Float32Array.from(data)));
    }
    await writeSafetensors(join(folder, 'model.safetensors'), theirs);
    const expected = (await loadSeq2Seq(folder)).weights;

    for (const results of [evaluateGraph(graph, feeds), await runOnnx(graph, feeds)]) {
      const { data } = arrayOf(vector.output);
      expect(Math.max(...data.map((value, index) => Math.abs(value - results.get('output')!.data[index]!)))).toBeLessThan(1e-5);
      for (const { label = '' } of by) {
        const own = results.get(`by ${label}`);
        if (label === 'positions.weight') continue;
        // A bias of keys moves all scores of a query alike, and has no gradient but rounding.
        if (label.endsWith('key.bias')) expect(Math.max(...own!.data.map(Math.abs)), label).toBeLessThan(1e-6);
        else expect(relativeError(own, fromHost(expected.get(label)!)), label).toBeLessThan(1e-4);
      }
    }
  });
});

test('saved and loaded again, a translator is the same', async () => {
  const model = seq2seq({
    encoderLayers: 2,
    decoderLayers: 3,
    heads: 2,
    width: 8,
    hidden: 12,
    vocabSize: 20,
    contextLength: 7,
    normFirst: true,
  });
  const weights = initialize(model.parameters, { seed: 3 });
  const folder = join(root, 'translator');
  await saveModel(folder, { model, weights });
  const loaded = await loadSeq2Seq(folder);
  expect(loaded.model.config).toEqual(model.config);
  expect(loaded.weights).toEqual(weights);
  const { tensors } = await readSafetensors(join(folder, 'model.safetensors'));
  expect(tensors.get('transformer.decoder.layers.2.multihead_attn.in_proj_weight')?.shape).toEqual([24, 8]);
});
