import { describe, expect, test } from 'vitest';

import { gpt, llama } from '../models/index.ts';
import {
  PRESET_NAMES,
  countParameters,
  flopsPerToken,
  formatModelSize,
  isPresetName,
  modelSize,
  preset,
  servingMemory,
  trainingMemory,
} from './index.ts';

/** Checked with PyTorch; GPT-2's also by V·d + T·d + L(12d² + 13d) + 2d. */
const PUBLISHED: Readonly<Record<(typeof PRESET_NAMES)[number], number>> = {
  gpt2: 124_439_808,
  'gpt2-medium': 354_823_168,
  'gpt2-large': 774_030_080,
  'gpt2-xl': 1_557_611_200,
  'llama-2-7b': 6_738_415_616,
  'llama-2-13b': 13_015_864_320,
  'llama-2-70b': 68_976_648_192,
  'llama-3-8b': 8_030_261_248,
  'llama-3-70b': 70_553_706_496,
  'llama-3.2-1b': 1_235_814_400,
  'llama-3.2-3b': 3_212_749_824,
  'smollm2-135m': 134_515_008,
  'qwen2.5-0.5b': 494_032_768,
};

describe('presets', () => {
  test.each(PRESET_NAMES)('%s has the published number of parameters', (name) => {
    const { total, components } = countParameters(preset(name));
    expect(total).toBe(PUBLISHED[name]);
    expect(components.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(total);
    expect(components.map(({ component }) => component)).not.toContain('other');
  });

  test('another name is refused, also one of the prototype', () => {
    expect(() => preset('gpt5')).toThrow(expect.objectContaining({ code: 'WEFT_COST_PRESET' }));
    expect(() => preset('toString')).toThrow(expect.objectContaining({ code: 'WEFT_COST_PRESET' }));
    expect(['gpt2', 'toString'].map(isPresetName)).toEqual([true, false]);
  });
});

describe('parameters by component', () => {
  test('GPT-2 by hand', () => {
    const [d, L, V, T] = [768, 12, 50_257, 1024];
    expect(countParameters(preset('gpt2')).components).toEqual([
      { component: 'token embedding', parameters: V * d },
      { component: 'position embedding', parameters: T * d },
      { component: 'attention', parameters: L * (4 * d * d + 4 * d) },
      { component: 'feed-forward', parameters: L * (8 * d * d + 5 * d) },
      { component: 'normalization', parameters: (2 * L + 1) * 2 * d },
    ]);
  });

  test('Llama with shared heads and its own head, by hand', () => {
    const model = llama({ layers: 3, heads: 4, kvHeads: 2, width: 64, hidden: 96, contextLength: 32, vocabSize: 50 });
    expect(countParameters(model).components).toEqual([
      { component: 'token embedding', parameters: 50 * 64 },
      { component: 'attention', parameters: 3 * (2 * 64 * 64 + 2 * 64 * 32) },
      { component: 'feed-forward', parameters: 3 * 3 * 64 * 96 },
      { component: 'normalization', parameters: 7 * 64 },
      { component: 'output head', parameters: 50 * 64 },
    ]);
  });

  test('an unknown parameter is counted too', () => {
    const spec = { name: 'memory', shape: [{ name: 'C', size: 5 }], initializer: { kind: 'constant', value: 0 } } as const;
    expect(countParameters({ parameters: [spec] })).toEqual({ total: 5, components: [{ component: 'other', parameters: 5 }] });
  });
});

describe('memory', () => {
  test('training takes 16 bytes a parameter and the activations', () => {
    const { weights, gradients, optimizer, activations, total } = trainingMemory(preset('gpt2'), { contextLength: 16 });
    expect(weights + gradients + optimizer).toBe(16 * PUBLISHED.gpt2);
    expect(total - activations).toBe(16 * PUBLISHED.gpt2);
  });

  test('activations of a small model, counted by hand', () => {
    // Per token in floats, C = 4, H = 2, T = 3, V = 7: embedding rows 4 and their sum with positions 4; LayerNorm gives its output and two statistics.
    const model = gpt({ layers: 1, heads: 2, width: 4, contextLength: 3, vocabSize: 7, bias: false });
    const [C, H, T, V] = [4, 2, 3, 7];
    const norm = C + 2;
    const attention =
      3 * C /* q k v */ + 3 * C /* by heads */ + C + H * T /* output and probabilities */ + C /* back */ + C; /* projected */
    const block = norm + attention + C + norm + 4 * C + 4 * C + C + C;
    const perToken = 2 * C + block + norm + V + (V + 1);
    expect(trainingMemory(model).activations).toBe(4 * (perToken * T + 1));
  });

  test('activations grow with the batch, and with the square of the context at most', () => {
    const model = preset('smollm2-135m');
    const bytes = (batchSize: number, contextLength: number): number => trainingMemory(model, { batchSize, contextLength }).activations;
    expect(bytes(4, 64) / bytes(1, 64)).toBeCloseTo(4, 3);
    expect(bytes(1, 128) / bytes(1, 64)).toBeGreaterThan(2);
    expect(bytes(1, 128) / bytes(1, 64)).toBeLessThan(4);
  });

  test('a token in the cache', () => {
    // 2 · layers · key-value heads · head width · bytes; half a megabyte a token is well known of Llama 2 7B in 16 bits.
    const half = { bytesPerWeight: 2, bytesPerCacheElement: 2 };
    expect(servingMemory(preset('llama-2-7b'), half).cachePerToken).toBe(524_288);
    expect(servingMemory(preset('llama-3-8b'), half).cachePerToken).toBe(131_072);
    expect(servingMemory(preset('gpt2')).cachePerToken).toBe(2 * 12 * 768 * 4);
    const eight = servingMemory(preset('llama-3-8b'), { ...half, sequences: 8, contextLength: 1000 });
    expect(eight).toEqual({
      weights: 2 * PUBLISHED['llama-3-8b'],
      cachePerToken: 131_072,
      cache: 8000 * 131_072,
      total: 2 * PUBLISHED['llama-3-8b'] + 8000 * 131_072,
    });
  });

  test('sizes out of range and unknown options are refused', () => {
    const model = preset('gpt2');
    expect(() => trainingMemory(model, { contextLength: 1025 })).toThrow(expect.objectContaining({ code: 'WEFT_COST_OPTION' }));
    expect(() => trainingMemory(model, { batchSize: 0 })).toThrow(expect.objectContaining({ code: 'WEFT_COST_OPTION' }));
    expect(() => servingMemory(model, { sequences: 1.5 })).toThrow(expect.objectContaining({ code: 'WEFT_COST_OPTION' }));
    expect(() => modelSize(model, { batch: 2 } as object)).toThrow(expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN' }));
  });
});

test('operations per token: 6N + 12·L·H·Q·T', () => {
  expect(flopsPerToken(preset('gpt2'))).toBe(6 * PUBLISHED.gpt2 + 12 * 12 * 768 * 1024);
  expect(flopsPerToken(preset('llama-3.2-3b'), 100)).toBe(6 * PUBLISHED['llama-3.2-3b'] + 12 * 28 * 24 * 128 * 100);
});

test('the table for people', () => {
  expect(formatModelSize(modelSize(preset('llama-3.2-1b'), { bytesPerWeight: 2 })).split('\n')).toEqual([
    'parameters          1,235,814,400',
    '  token embedding     262,668,288  21.3%',
    '  attention           167,772,160  13.6%',
    '  feed-forward        805,306,368  65.2%',
    '  normalization            67,584  0.0%',
    expect.stringMatching(/^memory to train +\d+\.\d GB {2}AdamW, float32, batch 1 of 2,048 tokens$/),
    '  weights                 4.94 GB',
    '  gradients               4.94 GB',
    '  optimizer               9.89 GB',
    expect.stringMatching(/^ {2}activations +\d+\.\d GB {2}estimate$/),
    'memory to serve           11.1 GB  one sequence of 131,072 tokens',
    '  weights                 2.47 GB',
    '  KV cache                8.59 GB  65.5 kB a token',
    'operations a token     59.0 GFLOP  to train; 19.7 GFLOP to predict; at 131,072 tokens',
  ]);
});
