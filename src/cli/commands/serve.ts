/** `weft serve`: a model folder behind HTTP, with the page. */

import type { Command } from 'commander';

import { printJson, untilStopped } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { BASE_HELP } from '../load-source.ts';
import { continued, labelled } from '../terminal/columns.ts';
import type { Output } from '../terminal/render-events.ts';
import { createStyle } from '../terminal/style.ts';

/** The port of `weft serve`, `weft studio` and `weft quickstart`. */
export const DEFAULT_PORT = 8080;

/** The flags of the commands that serve. */
export interface ServeFlags {
  readonly port: number;
  readonly host?: string;
  readonly base?: string;
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
    .argument('<DIR>', 'folder of a model or an adapter')
    .option('--port <n>', 'port; 0 takes any that is free', wholeNumber('--port', { min: 0, max: 65_535 }), DEFAULT_PORT)
    .option('--host <name>', 'name or address to listen on; 0.0.0.0 for all (default: localhost)')
    .option('--base <dir>', BASE_HELP)
    .option('--queue <n>', 'most requests that wait; more get 429', wholeNumber('--queue', { min: 0 }))
    .option('--log', 'log requests as JSON lines on stderr')
    .option('--json', 'print where it serves as one JSON object')
    .action(async (folder: string, flags: ServeFlags) => {
      const { json, ...options } = flags;
      const onStart = (url: string): void =>
        json === true ? printJson(context, { url, model: folder }) : announce(url, context, context.stdout);
      await serveUntilStopped(folder, { ...options, onStart }, context);
    });
}

/** Serves `folder` until the program is stopped; `onStart` hears where. */
export async function serveUntilStopped(
  folder: string,
  { onStart, port, host, base, queue, log }: ServeFlags & { readonly onStart: (url: string) => void },
  context: CliContext,
): Promise<void> {
  const { serve } = await import('../../serve/index.ts');
  const server = await serve(folder, {
    port,
    ...(host === undefined ? {} : { host }),
    ...(base === undefined ? {} : { base }),
    ...(queue === undefined ? {} : { queue }),
    ...(log === undefined ? {} : { log }),
  });
  try {
    onStart(server.url);
    await untilStopped(context.signal);
  } finally {
    await server.close();
  }
}

/** Says on `output` where a server answers, and how to stop it. */
export function announce(url: string, { env }: CliContext, output: Output): void {
  const style = createStyle(output.isTTY === true, env);
  output.write(`\n${labelled('Serving', style.accent(url), style)}\n`);
  if (output.isTTY === true) output.write(`${continued(style.dim('Ctrl-C stops it'))}\n`);
}
