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

/** The best segmentation of a word under log-probabilities: for what the words look like in the end. */
export function bestCut(symbols: readonly string[], scores: ReadonlyMap<string, number>): readonly string[] {
  const best: { readonly score: number; readonly tokens: readonly string[] }[] = [{ score: 0, tokens: [] }];
  for (let end = 1; end <= symbols.length; end++) {
    let found = { score: -Infinity, tokens: symbols.slice(0, end) };
    for (let start = 0; start < end; start++) {
      const token = symbols.slice(start, end).join('');
      const before = best[start];
      const score = (before?.score ?? -Infinity) + (scores.get(token) ?? -Infinity);
      if (score > found.score) found = { score, tokens: [...(before?.tokens ?? []), token] };
    }
    best.push(found);
  }
  return best.at(-1)?.tokens ?? symbols;
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
