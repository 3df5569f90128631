/** A whole search over recipes: trials in processes of their own, a run folder each, a journal, and the best recipe as a file. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { WeftError, writeFileAtomic } from '../../core/index.ts';
import { holdRunFolder } from '../hold-run-folder.ts';
import { prepare, reopen } from '../prepare.ts';
import { TRAINING } from '../recipe-parts.ts';
import type { Recipe } from '../recipe.ts';
import { runPaths } from '../run-folder.ts';
import { EVALUATION_BATCHES } from '../train-run.ts';
import { openJournal } from './journal.ts';
import type { Split } from './journal.ts';
import { givenSplit, measureSplit } from './measure-split.ts';
import type { Course, Job, Strategy } from './next-job.ts';
import type { ParameterValues } from './parameters.ts';
import { runSearch } from './run-search.ts';
import type { JobResult } from './run-search.ts';
import { rungSteps } from './rungs.ts';
import { checkSearch, fitsTogether, recipeWith } from './check-search.ts';
import type { FullSearch } from './check-search.ts';
import type { Search } from './search.ts';
import { createTrialWorkers } from './trial-workers.ts';
import type { TrialWorkers } from './trial-workers.ts';
import { ranked, withEvent } from './trial.ts';
import type { Trial } from './trial.ts';
import type { TuneEvent, TuneHooks } from './tune-events.ts';

/** What a search came to: the object that `--json` prints. */
export interface TuneResult {
  readonly strategy: Strategy;
  /** Trials from the best to the worst; a loss that is infinite is null. */
  readonly trials: readonly TuneTrial[];
  readonly best: TuneTrial;
  /** What the loss is: `nats a token`, or `bits a byte` where tokenizers differ. */
  readonly unit: string;
  /** Training steps of all trials. */
  readonly steps: number;
  readonly parallel: number;
  /** Threads of each training. */
  readonly threads: number;
  /** The file with the best recipe, for `weft train`. */
  readonly recipe: string;
  /** The search's folder. */
  readonly folder: string;
  /** Wall time of the search, that of before included. */
  readonly seconds: number;
}

/** A trial in a {@link TuneResult}. */
export interface TuneTrial extends Omit<Trial, 'loss' | 'losses'> {
  /** The least held-out loss; null where it diverged or failed. */
  readonly loss: number | null;
  /** Its run folder. */
  readonly folder: string;
}

/**
 * Runs a search over recipes, or goes on with the one in its folder.
 *
 * Every trial is a run folder under `trials/`: `weft train --resume` continues it to a model. Text is read and packed once.
 *
 * @param search - what to search; see {@link Search}.
 * @param hooks - events, and a signal that stops it; what was done is then kept, and the same call goes on.
 * @returns the trials, and where the best recipe is.
 * @throws UsageError `WEFT_TUNE_SPACE` for a space that does not fit the recipe, `WEFT_TUNE_OTHER` when the folder holds another search.
 * @throws WeftError `WEFT_TUNE_FAILED` when no trial came to a loss; whatever reading the text may throw.
 */
export async function tune(search: Search, hooks: TuneHooks = {}): Promise<TuneResult> {
  const full = checkSearch(search, 'the search');
  return holdRunFolder(full.out, () => searchIn(full, hooks));
}

