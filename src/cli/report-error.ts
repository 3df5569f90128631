/** An error as the command line shows it: one line with the code, what helps, and the exit code that belongs to it. */

import { ShapeError, UsageError, WeftError } from '../core/index.ts';
import { Stop } from './context.ts';
import type { CliContext } from './context.ts';
import { printable } from './terminal/printable.ts';
import { createStyle } from './terminal/style.ts';

/** Prints `error` on stderr and gives the exit code: 2 for a wrong use, 1 for all else, the signal's when stopped. */
export function reportError(error: unknown, context: CliContext): number {
  if (error instanceof Stop) return error.exitCode;
  const reason: unknown = context.signal.reason;
  if (context.signal.aborted && reason instanceof Stop && isAbort(error)) return reason.exitCode;
  const known = error instanceof WeftError ? error : internalError(error);
  const style = createStyle(context.stderr.isTTY === true, context.env);
  const lines = [`${style.bad('error')} ${style.dim(`[${known.code}]`)} ${oneLine(known.message)}`];
  // Operands with their shapes say more than the sentence; other errors say all in one line.
  if (known instanceof ShapeError) lines.push(...known.details.map((line) => `    ${printable(line)}`));
  lines.push(`  ${oneLine(known.remedy)}`);
  if ((context.env['WEFT_DEBUG'] ?? '') !== '') lines.push(...traces(error));
  context.stderr.write(`${lines.join('\n')}\n`);
  return known instanceof UsageError ? 2 : 1;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function internalError(error: unknown): WeftError {
  return new WeftError({
    code: 'WEFT_INTERNAL',
    action: 'go on',
    rule: 'something went wrong that Weft did not foresee',
    value: error instanceof Error ? error.message : String(error),
    remedy: 'Please report it with the output of the same command under WEFT_DEBUG=1.',
    cause: error,
  });
}

function oneLine(text: string): string {
  return printable(text.replace(/\s*\n\s*/g, ' '));
}

/** Where the error came from, and the errors behind it. */
function traces(error: unknown): string[] {
  const lines: string[] = [];
  for (let current: unknown = error; current instanceof Error; current = current.cause)
    lines.push(printable(current.stack ?? String(current)));
  return lines;
}
