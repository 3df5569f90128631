/** A tokenizer from files to disk. */

import { readText } from '../data/index.ts';
import { type TokenizerType, type TrainTokenizerOptions as Training, saveTokenizer, trainTokenizer } from '../tokenizers/index.ts';
import type { WorkflowHooks } from './events.ts';
import { warnOfSkippedFiles } from './skipped-files.ts';

/** Options of {@link trainTokenizerRun}. */
export interface TrainTokenizerOptions {
  /** Text: files, folders or globs. */
  readonly files: readonly string[];
  /** The field of a JSON line that holds the text; default `text`. */
  readonly textField?: string;
  /** Folder, `.json` or `.model` file to save to. */
  readonly out: string;
  /** The kind and what `trainTokenizer` takes for it; default `bpe` with its defaults. */
  readonly training?: Training;
}

/** What {@link trainTokenizerRun} made. */
export interface TrainedTokenizer {
  readonly tokenizer: string;
  readonly type: TokenizerType;
  readonly vocabSize: number;
  readonly seconds: number;
}

/**
 * Trains a tokenizer on files and saves it.
 *
 * @param options - what to train on, where to save, and what `trainTokenizer` takes.
 * @param hooks - events of the phase `tokenizer`, and a signal that stops it before anything is saved.
 */
export async function trainTokenizerRun(
  { files, textField, out, training = {} }: TrainTokenizerOptions,
  { onEvent, signal }: WorkflowHooks = {},
): Promise<TrainedTokenizer> {
  const started = performance.now();
  onEvent?.({ kind: 'phase', phase: 'tokenizer' });
  const corpus = readText(files, textField === undefined ? {} : { textField });
  const tokenizer = await trainTokenizer(stoppable(corpus, signal), training);
  signal?.throwIfAborted();
  await saveTokenizer(out, tokenizer);
  warnOfSkippedFiles(corpus, onEvent);
  const seconds = (performance.now() - started) / 1000;
  onEvent?.({
    kind: 'phaseEnd',
    phase: 'tokenizer',
    summary: `${tokenizer.type}, ${tokenizer.vocabSize.toLocaleString('en-US')} tokens, saved to ${out}`,
    seconds,
  });
  return { tokenizer: out, type: tokenizer.type, vocabSize: tokenizer.vocabSize, seconds };
}

async function* stoppable(documents: AsyncIterable<{ readonly text: string }>, signal: AbortSignal | undefined): AsyncGenerator<string> {
  for await (const { text } of documents) {
    signal?.throwIfAborted();
    yield text;
  }
}
