/**
 * Batches of pairs of texts, such as a sentence and its translation, several pairs in a row of one length, so that one graph serves
 * sentences of all lengths and little of it is padding. Each token carries the number of its pair and its position in the text;
 * attention that heeds them keeps pairs apart. Krell et al. 2021, "Efficient Sequence Packing without Cross-contamination".
 */

import { UsageError, checkOptions, createRandom } from '../../core/index.ts';

/** Two texts as tokens: what is read, and what is to be written. */
export interface TokenPair {
  readonly source: ArrayLike<number>;
  readonly target: ArrayLike<number>;
}

/** A batch of pairs; each array is rows × length, row-major. */
export interface PairBatch {
  readonly source: Int32Array;
  /** Places in their texts, 0 where there is none. */
  readonly sourcePositions: Int32Array;
  /** Numbers of the pairs in their row, from 1; 0 where there is none. */
  readonly sourceTexts: Int32Array;
  /** Begins with the start token. */
  readonly target: Int32Array;
  readonly targetPositions: Int32Array;
  readonly targetTexts: Int32Array;
  /** What follows each token of the target, -1 where there is none. */
  readonly labels: Int32Array;
  /** Labels that count. */
  readonly kept: number;
}

/** Options of {@link pairBatches}. */
export interface PairBatchOptions {
  /** Rows of a batch. */
  readonly batchSize: number;
  /** Tokens of a row's sources, and of its targets. */
  readonly length: number;
  readonly startToken: number;
  readonly endToken: number;
  /** Default 0. */
  readonly padToken?: number;
  /** Order of the pairs, another one each epoch; without one they stay as they are. */
  readonly seed?: number;
}

/** Batches by number. */
export interface PairBatches {
  readonly batchSize: number;
  readonly length: number;
  /** Batches of the first epoch; others may have one more or less. */
  readonly batchesPerEpoch: number;
  batch(index: number): PairBatch;
}

/** Rows that are filled at once: a pair goes into the first with room for it. */
const OPEN_ROWS = 32;

/**
 * Packs pairs into batches. A source gets the end token behind it, a target the start token before and the end token behind. Of an
 * epoch's last batch what is not full is filled with nothing.
 *
 * @throws UsageError `WEFT_DATA_PAIR` when a pair is longer than a row, or there is none.
 *
 * @example
 * ```ts
 * import { pairBatches } from 'weft/data';
 *
 * const pairs = [{ source: [5, 6], target: [7] }, { source: [8], target: [9, 9] }];
 * const { labels, kept } = pairBatches(pairs, { batchSize: 1, length: 6, startToken: 1, endToken: 2 }).batch(0);
 * console.log([...labels], kept); // [ 7, 2, 9, 9, 2, -1 ] 5
 * ```
 */
export function pairBatches(pairs: readonly TokenPair[], options: PairBatchOptions): PairBatches {
  checkOptions('make batches of pairs', options, ['batchSize', 'length', 'startToken', 'endToken', 'padToken', 'seed']);
  const { batchSize, length, startToken, endToken, padToken = 0, seed } = options;
  const long = pairs.find(({ source, target }) => Math.max(source.length, target.length) + 1 > length);
  if (long !== undefined || pairs.length === 0) {
    throw new UsageError({
      code: 'WEFT_DATA_PAIR',
      action: 'make batches of pairs',
      rule: `there must be pairs, none longer than a row of ${length} with its end`,
      value: long === undefined ? 'no pair' : `${long.source.length} and ${long.target.length} tokens`,
      remedy: 'Leave long pairs out, or give a greater length.',
    });
  }
  /** Rows of the epoch that was asked for last. */
  let made: { readonly epoch: number; readonly rows: readonly (readonly number[])[] } | undefined;
  /** Batches before each epoch. */
  const starts: number[] = [0];
  const epochOf = (epoch: number): readonly (readonly number[])[] => {
    if (made?.epoch !== epoch) made = { epoch, rows: rowsOf(pairs, { length, order: order(pairs.length, seed, epoch) }) };
    return made.rows;
  };
  const batchesOf = (epoch: number): number => Math.ceil(epochOf(epoch).length / batchSize);

  const batch = (index: number): PairBatch => {
    let epoch = 0;
    for (; index >= (starts[epoch + 1] ??= (starts[epoch] ?? 0) + batchesOf(epoch)); epoch++);
    const first = (index - (starts[epoch] ?? 0)) * batchSize;
    const filled = emptyBatch(batchSize * length, padToken);
    let kept = 0;
    for (const [at, row] of epochOf(epoch)
      .slice(first, first + batchSize)
      .entries()) {
      let [read, written] = [at * length, at * length];
      for (const [place, pair] of row.entries()) {
        const { source, target } = pairs[pair] as TokenPair;
        for (let position = 0; position <= source.length; position++, read++) {
          filled.source[read] = position < source.length ? (source[position] ?? 0) : endToken;
          filled.sourcePositions[read] = position;
          filled.sourceTexts[read] = place + 1;
        }
        for (let position = 0; position <= target.length; position++, written++) {
          filled.target[written] = position === 0 ? startToken : (target[position - 1] ?? 0);
          filled.labels[written] = position < target.length ? (target[position] ?? 0) : endToken;
          filled.targetPositions[written] = position;
          filled.targetTexts[written] = place + 1;
        }
        kept += target.length + 1;
      }
    }
    return { ...filled, kept };
  };
  return { batchSize, length, batchesPerEpoch: batchesOf(0), batch };
}

function emptyBatch(size: number, padToken: number): Omit<PairBatch, 'kept'> {
  const zeros = (): Int32Array => new Int32Array(size);
  return {
    source: zeros().fill(padToken),
    sourcePositions: zeros(),
    sourceTexts: zeros(),
    target: zeros().fill(padToken),
    targetPositions: zeros(),
    targetTexts: zeros(),
    labels: zeros().fill(-1),
  };
}

/** Numbers below `count`, shuffled by seed and epoch. Durstenfeld 1964. */
function order(count: number, seed: number | undefined, epoch: number): readonly number[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  if (seed === undefined) return numbers;
  const random = createRandom(seed, `pairs ${epoch}`);
  for (let index = count - 1; index > 0; index--) {
    const other = random.integer(index + 1);
    [numbers[index], numbers[other]] = [numbers[other] as number, numbers[index] as number];
  }
  return numbers;
}

/** Pairs in rows, each the first of some open ones that has room; a row that leaves them is done. */
function rowsOf(
  pairs: readonly TokenPair[],
  { length, order: numbers }: { readonly length: number; readonly order: readonly number[] },
): readonly (readonly number[])[] {
  const done: number[][] = [];
  const open: { readonly pairs: number[]; source: number; target: number }[] = [];
  for (const number of numbers) {
    const { source, target } = pairs[number] as TokenPair;
    let row = open.find((each) => each.source + source.length < length && each.target + target.length < length);
    if (row === undefined) {
      if (open.length === OPEN_ROWS) done.push(open.shift()?.pairs ?? []);
      row = { pairs: [], source: 0, target: 0 };
      open.push(row);
    }
    row.pairs.push(number);
    row.source += source.length + 1;
    row.target += target.length + 1;
  }
  return [...done, ...open.map((row) => row.pairs)];
}
