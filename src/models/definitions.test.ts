/** Model definitions: how many parameters they have, what they refuse, and that they cost nothing. */

import { describe, expect, test } from 'vitest';

import { evaluateGraph } from '../../test/oracle/interpreter.ts';
import { fromHost } from '../../test/oracle/nd-array.ts';
import type { NdArray } from '../../test/oracle/nd-array.ts';
import { hostTensor } from '../core/index.ts';
import { axes, buildGraph, input } from '../graph/index.ts';
import { NORMAL_002, feedForward, initialize } from '../nn/index.ts';
import { bert, gpt, llama, qwen2, seq2seq } from './index.ts';
import type { AnyModel, GptOptions, LanguageModel, LlamaOptions } from './index.ts';

const count = ({ parameters }: Pick<AnyModel, 'parameters'>): number =>
  parameters.reduce((total, { shape }) => total + shape.reduce((product, { size }) => product * Number(size), 1), 0);

const gpt2 = (layers: number, heads: number, width: number): LanguageModel =>
  gpt({ layers, heads, width, contextLength: 1024, vocabSize: 50_257 });
const llama2 = (layers: number, heads: number, width: number, hidden: number, kvHeads: number = heads): LanguageModel =>
  llama({ layers, heads, kvHeads, width, hidden, contextLength: 4096, vocabSize: 32_000 });
const llama3 = (
  sizes: Pick<LlamaOptions, 'layers' | 'heads' | 'width'> & { readonly hidden: number },
  rest: Partial<LlamaOptions> = {},
): LanguageModel => llama({ ...sizes, kvHeads: 8, contextLength: 8192, vocabSize: 128_256, ropeTheta: 500_000, ...rest });

const translator = (sharedEmbeddings: boolean, sharedPositions: boolean): AnyModel =>
  seq2seq({ vocabSize: 10_000, contextLength: 512, positions: 'learned', sharedEmbeddings, sharedPositions, tiedHead: false });

/** Counts checked with PyTorch, or published. */
const COUNTS: readonly (readonly [string, () => AnyModel, number])[] = [
  ['GPT-2', () => gpt2(12, 12, 768), 124_439_808],
  ['GPT-2 medium', () => gpt2(24, 16, 1024), 354_823_168],
  ['GPT-2 large', () => gpt2(36, 20, 1280), 774_030_080],
  ['GPT-2 XL', () => gpt2(48, 25, 1600), 1_557_611_200],
  ["makemore's transformer", () => gpt({ layers: 4, heads: 4, width: 64, contextLength: 16, vocabSize: 27, tiedHead: false }), 204_544],
  ['Llama 2 7B', () => llama2(32, 32, 4096, 11_008), 6_738_415_616],
  ['Llama 2 13B', () => llama2(40, 40, 5120, 13_824), 13_015_864_320],
  ['Llama 2 70B', () => llama2(80, 64, 8192, 28_672, 8), 68_976_648_192],
  ['Llama 3 8B', () => llama3({ layers: 32, heads: 32, width: 4096, hidden: 14_336 }), 8_030_261_248],
  ['Llama 3 70B', () => llama3({ layers: 80, heads: 64, width: 8192, hidden: 28_672 }), 70_553_706_496],
  ['Llama 3.2 1B', () => llama3({ layers: 16, heads: 32, width: 2048, hidden: 8192 }, { tiedHead: true }), 1_235_814_400],
  ['Llama 3.2 3B', () => llama3({ layers: 28, heads: 24, width: 3072, hidden: 8192 }, { tiedHead: true }), 3_212_749_824],
  [
    'SmolLM2 135M',
    () => llama({ layers: 30, heads: 9, kvHeads: 3, width: 576, hidden: 1536, contextLength: 8192, vocabSize: 49_152, tiedHead: true }),
    134_515_008,
  ],
  [
    'Qwen2.5 0.5B',
    () => qwen2({ layers: 24, heads: 14, kvHeads: 2, width: 896, hidden: 4864, contextLength: 32_768, vocabSize: 151_936, tiedHead: true }),
    494_032_768,
  ],
  ['BERT base', () => bert({ layers: 12, heads: 12, width: 768, contextLength: 512, vocabSize: 30_522 }), 109_482_240],
  ['a transformer with shared tables', () => translator(true, true), 54_652_688],
  ['a transformer with two tables of positions', () => translator(true, false), 54_914_832],
  ['a transformer with two tables of tokens', () => translator(false, true), 59_772_688],
  ['a transformer with two tables of each', () => translator(false, false), 60_034_832],
];

