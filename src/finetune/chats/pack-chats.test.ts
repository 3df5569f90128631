/** Packing: every target once, none changed; and packed texts lose what they lose alone, to the last bit that float64 has. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../../test/oracle/interpreter.ts';
import { fromHost } from '../../../test/oracle/nd-array.ts';
import type { NdArray } from '../../../test/oracle/nd-array.ts';
import { runOnnx } from '../../../test/oracle/run-graph.ts';
import { gradients } from '../../autodiff/index.ts';
import { createRandom, hostTensor } from '../../core/index.ts';
import { buildGraph, input } from '../../graph/index.ts';
import type { Graph, Tensor } from '../../graph/index.ts';
import { gpt, llama } from '../../models/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import type { ChatExample } from '../../tokenizers/index.ts';
import { packChats, supervised } from '../index.ts';
import type { ChatBatch } from '../index.ts';

const MODELS: readonly LanguageModel[] = [
  gpt({ layers: 2, heads: 2, width: 8, hidden: 16, contextLength: 200, vocabSize: 11 }),
  llama({ layers: 2, heads: 4, kvHeads: 2, headWidth: 4, width: 8, hidden: 12, contextLength: 200, vocabSize: 11 }),
];

function chatsOf(lengths: readonly number[], seed: number): readonly ChatExample[] {
  const random = createRandom(seed, 'chats');
  return lengths.map((length) => ({
    ids: Int32Array.from({ length }, () => random.integer(11)),
    isReply: Uint8Array.from({ length }, (_, index) => (index === length - 1 ? 1 : random.integer(2))),
  }));
}

/** Loss and gradients of a batch as a graph; feeds of the batch. */
function graphOf(model: LanguageModel, contextLength: number, withGradients: boolean): Graph {
  const objective = supervised(model, { contextLength });
  const feeds = Object.fromEntries(
    Object.entries(objective.feeds(1)).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  ) as Parameters<typeof objective.losses>[0];
  const loss = objective.losses(feeds, {}).losses[0]!.total;
  const parameters = buildGraph({ loss }).inputs.filter((node) => node.attributes.role === 'parameter');
  const tensors = parameters.map((node): Tensor => ({ node, index: 0, dtype: 'float32', shape: node.attributes.shape }));
  const by = withGradients ? gradients(loss, tensors) : [];
  return buildGraph({ loss, ...Object.fromEntries(by.map((gradient, index) => [`by ${parameters[index]!.attributes.name}`, gradient])) });
}

function feedsOf(model: LanguageModel, { inputs, targets, segments, positions }: ChatBatch): Record<string, NdArray> {
  const random = createRandom(1, 'weights');
  const weights = [...initialize(model.parameters, { seed: 1 })].map(
    ([name, { shape, data }]) =>
      [
        name,
        fromHost(
          hostTensor(
            'float32',
            shape,
            data.map(() => 0.3 * random.normal()),
          ),
        ),
      ] as const,
  );
  const rows = Object.entries({ inputs, targets, segments, positions }).map(
    ([name, data]) => [name, fromHost(hostTensor('int32', [1, data.length], data))] as const,
  );
  return Object.fromEntries([...weights, ...rows]);
}

describe.each(MODELS.map((model) => [model.architecture, model] as const))('%s', (_, model) => {
  test.each([
    [24, [9, 5, 8]],
    [140, [90, 31, 18, 2]],
  ] as const)('packed into %i tokens, texts have the loss and the gradients that they have alone', async (contextLength, lengths) => {
    const chats = chatsOf(lengths, 3);
    const packed = packChats(chats, { batchSize: 1, contextLength, seed: 1, order: 'sequential' });
    expect(packed.sequences).toBe(1);
    const small = contextLength < 128;
    const together = graphOf(model, contextLength, true);
    const exact = small ? evaluateGraph(together, feedsOf(model, packed.batch(0))) : undefined;
    const actual = await runOnnx(together, feedsOf(model, packed.batch(0)));
    const [sums, sumsOnnx] = [new Map<string, Float64Array>(), new Map<string, Float64Array>()];
    const addTo = (into: Map<string, Float64Array>, results: ReadonlyMap<string, NdArray>): void => {
      for (const [name, { data }] of results)
        into.set(
          name,
          data.map((value, index) => value + (into.get(name)?.[index] ?? 0)),
        );
    };
    for (const chat of chats) {
      // Alone: a sequence of its own length, so that there is nothing to keep apart and nothing to fill up.
      const alone = packChats([chat], { batchSize: 1, contextLength: chat.ids.length - 1, seed: 1 }).batch(0);
      const graph = graphOf(model, chat.ids.length - 1, true);
      if (small) addTo(sums, evaluateGraph(graph, feedsOf(model, alone)));
      addTo(sumsOnnx, await runOnnx(graph, feedsOf(model, alone)));
    }
    for (const [name, values] of sumsOnnx) {
      const size = Math.max(...values.map(Math.abs));
      for (const [index, value] of values.entries())
        expect(Math.abs(value - actual.get(name)!.data[index]!), name).toBeLessThan(1e-5 + 1e-4 * size);
      if (exact === undefined) continue;
      for (const [index, value] of sums.get(name)!.entries())
        expect(Math.abs(value - exact.get(name)!.data[index]!), name).toBeLessThan(1e-6 * (1 + size));
    }
    if (exact !== undefined)
      expect(Math.abs(sums.get('loss')![0]! - exact.get('loss')!.data[0]!)).toBeLessThan(model.architecture === 'gpt' ? 1e-12 : 1e-6);
  });

  test('without segments they would not', () => {
    const chats = chatsOf([9, 5, 8], 3);
    const batch = packChats(chats, { batchSize: 1, contextLength: 24, seed: 1 }).batch(0);
    const graph = graphOf(model, 24, false);
    const apart = evaluateGraph(graph, feedsOf(model, batch)).get('loss')!.data[0]!;
    const mixed = evaluateGraph(graph, feedsOf(model, { ...batch, segments: batch.segments.map(() => 0) })).get('loss')!.data[0]!;
    expect(Math.abs(apart - mixed)).toBeGreaterThan(1e-3);
  });
});

