/** The settings of sampling that the page offers, and how it keeps them. */

import type { GenerateRequest } from './api.ts';

/** One number that can be set. */
export interface Setting {
  readonly key: 'temperature' | 'topK' | 'topP' | 'minP' | 'repetitionPenalty' | 'maxTokens';
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly standard: number;
  /** The value at which it does nothing. */
  readonly off?: number;
}

export type Settings = Readonly<Record<Setting['key'], number>> & { readonly seed: string };

/** All settings for a model with that context. */
export function settingsFor(contextLength: number): readonly Setting[] {
  const most = Math.min(1024, Math.max(1, contextLength - 1));
  return [
    { key: 'temperature', label: 'Temperature', hint: '0 takes the likeliest token every time', min: 0, max: 2, step: 0.05, standard: 0.8 },
    { key: 'topK', label: 'Top-k', hint: 'only the k likeliest tokens', min: 0, max: 200, step: 1, standard: 0, off: 0 },
    { key: 'topP', label: 'Top-p', hint: 'the likeliest that together hold p', min: 0.05, max: 1, step: 0.01, standard: 1, off: 1 },
    { key: 'minP', label: 'Min-p', hint: 'at least this share of the likeliest', min: 0, max: 0.5, step: 0.01, standard: 0, off: 0 },
    {
      key: 'repetitionPenalty',
      label: 'Repetition penalty',
      hint: 'above 1 makes what was said less likely',
      min: 1,
      max: 2,
      step: 0.01,
      standard: 1,
      off: 1,
    },
    { key: 'maxTokens', label: 'Length', hint: 'tokens at most', min: 1, max: most, step: 1, standard: Math.min(128, most) },
  ];
}

/** The standard of every setting. */
export function standardSettings(settings: readonly Setting[]): Settings {
  return { ...(Object.fromEntries(settings.map(({ key, standard }) => [key, standard])) as Record<Setting['key'], number>), seed: '' };
}

/** The settings as a request; what is off is left out. */
export function requestOf(values: Settings, settings: readonly Setting[]): Omit<GenerateRequest, 'prompt'> {
  const request: Record<string, number> = {};
  for (const { key, off } of settings) if (values[key] !== off) request[key] = values[key];
  if (/^-?\d{1,15}$/.test(values.seed.trim())) request['seed'] = Number(values.seed);
  return request;
}

const STORE = 'weft.sampling';

/** The settings of the last visit, where they still fit. */
export function storedSettings(settings: readonly Setting[]): Settings {
  const standard = standardSettings(settings);
  try {
    const stored = JSON.parse(localStorage.getItem(STORE) ?? '{}') as Readonly<Record<string, unknown>>;
    const kept = settings.map(({ key, min, max }) => {
      const value = stored[key];
      return [key, typeof value === 'number' ? Math.min(max, Math.max(min, value)) : standard[key]];
    });
    return {
      ...(Object.fromEntries(kept) as Record<Setting['key'], number>),
      seed: typeof stored['seed'] === 'string' ? stored['seed'] : '',
    };
  } catch {
    return standard;
  }
}

/** Keeps the settings for the next visit. */
export function storeSettings(values: Settings): void {
  try {
    localStorage.setItem(STORE, JSON.stringify(values));
  } catch {
    // A browser that keeps nothing is no reason to stop.
  }
}
