/** The last minute of an engine, from answers that come about once a second. */

import type { PageEngine, PageEngineModel } from '../../src/serve/index.ts';

/** Milliseconds that are kept. */
export const SPAN = 60_000;

/** A model at a moment of the server's clock, in milliseconds. */
interface Moment {
  readonly time: number;
  readonly generatedTokens: number;
}

/** Moments by model. */
export type EngineHistory = ReadonlyMap<string, readonly Moment[]>;

/** A model now, and its speed over the last minute. */
export interface ModelAtWork extends PageEngineModel {
  /** Tokens a second, at so many seconds before now; the last is at 0. */
  readonly rates: readonly (readonly [seconds: number, rate: number])[];
}

/** The history with another answer; what is older than a minute goes. */
export function extendHistory(history: EngineHistory, { data, now }: PageEngine): EngineHistory {
  const next = new Map<string, readonly Moment[]>();
  for (const [name, moments] of history) {
    // One before the minute is kept: the first rate is from it.
    const first = moments.findLastIndex(({ time }) => time <= now - SPAN);
    const kept = moments.slice(Math.max(0, first));
    if ((kept.at(-1)?.time ?? 0) > now - SPAN) next.set(name, kept);
  }
  for (const { name, generatedTokens } of data) {
    const moments = next.get(name) ?? [];
    const { time = -Infinity, generatedTokens: before = 0 } = moments.at(-1) ?? {};
    // A clock that was put back begins anew, and so do counts when a server or a worker was replaced.
    const usable = time <= now && before <= generatedTokens ? moments : [];
    if (usable.at(-1)?.time !== now) next.set(name, [...usable, { time: now, generatedTokens }]);
  }
  return next;
}

/** The models of an answer with their speeds. */
export function modelsAtWork(history: EngineHistory, { data, now }: PageEngine): readonly ModelAtWork[] {
  return data.map((model) => {
    const moments = history.get(model.name) ?? [];
    const rates: (readonly [number, number])[] = [];
    for (const [index, { time, generatedTokens }] of moments.entries()) {
      const before = moments[index - 1];
      if (before === undefined || time <= before.time) continue;
      rates.push([(time - now) / 1000, ((generatedTokens - before.generatedTokens) * 1000) / (time - before.time)]);
    }
    return { ...model, rates };
  });
}
