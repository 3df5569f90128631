/** Text in the cells of a terminal: how wide it is, padded, and in lines that fit. */

/** Ranges that take two cells: East Asian Wide and Fullwidth (Unicode's UAX #11), and the emoji that terminals draw so. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NONE = /[\p{Mn}\p{Me}\p{Cf}\u200b]/u;

/** Cells that a text without escape sequences takes. */
export function cellsOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += NONE.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return cells;
}

/** `text` and blanks behind it, or before it, up to `cells`. */
export function padCells(text: string, cells: number, side: 'end' | 'start' = 'end'): string {
  const blanks = ' '.repeat(Math.max(0, cells - cellsOf(text)));
  return side === 'end' ? text + blanks : blanks + text;
}

/** `text` cut to `cells`, with a sign where something is missing. */
export function cutCells(text: string, cells: number): string {
  if (cellsOf(text) <= cells) return text;
  let cut = '';
  for (const character of text) {
    if (cellsOf(cut + character) > cells - 1) break;
    cut += character;
  }
  return `${cut}…`;
}

/** Items one behind the other, as many a line as fit into `room`; one that is longer than a line is cut. */
export function fillLines(items: readonly string[], room: number, gap: string = '   '): string[] {
  const lines: string[] = [];
  for (const item of items.map((one) => cutCells(one, room))) {
    const last = lines.at(-1);
    if (last !== undefined && cellsOf(last) + gap.length + cellsOf(item) <= room) lines[lines.length - 1] = last + gap + item;
    else lines.push(item);
  }
  return lines;
}
