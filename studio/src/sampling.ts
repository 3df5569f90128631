/** The settings of a generation that the page offers, how requests say them, and how the page keeps them. */

import { replyForm, stopTexts } from './reply-form.ts';
import type { FormSettings } from './reply-form.ts';

/** The name of a setting that is a number. */
type NumberKey = 'temperature' | 'maxTokens' | 'topP' | 'topK' | 'minP' | 'repetitionPenalty' | 'presencePenalty' | 'frequencyPenalty';

/** One number that can be set. */
export interface Setting {
  readonly key: NumberKey;
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly standard: number;
  /** The value at which it does nothing. */
  readonly off?: number;
  /** One of those that are folded away. */
  readonly penalty?: true;
}

/** All that can be set. */
export interface Settings extends Readonly<Record<NumberKey, number>>, FormSettings {
  /** Digits, or nothing for a new one each time. */
  readonly seed: string;
}

/** The numbers for a model with that context. */
export function settingsFor(contextLength: number): readonly Setting[] {
  const most = Math.min(2048, Math.max(1, contextLength - 1));
  const penalty = { step: 0.05, penalty: true } as const;
  return [
    { key: 'temperature', label: 'Temperature', hint: '0 takes the likeliest token every time', min: 0, max: 2, step: 0.05, standard: 0.8 },
    {
      key: 'maxTokens',
      label: 'Length',
      hint: 'tokens at most',
      min: 1,
      max: most,
      step: 1,
      standard: Math.min(most > 512 ? 256 : 128, most),
    },
    { key: 'topP', label: 'Top-p', hint: 'the likeliest that together hold p', min: 0.05, max: 1, step: 0.01, standard: 1, off: 1 },
    { key: 'topK', label: 'Top-k', hint: 'only the k likeliest tokens', min: 0, max: 200, step: 1, standard: 0, off: 0 },
    { key: 'minP', label: 'Min-p', hint: 'at least this share of the likeliest', min: 0, max: 0.5, step: 0.01, standard: 0, off: 0 },
    {
      key: 'repetitionPenalty',
      label: 'Repetition penalty',
      hint: 'above 1 makes what was said less likely',
      min: 1,
      max: 2,
      standard: 1,
      off: 1,
      ...penalty,
      step: 0.01,
    },
    {
      key: 'presencePenalty',
      label: 'Presence penalty',
      hint: 'once for each token that was used',
      min: -2,
      max: 2,
      standard: 0,
      off: 0,
      ...penalty,
    },
    {
      key: 'frequencyPenalty',
      label: 'Frequency penalty',
      hint: 'each time that a token was used',
      min: -2,
      max: 2,
      standard: 0,
      off: 0,
      ...penalty,
    },
  ];
}

/** The standard of every setting. */
export function standardSettings(settings: readonly Setting[]): Settings {
  const numbers = Object.fromEntries(settings.map(({ key, standard }) => [key, standard])) as Record<NumberKey, number>;
  return { ...numbers, seed: '', stop: '', form: 'text', schema: '' };
}

/** What a request says of sampling, in Weft's own names; what is off is left out. */
export interface SamplingRequest extends Partial<Readonly<Record<NumberKey, number>>> {
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly responseFormat?: object;
}

/** The settings as a request. A schema that is none is left out: see `schemaIn`. */
export function requestOf(values: Settings, settings: readonly Setting[]): SamplingRequest {
  const numbers = settings.filter(({ key, off }) => values[key] !== off).map(({ key }) => [key, values[key]] as const);
  const stop = stopTexts(values.stop);
  const form = replyForm(values);
  return {
    ...Object.fromEntries(numbers),
    ...(SEED.test(values.seed.trim()) ? { seed: Number(values.seed) } : {}),
    ...(stop.length === 0 ? {} : { stop }),
    ...(form === undefined ? {} : { responseFormat: form }),
  };
}

const SEED = /^-?\d{1,15}$/;

/** OpenAI's names, and vLLM's for what OpenAI has not. */
const NAMES: Readonly<Record<string, string>> = {
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  repetitionPenalty: 'repetition_penalty',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  responseFormat: 'response_format',
};

/** The same as OpenAI's API has it; chats have a name of their own for the length. */
export function openaiSampling(request: SamplingRequest, kind: 'chat' | 'completion'): Readonly<Record<string, unknown>> {
  const length = kind === 'chat' ? 'max_completion_tokens' : 'max_tokens';
  return Object.fromEntries(Object.entries(request).map(([key, value]) => [key === 'maxTokens' ? length : (NAMES[key] ?? key), value]));
}

const STORE = 'weft.sampling';
const LONGEST = 100_000; // Characters that are kept of a text.

/** The settings of the last visit, where they still fit. */
export function storedSettings(settings: readonly Setting[]): Settings {
  const standard = standardSettings(settings);
  try {
    const stored = JSON.parse(localStorage.getItem(STORE) ?? '{}') as Readonly<Record<string, unknown>> | null;
    const text = (key: 'seed' | 'stop' | 'schema'): string => {
      const value = stored?.[key];
      return typeof value === 'string' ? value.slice(0, LONGEST) : '';
    };
    const numbers = settings.map(({ key }) => [key, typeof stored?.[key] === 'number' ? stored[key] : standard[key]]);
    const form = (['json', 'schema'] as const).find((one) => one === stored?.['form']) ?? 'text';
    const kept = Object.fromEntries(numbers) as Record<NumberKey, number>;
    return fitSettings({ ...kept, form, seed: text('seed').replace(/[^\d-]/g, ''), stop: text('stop'), schema: text('schema') }, settings);
  } catch {
    return standard;
  }
}

/** The settings within their bounds, which differ from model to model. */
export function fitSettings(values: Settings, settings: readonly Setting[]): Settings {
  const fitting = settings.map(({ key, min, max }) => [key, Math.min(max, Math.max(min, values[key]))]);
  return { ...values, ...(Object.fromEntries(fitting) as Record<NumberKey, number>) };
}

/** Keeps the settings for the next visit. */
export function storeSettings(values: Settings): void {
  try {
    localStorage.setItem(STORE, JSON.stringify(values));
  } catch {
    // A browser that keeps nothing is no reason to stop.
  }
}
