/**
 * The compiled rules of a normaliser: which bytes become which.
 *
 * Four bytes with the size of a trie, the trie, and strings that end in NUL, into which its values point. The trie is a double array
 * of darts-clone 0.32: the units are 32 bits, little-endian; the child of a node by a byte is at `base XOR byte`, and is one if the
 * unit's label is that byte; a node with a value has it in the unit at its base. Source: `DecodePrecompiledCharsMap` of
 * google/sentencepiece 0.1.97, src/normalizer.cc; third_party/darts_clone/darts.h.
 */

/** Rules by the bytes that they begin with. */
export interface Charsmap {
  /** How many bytes the longest rule takes that begins at `start`; 0 when none does. */
  match(bytes: Uint8Array, start: number, end: number): number;
  /** Whether some rule begins with these bytes. */
  begins(bytes: Uint8Array, start: number, end: number): boolean;
  /** Where in {@link strings} the text of the rule that was matched last begins; NUL ends it. */
  readonly place: () => number;
  readonly strings: Uint8Array;
  /** Bytes that stand in some rule behind its first one. */
  readonly inner: ReadonlySet<number>;
  /** Whether bytes follow this one in some rule, and these are all of more than seven bits. */
  readonly continued: (byte: number) => 'no' | 'beyond-ascii' | 'yes';
}

/** A rule is found among that many shorter ones at most: `kMaxTrieResultsSize`. */
const MOST_MATCHES = 32;

const LEAF = 0x8000_0000;

/**
 * Prepares rules for use.
 *
 * @throws RangeError with what is wrong with them
 */
export function createCharsmap(blob: Uint8Array): Charsmap {
  const size = blob.length > 4 ? new DataView(blob.buffer, blob.byteOffset).getUint32(0, true) : 0;
  if (size === 0 || size % 4 !== 0 || size >= blob.length - 4) throw new RangeError(`a trie of ${size} bytes in ${blob.length} bytes`);
  const view = new DataView(blob.buffer, blob.byteOffset + 4, size);
  const units = Uint32Array.from({ length: size / 4 }, (_, index) => view.getUint32(index * 4, true));
  const strings = blob.slice(4 + size);
  if (strings.at(-1) !== 0) throw new RangeError('strings without an end');
  new TextDecoder('utf-8', { fatal: true }).decode(strings);
  const inner = checkTrie(units, strings);
  let place = 0;
  const root = baseOf(units[0] as number);
  return {
    strings,
    inner,
    match(bytes, start, end) {
      let length = 0;
      let matches = 0;
      let node = root;
      for (let at = start; at < end; at++) {
        const byte = bytes[at] as number;
        node ^= byte;
        const unit = units[node] as number;
        if ((unit & 0x8000_00ff) !== byte) break;
        node ^= baseOf(unit);
        if ((unit & 0x100) === 0) continue;
        if (++matches > MOST_MATCHES) break;
        place = (units[node] as number) & 0x7fff_ffff;
        length = at + 1 - start;
      }
      return length;
    },
    begins(bytes, start, end) {
      let node = root;
      for (let at = start; at < end; at++) {
        node ^= bytes[at] as number;
        const unit = units[node] as number;
        if ((unit & 0x8000_00ff) !== bytes[at]) return false;
        node ^= baseOf(unit);
      }
      return true;
    },
    place: () => place,
    continued(byte) {
      const unit = units[root ^ byte] as number;
      if ((unit & 0x8000_00ff) !== byte) return 'no';
      const labels = childrenOf(units, (root ^ byte ^ baseOf(unit)) >>> 0);
      return labels.length === 0 ? 'no' : labels.every((label) => label >= 0x80) ? 'beyond-ascii' : 'yes';
    },
  };
}

function baseOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function childrenOf(units: Uint32Array, base: number): number[] {
  const labels: number[] = [];
  for (let byte = 1; byte < 256; byte++) if (((units[base ^ byte] ?? LEAF) & 0x8000_00ff) === byte) labels.push(byte);
  return labels;
}

/** Visits every node once; returns the bytes that lead to nodes below the first ones. */
function checkTrie(units: Uint32Array, strings: Uint8Array): Set<number> {
  const inner = new Set<number>();
  const seen = new Uint8Array(units.length);
  const waiting = [0];
  seen[0] = 1;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const unit = units[node] as number;
    const base = (node ^ baseOf(unit)) >>> 0;
    if (base >= units.length) throw new RangeError(`a node of ${units.length} at ${base}`);
    if ((unit & 0x100) !== 0) {
      const value = (units[base] as number) & 0x7fff_ffff;
      if (value >= strings.length || ((strings[value] as number) & 0xc0) === 0x80) throw new RangeError(`a rule at ${value}`);
    }
    for (const byte of childrenOf(units, base)) {
      const child = (base ^ byte) >>> 0;
      if (node !== 0) inner.add(byte);
      if (seen[child] === 1) continue;
      seen[child] = 1;
      waiting.push(child);
    }
  }
  return inner;
}