test('every target comes once an epoch, behind what it was learnt from', () => {
  const lengths = fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 19, max: 50 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      (sizes, contextLength, batchSize, pack) => {
        const chats = chatsOf(sizes, 1);
        const batches = packChats(chats, { batchSize, contextLength, seed: 1, pack, order: 'sequential' });
        const found: string[] = [];
        for (let index = 0; index < batches.batchesPerEpoch; index++) {
          const { inputs, targets, segments, positions, kept } = batches.batch(index);
          expect(kept).toBe(targets.filter((target) => target >= 0).length);
          let text: number[] = [];
          for (let at = 0; at < inputs.length; at++) {
            if (segments[at]! >= 0 && positions[at] === 0) text = [];
            text.push(inputs[at]!);
            if (segments[at]! < 0) expect(targets[at]).toBe(-1);
            else expect(positions[at]).toBe(text.length - 1);
            if (targets[at]! >= 0) found.push(`${text.join()}>${targets[at]}`);
          }
        }
        const wanted = chats.flatMap(({ ids, isReply }) =>
          [...ids.keys()].flatMap((at) => (at > 0 && isReply[at] === 1 ? [`${[...ids.subarray(0, at)].join()}>${ids[at]}`] : [])),
        );
        expect(found.sort()).toEqual(wanted.sort());
      },
    ),
    { seed: 1 },
  );
});

test('a batch depends on its number alone; epochs differ in order; little is left empty', () => {
  const chats = chatsOf(
    Array.from({ length: 200 }, (_, index) => 3 + ((index * 37) % 30)),
    1,
  );
  const options = { batchSize: 4, contextLength: 64, seed: 1 };
  const straight = packChats(chats, options);
  const wanted = Array.from({ length: 3 * straight.batchesPerEpoch }, (_, index) => straight.batch(index));
  const again = packChats(chats, options);
  for (const index of [wanted.length - 1, 0, straight.batchesPerEpoch]) expect(again.batch(index)).toEqual(wanted[index]);
  expect(wanted[0]).not.toEqual(wanted[straight.batchesPerEpoch]);
  const tokens = chats.reduce((count, { ids }) => count + ids.length - 1, 0);
  expect(tokens / (straight.sequences * 64)).toBeGreaterThan(0.95);
});

describe('misuse', () => {
  const chat = { ids: Int32Array.of(1, 2, 3, 4), isReply: Uint8Array.of(0, 0, 0, 1) };
  const options = { batchSize: 1, contextLength: 4, seed: 1 };
  test.each([
    ['WEFT_CHAT_OPTION', { batchSize: 0 }],
    ['WEFT_CHAT_OPTION', { contextLength: 1.5 }],
    ['WEFT_CHAT_OPTION', { order: 'random' as 'shuffled' }],
    ['WEFT_CHAT_TOO_LONG', { contextLength: 2 }],
    ['WEFT_OPTION_UNKNOWN', { shuffle: true }],
  ])('%s: %o', (code, changes) => {
    expect(() => packChats([chat], { ...options, ...changes })).toThrow(expect.objectContaining({ code }));
  });

  test('what is too long is cut, and left out without a reply', () => {
    const long = { ids: Int32Array.of(1, 2, 3, 4, 5, 6), isReply: Uint8Array.of(0, 1, 0, 0, 1, 1) };
    const { cut, leftOut, sequences } = packChats([chat, long], { ...options, contextLength: 2, order: 'sequential' });
    expect({ cut, leftOut, sequences }).toEqual({ cut: 2, leftOut: 1, sequences: 1 });
  });
});
