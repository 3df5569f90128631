/** An explained tokenizer as lines for people. */

import type { EncodingExplanation, LatticeEdge, PieceExplanation, PieceSteps } from '../../tokenizers/index.ts';
import { cellsOf, cutCells, fillLines, padCells } from './cells.ts';
import { continued, labelled, labelledLines } from './columns.ts';
import { counted, whole } from './numbers.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** Where the lines go. */
export interface Page {
  readonly style: Style;
  /** Cells of a line. */
  readonly width: number;
}

/** Pieces that are told one by one; all are in the JSON. */
const SHOWN_PIECES = 24;
const SHOWN_TOKENS = 60;
const SHOWN_STEPS = 24;

/** Cells to the right of the labels. */
export function roomOf({ width }: Page): number {
  return Math.max(20, width - cellsOf(continued('')));
}

/** How a text became ids. */
export function encodingLines(told: EncodingExplanation, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  const { text, normalization, pieces, splitting, notes } = told;
  const shown = distinct(pieces).slice(0, SHOWN_PIECES);
  const by = splitting.length === 0 ? '' : `, cut by ${splitting.join(', ')}`;
  return [
    '',
    style.bold(`From text to ids`) + style.dim(` with ${NAMES[told.type]}`),
    ...labelledLines('Text', colouredText(told, page), style),
    ...normalization.flatMap((step, index) => [
      labelled(index === 0 ? 'Normalized' : '', cutCells(visible(step.text), room), style),
      continued(style.dim(cutCells(`by ${visible(step.name)}`, room))),
    ]),
    ...labelledLines(
      'Pieces',
      [
        ...fillLines(
          pieces.slice(0, 4 * SHOWN_PIECES).map(({ piece }) => visible(piece)),
          room,
        ),
        style.dim(`${counted(pieces.length, 'piece')}${by}`),
      ],
      style,
    ),
    ...shown.flatMap((piece) => pieceLines(piece, page)),
    ...more(distinct(pieces).length - shown.length, 'pieces', style),
    '',
    ...tokenLines(told, page),
    ...notes.flatMap((note) => labelledLines('Note', fillLines(note.split(' '), room, ' ').map(style.warn), style)),
    ...(told.agrees === null ? [] : [agreement(told.agrees, style)]),
  ].concat(text === '' ? [continued(style.dim('The text is empty.'))] : []);
}

/** How each kind is called. */
export const NAMES: { readonly [T in EncodingExplanation['type']]: string } = {
  bpe: 'byte pair encoding',
  unigram: 'a unigram language model',
  wordpiece: 'WordPiece',
  words: 'whole words',
  characters: 'characters',
};

function agreement(agrees: boolean, style: Style): string {
  return agrees
    ? labelled('Checked', style.good('The steps lead to the ids that the tokenizer itself gives.'), style)
    : labelled('Checked', style.bad('The ids are the tokenizer’s own; the steps do not lead to them.'), style);
}

function distinct(pieces: readonly PieceExplanation[]): PieceExplanation[] {
  return [...new Map(pieces.map((piece) => [`${piece.steps.how} ${piece.piece}`, piece])).values()];
}

/** The text, its tokens told apart by colour, or by a stroke between them. */
function colouredText({ text, tokens }: EncodingExplanation, page: Page): string[] {
  const { style } = page;
  const colours = [style.accent, style.good, style.warn];
  const room = roomOf(page);
  const lines = [''];
  let cells = 0;
  let position = 0;
  const add = (part: string, colour: (text: string) => string): void => {
    for (const character of visible(part, 'text')) {
      if (cells + cellsOf(character) > room) {
        lines.push('');
        cells = 0;
      }
      lines[lines.length - 1] += colour(character);
      cells += cellsOf(character);
    }
  };
  let number = 0;
  for (const { start, end } of tokens) {
    if (end <= position) continue; // It shares a character with the token before.
    add(text.slice(position, start), (part) => part);
    if (!style.colorful && number > 0) add('|', (part) => part);
    add(text.slice(Math.max(start, position), end), colours[number % colours.length] ?? style.accent);
    position = end;
    number++;
    if (lines.length > 12) return [...lines, style.dim('…')];
  }
  add(text.slice(position), (part) => part);
  return lines;
}

function pieceLines({ piece, text, steps, tokens }: PieceExplanation, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  const name = visible(piece);
  const lines = stepLines(steps, page);
  const result = fillLines(
    tokens.map(({ id, token }) => `${visible(token)} ${id}`),
    room - 2,
  ).map((line, index) => (index === 0 ? style.dim('→ ') : '  ') + style.accent(line));
  // `Ġ` for a space is soon learnt; other bytes are not.
  const readable = text === undefined || text.trim() === piece.replace(/^Ġ/, '') ? [] : [style.dim(`“${visible(text, 'text')}”`)];
  const all = [...readable, ...lines, ...result];
  return cellsOf(name) > 11
    ? ['', `  ${style.bold(cutCells(name, page.width - 2))}`, ...all.map(continued)]
    : ['', `  ${style.bold(padCells(name, 12))}${all[0] ?? ''}`, ...all.slice(1).map(continued)];
}

