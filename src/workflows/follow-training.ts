/** Training as it goes: what is logged, kept and told at each step. */

import type { HostTensor } from '../core/index.ts';
import { writeSafetensors } from '../formats/index.ts';
import type { TrainingRun, Weights } from '../train/index.ts';
import type { WorkflowHooks } from './events.ts';
import type { FullTraining } from './recipe-parts.ts';
import type { MetricsLog, RunPaths } from './run-folder.ts';

interface Following {
  readonly training: Pick<FullTraining, 'steps' | 'minutes' | 'evaluateEvery' | 'checkpointEvery'>;
  readonly paths: Pick<RunPaths, 'folder' | 'checkpoint' | 'best'>;
  /** Of held-out text. */
  readonly bytesPerToken: number;
  /** The command that continues a run, before its folder. */
  readonly resume: string;
  readonly log: MetricsLog;
  readonly hooks: WorkflowHooks;
  /** Stops after this step, with a checkpoint; default the last. */
  readonly until?: number;
  /** Has the model as it is write a text; default none is written. */
  readonly sample?: (weights: Weights) => Promise<string>;
}

/** Steps whose mean loss is the run's training loss. */
const RECENT_STEPS = 50;

/** Seconds of training after which a checkpoint is due, whatever the recipe says. */
const CHECKPOINT_SECONDS = 60;

/** Share of the time that texts on the way may take, after the first: an evaluation goes without where they took more. */
const SAMPLE_SHARE = 0.02;

/** Trains: logs every step, keeps checkpoints and the best weights, and stops when asked to, with a checkpoint. */
export async function follow(
  run: TrainingRun,
  { training, paths, bytesPerToken, resume, log, hooks: { onEvent, signal }, until = training.steps, sample }: Following,
): Promise<{ readonly trainLoss: number }> {
  const every = training.checkpointEvery ?? training.evaluateEvery ?? Math.max(1, Math.ceil(training.steps / 10));
  const recent = log.earlier.slice(-RECENT_STEPS).map(({ loss }) => loss);
  let savedAt = 0;
  /** Seconds that texts on the way took. */
  let sampling = 0;
  const save = async (step: number): Promise<void> => {
    await run.save(paths.checkpoint);
    savedAt = run.state.seconds;
    onEvent?.({ kind: 'saved', what: 'checkpoint', path: paths.checkpoint, step });
  };
  for await (const {
    index,
    loss,
    metrics: measured,
    learningRate,
    gradientNorm,
    tokensPerSecond,
    tokensSeen,
    seconds,
    evaluation,
  } of run) {
    const step = index + 1;
    const metrics = metricsOf(measured);
    recent.push(loss);
    if (recent.length > RECENT_STEPS) recent.shift();
    await log.append({ kind: 'step', step, loss, learningRate, gradientNorm, tokensPerSecond, tokensSeen, seconds, ...metrics });
    const perStep = seconds / Math.max(1, step);
    const secondsLeft = Math.min(
      (training.steps - step) * perStep,
      training.minutes === undefined ? Infinity : Math.max(0, training.minutes * 60 - seconds),
    );
    onEvent?.({
      kind: 'step',
      step,
      steps: training.steps,
      loss,
      learningRate,
      gradientNorm,
      tokensPerSecond,
      tokensSeen,
      seconds,
      secondsLeft,
      ...metrics,
    });
    if (evaluation !== undefined) {
      const record = {
        step,
        loss: evaluation.loss,
        perplexity: Math.exp(evaluation.loss),
        bitsPerByte: evaluation.loss / Math.LN2 / bytesPerToken,
        seconds,
        ...metricsOf(evaluation.metrics),
      } as const;
      await log.append({ kind: 'eval', ...record });
      onEvent?.({ kind: 'eval', ...record, best: evaluation.best });
      if (evaluation.best) await writeSafetensors(paths.best, new Map<string, HostTensor>(run.averaged));
      if (sample !== undefined && sampling <= SAMPLE_SHARE * seconds) {
        const started = performance.now();
        await log.append({ kind: 'sample', step, text: await sample(run.averaged) });
        sampling += (performance.now() - started) / 1000;
      }
    }
    if (signal?.aborted === true) {
      await save(step);
      onEvent?.({ kind: 'stopped', reason: 'interrupted', step, remedy: `Continue with: ${resume} ${paths.folder}` });
      signal.throwIfAborted();
    }
    if (step % every === 0 || step === until || seconds - savedAt > CHECKPOINT_SECONDS) await save(step);
    if (step === until) break;
  }
  const { step } = run.state;
  if (step < until) {
    if (savedAt < run.state.seconds) await save(step);
    onEvent?.({
      kind: 'stopped',
      reason: training.minutes !== undefined && run.state.seconds >= training.minutes * 60 ? 'time' : 'early',
      step,
    });
  }
  return { trainLoss: recent.reduce((sum, loss) => sum + loss, 0) / Math.max(1, recent.length) };
}

/** Nothing where nothing was measured. */
function metricsOf(metrics: Readonly<Record<string, number>>): { readonly metrics?: Readonly<Record<string, number>> } {
  return Object.keys(metrics).length === 0 ? {} : { metrics };
}