test("a bare transformer has nn.Transformer's number of parameters", () => {
  const { parameters } = seq2seq({ vocabSize: 100, contextLength: 8 });
  const within = (part: RegExp): number => count({ parameters: parameters.filter(({ name }) => part.test(name)) });
  expect(within(/^(?:en|de)coder/)).toBe(44_140_544);
  expect(within(/^encoder\.blocks\.3\./)).toBe(3_152_384);
  expect(within(/^decoder\.blocks\.3\./)).toBe(4_204_032);
});

test.for(COUNTS)('%s has its number of parameters', ([, make, expected]) => {
  expect(count(make())).toBe(expected);
});

test('definitions hold no arrays', () => {
  const before = process.memoryUsage().arrayBuffers;
  const models = COUNTS.map(([, make]) => make());
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000);
  expect(models).toHaveLength(COUNTS.length);
});

const SMALL = { layers: 2, heads: 4, width: 32, contextLength: 16, vocabSize: 50 };

describe('defaults', () => {
  test('of gpt', () => {
    expect(gpt(SMALL).config).toEqual({
      ...SMALL,
      hidden: 128,
      bias: true,
      activation: 'geluTanh',
      normEpsilon: 1e-5,
      dropout: 0,
      tiedHead: true,
    });
  });

  test('of llama', () => {
    expect(llama(SMALL).config).toEqual({
      ...SMALL,
      kvHeads: 4,
      headWidth: 8,
      hidden: 96,
      ropeTheta: 10_000,
      normEpsilon: 1e-5,
      tiedHead: false,
    });
  });

  test('a given option stands above its default', () => {
    expect(gpt({ ...SMALL, hidden: 7, bias: false, activation: 'gelu' }).config).toMatchObject({
      hidden: 7,
      bias: false,
      activation: 'gelu',
    });
    expect(llama({ ...SMALL, headWidth: 6, hidden: 7, kvHeads: 2 }).config).toMatchObject({ headWidth: 6, hidden: 7, kvHeads: 2 });
  });
});

describe('parameters', () => {
  const names = (model: LanguageModel): readonly string[] => model.parameters.map(({ name }) => name);

  test('of gpt without biases and without a tied head', () => {
    expect(names(gpt({ ...SMALL, layers: 1, bias: false, tiedHead: false }))).toEqual([
      'tokens.weight',
      'positions.weight',
      'blocks.0.attentionNorm.weight',
      'blocks.0.attention.query.weight',
      'blocks.0.attention.key.weight',
      'blocks.0.attention.value.weight',
      'blocks.0.attention.output.weight',
      'blocks.0.feedForwardNorm.weight',
      'blocks.0.feedForward.up.weight',
      'blocks.0.feedForward.down.weight',
      'norm.weight',
      'head.weight',
    ]);
  });

  test('of llama', () => {
    expect(names(llama({ ...SMALL, layers: 1, tiedHead: true }))).toEqual([
      'tokens.weight',
      'blocks.0.attentionNorm.weight',
      'blocks.0.attention.query.weight',
      'blocks.0.attention.key.weight',
      'blocks.0.attention.value.weight',
      'blocks.0.attention.output.weight',
      'blocks.0.feedForwardNorm.weight',
      'blocks.0.feedForward.gate.weight',
      'blocks.0.feedForward.up.weight',
      'blocks.0.feedForward.down.weight',
      'norm.weight',
    ]);
  });

  test("begin as GPT-2's do: N(0, 0.02), residual projections narrower by the root of twice the layers, norms 1, biases 0", () => {
    const initial = new Map(gpt({ ...SMALL, layers: 8 }).parameters.map(({ name, initializer }) => [name, initializer]));
    const normal = (standardDeviation: number): unknown => ({ kind: 'normal', standardDeviation });
    expect(initial.get('tokens.weight')).toEqual(normal(0.02));
    expect(initial.get('blocks.3.attention.query.weight')).toEqual(normal(0.02));
    expect(initial.get('blocks.3.attention.output.weight')).toEqual(normal(0.005));
    expect(initial.get('blocks.3.feedForward.down.weight')).toEqual(normal(0.005));
    expect(initial.get('blocks.3.attention.output.bias')).toEqual({ kind: 'constant', value: 0 });
    expect(initial.get('blocks.3.attentionNorm.weight')).toEqual({ kind: 'constant', value: 1 });
    expect(initial.get('norm.bias')).toEqual({ kind: 'constant', value: 0 });
  });
});

