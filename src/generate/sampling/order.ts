/**
 * The order of tokens by likelihood, and where to cut it, without sorting the vocabulary.
 *
 * Decided: larger logits come first, and of equal ones the smaller id. The order is total, so a cut is one token: the last
 * that is kept. Top-k and top-p are then both "the shortest beginning of the order that reaches a mass": masses are summed in
 * buckets of like logits, and only the bucket in which the sum is reached is searched, by quickselect (Hoare 1961).
 */

/** Whether token `a` comes before token `b`. */
export function precedes(logits: Float32Array, a: number, b: number): boolean {
  const [x, y] = [logits[a] as number, logits[b] as number];
  return x > y || (x === y && a < b);
}

/** The first `count` tokens of the order. Made for small counts: one pass, and a short insertion where a token is likely. */
export function likeliest(logits: Float32Array, count: number): Uint32Array {
  const kept = new Uint32Array(Math.min(count, logits.length));
  let size = 0;
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id] as number;
    if (size === kept.length && (size === 0 || value <= (logits[kept[size - 1] as number] as number))) continue;
    let place = size < kept.length ? size++ : size - 1;
    for (; place > 0 && (logits[kept[place - 1] as number] as number) < value; place--) kept[place] = kept[place - 1] as number;
    kept[place] = id;
  }
  return kept;
}

/** What {@link cutAtMass} works on. */
export interface Masses {
  readonly logits: Float32Array;
  /** The tokens in question, at least one. */
  readonly ids: Uint32Array;
  /** The mass of each token by id, none negative; every token has mass 1 where this is left out. */
  readonly masses?: Float64Array;
  /** The largest of their logits. */
  readonly max: number;
  /** How many buckets a difference of logits of 1 spans. */
  readonly bucketsPerUnit: number;
  /** Room for as many tokens as there are. */
  readonly scratch: Uint32Array;
}

const BUCKETS = 256;
const sums = new Float64Array(BUCKETS);

/** The last token of the shortest beginning of the order whose mass is at least `target`; the last of all when none is. */
export function cutAtMass({ logits, ids, masses, max, bucketsPerUnit, scratch }: Masses, target: number): number {
  // Differences are at least 0; what is beyond the last bucket, -Infinity too, is in it.
  const bucketOf = (id: number): number => Math.min(BUCKETS - 1, (max - (logits[id] as number)) * bucketsPerUnit) | 0;
  sums.fill(0);
  let lastUsed = 0;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index] as number;
    const bucket = bucketOf(id);
    sums[bucket] = (sums[bucket] as number) + (masses === undefined ? 1 : (masses[id] as number));
    if (bucket > lastUsed) lastUsed = bucket;
  }
  let [bucket, before] = [0, 0];
  while (bucket < lastUsed && before + (sums[bucket] as number) < target) before += sums[bucket++] as number;
  let count = 0;
  for (let index = 0; index < ids.length; index++) if (bucketOf(ids[index] as number) === bucket) scratch[count++] = ids[index] as number;
  return select({ logits, ids: scratch.subarray(0, count), masses }, target - before);
}

/** {@link cutAtMass} by quickselect; reorders `ids`. */
function select(
  { logits, ids, masses }: { readonly logits: Float32Array; readonly ids: Uint32Array; readonly masses: Float64Array | undefined },
  target: number,
): number {
  let [low, high] = [0, ids.length - 1];
  let before = 0; // the mass of what precedes `low`
  while (low < high) {
    const pivot = medianOfThree(logits, ids, low, high);
    // Everything that precedes the pivot goes to the front.
    let store = low;
    let mass = before;
    swap(ids, pivot, high);
    const pivotId = ids[high] as number;
    for (let index = low; index < high; index++) {
      const id = ids[index] as number;
      if (!precedes(logits, id, pivotId)) continue;
      mass += masses === undefined ? 1 : (masses[id] as number);
      swap(ids, index, store++);
    }
    swap(ids, store, high);
    if (mass >= target && store > low) {
      high = store - 1;
      continue;
    }
    mass += masses === undefined ? 1 : (masses[pivotId] as number);
    if (mass >= target || store === high) return pivotId;
    before = mass;
    low = store + 1;
  }
  return ids[low] as number;
}

function medianOfThree(logits: Float32Array, ids: Uint32Array, low: number, high: number): number {
  const middle = (low + high) >>> 1;
  const [a, b, c] = [ids[low] as number, ids[middle] as number, ids[high] as number];
  if (precedes(logits, a, b) === precedes(logits, b, c)) return middle;
  return precedes(logits, b, a) === precedes(logits, a, c) ? low : high;
}

function swap(ids: Uint32Array, a: number, b: number): void {
  const kept = ids[a] as number;
  ids[a] = ids[b] as number;
  ids[b] = kept;
}
