/** `weft eval`: how well a model predicts text, beside honest baselines. */

import type { Command } from 'commander';

import { printJson, printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { repeated, wholeNumber } from '../flag-values.ts';
import { BASE_HELP } from '../load-source.ts';
import { createStyle } from '../terminal/style.ts';

interface Flags {
  readonly textField?: string;
  readonly trainedOn?: readonly string[];
  readonly bytes?: number;
  readonly base?: string;
  readonly threads?: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addEval(program: Command, context: CliContext): void {
  program
    .command('eval')
    .summary('loss, perplexity and bits per byte, beside baselines')
    .description(
      'Measures how well a model predicts text that it never saw: loss and perplexity a token, and bits per byte, ' +
        'beside compressors and, with --trained-on, a byte 5-gram model of the same training text.',
    )
    .argument('<DIR>', 'folder of a model or an adapter')
    .argument('<FILES...>', 'files, folders or globs of held-out text')
    .option('--text-field <name>', 'the field of a JSON line that holds the text (default: text)')
    .option('--trained-on <path>', 'text that the model was trained on, for the 5-gram baseline; may be given several times', repeated)
    .option('--bytes <n>', 'most bytes of text to take (default: all)', wholeNumber('--bytes', { min: 1 }))
    .option('--base <dir>', BASE_HELP)
    .option('--threads <n>', 'threads (default: one a core)', wholeNumber('--threads', { min: 1 }))
    .option('--json', 'print one JSON object')
    .action(async (folder: string, files: readonly string[], { textField, trainedOn, bytes, base, threads, json }: Flags) => {
      const { evaluateModel } = await import('../../workflows/index.ts');
      const { evaluationLines } = await import('../terminal/evaluation-lines.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      const view = renderEvents(context.stderr, context);
      const options = {
        files,
        ...(textField === undefined ? {} : { textField }),
        ...(trainedOn === undefined ? {} : { trainedOn }),
        ...(bytes === undefined ? {} : { byteLimit: bytes }),
        ...(base === undefined ? {} : { base }),
        ...(threads === undefined ? {} : { threads }),
      };
      let result;
      try {
        result = await evaluateModel(folder, options, { onEvent: view.show, signal: context.signal });
      } finally {
        view.end();
      }
      if (json === true) printJson(context, result);
      else for (const line of evaluationLines(result, createStyle(context.stdout.isTTY === true, context.env))) printLine(context, line);
    });
}
