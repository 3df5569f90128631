/** A model folder against held-out text, beside baselines on the same bytes. */

import { checkOptions } from '../core/index.ts';
import { readText } from '../data/index.ts';
import type { Corpus } from '../data/index.ts';
import { evaluateText, measureBaselines } from '../eval/index.ts';
import type { Baselines, TextEvaluation } from '../eval/index.ts';
import { loadTextModel } from '../generate/index.ts';
import type { WorkflowHooks } from './events.ts';
import { warnOfSkippedFiles } from './skipped-files.ts';

/** Options of {@link evaluateModel}. */
export interface EvaluateModelOptions {
  /** Held-out text: files, folders or globs. */
  readonly files: readonly string[];
  /** The field of a JSON line that holds the text; default `text`. */
  readonly textField?: string;
  /** Text that the model was trained on, for the n-gram baseline; default none, which leaves that baseline out. */
  readonly trainedOn?: readonly string[];
  /** Most UTF-8 bytes of held-out text; default all. */
  readonly byteLimit?: number;
  /** Of an adapter's folder: its base model; default the one that it names. */
  readonly base?: string;
  /** Threads; default one a core. */
  readonly threads?: number;
}

/** What {@link evaluateModel} found. */
export interface ModelEvaluation extends TextEvaluation {
  /** The model folder. */
  readonly model: string;
  /** Bits per byte of the same text by other means. */
  readonly baselines: Baselines;
}

/**
 * Loss, perplexity and bits per byte of a model folder on held-out text, and what compressors and a byte n-gram model
 * need for the same bytes.
 *
 * @param folder - the folder of a model or an adapter.
 * @param options - what to evaluate on.
 * @param hooks - events of the phases `evaluation` and `baselines`, and a signal that stops them.
 * @throws UsageError `WEFT_EVAL_EMPTY` without text; whatever reading text and model may throw.
 */
export async function evaluateModel(
  folder: string,
  options: EvaluateModelOptions,
  { onEvent, signal }: WorkflowHooks = {},
): Promise<ModelEvaluation> {
  checkOptions('evaluate', options, ['files', 'textField', 'trainedOn', 'byteLimit', 'base', 'threads']);
  const { files, textField, trainedOn, byteLimit, base, threads } = options;
  const read = (paths: readonly string[]): Corpus => readText(paths, textField === undefined ? {} : { textField });
  const limits = { ...(byteLimit === undefined ? {} : { byteLimit }), ...(signal === undefined ? {} : { signal }) };
  const heldOut = read(files);
  const model = await loadTextModel(folder, {
    ...(base === undefined ? {} : { base }),
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    onEvent?.({ kind: 'phase', phase: 'evaluation' });
    const evaluation = await evaluateText(model, heldOut, {
      ...limits,
      onProgress: ({ bytes }) => onEvent?.({ kind: 'progress', phase: 'evaluation', done: bytes, total: byteLimit, unit: 'bytes' }),
    });
    onEvent?.({ kind: 'phase', phase: 'baselines' });
    warnOfSkippedFiles(heldOut, onEvent);
    const baselines = await measureBaselines(heldOut, { ...limits, ...(trainedOn === undefined ? {} : { train: read(trainedOn) }) });
    return { model: folder, ...evaluation, baselines };
  } finally {
    await model.close();
  }
}