function stepLines(steps: PieceSteps, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  switch (steps.how) {
    case 'added':
      return [style.dim('an added token, taken whole')];
    case 'lookup':
      return [style.dim(steps.found ? 'in the vocabulary as a whole' : 'not in the vocabulary')];
    case 'merges': {
      const rows = steps.merges.slice(0, SHOWN_STEPS).map(({ rank, left, right, symbols }) => ({
        name: `merge ${rank + 1}`,
        pair: `${visible(left)} + ${visible(right)}`,
        symbols: symbols.map((symbol) => visible(symbol)).join(' '),
      }));
      const names = Math.max(...rows.map(({ name }) => name.length), 0);
      const pairs = Math.min(24, Math.max(...rows.map(({ pair }) => cellsOf(pair)), 0));
      return [
        cutCells(steps.symbols.map((symbol) => visible(symbol)).join(' '), room),
        ...rows.map(({ name, pair, symbols }) => {
          const rest = Math.max(8, room - names - pairs - 4);
          return `${style.dim(name.padEnd(names))}  ${padCells(cutCells(pair, pairs), pairs)}  ${cutCells(symbols, rest)}`;
        }),
        ...(steps.merges.length > rows.length ? [style.dim(`… ${steps.merges.length - rows.length} more merges`)] : []),
        ...(steps.merges.length === 0 && steps.symbols.length > 1 ? [style.dim('no merge fits')] : []),
      ];
    }
    case 'longest-match':
      if (steps.matches.length === 0) return [style.dim('too long a word: unknown as a whole')];
      return steps.matches.slice(0, SHOWN_STEPS).map(({ rest, tried, attempts, found }) => {
        const failed = tried.slice(0, found === null ? tried.length : -1).map((token) => visible(token));
        const shown = failed.length > 4 || attempts > tried.length ? [...failed.slice(0, 2), '…', ...failed.slice(-1)] : failed;
        const tail = found === null ? style.bad('nothing fits: the word is unknown') : style.good(`${visible(found)} ✓`);
        return `${style.dim(padCells(cutCells(visible(rest), 16), 10))}  ${shown.map((token) => (token === '…' ? style.dim('…  ') : style.dim(`${cutCells(token, 14)} ✗  `))).join('')}${tail}`;
      });
    case 'lattice':
      return latticeLines(steps, page);
  }
}

/** Every token of the lattice as a beam under the characters that it covers. */
function latticeLines({ characters, edges, paths }: PieceSteps & { readonly how: 'lattice' }, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  const wide = characters.map((character) => Math.max(1, cellsOf(visible(character))));
  const at = [0];
  for (const cells of wide) at.push((at.at(-1) ?? 0) + cells + 1);
  const head = characters.map((character, index) => padCells(visible(character), wide[index] ?? 1)).join(' ');
  const drawn = (at.at(-1) ?? 0) + 34 <= room;
  const shown = edges
    .filter(({ best, probability }) => best || probability >= 0.0005 || edges.length <= SHOWN_STEPS)
    .slice(0, 2 * SHOWN_STEPS);
  const names = Math.min(16, Math.max(...shown.map(({ token }) => cellsOf(visible(token))), 5));
  const row = ({ start, end, token, logProbability, probability, best }: LatticeEdge): string => {
    const from = at[start] ?? 0;
    const length = (at[end] ?? 0) - from - 1;
    const beam = length < 2 ? '│' : `├${'─'.repeat(length - 2)}┤`;
    const place = drawn ? padCells(' '.repeat(from) + beam, (at.at(-1) ?? 0) + 1) : '';
    const numbers = `${logProbability.toFixed(2).padStart(7)} ${percent(probability).padStart(7)}`;
    const line = `${place}${padCells(cutCells(visible(token), names), names)}${numbers}`;
    return best ? style.accent(`${line} ◂`) : style.dim(line);
  };
  return [
    drawn ? `${padCells(head, (at.at(-1) ?? 0) + 1)}${padCells('token', names)}${style.dim('   log p   share')}` : cutCells(head, room),
    ...shown.map(row),
    ...(shown.length < edges.length ? [style.dim(`${edges.length - shown.length} tokens with a share below 0.05% are left out`)] : []),
    ...paths.map((path, index) =>
      cutCells(
        `${index === 0 ? 'best ' : 'next '} ${path.logProbability.toFixed(2).padStart(7)}  ${path.tokens.map((token) => visible(token)).join(' ')}`,
        room,
      ),
    ),
  ];
}

function tokenLines({ tokens, ids }: EncodingExplanation, page: Page): string[] {
  const { style } = page;
  const room = roomOf(page);
  const shown = tokens.slice(0, SHOWN_TOKENS);
  const names = Math.min(24, Math.max(5, ...shown.map(({ token }) => cellsOf(visible(token)))));
  const digits = Math.max(2, ...shown.map(({ id }) => String(id).length));
  return [
    ...labelledLines(
      'Ids',
      [
        `${style.dim(padCells('id', digits, 'start'))}  ${style.dim(padCells('token', names))}  ${style.dim('bytes')}`,
        ...shown.map(({ id, token, bytes }) => {
          const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
          return `${style.accent(String(id).padStart(digits))}  ${padCells(cutCells(visible(token), names), names)}  ${style.dim(cutCells(hex, room - digits - names - 4))}`;
        }),
      ],
      style,
    ),
    ...more(tokens.length - shown.length, 'tokens', style),
    continued(counted(ids.length, 'token')),
  ];
}

/** A line for what is left out. */
export function more(count: number, things: string, style: Style): string[] {
  return count > 0 ? [continued(style.dim(`… ${whole(count)} more ${things}; --json has all`))] : [];
}

/** `0.9855` → `98.5%`. */
export function percent(share: number): string {
  return share >= 0.0005 ? `${(100 * share).toFixed(1)}%` : share > 0 ? '<0.1%' : '0.0%';
}

/** A token as it can be seen: line ends and tabs as signs, and spaces too unless it is running text. */
export function visible(text: string, kind: 'token' | 'text' = 'token'): string {
  const signs = printable(text).replaceAll('\n', '↵').replaceAll('\t', '⇥');
  return kind === 'token' ? signs.replaceAll(' ', '␣') : signs;
}