async function searchIn(search: FullSearch, { onEvent, signal }: TuneHooks): Promise<TuneResult> {
  const { recipe, parameters, strategy, seed, reduction, out } = search;
  const begun = performance.now();
  const steps = recipe.training?.steps ?? TRAINING.steps;
  const climbs = strategy === 'asha' || strategy === 'tpe-asha';
  // Trials that do not climb are evaluated as often, so that their best losses can be compared with those of trials that do.
  const ladder = rungSteps(steps, { count: search.rungs, reduction });
  const rungs = climbs ? ladder : [steps];
  const course: Course = {
    parameters,
    strategy,
    seed,
    rungs,
    reduction,
    trials: search.budget.trials,
    steps: search.budget.steps,
    fits: (values) => fitsTogether(recipeWith(recipe, values)),
  };
  const decisive = {
    recipe: { ...recipe, threads: undefined, out: undefined },
    space: search.space,
    strategy,
    seed,
    reduction,
    rungs: search.rungs,
  };
  const journal = await openJournal(join(out, 'search.jsonl'), decisive);
  const seconds = (): number => journal.seconds + (performance.now() - begun) / 1000;
  const workers = createTrialWorkers();
  const dataOf = createData(out, { onEvent, signal });
  try {
    const { folder: data, vocabSize, bytesPerToken } = await dataOf(recipe);
    const split =
      givenSplit(search.parallel, recipe.threads) ?? journal.split ?? (await measured(workers, recipe, vocabSize, { onEvent, signal }));
    if (search.parallel === undefined && journal.split === undefined) await journal.addSplit(split);
    const tokenizers = Object.keys(parameters).some((path) => path.startsWith('tokenizer.'));
    const unit = tokenizers ? 'bits a byte' : 'nats a token';
    const earlier = journal.earlier.reduce<readonly Trial[]>((trials, event) => withEvent(trials, event, rungs.length), []);
    onEvent?.({ kind: 'begin', strategy, folder: out, ...split, rungs, budget: search.budget, unit, trials: earlier });
    const heldOutTokens =
      EVALUATION_BATCHES * (recipe.training?.batchSize ?? TRAINING.batchSize) * (recipe.model?.contextLength ?? DEFAULT_CONTEXT);
    const run = async ({ trial, values, until }: Job): Promise<JobResult> => {
      const asked = trialRecipe(recipe, values, {
        out: trialFolder(out, trial),
        threads: split.threads,
        evaluateEvery: ladder[0] ?? steps,
      });
      const prepared = tokenizers ? await dataOf(asked) : { folder: data, bytesPerToken };
      const end = await workers.ask(
        { kind: 'train', recipe: asked, until, data: prepared.folder, heldOutTokens },
        { ...(signal === undefined ? {} : { signal }), onStep: (step) => onEvent?.({ ...step, trial, until }) },
      );
      if (end.kind === 'trained')
        return { ...end, kind: 'reported', loss: tokenizers ? end.loss / Math.LN2 / prepared.bytesPerToken : end.loss };
      signal?.throwIfAborted();
      if (end.kind === 'failed') return end;
      return { kind: 'failed', code: 'WEFT_INTERNAL', message: `the process answered ${end.kind}`, steps: 0 };
    };
    const trials = await runSearch(course, {
      run,
      parallel: split.parallel,
      earlier: journal.earlier,
      isOver: () => seconds() > search.budget.minutes * 60,
      ...(signal === undefined ? {} : { signal }),
      async onEvent(event, now) {
        await journal.add(event, seconds());
        const trial = now.find(({ id }) => id === event.trial);
        if (trial !== undefined) onEvent?.({ kind: 'trial', trial, trials: now });
        await tidy(out, now);
      },
    });
    const [best] = ranked(trials);
    if (best === undefined || !Number.isFinite(best.loss)) throw nothingFound(trials);
    const file = join(out, 'best.ts');
    await writeFileAtomic(file, recipeFile(recipeWith(recipe, best.values), best));
    const told = (trial: Trial): TuneTrial => toldTrial(trial, out);
    return {
      strategy,
      best: told(best),
      unit,
      steps: trials.reduce((sum, trial) => sum + trial.steps, 0),
      ...split,
      recipe: file,
      folder: out,
      seconds: seconds(),
      trials: ranked(trials).map(told),
    };
  } finally {
    workers.close();
  }
}

const DEFAULT_CONTEXT = 128;

function trialFolder(out: string, trial: number): string {
  return join(out, 'trials', String(trial).padStart(3, '0'));
}

function toldTrial({ losses: _, loss, ...trial }: Trial, out: string): TuneTrial {
  return { ...trial, loss: Number.isFinite(loss) ? loss : null, folder: trialFolder(out, trial.id) };
}

