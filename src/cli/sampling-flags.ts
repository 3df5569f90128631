/** The flags that say how a model writes: shared by `generate` and `chat`. */

import type { Command } from 'commander';

import { decimalNumber, repeated, wholeNumber } from './flag-values.ts';

/** The values of the sampling flags, by the names that `weft/generate` gives them. */
export interface SamplingFlags {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  readonly maxTokens?: number;
  readonly stop?: readonly string[];
}

const NAMES = ['temperature', 'topK', 'topP', 'minP', 'repetitionPenalty', 'seed', 'maxTokens', 'stop'] as const;

/** Adds the sampling flags to a command. */
export function addSamplingFlags(command: Command): Command {
  return command
    .option(
      '--temperature <n>',
      '0 takes the likeliest token, 1 samples as trained (default: 1)',
      decimalNumber('--temperature', { min: 0 }),
    )
    .option('--top-k <n>', 'only from the n likeliest tokens', wholeNumber('--top-k', { min: 1 }))
    .option('--top-p <n>', 'only from the likeliest tokens that hold this much probability', decimalNumber('--top-p', { above: 0, max: 1 }))
    .option('--min-p <n>', 'only tokens at least this fraction as likely as the likeliest', decimalNumber('--min-p', { min: 0, max: 1 }))
    .option('--repetition-penalty <n>', 'above 1 repeats less', decimalNumber('--repetition-penalty', { above: 0 }))
    .option('--max-tokens <n>', 'most tokens to write', wholeNumber('--max-tokens', { min: 1 }))
    .option('--stop <text>', 'end before this text; may be given several times', repeated)
    .option('--seed <n>', 'the same seed writes the same text (default: 0)', wholeNumber('--seed', { min: 0 }));
}

/** The sampling options among a command's flags, without those that were not given. */
export function samplingOptions(flags: SamplingFlags): SamplingFlags {
  return Object.fromEntries(NAMES.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}
