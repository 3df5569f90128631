/** `weft serve`: model folders behind HTTP, with the page. */

import type { Command } from 'commander';

import type { ModelSource, ServeOptions, ServeTarget } from '../../serve/index.ts';
import { printJson, untilStopped } from '../context.ts';
import type { CliContext } from '../context.ts';
import { addServeFlags, serveSettings } from '../serve-flags.ts';
import type { ServeFlags } from '../serve-flags.ts';
import { continued, labelled } from '../terminal/columns.ts';
import type { Output } from '../terminal/render-events.ts';
import { createStyle } from '../terminal/style.ts';

/** The port of `weft serve`, `weft studio` and `weft quickstart`. */
export const DEFAULT_PORT = 8080;

/** Adds the command to the program. */
export function addServe(program: Command, context: CliContext): void {
  const command = program
    .command('serve')
    .summary('serve model folders over HTTP, with a page to try them')
    .description(
      'Serves model folders: the OpenAI-compatible API under /v1, /health, /metrics, and a page at /. The first answers requests that name none.',
    )
    .argument('[DIR...]', 'folders of models or adapters; --config may name them instead');
  addServeFlags(command)
    .option('--json', 'print where it serves as one JSON object')
    .action(async (folders: readonly string[], flags: ServeFlags) => {
      const { readSettings } = await import('../../serve/index.ts');
      const file = flags.config === undefined ? {} : await readSettings(flags.config);
      const { models, options, workers = 1 } = serveSettings(folders, flags, file);
      const paths = models.map((model) => (typeof model === 'string' ? model : model.path));
      const onStart = (url: string): void =>
        flags.json === true
          ? printJson(context, { url, model: paths[0], ...(paths.length > 1 ? { models: paths } : {}) })
          : announce(url, context, context.stdout);
      if (workers > 1) await workersUntilStopped(models, { ...options, workers, onStart }, context);
      else await serveUntilStopped(models, { ...options, onStart }, context);
    });
}

/** Serves until the program is stopped; `onStart` hears where. */
export async function serveUntilStopped(
  target: ServeTarget,
  { onStart, ...options }: ServeOptions & { readonly onStart: (url: string) => void },
  context: CliContext,
): Promise<void> {
  const { serve } = await import('../../serve/index.ts');
  const server = await serve(target, options);
  try {
    onStart(server.url);
    await untilStopped(context.signal);
  } finally {
    await server.close();
  }
}

/** The same from several processes. */
async function workersUntilStopped(
  models: readonly (string | ModelSource)[],
  { onStart, workers, log, clock: _, ...options }: ServeOptions & { readonly workers: number; readonly onStart: (url: string) => void },
  context: CliContext,
): Promise<void> {
  const { serveWorkers } = await import('../../serve/index.ts');
  const server = await serveWorkers(
    models,
    { ...options, log: log === true },
    {
      workers,
      onRestart: ({ pid, reason, seconds }) => context.stderr.write(`Worker ${pid} ended (${reason}); another starts in ${seconds} s\n`),
    },
  );
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