test.for([
  [
    'an unknown option',
    () => gpt({ ...SMALL, layer: 2 } as unknown as GptOptions),
    'WEFT_OPTION_UNKNOWN',
    'Cannot make a GPT model as the option is unknown: layer',
    'Did you mean layers?',
  ],
  [
    'an option of the other model',
    () => llama({ ...SMALL, dropout: 0.1 } as unknown as LlamaOptions),
    'WEFT_OPTION_UNKNOWN',
    'Cannot make a Llama model as the option is unknown: dropout',
    /^Known options: layers, /,
  ],
  [
    'no layers',
    () => gpt({ ...SMALL, layers: 0 }),
    'WEFT_MODEL_SIZE',
    'Cannot make a GPT model as layers must be a whole number of at least 1: 0',
    'Give layers a positive whole number.',
  ],
  [
    'half a head',
    () => llama({ ...SMALL, kvHeads: 0.5 }),
    'WEFT_MODEL_SIZE',
    'Cannot make a Llama model as kvHeads must be a whole number of at least 1: 0.5',
    /kvHeads/,
  ],
  [
    'a missing vocabulary',
    () => gpt({ ...SMALL, vocabSize: undefined as unknown as number }),
    'WEFT_MODEL_SIZE',
    'Cannot make a GPT model as vocabSize must be a whole number of at least 1: undefined',
    /vocabSize/,
  ],
  [
    'heads that do not divide the width',
    () => gpt({ ...SMALL, heads: 5 }),
    'WEFT_MODEL_HEADS',
    'Cannot make a GPT model as heads must divide width: 5 heads, width 32',
    'Choose heads among 1, 2, 4, 8, 16, 32, or another width.',
  ],
  [
    'the same, for llama',
    () => llama({ ...SMALL, heads: 5 }),
    'WEFT_MODEL_HEADS',
    'Cannot make a Llama model as heads must divide width: 5 heads, width 32',
    /^Choose heads among/,
  ],
  [
    'key-value heads that do not divide the heads',
    () => llama({ ...SMALL, kvHeads: 3 }),
    'WEFT_MODEL_HEADS',
    'Cannot make a Llama model as kvHeads must divide heads: 3 kvHeads, heads 4',
    'Choose kvHeads among 1, 2, 4, or another heads.',
  ],
  [
    'rotary heads of odd width',
    () => llama({ ...SMALL, heads: 32 }),
    'WEFT_MODEL_HEADS',
    'Cannot make a Llama model as rotary positions need an even head width: 1',
    /even/,
  ],
  [
    'a rate of dropout of 1',
    () => gpt({ ...SMALL, dropout: 1 }),
    'WEFT_MODEL_OPTION',
    'Cannot make a GPT model as dropout must be at least 0 and below 1: 1',
    /dropout/,
  ],
  [
    'an activation that is not there',
    () => gpt({ ...SMALL, activation: 'silu' as 'gelu' }),
    'WEFT_MODEL_OPTION',
    'Cannot make a GPT model as activation must be one of gelu, geluTanh, relu, reluSquared: silu',
    /activation/,
  ],
  [
    'an epsilon of 0',
    () => llama({ ...SMALL, normEpsilon: 0 }),
    'WEFT_MODEL_OPTION',
    'Cannot make a Llama model as normEpsilon must be above 0: 0',
    /normEpsilon/,
  ],
  [
    'a theta that is no number',
    () => llama({ ...SMALL, ropeTheta: NaN }),
    'WEFT_MODEL_OPTION',
    'Cannot make a Llama model as ropeTheta must be above 0: NaN',
    /ropeTheta/,
  ],
] as const)('%s is refused', ([, make, code, message, remedy]) => {
  expect(make).toThrow(
    expect.objectContaining({ code, message, remedy: typeof remedy === 'string' ? remedy : expect.stringMatching(remedy) }),
  );
});

