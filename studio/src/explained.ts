/** The parts of an explained tokenizer, as the server sends them, and how their symbols are written on the page. */

import type { PageExplanation } from '../../src/serve/index.ts';

type Training = NonNullable<PageExplanation['training']>;
/** BPE or WordPiece. */
export type MergeTraining = Extract<Training, { readonly rule: unknown }>;
export type UnigramTraining = Extract<Training, { readonly rounds: unknown }>;
export type CountTraining = Extract<Training, { readonly counts: unknown }>;
export type Encoding = PageExplanation['encoding'];
export type Piece = Encoding['pieces'][number];
export type Steps<How extends Piece['steps']['how']> = Extract<Piece['steps'], { readonly how: How }>;

/** A symbol whose spaces and line ends can be seen. */
export function shown(symbol: string): string {
  return symbol.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥');
}

/** `-1.80` with a minus sign. */
export function logarithm(value: number): string {
  return value.toFixed(2).replace('-', '−');
}

/** Rows for spans, so that none lies on another: each goes into the first row that is free there. */
export function rowsOf(spans: readonly { readonly start: number; readonly end: number }[]): number[] {
  const ends: number[] = [];
  return spans.map(({ start, end }) => {
    const free = ends.findIndex((last) => last <= start);
    const row = free < 0 ? ends.length : free;
    ends[row] = end;
    return row;
  });
}
