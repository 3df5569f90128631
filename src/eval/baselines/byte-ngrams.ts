/**
 * The honest baseline for a small language model: an interpolated Witten-Bell n-gram model over bytes, trained on the same text.
 *
 *     p(w | h) = (c(h w) + T(h) · p(w | h′)) / (c(h) + T(h))      p(w | no context at all) = 1 / 256
 *
 * c counts, T(h) is how many different bytes followed h, and h′ is h without its oldest byte. Witten and Bell 1991,
 * method C; interpolated as in Chen and Goodman 1998, section 2.5. Nothing in it is tuned.
 *
 * Counts live in a trie of byte strings. Children are found through one open-addressed table keyed by (node, byte), and
 * the first two levels directly, so a byte costs order − 2 look-ups. The slow, readable twin stands in `byte-ngrams.test.ts`.
 */

import { UsageError, checkOptions } from '../../core/index.ts';
import { emptyHeldOut } from '../documents.ts';

/** Options of {@link trainByteNgrams}. */
export interface ByteNgramOptions {
  /** Length of the longest byte strings that are counted, 1 to 8; default 5 (four bytes of context). */
  readonly order?: number;
  /**
   * Most byte strings that are counted, up to 2^24 - 1; default 2^23 (about 300 MB when full). Further ones are passed
   * over, which makes the baseline weaker but leaves its probabilities sound.
   */
  readonly maxEntries?: number;
  /** Stops training and scoring. */
  readonly signal?: AbortSignal;
}

