/**
 * The one error model of Weft: what was attempted, the rule, the value, the remedy, and a stable code.
 *
 * Message form: "Cannot <action> as <rule>: <value>" (after the Deno standard library's error guide).
 */

/** What an error tells: see {@link WeftError}. */
export interface ErrorReport {
  /** Stable code, listed in `docs/errors.md`, e.g. `WEFT_DATA_EMPTY`. */
  readonly code: string;
  /** What was attempted, as it reads after "Cannot", e.g. `train on an empty corpus`. */
  readonly action: string;
  /** The rule that stands against it, as it reads after "as". */
  readonly rule: string;
  /** The value that broke the rule. */
  readonly value?: string;
  /** What the user can do about it: one sentence. */
  readonly remedy: string;
  /** Further lines (operands with shapes and origin), each printed indented. */
  readonly details?: readonly string[];
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * An error that a user can act upon.
 *
 * @example
 * ```ts
 * import { WeftError } from 'weft';
 *
 * const error = new WeftError({
 *   code: 'WEFT_DATA_EMPTY',
 *   action: 'train on notes.txt',
 *   rule: 'a corpus needs text',
 *   value: '0 bytes',
 *   remedy: 'Give a file with text in it.',
 * });
 * console.log(error.message); // Cannot train on notes.txt as a corpus needs text: 0 bytes
 * ```
 */
export class WeftError extends Error {
  override readonly name: string = 'WeftError';
  readonly code: string;
  readonly remedy: string;
  readonly details: readonly string[];

  constructor(report: ErrorReport) {
    const value = report.value === undefined ? '' : `: ${report.value}`;
    super(`Cannot ${report.action} as ${report.rule}${value}`, report.cause === undefined ? undefined : { cause: report.cause });
    this.code = report.code;
    this.remedy = report.remedy;
    this.details = report.details ?? [];
  }

  /** The whole report: name and code, message, details and remedy. */
  override toString(): string {
    return [`${this.name} [${this.code}]: ${this.message}`, ...this.details.map((line) => `    ${line}`), `    ${this.remedy}`].join('\n');
  }
}

/** The shapes or dtypes of tensors do not fit an operation. */
export class ShapeError extends WeftError {
  override readonly name: string = 'ShapeError';
}

/** An option, flag, recipe key or argument is unknown or out of its range. The command line exits with 2. */
export class UsageError extends WeftError {
  override readonly name: string = 'UsageError';
}

/** A file from outside is truncated, corrupted, hostile or of another kind. */
export class FormatError extends WeftError {
  override readonly name: string = 'FormatError';
}

/**
 * Throws a {@link UsageError} when `options` has a key that is not in `known`; suggests the nearest known key.
 *
 * @example
 * ```ts
 * import { checkOptions } from 'weft';
 *
 * try {
 *   checkOptions('train', { stesp: 10 }, ['steps', 'seed']);
 * } catch (error) {
 *   console.log((error as Error).message); // Cannot train as the option is unknown: stesp
 * }
 * ```
 */
export function checkOptions(action: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const nearest = nearestTo(key, known);
    throw new UsageError({
      code: 'WEFT_OPTION_UNKNOWN',
      action,
      rule: 'the option is unknown',
      value: key,
      remedy: nearest === undefined ? `Known options: ${known.join(', ')}.` : `Did you mean ${nearest}?`,
    });
  }
}

/** The name that `key` was most likely meant to be, if any is near enough. */
export function nearestTo(key: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, edits: editDistance(name, key) }))
    .filter(({ edits }) => edits <= Math.max(1, Math.floor(key.length / 3)));
  return near.sort((a, b) => a.edits - b.edits)[0]?.name;
}

/** Letters put in, left out, changed, or swapped with the next (optimal string alignment): a swap is one slip, not two. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(change, swap, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
