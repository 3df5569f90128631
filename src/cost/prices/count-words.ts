/** Words, as Unicode cuts them (UAX #29), with dictionaries for languages without spaces. */

/** Characters that are cut at once: long strings make `Intl.Segmenter` slow. */
const PART = 4096;

let segmenter: Intl.Segmenter | undefined;

/**
 * How many words a text has: stretches that hold a letter, a number or an ideograph.
 *
 * @example
 * ```ts
 * import { countWords } from 'weft/cost';
 *
 * console.log(countWords('It’s 3.5 km, she said.'), countWords('東京に行く。')); // 5 3
 * ```
 */
export function countWords(text: string): number {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'word' });
  let words = 0;
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + PART);
    if (end < text.length) {
      const space = Math.max(text.lastIndexOf(' ', end), text.lastIndexOf('\n', end));
      if (space > start) end = space;
      else if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end--;
    }
    for (const { isWordLike } of segmenter.segment(text.slice(start, end))) if (isWordLike === true) words++;
    start = end;
  }
  return words;
}