/** The recipe of a trial: the values, and what the search decides itself. */
function trialRecipe(
  recipe: Recipe,
  values: ParameterValues,
  { out, threads, evaluateEvery }: { readonly out: string; readonly threads: number; readonly evaluateEvery: number },
): Recipe {
  const { minutes: _minutes, patience: _patience, checkpointEvery: _every, ...training } = recipeWith(recipe, values).training ?? {};
  return { ...recipeWith(recipe, values), training: { ...training, evaluateEvery }, out, threads };
}

/** Tokenizer and tokens of a recipe, made once for all trials that want the same. */
function createData(out: string, { onEvent, signal }: { onEvent: TuneHooks['onEvent']; signal: AbortSignal | undefined }) {
  const made = new Map<string, ReturnType<typeof make>>();
  const make = async (recipe: Recipe, folder: string) => {
    const paths = runPaths(folder);
    const there = existsSync(dirname(paths.heldOutTokens)) ? await reopen(paths).catch(() => undefined) : undefined;
    if (there === undefined) onEvent?.({ kind: 'preparing', what: 'data' });
    const hooks = {
      onEvent: (event: NonNullable<Extract<TuneEvent, { readonly kind: 'preparing' }>['event']>) =>
        onEvent?.({ kind: 'preparing', what: 'data', event }),
      ...(signal === undefined ? {} : { signal }),
    };
    const { tokenizer, train, heldOut } = there ?? (await prepare(recipe, paths, hooks));
    const bytesPerToken = heldOut.bytes / Math.max(1, heldOut.tokens);
    train.close();
    heldOut.close();
    return { folder, vocabSize: tokenizer.vocabSize, bytesPerToken };
  };
  return ({ text, textField, heldOut, tokenizer, seed }: Recipe): ReturnType<typeof make> => {
    const wanted = { text, textField, heldOut, tokenizer, seed };
    const key = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 12);
    const known = made.get(key) ?? make(JSON.parse(JSON.stringify(wanted)) as Recipe, join(out, 'data', key));
    made.set(key, known);
    return known;
  };
}

// eslint-disable-next-line max-params -- who measures, what, and who listens
async function measured(
  workers: TrialWorkers,
  recipe: Recipe,
  vocabSize: number,
  { onEvent, signal }: { onEvent: TuneHooks['onEvent']; signal: AbortSignal | undefined },
): Promise<Split> {
  onEvent?.({ kind: 'preparing', what: 'split' });
  const rows = await measureSplit(workers, recipe, { vocabSize, ...(signal === undefined ? {} : { signal }) });
  signal?.throwIfAborted();
  onEvent?.({ kind: 'split', rows });
  const { parallel = 1, threads = 1 } = rows[0] ?? {};
  return { parallel, threads };
}

/** Checkpoints of trials that will not go on take room: those of the best stay, and of those that may climb. */
async function tidy(out: string, trials: readonly Trial[]): Promise<void> {
  const [best] = ranked(trials);
  for (const { id, status } of trials) {
    if (id === best?.id || status === 'waiting' || status === 'running') continue;
    const paths = runPaths(trialFolder(out, id));
    if (existsSync(dirname(paths.checkpoint))) await rm(dirname(paths.checkpoint), { recursive: true, force: true });
  }
}

function recipeFile(recipe: Recipe, { id, loss, steps }: Trial): string {
  return [
    `// The best recipe of a search: trial ${id}, held-out loss ${loss.toFixed(4)} after ${steps} steps.`,
    "import { defineRecipe } from 'weft/workflows';",
    '',
    `export default defineRecipe(${JSON.stringify({ ...recipe, out: undefined }, undefined, 2)});`,
    '',
  ].join('\n');
}

function nothingFound(trials: readonly Trial[]): WeftError {
  const why = trials.findLast(({ message }) => message !== undefined)?.message;
  return new WeftError({
    code: 'WEFT_TUNE_FAILED',
    action: 'find a best trial',
    rule: trials.length === 0 ? 'the budget allowed none' : 'none of them came to a loss',
    ...(why === undefined ? {} : { value: why }),
    remedy: trials.length === 0 ? 'Give a larger budget, or fewer training.steps.' : 'Correct the recipe or the space.',
  });
}
