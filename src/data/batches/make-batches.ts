/** Batches of windows of packed tokens, found by their number alone, so that a run resumes at any step. */

import { UsageError, allocate, checkOptions, hash32 } from '../../core/index.ts';
import { demandOption } from '../data-error.ts';
import type { PackedTokens } from '../packing/packed-tokens.ts';
import { createPermutation } from './permutation.ts';

/** Sequences that are trained on together. */
export interface Batch {
  /** B T, row-major. */
  readonly inputs: Int32Array;
  /** B T: the token after each input; -1 where none is counted. */
  readonly targets: Int32Array;
  /** Number of targets that are counted. */
  readonly kept: number;
}

/** Batches by number. */
export interface Batches {
  readonly batchSize: number;
  readonly contextLength: number;
  /** Batches in which every window comes once (but for the few that don't fill a batch, in shuffled order). */
  readonly batchesPerEpoch: number;
  /** The batch of a step, from 0; the same number always gives the same batch. */
  batch(index: number): Batch;
}

/** Shape and order of batches; see {@link makeBatches}. */
export interface BatchOptions {
  /** Sequences of a batch, B. */
  readonly batchSize: number;
  /** Tokens of a sequence, T. */
  readonly contextLength: number;
  /** Decides the order. */
  readonly seed: number;
  /**
   * `shuffled` (the default), for training; `sequential`, for evaluation: every target once, in order, the last windows padded;
   * `continued`, for models that carry a state from batch to batch: the text is cut into as many equal parts as a batch has rows, and
   * each row goes on where the same row of the batch before ended.
   */
  readonly order?: 'shuffled' | 'sequential' | 'continued';
}

/** From this many windows on an epoch gives one of them up, to begin anywhere in the first window. */
const WINDOWS_TO_SHIFT = 16;

/**
 * Batches of windows of packed tokens.
 *
 * Shuffled, every epoch has an order of its own, and windows that begin elsewhere. No list of windows is held in memory.
 *
 * @returns the batches; batch `i` depends on the tokens, the options and `i` alone
 * @throws UsageError `WEFT_DATA_TOO_SMALL` when there are fewer tokens than one window needs, `WEFT_DATA_OPTION` when an option is out of
 *   range
 *
 * @example
 * ```ts
 * import { pack, textCorpus } from 'weft/data';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['abcdefgh'], { type: 'characters', specialTokens: [] });
 * const batches = await pack(textCorpus(['abcdefgh']), tokenizer, { batchSize: 1, contextLength: 4, seed: 1, order: 'sequential' });
 * console.log(batches.batchesPerEpoch, [...batches.batch(1).inputs], [...batches.batch(1).targets]); // 2 [ 4, 5, 6, 0 ] [ 5, 6, 7, -1 ]
 * ```
 */
export function makeBatches(packed: PackedTokens, options: BatchOptions): Batches {
  const action = 'make batches';
  checkOptions(action, options, ['batchSize', 'contextLength', 'seed', 'order']);
  const { batchSize, contextLength, seed, order = 'shuffled' } = options;
  for (const name of ['batchSize', 'contextLength'] as const) {
    demandOption(Number.isSafeInteger(options[name]) && options[name] >= 1, action, {
      rule: `${name} is a positive integer`,
      value: options[name],
    });
  }
  demandOption(Number.isSafeInteger(seed), action, { rule: 'seed is an integer', value: seed });
  demandOption(Object.hasOwn(FEWEST_TARGETS, order), action, {
    rule: "order is 'shuffled', 'sequential' or 'continued'",
    value: order,
  });
  const shape = { batchSize, contextLength };
  const needed = FEWEST_TARGETS[order](shape);
  if (packed.tokens - 1 < needed) throw tooSmall(packed.tokens, needed, order);

  if (order === 'continued') return continued(packed, shape);
  return order === 'shuffled' ? shuffled(packed, shape, seed) : sequential(packed, shape);
}

interface BatchShape {
  readonly batchSize: number;
  readonly contextLength: number;
}

