/** Tokens and prices as lines for people. */

import type { Calibration, MachineRow, TokenReport, TokenRow } from '../../workflows/index.ts';
import { cellsOf, cutCells, fillLines, padCells } from './cells.ts';
import { continued, labelled, labelledLines } from './columns.ts';
import { type Page, roomOf } from './explanation-lines.ts';
import { byteSize, counted, whole } from './numbers.ts';
import { printable } from './printable.ts';

/** What `weft tokens` prints. */
export function tokenReportLines(report: TokenReport, page: Page): string[] {
  const { style } = page;
  const { files, bytes, characters, words, languages, outputTokens, models, machines } = report;
  const shown = languages.filter(({ share }) => share >= 0.005).slice(0, 8);
  return [
    labelled(
      'Text',
      `${counted(files, 'file')}, ${byteSize(bytes)}, ${counted(characters, 'character')}, ${counted(words, 'word')}`,
      style,
    ),
    ...(files === 0 ? [continued(style.warn('There is no text in it.'))] : []),
    ...(shown.length === 0
      ? []
      : labelledLines(
          'Language',
          fillLines(
            shown.map(({ language, share }) => `${language} ${(100 * share).toFixed(0)}%`),
            roomOf(page),
          ),
          style,
        )),
    labelled('Answer', `${counted(outputTokens, 'token')}${style.dim('; --output-tokens says how many')}`, style),
    '',
    ...table(
      [
        ['model', 'tokens', 'a word', '1,000 words', 'input', 'output', 'as of'],
        ...models.map((row) => [
          printable(row.model),
          row.estimate === null ? whole(row.tokens) : `~${whole(rounded(row.tokens, 3))}`,
          row.tokensPerWord === null ? '–' : row.tokensPerWord.toFixed(2),
          row.tokensPer1000Words === null
            ? '–'
            : whole(row.estimate === null ? row.tokensPer1000Words : rounded(row.tokensPer1000Words, 3)),
          ...priceCells(row),
        ]),
      ],
      page,
    ),
    ...notes(models, page),
    ...machineLines(machines, page),
    ...(models.some(({ price }) => price !== null)
      ? [
          '',
          ...labelledLines(
            'Prices',
            fillLines(
              'change, and were not looked up now: “as of” says when each was true. In US dollars, without tax, cache, batch or volume discounts. Override them with --prices prices.json (docs/tokens-and-prices.md).'.split(
                ' ',
              ),
              roomOf(page),
              ' ',
            ).map(style.dim),
            style,
          ),
        ]
      : []),
  ];
}

function priceCells({ price }: TokenRow): string[] {
  return price === null ? ['–', '–', ''] : [dollars(price.input), dollars(price.output), price.asOf];
}

/** The ways of estimating, each with the models that it was used for. */
function notes(models: readonly TokenRow[], page: Page): string[] {
  const { style } = page;
  const byWay = new Map<string, string[]>();
  for (const { model, estimate } of models) if (estimate !== null) byWay.set(estimate, [...(byWay.get(estimate) ?? []), model]);
  if (byWay.size === 0) return [];
  return [
    '',
    ...labelledLines('Estimates', ['~ marks an estimate: the model’s own tokenizer is not at hand.'], style),
    ...[...byWay].flatMap(([way, names]) =>
      fillLines(`${names.join(', ')}: ${way}`.split(' '), roomOf(page), ' ').map((line) => continued(style.dim(printable(line)))),
    ),
  ];
}

/** Machines side by side in one table. */
const SIDE_BY_SIDE = 2;

function machineLines(machines: readonly MachineRow[], page: Page): string[] {
  const { style } = page;
  const indent = cellsOf(continued(''));
  const lines: string[] = [];
  for (let start = 0; start < machines.length; start += SIDE_BY_SIDE) {
    const shown = machines.slice(start, start + SIDE_BY_SIDE);
    const rivals = shown[0]?.cheaperThan.map(({ model }) => model) ?? [];
    lines.push(
      '',
      ...labelledLines(
        'Self-hosted',
        shown.flatMap((machine) => fillLines(machineText(machine).split(' '), roomOf(page), ' ')),
        style,
      ),
      ...(rivals.length === 0
        ? []
        : [
            '',
            continued('requests a month (tokens) from which it is cheaper than'),
            ...table(
              [
                ['', ...shown.map(({ model }) => printable(model))],
                ...rivals.map((model, row) => [printable(model), ...shown.map((machine) => volume(machine, row))]),
              ],
              page,
              indent,
            ),
          ]),
    );
  }
  return lines;
}

