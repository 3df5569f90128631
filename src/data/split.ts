/** Divides a corpus into text to train on and text that is held out. */

import { checkOptions } from '../core/index.ts';
import { type Corpus, type Document, type RunningSummary, createCorpus } from './corpus.ts';
import { demandOption } from './data-error.ts';
import { contentFraction } from './splitting/content-hash.ts';
import { heldOutSpan } from './splitting/held-out-span.ts';
import { type SplitPlan, planSplit, tooSmallToSplit } from './splitting/plan.ts';

/** How to divide; see {@link split}. */
export interface SplitOptions {
  /** Part of the bytes to hold out, above 0 and below 1. */
  readonly heldOut: number;
  /** Decides which part it is. */
  readonly seed: number;
}

/**
 * Divides a corpus into text to train on and text that is held out.
 *
 * A document's content and the seed decide on which side it is, so the order of documents doesn't matter, and copies of a document
 * are on one side. Where there are too few documents for that, a span of every document is held out, at a place that the seed
 * chooses, cut at blank lines or line ends: neither part is ever empty. The corpus is read once more to plan the division.
 *
 * @returns the two parts, `[train, heldOut]`, read as streams; their iteration throws `WEFT_DATA_TOO_SMALL` when the text can't be divided
 * @throws UsageError `WEFT_DATA_OPTION` when `heldOut` or `seed` is out of range
 *
 * @example
 * ```ts
 * import { split, surveyCorpus, textCorpus } from 'weft/data';
 *
 * const corpus = textCorpus(Array.from({ length: 100 }, (_, index) => `document ${index}`));
 * const [train, heldOut] = split(corpus, { heldOut: 0.1, seed: 1 });
 * console.log((await surveyCorpus(train)).documents, (await surveyCorpus(heldOut)).documents); // 90 10
 * ```
 */
export function split(corpus: Corpus, options: SplitOptions): [train: Corpus, heldOut: Corpus] {
  const action = 'divide a corpus';
  checkOptions(action, options, ['heldOut', 'seed']);
  const { heldOut, seed } = options;
  demandOption(heldOut > 0 && heldOut < 1, action, { rule: 'heldOut is above 0 and below 1', value: heldOut });
  demandOption(Number.isSafeInteger(seed), action, { rule: 'seed is an integer', value: seed });

  let plan: Promise<SplitPlan> | undefined;
  const part = (isHeldOut: boolean): Corpus =>
    createCorpus(async function* (summary) {
      plan ??= planSplit(corpus, options).catch((error: unknown) => {
        plan = undefined;
        throw error;
      });
      const division = await plan;
      let bytes = 0;
      let given = 0;
      for await (const document of corpus) {
        bytes += document.bytes;
        for (const part of partsOf(document, division, options)) {
          if (part.isHeldOut !== isHeldOut) continue;
          given++;
          yield part.document;
        }
      }
      if (given === 0) throw tooSmallToSplit(bytes);
      adopt(summary, corpus);
    });
  return [part(false), part(true)];
}

/** A document, or a part of one, and its side. */
interface Side {
  readonly document: Document;
  readonly isHeldOut: boolean;
}

function partsOf(document: Document, plan: SplitPlan, { heldOut, seed }: SplitOptions): readonly Side[] {
  const { text, origin } = document;
  if (plan.by === 'documents') {
    return [{ document, isHeldOut: document.bytes <= plan.longest && contentFraction(text, seed) <= plan.threshold }];
  }
  const span = heldOutSpan(text, heldOut, seed);
  if (span === undefined) return [{ document, isHeldOut: false }];
  const part = (start: number, end: number, name: string): Document => {
    const piece = text.slice(start, end);
    return { text: piece, origin: `${origin} (${name})`, bytes: Buffer.byteLength(piece) };
  };
  return [
    { document: part(0, span.start, 'before the held-out part'), isHeldOut: false },
    { document: part(span.start, span.end, 'held out'), isHeldOut: true },
    { document: part(span.end, text.length, 'after the held-out part'), isHeldOut: false },
  ].filter((side) => side.document.bytes > 0);
}

/** Takes over what the whole corpus counted of files and of what was left out. */
function adopt(summary: RunningSummary, corpus: Corpus): void {
  const whole = corpus.summary?.();
  if (whole === undefined) return;
  const { files, duplicates, empty, skipped, skippedFiles } = whole;
  Object.assign(summary, { files, duplicates, empty, skipped, skippedFiles: [...skippedFiles] });
}
