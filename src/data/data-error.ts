/** The errors of reading text: each with the file, the rule and the remedy. */

import { UsageError, WeftError } from '../core/index.ts';

/** A file that is no text, or cannot be read. Files that the user did not name are skipped for it. */
export interface FileProblem {
  readonly code: `WEFT_DATA_${string}`;
  readonly path: string;
  readonly rule: string;
  readonly value?: string;
  readonly remedy: string;
  readonly cause?: unknown;
}

/** The error for a file. */
export function fileError({ path, value, cause, ...report }: FileProblem): WeftError {
  return new WeftError({
    ...report,
    action: `read ${path}`,
    ...(value === undefined ? {} : { value }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Throws a UsageError `WEFT_DATA_OPTION` unless `holds`. */
export function demandOption(holds: boolean, action: string, { rule, value }: { readonly rule: string; readonly value: unknown }): void {
  if (holds) return;
  throw new UsageError({
    code: 'WEFT_DATA_OPTION',
    action,
    rule,
    value: typeof value === 'string' ? JSON.stringify(value) : String(value),
    remedy: 'Correct the option or leave it out for its default.',
  });
}
