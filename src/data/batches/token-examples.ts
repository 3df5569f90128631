/** Examples of what comes next from short texts, such as names: a window of tokens and the one behind it, or a row a text. */

import { allocate, checkOptions } from '../../core/index.ts';
import { demandOption } from '../data-error.ts';
import { ORDER_OPTIONS, batchOrder } from './batch-order.ts';
import type { BatchOrderOptions } from './batch-order.ts';
import type { Batch } from './make-batches.ts';

/** Examples, row-major. */
export interface TokenExamples {
  /** N T. */
  readonly inputs: Int32Array;
  /** N, or N T; -1 where none is counted. */
  readonly targets: Int32Array;
  /** How many there are, N. */
  readonly examples: number;
}

/**
 * An example for each token of each text: the tokens before it, as many as a model sees, and itself as the target. Bengio et al. 2003.
 *
 * @param texts Token ids of each text, with the token that ends it.
 * @param options `contextLength`: tokens of a window, T. `padToken`: stands for what is before the text begins.
 * @throws UsageError `WEFT_DATA_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { windowExamples } from 'weft/data';
 *
 * const { inputs, targets } = windowExamples([[1, 2, 0]], { contextLength: 2, padToken: 0 });
 * console.log([...inputs], [...targets]); // [ 0, 0, 0, 1, 1, 2 ] [ 1, 2, 0 ]
 * ```
 */
export function windowExamples(
  texts: readonly ArrayLike<number>[],
  options: { readonly contextLength: number; readonly padToken: number },
): TokenExamples {
  const action = 'make windows of texts';
  checkOptions(action, options, ['contextLength', 'padToken']);
  const { contextLength, padToken } = options;
  demandLength(action, contextLength);
  demandToken(action, 'padToken', padToken);
  const examples = texts.reduce((total, { length }) => total + length, 0);
  const inputs = allocate('int32', examples * contextLength).fill(padToken);
  const targets = allocate('int32', examples);
  let row = 0;
  for (const text of texts) {
    for (let place = 0; place < text.length; place++) {
      for (let back = 1; back <= Math.min(place, contextLength); back++)
        inputs[(row + 1) * contextLength - back] = text[place - back] as number;
      targets[row++] = text[place] as number;
    }
  }
  return { inputs, targets, examples };
}

/**
 * An example for each text: its tokens behind the start token as inputs, and each one's next as targets. What is longer than a row is
 * left out.
 *
 * @param texts Token ids of each text, with the token that ends it.
 * @param options `contextLength`: tokens of a row, T. `startToken`: stands before the text.
 * @throws UsageError `WEFT_DATA_OPTION` when an option is out of range
 *
 * @example
 * ```ts
 * import { rowExamples } from 'weft/data';
 *
 * const { inputs, targets } = rowExamples([[1, 2, 0]], { contextLength: 4, startToken: 0 });
 * console.log([...inputs], [...targets]); // [ 0, 1, 2, 0 ] [ 1, 2, 0, -1 ]
 * ```
 */
export function rowExamples(
  texts: readonly ArrayLike<number>[],
  options: { readonly contextLength: number; readonly startToken: number },
): TokenExamples {
  const action = 'make rows of texts';
  checkOptions(action, options, ['contextLength', 'startToken']);
  const { contextLength, startToken } = options;
  demandLength(action, contextLength);
  demandToken(action, 'startToken', startToken);
  const inputs = allocate('int32', texts.length * contextLength);
  const targets = allocate('int32', texts.length * contextLength).fill(-1);
  for (const [row, text] of texts.entries()) {
    for (let place = 0; place < Math.min(text.length, contextLength); place++) {
      inputs[row * contextLength + place] = place === 0 ? startToken : (text[place - 1] as number);
      targets[row * contextLength + place] = text[place] as number;
    }
  }
  return { inputs, targets, examples: texts.length };
}

/** Batches of examples, by number. */
export interface ExampleBatches {
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  /** The batch of a step, from 0; the same number always gives the same batch. */
  batch(index: number): Batch;
}

/**
 * Batches of examples: shuffled, each example once an epoch, in an order of its own (but for the few that don't fill a batch); or
 * sequential, for evaluation: each once, in order, the last batch filled with rows that don't count.
 *
 * @param options `batchSize`, B; `order`, default `shuffled`; `seed` of the order, default 1
 * @throws UsageError `WEFT_DATA_OPTION` when an option is out of range, or there are no examples
 *
 * @example
 * ```ts
 * import { exampleBatches, windowExamples } from 'weft/data';
 *
 * const examples = windowExamples([[1, 2, 0]], { contextLength: 2, padToken: 0 });
 * const { batchesPerEpoch, batch } = exampleBatches(examples, { batchSize: 2, order: 'sequential' });
 * console.log(batchesPerEpoch, [...batch(1).targets], batch(1).kept); // 2 [ 0, -1 ] 1
 * ```
 */
export function exampleBatches({ inputs, targets, examples }: TokenExamples, options: BatchOrderOptions): ExampleBatches {
  const action = 'make batches';
  checkOptions(action, options, ORDER_OPTIONS);
  const { batchSize } = options;
  const { batchesPerEpoch, examplesOf } = batchOrder(action, examples, options);
  const [inputWidth, targetWidth] = [inputs.length / examples, targets.length / examples];
  return {
    batchSize,
    batchesPerEpoch,
    batch(index) {
      const batchInputs = allocate('int32', batchSize * inputWidth);
      const batchTargets = allocate('int32', batchSize * targetWidth).fill(-1);
      for (const [row, from] of examplesOf(index).entries()) {
        batchInputs.set(inputs.subarray(from * inputWidth, (from + 1) * inputWidth), row * inputWidth);
        batchTargets.set(targets.subarray(from * targetWidth, (from + 1) * targetWidth), row * targetWidth);
      }
      return { inputs: batchInputs, targets: batchTargets, kept: batchTargets.reduce((sum, target) => sum + (target >= 0 ? 1 : 0), 0) };
    },
  };
}

function demandLength(action: string, contextLength: number): void {
  demandOption(Number.isSafeInteger(contextLength) && contextLength >= 1, action, {
    rule: 'contextLength is a positive integer',
    value: contextLength,
  });
}

function demandToken(action: string, name: string, token: number): void {
  demandOption(Number.isSafeInteger(token) && token >= 0, action, { rule: `${name} is a token`, value: token });
}
