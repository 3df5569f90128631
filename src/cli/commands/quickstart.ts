/** `weft quickstart`: text in, a trained, evaluated and served model out. */

import type { Command } from 'commander';

import { printJson } from '../context.ts';
import type { CliContext } from '../context.ts';
import { decimalNumber, wholeNumber } from '../flag-values.ts';
import { DEFAULT_PORT, announce, serveUntilStopped } from './serve.ts';

interface Flags {
  readonly textField?: string;
  readonly minutes: number;
  readonly out?: string;
  readonly seed?: number;
  readonly threads?: number;
  readonly serve: boolean;
  readonly port: number;
  readonly host?: string;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addQuickstart(program: Command, context: CliContext): void {
  program
    .command('quickstart')
    .summary('train, evaluate and serve a model from text, in minutes')
    .description(
      'Trains a tokenizer and a model on text, evaluates it on text it never saw, saves a model folder and serves it.\n' +
        'Without FILES it learns from the type declarations among the installed packages: a small code-completion model.',
    )
    .argument('[FILES...]', 'files, folders or globs of text')
    .option('--text-field <name>', 'the field of a JSON line that holds the text (default: text)')
    .option('--minutes <n>', 'time to train', decimalNumber('--minutes', { above: 0 }), 2)
    .option('--out <folder>', 'where the model folder goes (default: the first free of runs/quickstart, runs/quickstart-2, …)')
    .option('--seed <n>', 'seed of everything random (default: 1)', wholeNumber('--seed', { min: 0 }))
    .option('--threads <n>', 'threads (default: one a core)', wholeNumber('--threads', { min: 1 }))
    .option('--no-serve', 'stop after saving')
    .option('--port <n>', 'port to serve at', wholeNumber('--port', { min: 0, max: 65_535 }), DEFAULT_PORT)
    .option('--host <name>', 'name or address to listen on (default: localhost)')
    .option('--json', 'print one JSON object at the end')
    .action(async (files: readonly string[], flags: Flags) => {
      const { quickstart } = await import('../../workflows/index.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      if (flags.serve) await tryPort(flags);
      const view = renderEvents(flags.json === true ? context.stderr : context.stdout, context);
      const { textField, minutes, out, seed, threads } = flags;
      const options = {
        minutes,
        ...(files.length === 0 ? {} : { files }),
        ...(textField === undefined ? {} : { textField }),
        ...(out === undefined ? {} : { out }),
        ...(seed === undefined ? {} : { seed }),
        ...(threads === undefined ? {} : { threads }),
      };
      let result;
      try {
        result = await quickstart(options, { onEvent: view.show, signal: context.signal });
      } finally {
        view.end();
      }
      if (flags.json === true) printJson(context, result);
      if (!flags.serve || context.signal.aborted) return;
      const { port, host } = flags;
      const onStart = (url: string): void => announce(url, context, flags.json === true ? context.stderr : context.stdout);
      await serveUntilStopped(result.model, { port, ...(host === undefined ? {} : { host }), onStart }, context);
    });
}

/** Takes the port and gives it back: a port in use is told at once, not after minutes of training. */
async function tryPort({ port, host }: Pick<Flags, 'port' | 'host'>): Promise<void> {
  if (port === 0) return;
  const { studio } = await import('../../serve/index.ts');
  const server = await studio([], { port, ...(host === undefined ? {} : { host }) });
  await server.close();
}
