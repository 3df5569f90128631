/** Runs the program once: arguments in, exit code out. */

import { readFileSync } from 'node:fs';

import { CommanderError } from 'commander';

import { commandPath, usageError } from './commander-error.ts';
import type { CliContext } from './context.ts';
import { createProgram } from './program.ts';
import { reportError } from './report-error.ts';

/**
 * Runs `weft` with `argv` (without Node and the script) in the world of `context`.
 *
 * @returns the exit code: 0 for success, 1 for an error, 2 for a wrong use, 128 + n when stopped by signal n.
 */
export async function run(argv: readonly string[], context: CliContext): Promise<number> {
  const program = createProgram(context, version());
  try {
    // `weft` and `weft tokenizer` alone explain themselves.
    const { command, names } = commandPath(program, argv);
    const alone = names.length === argv.length && command.commands.length > 0;
    await program.parseAsync(alone ? [...argv, '--help'] : argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, context);
    // Help and version end this way, too.
    if (error.exitCode !== 0) return reportError(usageError(error, program, argv), context);
  }
  return context.signal.aborted ? reportError(context.signal.reason, context) : 0;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  return manifest.version;
}
