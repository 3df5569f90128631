/** A small JSON file that the user names: prices, a calibration. */

import { readFile, stat } from 'node:fs/promises';

import { FormatError } from '../../core/index.ts';

const LARGEST = 1 << 24;

/** The parsed file. @throws FormatError with `code` when it can't be opened, is too large, or no JSON */
export async function jsonFromFile(path: string, { code, what }: { readonly code: string; readonly what: string }): Promise<unknown> {
  const fail = (rule: string, value: string, cause?: unknown): FormatError =>
    new FormatError({
      code,
      action: `read the ${what} ${path}`,
      rule,
      value,
      remedy: 'Give the path of a JSON file; docs/tokens-and-prices.md has an example.',
      cause,
    });
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > LARGEST) throw fail(`it has ${LARGEST} bytes or fewer`, `${size} bytes`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw fail('the file cannot be opened', (error as NodeJS.ErrnoException).code ?? String(error), error);
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, '')) as unknown;
  } catch (error) {
    throw fail('it must be JSON', (error as Error).message, error);
  }
}
