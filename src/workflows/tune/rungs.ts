/**
 * Asynchronous successive halving (ASHA), Li et al. 2018, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2: trials climb
 * rungs of ever more steps, and whoever is among the best 1 ÷ reduction of a rung may climb, without waiting for the others.
 */

/** A trial's results, one for each rung that it came to; what did not end well is infinite. */
export interface Climber {
  readonly id: number;
  readonly losses: readonly number[];
}

/**
 * Steps at each rung, the last one the whole training; fewer rungs where there are too few steps.
 *
 * @param steps - of a whole training.
 * @param options - `count`: rungs at most; `reduction`: how many times the steps of the rung below.
 */
export function rungSteps(steps: number, { count, reduction }: { readonly count: number; readonly reduction: number }): readonly number[] {
  const first = Math.floor(steps / reduction ** (count - 1));
  if (count > 1 && first < 1) return rungSteps(steps, { count: count - 1, reduction });
  return Array.from({ length: count }, (_, rung) => (rung === count - 1 ? steps : first * reduction ** rung));
}

/**
 * The trials that may climb, best use first: those of the highest rung before those below, and of a rung the best one first.
 *
 * @param climbers - trials, those that climb right now with the rungs that they have.
 * @param options - `rungs`: how many there are; `climbing`: ids of those that climb right now.
 */
export function promotable(
  climbers: readonly Climber[],
  { rungs, reduction, climbing }: { readonly rungs: number; readonly reduction: number; readonly climbing: ReadonlySet<number> },
): readonly number[] {
  return Array.from({ length: rungs - 1 }, (_, index) => rungs - 2 - index).flatMap((rung) => {
    const there = climbers.filter(({ losses }) => losses.length > rung);
    const best = there
      .toSorted((a, b) => (a.losses[rung] ?? Infinity) - (b.losses[rung] ?? Infinity) || a.id - b.id)
      .slice(0, Math.floor(there.length / reduction));
    return best
      .filter(({ id, losses }) => losses.length === rung + 1 && Number.isFinite(losses[rung]) && !climbing.has(id))
      .map(({ id }) => id);
  });
}
