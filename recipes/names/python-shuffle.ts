/**
 * `random.seed(seed); random.shuffle(list)` of Python 3, so that a split is the one that others measured on: the Mersenne Twister
 * (Matsumoto and Nishimura 1998, mt19937ar.c, `init_by_array`), and CPython's `Random.shuffle` and `_randbelow_with_getrandbits`.
 */

const [N, M] = [624, 397];

/** The stream of 32-bit numbers that Python's `random` gives after `seed(seed)`, for a seed below 2³². */
function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(N);
  const mix = (index: number): number => {
    const before = state[index - 1] as number;
    return before ^ (before >>> 30);
  };
  state[0] = 19_650_218;
  for (let index = 1; index < N; index++) state[index] = Math.imul(1_812_433_253, mix(index)) + index;
  let place = 1;
  const wrap = (): void => {
    if (++place < N) return;
    state[0] = state[N - 1] as number;
    place = 1;
  };
  for (let round = 0; round < N; round++) {
    state[place] = ((state[place] as number) ^ Math.imul(mix(place), 1_664_525)) + seed;
    wrap();
  }
  for (let round = 0; round < N - 1; round++) {
    state[place] = ((state[place] as number) ^ Math.imul(mix(place), 1_566_083_941)) - place;
    wrap();
  }
  state[0] = 0x8000_0000;

  let used = N;
  return () => {
    if (used === N) {
      for (let index = 0; index < N; index++) {
        const bits = ((state[index] as number) & 0x8000_0000) | ((state[(index + 1) % N] as number) & 0x7fff_ffff);
        state[index] = (state[(index + M) % N] as number) ^ (bits >>> 1) ^ ((bits & 1) === 0 ? 0 : 0x9908_b0df);
      }
      used = 0;
    }
    let y = state[used++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c_5680;
    y ^= (y << 15) & 0xefc6_0000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** The list in the order that Python's shuffle brings it to. */
export function pythonShuffle<T>(list: readonly T[], seed: number): readonly T[] {
  const next = mersenneTwister(seed);
  const shuffled = [...list];
  for (let index = shuffled.length - 1; index > 0; index--) {
    const bits = 32 - Math.clz32(index + 1);
    let other = next() >>> (32 - bits);
    while (other > index) other = next() >>> (32 - bits);
    [shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
  }
  return shuffled;
}
