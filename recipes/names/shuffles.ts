/**
 * The shuffles of Python and of PyTorch, so that a split is the one that others measured on: the Mersenne Twister (Matsumoto and
 * Nishimura 1998, mt19937ar.c), CPython's `Random.shuffle` and `_randbelow_with_getrandbits`, and ATen's `randperm_cpu`.
 */

const [N, M] = [624, 397];

/** The state that a seed below 2³² gives: `init_genrand`, as PyTorch begins. */
function begin(seed: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let index = 1; index < N; index++) state[index] = Math.imul(1_812_433_253, mix(state, index)) + index;
  return state;
}

function mix(state: Uint32Array, index: number): number {
  const before = state[index - 1] as number;
  return before ^ (before >>> 30);
}

/** The state that `random.seed(seed)` gives: `init_by_array`, as Python begins. */
function beginByArray(seed: number): Uint32Array {
  const state = begin(19_650_218);
  let place = 1;
  const wrap = (): void => {
    if (++place < N) return;
    state[0] = state[N - 1] as number;
    place = 1;
  };
  for (let round = 0; round < N; round++) {
    state[place] = ((state[place] as number) ^ Math.imul(mix(state, place), 1_664_525)) + seed;
    wrap();
  }
  for (let round = 0; round < N - 1; round++) {
    state[place] = ((state[place] as number) ^ Math.imul(mix(state, place), 1_566_083_941)) - place;
    wrap();
  }
  state[0] = 0x8000_0000;
  return state;
}

/** The stream of 32-bit numbers from a state. */
function mersenneTwister(state: Uint32Array): () => number {
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

/** The list in the order that `random.seed(seed); random.shuffle(list)` brings it to. */
export function pythonShuffle<T>(list: readonly T[], seed: number): readonly T[] {
  const next = mersenneTwister(beginByArray(seed));
  const shuffled = [...list];
  for (let index = shuffled.length - 1; index > 0; index--) {
    const bits = 32 - Math.clz32(index + 1);
    let other = next() >>> (32 - bits);
    while (other > index) other = next() >>> (32 - bits);
    [shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
  }
  return shuffled;
}

/** The list in the order of `torch.manual_seed(seed); torch.randperm(list.length)` on the CPU. */
export function torchPermutation<T>(list: readonly T[], seed: number): readonly T[] {
  const next = mersenneTwister(begin(seed));
  const permuted = [...list];
  for (let index = 0; index < permuted.length - 1; index++) {
    const other = index + (next() % (permuted.length - index));
    [permuted[index], permuted[other]] = [permuted[other] as T, permuted[index] as T];
  }
  return permuted;
}
