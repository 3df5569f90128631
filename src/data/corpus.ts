/** Documents, corpora and what is counted of them. */

/** One text with its origin: a file, a line of a `.jsonl` file, or a part of a very large file. */
export interface Document {
  readonly text: string;
  /** Where it came from, for messages: a path, with `:line` or `#part` where a file holds several. */
  readonly origin: string;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
}

/** Documents that are read as a stream; every iteration begins anew and gives the same documents in the same order. */
export interface Corpus extends AsyncIterable<Document> {
  /** What was counted in the last iteration that came to its end; undefined before. */
  readonly summary?: () => CorpusSummary | undefined;
}

/** What was read, and what was left out. */
export interface CorpusSummary {
  /** Files that gave documents. */
  readonly files: number;
  readonly documents: number;
  /** UTF-8 bytes of the documents. */
  readonly bytes: number;
  /** Documents left out as they are exact copies of earlier ones. */
  readonly duplicates: number;
  /** Documents left out as they hold nothing but white space. */
  readonly empty: number;
  /** Files that a folder or pattern led to and that are no text, or could not be read to their end. */
  readonly skipped: number;
  /** The first skipped files, with the reason. */
  readonly skippedFiles: readonly SkippedFile[];
}

/** A file that was left out. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

const NOTHING: CorpusSummary = { files: 0, documents: 0, bytes: 0, duplicates: 0, empty: 0, skipped: 0, skippedFiles: [] };

/** Counters while documents pass. */
export type RunningSummary = { -readonly [K in keyof Omit<CorpusSummary, 'skippedFiles'>]: number } & { skippedFiles: SkippedFile[] };

/** Counters at zero. */
export function startSummary(): RunningSummary {
  return { ...NOTHING, skippedFiles: [] };
}

/** A corpus whose documents come from `read`, which counts everything but documents and bytes. */
export function createCorpus(read: (summary: RunningSummary) => AsyncIterable<Document>): Corpus {
  let last: CorpusSummary | undefined;
  return {
    summary: () => last,
    async *[Symbol.asyncIterator]() {
      const summary = startSummary();
      for await (const document of read(summary)) {
        summary.documents++;
        summary.bytes += document.bytes;
        yield document;
      }
      last = { ...summary, skippedFiles: [...summary.skippedFiles] };
    },
  };
}

/**
 * A corpus of texts that are in memory.
 *
 * @param texts - one document each
 * @param origin - what messages call them, followed by their number
 *
 * @example
 * ```ts
 * import { surveyCorpus, textCorpus } from 'weft/data';
 *
 * const { documents, bytes } = await surveyCorpus(textCorpus(['one', 'zwölf']));
 * console.log(documents, bytes); // 2 9
 * ```
 */
export function textCorpus(texts: readonly string[], origin = 'text'): Corpus {
  return createCorpus(async function* () {
    for (const [index, text] of texts.entries()) yield { text, origin: `${origin} ${index + 1}`, bytes: Buffer.byteLength(text) };
  });
}

/**
 * Reads a corpus once and says what is in it.
 *
 * @param corpus - any documents
 * @returns the counts; those of files, duplicates and skipped files are zero for a corpus that does not count them
 * @throws what iterating the corpus throws
 *
 * @example
 * ```ts
 * import { surveyCorpus, textCorpus } from 'weft/data';
 *
 * console.log((await surveyCorpus(textCorpus(['to be', 'or not']))).bytes); // 11
 * ```
 */
export async function surveyCorpus(corpus: AsyncIterable<Document> & { readonly summary?: Corpus['summary'] }): Promise<CorpusSummary> {
  let documents = 0;
  let bytes = 0;
  for await (const document of corpus) {
    documents++;
    bytes += document.bytes;
  }
  return corpus.summary?.() ?? { ...NOTHING, documents, bytes };
}