describe('what a GPT may have beside GPT-2', () => {
  const base = { layers: 1, heads: 2, width: 8, contextLength: 6, vocabSize: 11 } as const;
  const ids = Int32Array.from([3, 1, 4, 1, 5, 9]);
  const computed = (options: Partial<GptOptions>): { readonly logits: Float64Array; readonly names: readonly string[] } => {
    const model = gpt({ ...base, ...options });
    const weights = initialize(model.parameters, { seed: 1 });
    for (const { shape, data } of weights.values()) if (shape.length === 2) for (const [at, value] of data.entries()) data[at] = 20 * value;
    const graph = buildGraph({ logits: model.logits(model.hidden(input('ids', 'int32', axes('B T', 1, 6)), {})) });
    const feeds = Object.fromEntries([...weights].map(([name, tensor]) => [name, fromHost(tensor)]));
    const logits = evaluateGraph(graph, { ...feeds, ids: fromHost(hostTensor('int32', [1, 6], ids)) }).get('logits');
    return { logits: logits!.data, names: model.parameters.map(({ name }) => name) };
  };
  const far = (a: Float64Array, b: Float64Array): number => a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);

  test('capped logits are the tanh of the others, within the cap', () => {
    const [free, capped] = [computed({}).logits, computed({ logitSoftCap: 2 }).logits];
    expect(Math.max(...free.map(Math.abs))).toBeGreaterThan(2);
    expect(
      far(
        capped,
        free.map((value) => 2 * Math.tanh(value / 2)),
      ),
    ).toBeLessThan(1e-5);
  });

  test('positions that are not learned have no parameter, and tell places apart', () => {
    for (const positions of ['sinusoidal', 'alibi'] as const) {
      const { logits, names } = computed({ positions });
      expect(names.some((name) => name.startsWith('positions'))).toBe(false);
      // The same token at two places.
      expect(far(logits.subarray(11, 22), logits.subarray(33, 44))).toBeGreaterThan(1e-3);
    }
  });

  test('a cap of scores, normed heads and other activations change what is computed', () => {
    const { logits } = computed({});
    for (const options of [{ scoreSoftCap: 0.1 }, { queryKeyNorm: true }, { activation: 'relu' }, { activation: 'reluSquared' }] as const)
      expect(far(computed(options).logits, logits)).toBeGreaterThan(1e-3);
    expect(computed({ queryKeyNorm: true }).names).toContain('blocks.0.attention.queryNorm.weight');
  });

  test.each([{ positions: 'none' }, { activation: 'silu' }, { logitSoftCap: 0 }, { scoreSoftCap: -1 }])('%o is refused', (options) => {
    expect(() => gpt({ ...base, ...(options as Partial<GptOptions>) })).toThrow(expect.objectContaining({ code: 'WEFT_MODEL_OPTION' }));
  });

  test('ALiBi with capped scores is refused', () => {
    expect(() => gpt({ ...base, positions: 'alibi', scoreSoftCap: 5 })).toThrow(expect.objectContaining({ code: 'WEFT_NN_SCORES' }));
  });
});

test('a squared ReLU is the square of what is positive', () => {
  const x = input('x', 'float32', axes('B C', 1, 2));
  const y = feedForward(x, { name: 'f', width: 2, hidden: 2, activation: 'reluSquared', outputInitializer: NORMAL_002 });
  const numbers = (...data: number[]): NdArray => fromHost(hostTensor('float32', [2, 2], Float32Array.from(data)));
  const result = evaluateGraph(buildGraph({ y }), {
    x: fromHost(hostTensor('float32', [1, 2], Float32Array.of(3, -2))),
    'f.up.weight': numbers(1, 0, 0, 1),
    'f.down.weight': numbers(1, 0, 0, 1),
  });
  expect([...result.get('y')!.data]).toEqual([9, 0]);
});