/** A trained n-gram model over bytes. */
export interface ByteNgrams {
  readonly order: number;
  /** Different byte strings counted. */
  readonly entries: number;
  /** Whether byte strings were passed over for `maxEntries`. */
  readonly full: boolean;
  /** Bits per byte of documents that it was not trained on; each begins without context. */
  bitsPerByte(heldOut: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
  /** The probability of each of the 256 bytes after `context`, whose last order − 1 bytes count. */
  probabilities(context: Uint8Array): Float64Array;
}

const ROOT = 0;
const NONE = -1;
/** Nodes of the first two levels: the root, 256 bytes and 65,536 pairs. */
const DIRECT = 1 + 256 + 65_536;
/** Bytes that are worked through before the event loop has its turn. */
const SLICE = 1 << 20;

/**
 * Trains an interpolated Witten-Bell n-gram model over the bytes of documents.
 *
 * @param documents - one item a document, as a stream; contexts do not reach from one document into the next.
 * @param options - see {@link ByteNgramOptions}.
 * @returns the model.
 * @throws UsageError `WEFT_EVAL_OPTION` for an order or a bound out of its range.
 *
 * @example
 * ```ts
 * import { trainByteNgrams } from 'weft/eval';
 *
 * const encoder = new TextEncoder();
 * const model = await trainByteNgrams([encoder.encode('abracadabra '.repeat(100))]);
 * console.log((await model.bitsPerByte([encoder.encode('cadabra abra')])) < 2); // true
 * ```
 */
export async function trainByteNgrams(
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ByteNgramOptions = {},
): Promise<ByteNgrams> {
  checkOptions('train byte n-grams', options, ['order', 'maxEntries', 'signal']);
  const { order = 5, maxEntries = 2 ** 23, signal } = options;
  checkRange('order', order, 8);
  checkRange('maxEntries', maxEntries, 2 ** 24 - 1);
  const trie = createTrie(maxEntries);
  const history = new Int32Array(order);
  for await (const bytes of sliced(documents, signal)) {
    if (bytes.first) begin(history);
    for (const byte of bytes.slice) {
      // The node of the last k bytes is the child of what was the node of the last k - 1; longest first, as each reads the one below.
      for (let k = order - 1; k >= 0; k--) {
        const node = history[k] ?? NONE;
        const child = node === NONE ? NONE : trie.count(node, byte);
        if (k + 1 < order) history[k + 1] = child;
      }
    }
  }
  return {
    order,
    get entries() {
      return trie.entries();
    },
    get full() {
      return trie.full();
    },
    async bitsPerByte(heldOut) {
      const nodes = new Int32Array(order);
      let bits = 0;
      let total = 0;
      for await (const bytes of sliced(heldOut, signal)) {
        if (bytes.first) begin(nodes);
        for (const byte of bytes.slice) bits -= Math.log2(score(trie, nodes, byte));
        total += bytes.slice.length;
      }
      if (total === 0) throw emptyHeldOut('measure byte n-grams');
      return bits / total;
    },
    probabilities(context) {
      const nodes = new Int32Array(order);
      begin(nodes);
      for (const byte of context.subarray(Math.max(0, context.length - order + 1))) score(trie, nodes, byte);
      return Float64Array.from({ length: 256 }, (_, byte) => score(trie, nodes.slice(), byte));
    },
  };
}

/** At the beginning of a document only the empty context is known. */
function begin(history: Int32Array): void {
  history.fill(NONE);
  history[0] = ROOT;
}

/** The probability of `byte` after the contexts of `history` (by length), which is moved on past the byte. */
function score(trie: Trie, history: Int32Array, byte: number): number {
  let probability = 1 / 256;
  let below = ROOT;
  for (let k = 0; k < history.length; k++) {
    const node = history[k] ?? NONE;
    if (k > 0) history[k] = below;
    below = NONE;
    if (node === NONE) continue;
    const total = trie.total(node);
    if (total === 0) continue;
    const kinds = trie.kinds(node);
    below = trie.child(node, byte);
    probability = ((below === NONE ? 0 : trie.seen(below)) + kinds * probability) / (total + kinds);
  }
  return probability;
}

interface Trie {
  /** The child of `node` by `byte`, or NONE. */
  child(node: number, byte: number): number;
  /** Counts `byte` after `node`; returns the child, or NONE when the trie is full. */
  count(node: number, byte: number): number;
  /** How often the string of `node` was counted. */
  seen(node: number): number;
  /** How many bytes were counted after `node`. */
  total(node: number): number;
  /** How many different bytes were counted after `node`. */
  kinds(node: number): number;
  entries(): number;
  full(): boolean;
}

function createTrie(maxEntries: number): Trie {
  let seen = new Uint32Array(2 * DIRECT);
  let total = new Uint32Array(2 * DIRECT);
  let kinds = new Uint16Array(2 * DIRECT);
  let nodes = DIRECT; // next free id beyond the first two levels
  let direct = 0; // of the nodes of the first two levels, how many are in use
  let full = false;
  // Slots hold a key and the node it leads to; node 0 is nobody's child and marks a free slot.
  let bits = 16;
  let keys = new Uint32Array(2 ** bits);
  let targets = new Uint32Array(2 ** bits);

  const slotOf = (key: number): number => {
    const mask = keys.length - 1;
    let slot = Math.imul(key ^ (key >>> 15), 0x9e37_79b1) >>> (32 - bits);
    while (targets[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  };
  const grow = (): void => {
    const [oldKeys, oldTargets] = [keys, targets];
    bits++;
    keys = new Uint32Array(2 ** bits);
    targets = new Uint32Array(2 ** bits);
    for (let old = 0; old < oldKeys.length; old++) {
      if (oldTargets[old] === 0) continue;
      const key = oldKeys[old] ?? 0;
      const slot = slotOf(key);
      keys[slot] = key;
      targets[slot] = oldTargets[old] ?? 0;
    }
  };
  const room = (): boolean => {
    if (nodes - DIRECT + direct >= maxEntries || nodes >= 2 ** 24) {
      full = true;
      return false;
    }
    return true;
  };
  /** The child's id by the key's slot, made when missing and there is room. */
  const make = (key: number): number => {
    const slot = slotOf(key);
    const found = targets[slot] ?? 0;
    if (found !== 0) return found;
    if (!room()) return NONE;
    const node = nodes++;
    keys[slot] = key;
    targets[slot] = node;
    if (nodes - DIRECT > keys.length / 2) grow();
    if (nodes > seen.length) {
      seen = widened(seen, new Uint32Array(2 * seen.length));
      total = widened(total, new Uint32Array(2 * total.length));
      kinds = widened(kinds, new Uint16Array(2 * kinds.length));
    }
    return node;
  };
  const directChild = (node: number, byte: number): number => (node === ROOT ? 1 + byte : 257 + (node - 1) * 256 + byte);

  return {
    child(node, byte) {
      if (node <= 256) {
        const child = directChild(node, byte);
        return seen[child] === 0 ? NONE : child;
      }
      return (targets[slotOf(((node << 8) | byte) >>> 0)] ?? 0) || NONE;
    },
    count(node, byte) {
      let child: number;
      if (node <= 256) {
        child = directChild(node, byte);
        if (seen[child] === 0) {
          if (!room()) return NONE;
          direct++;
        }
      } else {
        child = make(((node << 8) | byte) >>> 0);
        if (child === NONE) return NONE;
      }
      const before = seen[child] ?? 0;
      if (before === 0) kinds[node] = (kinds[node] ?? 0) + 1;
      seen[child] = before + 1;
      total[node] = (total[node] ?? 0) + 1;
      return child;
    },
    seen: (node) => seen[node] ?? 0,
    total: (node) => total[node] ?? 0,
    kinds: (node) => kinds[node] ?? 0,
    entries: () => nodes - DIRECT + direct,
    full: () => full,
  };
}

function widened<A extends Uint32Array | Uint16Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** Documents in slices, so that a long one does not hold the event loop; `first` marks where a document begins. */
async function* sliced(
  documents: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly slice: Uint8Array; readonly first: boolean }> {
  let since = 0;
  for await (const document of documents) {
    for (let start = 0; start < document.length; start += SLICE) {
      signal?.throwIfAborted();
      const slice = document.subarray(start, start + SLICE);
      yield { slice, first: start === 0 };
      since += slice.length;
      if (since >= SLICE) {
        since = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}

function checkRange(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  throw new UsageError({
    code: 'WEFT_EVAL_OPTION',
    action: 'train byte n-grams',
    rule: `${name} is a whole number from 1 to ${most}`,
    value: String(value),
    remedy: `Leave ${name} out for its default.`,
  });
}
