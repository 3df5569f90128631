/**
 * Seeded random numbers whose state is four plain integers, so that a checkpoint can hold it.
 *
 * Generator: xoshiro128** 1.1 (Blackman and Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c), seeded by
 * SplitMix32. Not for cryptography.
 */

/** The state of a {@link Random}: four unsigned 32-bit integers. */
export type RandomState = readonly [number, number, number, number];

/** A stream of random numbers. */
export interface Random {
  /** The next unsigned 32-bit integer. */
  uint32(): number;
  /** The next number in [0, 1), with 24 random bits. */
  uniform(): number;
  /** The next integer in [0, bound), without modulo bias. */
  integer(bound: number): number;
  /** The next number of the normal distribution with mean 0 and standard deviation 1 (Box and Muller 1958). */
  normal(): number;
  /** The state, to continue from later with {@link randomFromState}. */
  state(): RandomState;
}

/**
 * A random stream from a seed. Different `stream` names give independent streams for one seed.
 *
 * @example
 * ```ts
 * import { createRandom } from 'weft';
 *
 * const random = createRandom(1, 'dropout');
 * console.log(random.uniform() === createRandom(1, 'dropout').uniform()); // true
 * ```
 */
export function createRandom(seed: number, stream = ''): Random {
  let hash = hash32(stream, (seed >>> 0) ^ Math.trunc(seed / 0x1_0000_0000));
  const next = (): number => {
    hash = (hash + 0x9e3779b9) | 0;
    return mix32(hash);
  };
  return randomFromState([next(), next(), next(), next()]);
}

/** Continues a random stream from a saved state. */
export function randomFromState(state: RandomState): Random {
  let [a, b, c, d] = state;
  if ((a | b | c | d) === 0) a = 1; // The all-zero state is a fixed point.
  const uint32 = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => (uint32() >>> 8) / 0x1000000;
  return {
    uint32,
    uniform,
    integer(bound) {
      const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
      let value = uint32();
      while (value >= limit) value = uint32();
      return value % bound;
    },
    normal() {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return radius * Math.cos(2 * Math.PI * uniform());
    },
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  };
}

/** A 32-bit hash of a text (FNV-1a, finished by a mixer), for seeds and names; not for security. */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix32(hash);
}

/** The finalizer of MurmurHash3 (Appleby 2011): every input bit changes every output bit half the time. */
function mix32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
