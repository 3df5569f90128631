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

/** Options of {@link warmupLinear}. */
export interface WarmupLinearOptions {
  readonly peak: number;
  readonly warmup: number;
  readonly total: number;
  /** The last rate; default 0. */
  readonly floor?: number;
}

/**
 * Linear warm-up from 0, then a linear decay: `peak · i/warmup`, then down to the floor at the last of all steps. As Hugging Face's
 * `get_linear_schedule_with_warmup`.
 *
 * @example
 * ```ts
 * import { warmupLinear } from 'weft/train';
 *
 * const rate = warmupLinear({ peak: 1, warmup: 2, total: 10 });
 * console.log(rate(1), rate(2), rate(6), rate(10)); // 0.5 1 0.5 0
 * ```
 */
export function warmupLinear({ peak, warmup, total, floor = 0 }: WarmupLinearOptions): Schedule {
  return (step) => {
    if (step < warmup) return (peak * step) / warmup;
    return floor + (peak - floor) * Math.max(0, (total - step) / Math.max(1, total - warmup));
  };
}

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  readonly peak: number;
  readonly total: number;
  /** Share of the steps that the rate rises; default 0.3. */
  readonly rise?: number;
  /** The first rate is the peak divided by this; default 25. */
  readonly initialDivisor?: number;
  /** The last rate is the first divided by this; default 10,000. */
  readonly finalDivisor?: number;
}

/**
 * One cycle: half a cosine up to the peak, half a cosine down to nearly nothing. Smith and Topin 2017; as PyTorch's `OneCycleLR`.
 *
 * @example
 * ```ts
 * import { oneCycle } from 'weft/train';
 *
 * const rate = oneCycle({ peak: 1, total: 101, rise: 0.5 });
 * console.log(rate(0).toFixed(2), rate(49.5)); // 0.04 1
 * ```
 */
export function oneCycle({ peak, total, rise = 0.3, initialDivisor = 25, finalDivisor = 1e4 }: OneCycleOptions): Schedule {
  const first = peak / initialDivisor;
  const last = first / finalDivisor;
  const top = rise * total - 1;
  const cosine = (from: number, to: number, share: number): number => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  return (step) => {
    if (step <= top) return cosine(first, peak, step / top);
    return cosine(peak, last, Math.min(1, (step - top) / (total - 1 - top)));
  };
}

/** The same rate at every step. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}
