/** What training has in common, whatever the kind. */

import { UsageError } from '../../core/index.ts';

/** How far training is. */
export interface TrainProgress {
  /** Reading the text, merging pairs, or pruning pieces. */
  readonly phase: 'read' | 'merge' | 'prune';
  /** UTF-8 bytes read so far. */
  readonly bytes: number;
  /** Tokens learnt so far, or left so far. */
  readonly tokens: number;
}

/** Takes the progress. */
export type OnProgress = ((progress: TrainProgress) => void) | undefined;

/** Texts, as a stream or in memory. */
export type Texts = Iterable<string> | AsyncIterable<string>;

/** The error for training on nothing. */
export function emptyCorpus(): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_EMPTY',
    action: 'train a tokenizer',
    rule: 'it learns from text',
    value: '0 bytes',
    remedy: 'Give texts that are not empty.',
  });
}

/** The error for a vocabulary without room for what it must have. */
export function smallVocabulary(vocabSize: number, least: number, what: string): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_VOCABULARY',
    action: 'train a tokenizer',
    rule: `the vocabulary has ${what}, ${least} tokens in all`,
    value: `${vocabSize} tokens`,
    remedy: `Give a vocabSize of at least ${least}.`,
  });
}

const REPORT_EVERY_BYTES: number = 1 << 20;

/** Hands every text to a counter, tells how far it is, and returns how many bytes they have; none at all is an error. */
export async function readTexts(
  texts: Texts,
  counter: { add(text: string): void; readonly bytesSeen: () => number },
  onProgress: OnProgress,
): Promise<number> {
  let reported = 0;
  for await (const text of texts) {
    counter.add(text);
    if (counter.bytesSeen() - reported < REPORT_EVERY_BYTES) continue;
    reported = counter.bytesSeen();
    onProgress?.({ phase: 'read', bytes: reported, tokens: 0 });
  }
  const bytes = counter.bytesSeen();
  if (bytes === 0) throw emptyCorpus();
  return bytes;
}

const REPORT_EVERY_TOKENS = 256;

/** Tells how far a phase is, at every so manieth token. */
export function everySoOften(
  onProgress: OnProgress,
  { phase, bytes }: Pick<TrainProgress, 'phase' | 'bytes'>,
): ((tokens: number) => void) | undefined {
  if (onProgress === undefined) return undefined;
  return (tokens) => {
    if (tokens % REPORT_EVERY_TOKENS === 0) onProgress({ phase, bytes, tokens });
  };
}
