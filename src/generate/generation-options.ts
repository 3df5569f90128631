/** What a caller may ask of one generation: how tokens are chosen, and how it is treated beside others. */

import { UsageError, checkOptions } from '../core/index.ts';
import { SAMPLING_OPTIONS, fillSampling } from './sampling/options.ts';
import type { Sampling, SamplingOptions } from './sampling/options.ts';
import type { Treatment } from './text-generator.ts';

/** Options of {@link TextModel.generate}. */
export interface GenerationOptions extends SamplingOptions {
  /** Whose it is: clients get equal shares of the model. Default one for all. */
  readonly client?: string;
  /** Larger goes before smaller, where not all can be computed at once. Default 0. */
  readonly priority?: number;
  /** What was computed of a prompt is used again for prompts that begin alike, within a namespace. Default one for all. */
  readonly namespace?: string;
  /** Called when the work begins, after what came before it. */
  readonly onStart?: () => void;
}

/**
 * Fills in the defaults.
 *
 * @throws as `fillSampling` does
 */
export function fillGeneration(options: GenerationOptions): { readonly sampling: Sampling; readonly treatment: Treatment } {
  checkOptions('generate', options, [...SAMPLING_OPTIONS, 'client', 'priority', 'namespace', 'onStart']);
  const { client = '', priority = 0, namespace = '', onStart = () => undefined, ...rest } = options;
  if (!Number.isFinite(priority)) {
    throw new UsageError({
      code: 'WEFT_GENERATE_OPTION',
      action: 'generate',
      rule: 'priority must be a number',
      value: String(priority),
      remedy: 'Give a finite priority, or leave it out.',
    });
  }
  const sampling = fillSampling(rest);
  return { sampling, treatment: { client, priority, namespace, signal: sampling.signal, started: onStart } };
}
