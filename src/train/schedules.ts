/** Learning-rate schedules: functions of the step, counted from 0. */

/** The learning rate at a step. */
export type Schedule = (step: number) => number;

/** Options of {@link warmupCosine}. */
export interface WarmupCosineOptions {
  /** The highest rate. */
  readonly peak: number;
  /** Steps of linear rise. */
  readonly warmup: number;
  /** Steps in all. */
  readonly total: number;
  /** The last rate; default a tenth of the peak. */
  readonly floor?: number;
}

/**
 * Linear warm-up, then half a cosine down to the floor. Loshchilov and Hutter 2016; the formula is nanoGPT's:
 * `peak · (i + 1)/(warmup + 1)`, then `floor + ½(1 + cos(π (i - warmup)/(total - warmup)))(peak - floor)`.
 *
 * @example
 * ```ts
 * import { warmupCosine } from 'weft/train';
 *
 * const rate = warmupCosine({ peak: 1e-3, warmup: 100, total: 2000, floor: 1e-4 });
 * console.log(rate(100)); // 0.001
 * ```
 */
export function warmupCosine({ peak, warmup, total, floor = peak / 10 }: WarmupCosineOptions): Schedule {
  return (step) => {
    if (step < warmup) return (peak * (step + 1)) / (warmup + 1);
    if (step >= total) return floor;
    return floor + 0.5 * (1 + Math.cos((Math.PI * (step - warmup)) / (total - warmup))) * (peak - floor);
  };
}

/** Options of {@link warmupStableDecay}. */
export interface WarmupStableDecayOptions {
  readonly peak: number;
  readonly warmup: number;
  readonly total: number;
  /** Steps of decay at the end; default a fifth of all. */
  readonly decay?: number;
  /** The last rate; default 0. */
  readonly floor?: number;
}

/** Linear warm-up, a plateau, then a linear decay. Hu et al. 2024, "MiniCPM", section 4. */
export function warmupStableDecay({ peak, warmup, total, decay = Math.round(total / 5), floor = 0 }: WarmupStableDecayOptions): Schedule {
  return (step) => {
    if (step < warmup) return (peak * (step + 1)) / (warmup + 1);
    const left = Math.max(0, total - step);
    return left >= decay ? peak : floor + ((peak - floor) * left) / decay;
  };
}

/** The same rate at every step. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}