/** Targets that a text has at least. */
const FEWEST_TARGETS: Readonly<Record<'shuffled' | 'sequential' | 'continued', (shape: BatchShape) => number>> = {
  shuffled: ({ contextLength }) => contextLength,
  sequential: () => 1,
  continued: ({ batchSize, contextLength }) => batchSize * contextLength,
};

function shuffled(packed: PackedTokens, shape: BatchShape, seed: number): Batches {
  const { batchSize, contextLength } = shape;
  const whole = Math.floor((packed.tokens - 1) / contextLength);
  const windows = whole > WINDOWS_TO_SHIFT ? whole - 1 : whole;
  const shifts = packed.tokens - windows * contextLength;
  const batchesPerEpoch = Math.max(1, Math.floor(windows / batchSize));
  let epoch = -1;
  let place = createPermutation(windows, seed, 0);
  let shift = 0;
  return {
    ...shape,
    batchesPerEpoch,
    batch(index) {
      checkIndex(index);
      const wanted = Math.floor(index / batchesPerEpoch);
      if (wanted !== epoch) {
        epoch = wanted;
        place = createPermutation(windows, seed, epoch);
        shift = hash32(`${seed} ${epoch} shift`) % shifts;
      }
      const first = (index - epoch * batchesPerEpoch) * batchSize;
      // A text of fewer windows than a batch has rows comes several times in one.
      return readBatch(packed, shape, (row) => shift + place((first + row) % windows) * contextLength);
    },
  };
}

function sequential(packed: PackedTokens, shape: BatchShape): Batches {
  const { batchSize, contextLength } = shape;
  const batchesPerEpoch = Math.ceil((packed.tokens - 1) / contextLength / batchSize);
  return {
    ...shape,
    batchesPerEpoch,
    batch(index) {
      checkIndex(index);
      const first = (index % batchesPerEpoch) * batchSize;
      return readBatch(packed, shape, (row) => (first + row) * contextLength);
    },
  };
}

/** Each row reads a part of its own, window after window; after the last all begin again. */
function continued(packed: PackedTokens, shape: BatchShape): Batches {
  const { batchSize, contextLength } = shape;
  const windows = Math.floor((packed.tokens - 1) / batchSize / contextLength);
  return {
    ...shape,
    batchesPerEpoch: windows,
    batch(index) {
      checkIndex(index);
      return readBatch(packed, shape, (row) => (row * windows + (index % windows)) * contextLength);
    },
  };
}

/** Reads a window for each row; where the tokens end, inputs are 0 and targets -1. */
function readBatch(packed: PackedTokens, { batchSize, contextLength }: BatchShape, startOf: (row: number) => number): Batch {
  const inputs = allocate('int32', batchSize * contextLength);
  const targets = allocate('int32', batchSize * contextLength).fill(-1);
  let kept = 0;
  for (let row = 0; row < batchSize; row++) {
    const start = startOf(row);
    const count = Math.min(contextLength, packed.tokens - 1 - start);
    if (count <= 0) continue;
    const ids = packed.read(start, count + 1);
    inputs.set(ids.subarray(0, count), row * contextLength);
    targets.set(ids.subarray(1), row * contextLength);
    kept += count;
  }
  return { inputs, targets, kept };
}

function checkIndex(index: number): void {
  demandOption(Number.isSafeInteger(index) && index >= 0, 'read a batch', { rule: 'its number is an integer from 0', value: index });
}

function tooSmall(tokens: number, targets: number, order: string): UsageError {
  const rule =
    order === 'continued'
      ? `batches of ${targets} tokens that go on need ${targets + 1}`
      : `a context of ${targets} needs ${targets + 1} tokens`;
  return new UsageError({
    code: 'WEFT_DATA_TOO_SMALL',
    action: 'make batches',
    rule,
    value: `${tokens} ${tokens === 1 ? 'token' : 'tokens'}`,
    remedy: 'Give more text or a smaller contextLength.',
  });
}
