/** A line of the table that the benchmark prints. */

/** What was measured, and what was wished for. */
export interface Line {
  readonly what: string;
  readonly measured: string;
  /** Empty where there is none. */
  readonly goal: string;
  /** Undefined where there is no goal, or it could not be measured. */
  readonly met: boolean | undefined;
}

/** The lines as a table of Markdown. */
export function tableOf(lines: readonly Line[]): string {
  const words = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'yes' : 'no');
  const rows = lines.map(({ what, measured, goal, met }) => [what, measured, goal, words(met)]);
  return [['what', 'measured', 'goal', 'met'], ['---', '---', '---', '---'], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
