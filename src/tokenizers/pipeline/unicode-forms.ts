/**
 * NFC, NFD, NFKC and NFKD of Unicode 9.0, which Hugging Face's library uses, and what becomes of each character.
 *
 * JavaScript's own `normalize` follows a newer version. Forms of characters never change once they are assigned (Unicode's policy of
 * normalization stability), so it is enough to take it around the few code points that came later, which are inert.
 *
 * Source: n1t0/unicode-normalization 0.1.12, `decompose.rs`, `recompose.rs`; UAX #15.
 */

import type { Change } from './aligned-text.ts';
import { classSource, codePointAt, unitsOf } from './code-points.ts';
import { LATER } from './tables.ts';

/** A normalization form. */
export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

let later: RegExp | undefined;

/** The text in a form. */
export function toForm(text: string, form: Form): string {
  later ??= new RegExp(`([${classSource(LATER)}])`, 'u');
  if (!later.test(text)) return text.normalize(form);
  const parts = text.split(later); // What came later at odd places.
  return parts.map((part, index) => (index % 2 === 1 ? part : part.normalize(form))).join('');
}

/** The characters of the form, each with what it does to those of the text. */
export function formChanges(text: string, form: Form): readonly Change[] {
  const decomposed = decompose(text, form.startsWith('NFK') ? 'NFKD' : 'NFD');
  return form.endsWith('C') ? recompose(decomposed) : decomposed;
}

function decompose(text: string, form: Form): readonly Change[] {
  const ready: Change[] = [];
  let pending: { readonly change: Change; readonly order: number }[] = [];
  const flush = (): void => {
    pending.sort((a, b) => a.order - b.order);
    for (const { change } of pending) ready.push(change);
    pending = [];
  };
  for (let at = 0; at < text.length;) {
    const end = at + unitsOf(codePointAt(text, at));
    let change = 0;
    for (const part of toForm(text.slice(at, end), form)) {
      const order = combiningOrder(part);
      if (order === 0) flush();
      pending.push({ change: { text: part, change }, order });
      change = 1;
    }
    at = end;
  }
  flush();
  return ready;
}

function recompose(decomposed: readonly Change[]): readonly Change[] {
  const result: Change[] = [];
  let starter: Change | undefined;
  let marks: Change[] = [];
  let last = -1; // Order of the last mark that stayed.
  const flush = (): void => {
    if (starter !== undefined) result.push(starter);
    result.push(...marks);
    marks = [];
    last = -1;
  };
  for (const next of decomposed) {
    const order = combiningOrder(next.text);
    if (starter === undefined) {
      if (order === 0) starter = next;
      else result.push(next);
      continue;
    }
    const composed: string | undefined = last < order ? compose(starter.text, next.text) : undefined;
    if (composed !== undefined) {
      starter = { text: composed, change: starter.change + next.change - 1 };
    } else if (order === 0) {
      flush();
      starter = next;
    } else {
      marks.push(next);
      last = order;
    }
  }
  flush();
  return result;
}

/** The one character that two make, if they do. */
function compose(first: string, second: string): string | undefined {
  const both = toForm(first + second, 'NFC');
  return both.length === unitsOf(codePointAt(both, 0)) ? both : undefined;
}

/** A mark of every combining class of Unicode 9.0, lowest class first. */
const MARKS_BY_CLASS =
  '\u0334\u093C\u3099\u094D\u05B0\u05B1\u05B2\u05B3\u05B4\u05B5\u05B6\u05B7\u05B8\u05B9\u05BB\u05BC\u05BD\u05BF\u05C1\u05C2\uFB1E\u064B\u064C' +
  '\u064D\u064E\u064F\u0650\u0651\u0652\u0670\u0711\u0C55\u0C56\u0E38\u0E48\u0EB8\u0EC8\u0F71\u0F72\u0F74\u0321\u1DCE\u031B\u302A\u0316\u059A' +
  '\u302E\u{1D16D}\u05AE\u0301\u0315\u035C\u035D\u0345';

const orders = new Map<string, number>();

/** 0 for a starter, and for marks a number that orders them as their combining classes do; found by how pairs of them are ordered. */
function combiningOrder(character: string): number {
  if (character < '\u0300') return 0;
  let order = orders.get(character);
  if (order === undefined) {
    const marks = [...MARKS_BY_CLASS].filter((mark) => mark !== character);
    const swaps = (first: string, second: string): boolean => toForm(`a${first}${second}`, 'NFD') === `a${second}${first}`;
    const below = marks.filter((mark) => swaps(character, mark)).length;
    order = below > 0 || marks.some((mark) => swaps(mark, character)) ? below + 1 : 0;
    orders.set(character, order);
  }
  return order;
}
