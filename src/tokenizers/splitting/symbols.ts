/** Kinds of an automaton's symbols, as the splittings tell them apart. */

import { LONG_S, WIDE_CASELESS, WIDE_LOWER, WIDE_MARK, WIDE_NUMBER, WIDE_SIGN, WIDE_SPACE, WIDE_UPPER } from './automaton.ts';
import { BYTE_CLASSES } from './runs.ts';
import { LOWER, NUMBER, SPACE, UPPER } from './unicode-classes.ts';

/** What a character is to a splitting; white space beyond ASCII is `wide`. */
export type SymbolKind = 'upper' | 'lower' | 'caseless' | 'mark' | 'number' | 'sign' | 'space' | 'blank' | 'line' | 'wide';

const WIDE: ReadonlyMap<number, SymbolKind> = new Map([
  [WIDE_SPACE, 'wide'],
  [WIDE_NUMBER, 'number'],
  [WIDE_MARK, 'mark'],
  [WIDE_UPPER, 'upper'],
  [WIDE_LOWER, 'lower'],
  [WIDE_CASELESS, 'caseless'],
  [WIDE_SIGN, 'sign'],
  [LONG_S, 'lower'],
]);

/** The kind of a symbol: `space` is U+0020, `line` a line feed or carriage return, `blank` other white space of ASCII. */
export function kindOf(symbol: number): SymbolKind {
  const wide = WIDE.get(symbol);
  if (wide !== undefined) return wide;
  if (symbol === 0x20) return 'space';
  if (symbol === 0x0a || symbol === 0x0d) return 'line';
  const kind = BYTE_CLASSES[symbol];
  if (kind === UPPER) return 'upper';
  if (kind === LOWER) return 'lower';
  if (kind === NUMBER) return 'number';
  return kind === SPACE ? 'blank' : 'sign';
}

/** A small letter of ASCII for either case of it, the long s as an s; any other symbol as it is. */
export function foldCase(symbol: number): number {
  if (symbol === LONG_S) return 0x73;
  return symbol >= 0x41 && symbol <= 0x5a ? symbol | 0x20 : symbol;
}
