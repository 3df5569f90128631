/** `weft serve`: a model folder behind HTTP, with the page. */

import type { Command } from 'commander';

import { printJson, printLine, untilStopped } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { createStyle } from '../terminal/style.ts';

/** The port of `weft serve`, `weft studio` and `weft quickstart`. */
export const DEFAULT_PORT = 8080;

/** The flags that every serving command has. */
export interface ServeFlags {
  readonly port: number;
  readonly host?: string;
  readonly threads?: number;
  readonly queue?: number;
  readonly log?: true;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addServe(program: Command, context: CliContext): void {
  program
    .command('serve')
    .summary('serve a model folder over HTTP, with a page to try it')
    .description('Serves a model folder: the OpenAI-compatible API under /v1, /health, /metrics, and a page at /.')
    .argument('<DIR>', 'model folder')
    .option('--port <n>', 'port; 0 takes any that is free', wholeNumber('--port', { min: 0, max: 65_535 }), DEFAULT_PORT)
    .option('--host <name>', 'name or address to listen on; 0.0.0.0 for all (default: localhost)')
    .option('--queue <n>', 'most requests that wait; more get 429', wholeNumber('--queue', { min: 0 }))
    .option('--log', 'log requests as JSON lines on stderr')
    .option('--json', 'print where it serves as one JSON object')
    .action(async (folder: string, flags: ServeFlags) => {
      await serveUntilStopped(folder, flags, context);
    });
}

/** Serves `folder` until the program is stopped. */
export async function serveUntilStopped(
  folder: string,
  flags: Omit<ServeFlags, 'json'> & { readonly json?: true },
  context: CliContext,
): Promise<void> {
  const { serve } = await import('../../serve/index.ts');
  const { port, host, queue, log } = flags;
  const server = await serve(folder, {
    port,
    ...(host === undefined ? {} : { host }),
    ...(queue === undefined ? {} : { queue }),
    ...(log === true ? { log } : {}),
  });
  try {
    if (flags.json === true) printJson(context, { url: server.url, model: folder });
    else announce(server.url, context);
    await untilStopped(context.signal);
  } finally {
    await server.close();
  }
}

/** Says where a server answers, and how to stop it. */
export function announce(url: string, context: CliContext): void {
  const style = createStyle(context.stdout.isTTY === true, context.env);
  printLine(context, `\n  ${style.bold('Serving'.padEnd(12))}${style.accent(url)}`);
  if (context.stdout.isTTY === true) printLine(context, `  ${' '.repeat(12)}${style.dim('Ctrl-C stops it')}`);
}
