/** Lines in two columns: a label, and what it is about. */

import type { Style } from './style.ts';

const LABEL = 12;

/** A line with a label in the left column. */
export function labelled(label: string, text: string, style: Style): string {
  return `  ${style.bold(label.padEnd(LABEL))}${text}`;
}

/** A line under a label. */
export function continued(text: string): string {
  return ' '.repeat(LABEL + 2) + text;
}

/** Lines with a label before the first. */
export function labelledLines(label: string, lines: readonly string[], style: Style): string[] {
  return lines.map((line, index) => (index === 0 ? labelled(label, line, style) : continued(line)));
}
