/** `weft tokens`: how many tokens files have for which model, and what they cost. */

import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import { printJson, printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { createStyle } from '../terminal/style.ts';

interface Flags {
  readonly models?: readonly string[];
  readonly outputTokens?: number;
  readonly prices?: string;
  readonly textField?: string;
  readonly calibration?: string;
  readonly calibrate?: true;
  readonly out?: string;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addTokens(program: Command, context: CliContext): void {
  program
    .command('tokens')
    .summary('tokens of text files by model, and what they cost')
    .description(
      'Counts the tokens of text for each model, with the price of reading it and of writing an answer, and the monthly volume from which a machine of one’s own is cheaper. Prices are built in, dated, and change: --prices overrides them.',
    )
    .argument('<FILES...>', 'files, folders or globs of text, together one request')
    .option('--models <names>', 'models or encodings, comma-separated; NAME=PATH is a tokenizer.json (default: all with a price)', names)
    .option('--output-tokens <n>', 'tokens of the answer (default: 1000)', wholeNumber('--output-tokens', { min: 0 }))
    .option('--prices <file>', 'a prices.json, laid over the prices that are built in')
    .option('--calibrate', 'measure tokens per word by language on FILES instead')
    .option('--out <file>', 'with --calibrate: the file to write')
    .option('--calibration <file>', 'estimate by what --calibrate measured')
    .option('--text-field <name>', 'the field of a JSON line that holds the text (default: text)')
    .option('--json', 'print one JSON object')
    .action(async (files: readonly string[], { json, calibrate, out, ...options }: Flags) => {
      const { calibrateTokens, countTokens } = await import('../../workflows/index.ts');
      const { calibrationLines, tokenReportLines } = await import('../terminal/token-lines.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      const page = {
        style: createStyle(context.stdout.isTTY === true, context.env),
        width: Math.min(context.stdout.columns ?? 100, 120),
      };
      const view = renderEvents(context.stderr, context);
      const hooks = { onEvent: view.show, signal: context.signal };
      try {
        if (calibrate === true) {
          const { models, textField, ...others } = options;
          refuse(Object.keys(others), '--calibrate');
          const found = await calibrateTokens(
            {
              files,
              now: Date.now(),
              ...(models === undefined ? {} : { models }),
              ...(textField === undefined ? {} : { textField }),
              ...(out === undefined ? {} : { out }),
            },
            hooks,
          );
          if (json === true) printJson(context, found);
          else printLine(context, calibrationLines(found, out, page).join('\n'));
        } else {
          if (out !== undefined) refuse(['out'], 'counting');
          const report = await countTokens({ files, ...options }, hooks);
          if (json === true) printJson(context, report);
          else printLine(context, tokenReportLines(report, page).join('\n'));
        }
      } finally {
        view.end();
      }
    });
}

function names(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').map((name) => name.trim())];
}

/** Flags that do nothing are a mistake. */
function refuse(others: readonly string[], what: string): void {
  const [other] = others;
  if (other === undefined) return;
  const flag = `--${other.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError({
    code: 'WEFT_ARGUMENT',
    action: 'run weft tokens',
    rule: `${what} does not take ${flag}`,
    value: flag,
    remedy: 'Leave it out.',
  });
}
