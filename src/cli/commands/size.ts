/** `weft size`: how large a model is, before anything is trained or downloaded. */

import type { Command } from 'commander';

import { printJson, printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { decimalNumber, wholeNumber } from '../flag-values.ts';

interface Flags {
  readonly batchSize?: number;
  readonly contextLength?: number;
  readonly bytesPerWeight?: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addSize(program: Command, context: CliContext): void {
  program
    .command('size')
    .summary('parameters by component, and memory to train and to serve')
    .description('Prints parameters by component, memory to train and to serve, and operations per token, for a model folder or a preset.')
    .argument('<MODEL>', 'model folder, or the name of a preset such as gpt2')
    .option('--batch-size <n>', 'sequences in a training step (default: 1)', wholeNumber('--batch-size', { min: 1 }))
    .option('--context-length <n>', "tokens of a sequence (default: the model's)", wholeNumber('--context-length', { min: 1 }))
    .option(
      '--bytes-per-weight <n>',
      'when served: 4 is float32, 0.5 is 4 bits (default: 4)',
      decimalNumber('--bytes-per-weight', { above: 0 }),
    )
    .option('--json', 'print one JSON object')
    .action(async (name: string, { json, ...options }: Flags) => {
      const { formatModelSize, modelSize } = await import('../../cost/index.ts');
      const { findModel } = await import('../../workflows/index.ts');
      const size = modelSize(await findModel(name), options);
      if (json === true) printJson(context, { model: name, ...size });
      else printLine(context, formatModelSize(size));
    });
}
