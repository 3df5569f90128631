/** `weft studio`: the page alone, for run folders and for tokenizers explained. */

import { existsSync } from 'node:fs';

import type { Command } from 'commander';

import { printJson, untilStopped } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { DEFAULT_PORT, announce } from './serve.ts';

interface StudioFlags {
  readonly port: number;
  readonly host?: string;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addStudio(program: Command, context: CliContext): void {
  program
    .command('studio')
    .summary('a page for runs and their curves, while they train too, and for tokenizers explained')
    .description(
      'Serves the page for run folders, or folders that hold some, and for tokenizers explained. It only reads; no model is needed.',
    )
    .argument('[RUNS...]', 'run folders, or folders that hold some (default: runs, if it is there)')
    .option('--port <n>', 'port; 0 takes any that is free', wholeNumber('--port', { min: 0, max: 65_535 }), DEFAULT_PORT)
    .option('--host <name>', 'name or address to listen on (default: localhost)')
    .option('--json', 'print where it serves as one JSON object')
    .action(async (given: readonly string[], { port, host, json }: StudioFlags) => {
      const { studio } = await import('../../serve/index.ts');
      const runs = given.length > 0 ? given : existsSync('runs') ? ['runs'] : [];
      const server = await studio(runs, { port, ...(host === undefined ? {} : { host }) });
      try {
        if (json === true) printJson(context, { url: server.url, runs });
        else announce(server.url, context, context.stdout);
        await untilStopped(context.signal);
      } finally {
        await server.close();
      }
    });
}
