/**
 * BLEU, as sacreBLEU computes it: Papineni et al. 2002, with the tokens, the smoothing and the cases of Post 2018, "A Call for Clarity
 * in Reporting BLEU Scores". Signature `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`. Source: mjpost/sacrebleu 2.6,
 * `metrics/bleu.py`, `tokenizers/tokenizer_{13a,re}.py`; tokens are those of NIST's mteval-v13a.
 */

import { UsageError, checkOptions } from '../../core/index.ts';

const LONGEST = 4;

/** Options of {@link bleu}. */
export interface BleuOptions {
  /** Whether large and small letters are the same; default false. */
  readonly lowercase?: boolean;
}

/** How near translations come to their references. */
export interface BleuScore {
  /** 0 to 100. */
  readonly score: number;
  /** Share of n-grams of 1 to 4 tokens that a reference has, in percent, smoothed where none does. */
  readonly precisions: readonly number[];
  /** 1, or less for translations that are too short. */
  readonly brevityPenalty: number;
  /** Tokens of the translations and of the references that are nearest in length. */
  readonly length: number;
  readonly referenceLength: number;
}

/**
 * BLEU of translations over a whole corpus.
 *
 * @param translations - texts as a reader would see them, not tokenised.
 * @param references - for each translation one right one, or several.
 * @param options - see {@link BleuOptions}.
 * @throws UsageError `WEFT_EVAL_PAIRS` when there are not as many references as translations.
 *
 * @example
 * ```ts
 * import { bleu } from 'weft/eval';
 *
 * const { score } = bleu(['The cat sat on the mat.'], ['The cat sat on a mat.']);
 * console.log(score.toFixed(2)); // 48.89
 * ```
 */
export function bleu(
  translations: readonly string[],
  references: readonly (string | readonly string[])[],
  options: BleuOptions = {},
): BleuScore {
  checkOptions('compute BLEU', options, ['lowercase']);
  if (translations.length !== references.length) {
    throw new UsageError({
      code: 'WEFT_EVAL_PAIRS',
      action: 'compute BLEU',
      rule: 'each translation must have its reference',
      value: `${translations.length} translations, ${references.length} references`,
      remedy: 'Give the references in the order of the translations.',
    });
  }
  const tokens = (text: string): readonly string[] => tokenize13a(options.lowercase === true ? text.toLowerCase() : text);
  const [correct, total] = [new Array<number>(LONGEST).fill(0), new Array<number>(LONGEST).fill(0)];
  let [length, referenceLength] = [0, 0];
  for (const [index, translation] of translations.entries()) {
    const own = tokens(translation);
    const given = references[index] ?? '';
    const right = (typeof given === 'string' ? [given] : given).map(tokens);
    length += own.length;
    referenceLength += nearestLength(own.length, right);
    const most = new Map<string, number>();
    for (const reference of right)
      for (const [gram, { count }] of countGrams(reference)) most.set(gram, Math.max(count, most.get(gram) ?? 0));
    for (const [gram, { count, order }] of countGrams(own)) {
      total[order] = (total[order] ?? 0) + count;
      correct[order] = (correct[order] ?? 0) + Math.min(count, most.get(gram) ?? 0);
    }
  }
  const brevityPenalty = length >= referenceLength ? 1 : length === 0 ? 0 : Math.exp(1 - referenceLength / length);
  if (correct.every((count) => count === 0)) return { score: 0, precisions: correct, brevityPenalty, length, referenceLength };
  // An order without a match counts as half a match, then a quarter, …. Chen and Cherry 2014, smoothing 3.
  let halves = 1;
  const precisions = total.map((count, order) => {
    if (count === 0) return 0;
    const matches = correct[order] ?? 0;
    if (matches === 0) halves *= 2;
    return (100 * (matches === 0 ? 1 / halves : matches)) / count;
  });
  const mean = precisions.includes(0) ? 0 : Math.exp(precisions.reduce((sum, precision) => sum + Math.log(precision), 0) / LONGEST);
  return { score: brevityPenalty * mean, precisions, brevityPenalty, length, referenceLength };
}

/** Of references the length that is nearest; of two as near the shorter. */
function nearestLength(length: number, references: readonly (readonly string[])[]): number {
  const lengths = references.map((reference) => reference.length);
  return lengths.reduce((best, each) => {
    const [distance, least] = [Math.abs(each - length), Math.abs(best - length)];
    return distance < least || (distance === least && each < best) ? each : best;
  }, lengths[0] ?? 0);
}

/** Every n-gram of 1 to 4 tokens, how often it comes, and n - 1. */
function countGrams(tokens: readonly string[]): Map<string, { count: number; readonly order: number }> {
  const grams = new Map<string, { count: number; readonly order: number }>();
  for (let start = 0; start < tokens.length; start++) {
    for (let order = 0; order < LONGEST && start + order < tokens.length; order++) {
      const key = tokens.slice(start, start + order + 1).join(' ');
      const known = grams.get(key);
      if (known === undefined) grams.set(key, { count: 1, order });
      else known.count++;
    }
  }
  return grams;
}

const ENTITIES = [
  ['&quot;', '"'],
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
] as const;

/** Where tokens are cut: around marks but those between digits, and behind a hyphen after a digit. */
const CUTS: readonly (readonly [RegExp, string])[] = [
  [/([{-~[-` -&(-+:-@/])/gu, ' $1 '],
  [/([^0-9])([.,])/gu, '$1 $2 '],
  [/([.,])([^0-9])/gu, ' $1 $2'],
  [/([0-9])(-)/gu, '$1 $2 '],
];

/** What Python takes for white space, which differs from JavaScript in control characters and the byte order mark. */
const SPACES = /[\t-\r\u001C- \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+/u;

/** The tokens of mteval-v13a. */
export function tokenize13a(text: string): readonly string[] {
  let line = text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  for (const [entity, character] of ENTITIES) line = line.replaceAll(entity, character);
  line = ` ${line} `;
  for (const [pattern, cut] of CUTS) line = line.replace(pattern, cut);
  return line.split(SPACES).filter((token) => token !== '');
}