/** All that is assumed of a machine. */
function machineText(machine: MachineRow): string {
  const { model, hardware, dollarsPerHour, inputTokensPerSecond, outputTokensPerSecond, utilisation } = machine;
  const speed = `${whole(inputTokensPerSecond)} tokens read and ${whole(outputTokensPerSecond)} written a second`;
  const most = `${whole(rounded(machine.requestsPerMonth, 2))} such requests a month at most`;
  return printable(
    `${model}: ${hardware} at ${dollars(dollarsPerHour)} an hour, ${dollars(rounded(machine.dollarsPerMonth, 2))} a month however busy; ${speed}, ${(100 * utilisation).toFixed(0)}% of the time: ${most}, at the price above. ${machine.source}, ${machine.asOf}.`,
  );
}

/** From assumptions come no more than two figures. */
function volume({ cheaperThan }: MachineRow, row: number): string {
  const { requests, tokens } = cheaperThan[row] ?? { requests: null, tokens: null };
  return requests === null || tokens === null ? 'never' : `${whole(rounded(requests, 2))} (${tokenCount(tokens)})`;
}

/** What `weft tokens --calibrate` prints. */
export function calibrationLines({ languages, base, files }: Calibration, out: string | undefined, page: Page): string[] {
  const { style } = page;
  const names = Object.keys(languages[0]?.tokens ?? {});
  const words = languages.reduce((sum, language) => sum + language.words, 0);
  return [
    labelled('Text', `${files.map(printable).join(', ')}: ${counted(words, 'word')}`, style),
    '',
    continued(style.bold('tokens a word')),
    ...table(
      [
        [
          'language',
          'words',
          ...names.map(printable),
          ...names.filter((name) => name !== base).map((name) => (names.length > 2 ? `÷ ${printable(name)}` : `÷ ${base}`)),
        ],
        ...languages.map(({ language, words: count, tokens }) => [
          language,
          whole(count),
          ...names.map((name) => (count === 0 ? '–' : ((tokens[name] ?? 0) / count).toFixed(2))),
          ...names.filter((name) => name !== base).map((name) => ((tokens[name] ?? 0) / (tokens[base] ?? 1)).toFixed(2)),
        ]),
      ],
      page,
    ),
    ...(out === undefined
      ? [continued(style.dim('--out FILE keeps it for weft tokens --calibration FILE'))]
      : [labelled('Saved', printable(out), style)]),
  ];
}

/** A table: the first column to the left, numbers to the right; the first row is its head. */
function table(rows: readonly (readonly string[])[], { style, width }: Page, indent: number = 2): string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => cellsOf(row[column] ?? ''))));
  const others = widths.slice(1).reduce((sum, cells) => sum + cells + 2, 0);
  widths[0] = Math.max(8, Math.min(widths[0] ?? 0, width - indent - others));
  return rows.map((row, index) => {
    const cells = row.map((cell, column) =>
      padCells(cutCells(cell, widths[column] ?? 0), widths[column] ?? 0, column === 0 ? 'end' : 'start'),
    );
    const line = cells.join('  ').trimEnd();
    return ' '.repeat(indent) + (index === 0 ? style.dim(line) : line);
  });
}

/** Dollars with two figures that say something: `$1,234`, `$2.50`, `$0.012`. */
function dollars(value: number): string {
  if (value === 0) return '$0';
  if (value >= 100) return `$${whole(value)}`;
  if (value >= 1) return `$${value.toFixed(2)}`;
  if (value < 0.000_001) return '<$0.000001';
  return `$${value.toFixed(Math.min(7, 1 - Math.floor(Math.log10(value))))}`;
}

/** `12345, 2` → `12000`. */
function rounded(value: number, figures: number): number {
  return value < 10 ** figures ? Math.round(value) : Number(value.toPrecision(figures));
}

/** `1.3B`, in two figures. */
function tokenCount(tokens: number): string {
  for (const [size, name] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
  ] as const) {
    if (tokens >= size) return `${tokens / size >= 10 ? whole(rounded(tokens / size, 2)) : (tokens / size).toFixed(1)}${name}`;
  }
  return whole(rounded(tokens, 2));
}
