/** The few styles the program uses, and when a stream may have colours. */

import pico from 'picocolors';

/** Functions that wrap text in a style, or leave it as it is where the stream has no colours. */
export interface Style {
  readonly colorful: boolean;
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
}

/**
 * The style for a stream: colours on a terminal, unless `NO_COLOR` is set and not empty (https://no-color.org) or the
 * terminal is dumb; `FORCE_COLOR` other than `0` asks for them elsewhere.
 */
export function createStyle(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '' && env['FORCE_COLOR'] !== '0';
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['FORCE_COLOR'] === '0' || (env['TERM'] === 'dumb' && !forced);
  const colorful = !refused && (isTerminal || forced);
  const { bold, dim, cyan, green, yellow, red } = pico.createColors(colorful);
  return { colorful, bold, dim, accent: cyan, good: green, warn: yellow, bad: red };
}
