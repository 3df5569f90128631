/** All that is known of a model's size at once, and as a table for people. */

import { checkOptions } from '../core/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { flopsPerToken } from './flops.ts';
import { servingMemory, trainingMemory } from './memory.ts';
import type { ServingMemory, TrainingMemory } from './memory.ts';
import { countParameters } from './parameters.ts';
import type { ParameterCount } from './parameters.ts';

/** A model's size. Memory is in bytes. */
export interface ModelSize {
  readonly parameters: ParameterCount;
  readonly train: TrainingMemory;
  readonly serve: ServingMemory;
  /** Floating-point operations to train on one token, and to predict one, at full context. */
  readonly flopsPerToken: { readonly train: number; readonly forward: number };
  readonly contextLength: number;
}

/**
 * Parameters by component, memory to train and to serve, and operations per token of a model.
 *
 * @param model - a preset, or the definition from a model folder.
 * @param options - `batchSize` of training, default 1; `contextLength`, default the model's (of training at most
 *   2,048); `bytesPerWeight` when served, default 4.
 * @returns see {@link ModelSize}.
 * @throws UsageError `WEFT_COST_OPTION` for sizes out of their range.
 *
 * @example
 * ```ts
 * import { modelSize } from 'weft/cost';
 * import { gpt } from 'weft/models';
 *
 * const size = modelSize(gpt({ layers: 6, heads: 6, width: 384, contextLength: 256, vocabSize: 65, bias: false }), { batchSize: 8 });
 * console.log(size.parameters.total, size.train.optimizer / size.train.weights); // 10745088 2
 * ```
 */
export function modelSize(
  model: LanguageModel,
  options: { readonly batchSize?: number; readonly contextLength?: number; readonly bytesPerWeight?: number } = {},
): ModelSize {
  checkOptions('size a model', options, ['batchSize', 'contextLength', 'bytesPerWeight']);
  const { batchSize = 1, contextLength = model.contextLength, bytesPerWeight = 4 } = options;
  const train = flopsPerToken(model, contextLength);
  return {
    parameters: countParameters(model),
    train: trainingMemory(model, { batchSize, ...(options.contextLength === undefined ? {} : { contextLength }) }),
    serve: servingMemory(model, { bytesPerWeight, contextLength }),
    flopsPerToken: { train, forward: train / 3 },
    contextLength,
  };
}

/**
 * A {@link ModelSize} as lines of text.
 *
 * @example
 * ```ts
 * import { formatModelSize, modelSize } from 'weft/cost';
 * import { gpt } from 'weft/models';
 *
 * const size = modelSize(gpt({ layers: 2, heads: 2, width: 32, contextLength: 64, vocabSize: 100 }));
 * console.log(formatModelSize(size).split('\n')[0]); // parameters 30,720
 * ```
 */
export function formatModelSize({ parameters, train, serve, flopsPerToken: flops, contextLength }: ModelSize): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const share = (value: number): string => `${((100 * value) / parameters.total).toFixed(1)}%`;
  const tokens = `${count(contextLength)} tokens`;
  const rows: readonly (readonly [string, string, string?])[] = [
    ['parameters', count(parameters.total)],
    ...parameters.components.map(({ component, parameters: part }) => [`  ${component}`, count(part), share(part)] as const),
    [
      'memory to train',
      formatBytes(train.total),
      `AdamW, float32, batch ${count(train.batchSize)} of ${count(train.contextLength)} tokens`,
    ],
    ['  weights', formatBytes(train.weights)],
    ['  gradients', formatBytes(train.gradients)],
    ['  optimizer', formatBytes(train.optimizer)],
    ['  activations', formatBytes(train.activations), 'estimate'],
    ['memory to serve', formatBytes(serve.total), `one sequence of ${tokens}`],
    ['  weights', formatBytes(serve.weights)],
    ['  KV cache', formatBytes(serve.cache), `${formatBytes(serve.cachePerToken)} a token`],
    ['operations a token', formatFlops(flops.train), `to train; ${formatFlops(flops.forward)} to predict; at ${tokens}`],
  ];
  const left = Math.max(...rows.map(([name]) => name.length));
  const middle = Math.max(...rows.map(([, value]) => value.length));
  return rows
    .map(([name, value, note]) => `${name.padEnd(left)}  ${value.padStart(middle)}${note === undefined ? '' : `  ${note}`}`)
    .join('\n');
}

/** Bytes in powers of 1000, three digits. */
function formatBytes(bytes: number): string {
  return withUnit(bytes, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

function formatFlops(flops: number): string {
  return withUnit(flops, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP', 'PFLOP']);
}

function withUnit(value: number, units: readonly string[]): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power === 0 ? String(value) : scaled.toPrecision(scaled < 1000 ? 3 : 4)} ${units[power] ?? ''}`;
}
