/** The shortest way from text to a model: a recipe chosen for the text at hand and for the time there is. */

import { existsSync } from 'node:fs';

import { UsageError, checkOptions } from '../core/index.ts';
import { readText } from '../data/index.ts';
import type { Corpus } from '../data/index.ts';
import { declarationFiles } from './default-corpus.ts';
import type { WorkflowHooks } from './events.ts';
import type { ModelRecipe, Recipe } from './recipe.ts';
import type { RunResult } from './run-result.ts';
import { timeStep } from './time-step.ts';
import { trainRun } from './train-run.ts';

/** Options of {@link quickstart}. */
export interface QuickstartOptions {
  /** Files, folders or globs; default the type declarations among the installed packages. */
  readonly files?: readonly string[];
  /** The field of a JSON line that holds the text; default `text`. */
  readonly textField?: string;
  /** Minutes of training; default 2. */
  readonly minutes?: number;
  /** The run's folder; default the first of `runs/quickstart`, `runs/quickstart-2`, … that does not exist. */
  readonly out?: string;
  /** Default 1. */
  readonly seed?: number;
  /** Threads; default one a core. */
  readonly threads?: number;
}

/** What is trained in minutes on two cores. */
const MODEL = {
  architecture: 'llama',
  layers: 4,
  heads: 4,
  kvHeads: 2,
  width: 192,
  hidden: 512,
  contextLength: 128,
  tiedHead: true,
} as const satisfies ModelRecipe;

/**
 * Trains, evaluates and saves a model from text in a given time.
 *
 * @throws UsageError `WEFT_DATA_…` for text that can't be read or is too short.
 */
export async function quickstart(options: QuickstartOptions = {}, hooks: WorkflowHooks = {}): Promise<RunResult> {
  checkOptions('run quickstart', options, ['files', 'textField', 'minutes', 'out', 'seed', 'threads']);
  const { minutes = 2, seed = 1, threads } = options;
  const reading = options.textField === undefined ? {} : { textField: options.textField };
  if (!(minutes > 0))
    throw new UsageError({
      code: 'WEFT_QUICKSTART_MINUTES',
      action: 'run quickstart',
      rule: 'minutes must be above 0',
      value: String(minutes),
      remedy: 'Give --minutes 2, say.',
    });
  const started = performance.now();
  const files = options.files ?? declarationFiles();
  const bytes = await textBytes(readText(files, reading), hooks);
  const vocabSize = bytes > 2_000_000 ? 4096 : bytes > 400_000 ? 2048 : 512;
  const batchSize = 16;
  const model = bytes > 100_000 ? MODEL : { ...MODEL, layers: 2, heads: 2, kvHeads: 2, width: 64, hidden: 192, contextLength: 64 };
  const secondsPerStep = await timeStep({ model, vocabSize, batchSize, ...(threads === undefined ? {} : { threads }) });
  const steps = Math.max(20, Math.round((minutes * 60) / secondsPerStep));
  const recipe: Recipe = {
    text: files,
    ...reading,
    heldOut: 0.05,
    tokenizer: { type: 'bpe', vocabSize, splitting: 'gpt4' },
    model,
    // The time is a limit too, a little above, for a machine that gets slower on the way.
    training: {
      steps,
      minutes: minutes * 1.1,
      batchSize,
      learningRate: 3e-3,
      warmup: Math.ceil(steps / 20),
      weightDecay: 0.1,
      evaluateEvery: Math.ceil(steps / 8),
    },
    out: options.out ?? freeFolder(),
    seed,
    ...(threads === undefined ? {} : { threads }),
  };
  const result = await trainRun(recipe, hooks);
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

async function textBytes(corpus: Corpus, { onEvent, signal }: WorkflowHooks): Promise<number> {
  const started = performance.now();
  onEvent?.({ kind: 'phase', phase: 'text' });
  let [bytes, documents] = [0, 0];
  for await (const document of corpus) {
    signal?.throwIfAborted();
    bytes += document.bytes;
    documents += 1;
    onEvent?.({ kind: 'progress', phase: 'text', done: bytes, total: undefined, unit: 'bytes' });
  }
  onEvent?.({
    kind: 'phaseEnd',
    phase: 'text',
    summary: `${(bytes / 1e6).toFixed(2)} MB in ${documents.toLocaleString('en-US')} document${documents === 1 ? '' : 's'}`,
    seconds: (performance.now() - started) / 1000,
  });
  return bytes;
}

function freeFolder(): string {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? 'runs/quickstart' : `runs/quickstart-${number}`;
    if (!existsSync(folder)) return folder;
  }
}
