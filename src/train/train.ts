/** Training as an async iterable: stopping is `break`, logging is your own `if`. */

import { UsageError, WeftError, checkOptions } from '../core/index.ts';
import type { Batch, Batches } from '../data/index.ts';
import type { SequenceModel } from '../models/index.ts';
import { languageModelling } from './language-modelling.ts';
import type { AnyBatch, BatchSource, ExampleBatch, Objective } from './objective.ts';
import type { Optimizer } from './optimizer.ts';
import { restoreCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { CheckpointState } from './checkpoint.ts';
import { createTrainer } from './trainer.ts';
import type { Trainer } from './trainer.ts';
import type { Weights } from './training-arrays.ts';

/** Options of {@link train}. */
export interface TrainOptions<B = Batch> {
  readonly optimizer: Optimizer;
  /** Steps in all. */
  readonly steps: number;
  /** The largest global norm of the gradient; default 1, 0 for no limit. */
  readonly clipNorm?: number;
  /** Small batches in a step; default 1. */
  readonly accumulate?: number;
  /** Of initial weights and of dropout; default 1. */
  readonly seed?: number;
  /** Weights to start from; default fresh ones. */
  readonly weights?: Weights;
  /** Held-out batches, read again at every evaluation: a list, not a generator. */
  readonly heldOut?: Iterable<B>;
  /**
   * Share of itself that a running average of the weights keeps at each step, e.g. 0.999; evaluations are then of the average. Default:
   * there is none. Polyak and Juditsky 1992.
   */
  readonly average?: number;
  /** Compute the model's blocks again in the backward pass instead of keeping them: less memory, a third more work; default false. */
  readonly checkpointing?: boolean;
  /** Evaluate on them every so many steps, and after the last, whatever ends the run; default a tenth of the steps. */
  readonly evaluateEvery?: number;
  /** Stop when so many evaluations in a row were no better than the best; default never. */
  readonly patience?: number;
  /** A checkpoint file to go on from. */
  readonly resumeFrom?: string;
  /** Threads; default one a core. */
  readonly threads?: number;
  /** What the run was asked to do, kept in checkpoints. */
  readonly recipe?: unknown;
  /** A time after which no step begins, in seconds of training; default none. */
  readonly seconds?: number;
  /** Writes ONNX Runtime's profile to files with this prefix. */
  readonly profile?: string;
}

/** What a step of training tells. */
export interface TrainingStep {
  /** Counted from 0. */
  readonly index: number;
  /** Mean loss of the step's tokens (or examples) before its update, nats. */
  readonly loss: number;
  /** Means that the objective reports beside it. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  /** Tokens (or examples) since the start of the run. */
  readonly tokensSeen: number;
  /** Seconds of training since the start of the run. */
  readonly seconds: number;
  /** Held-out loss after this step, when it was measured. */
  readonly evaluation?: { readonly loss: number; readonly best: boolean; readonly metrics: Readonly<Record<string, number>> };
}

/** A training: iterate it, once, to train. */
export interface TrainingRun extends AsyncIterable<TrainingStep> {
  /** The weights as they are now, the arrays that training writes; empty before the first step. */
  readonly weights: Weights;
  /** Their running average, where the options ask for one; else the weights themselves. */
  readonly averaged: Weights;
  /** Where the training stands. */
  readonly state: CheckpointState;
  /** Writes a checkpoint; call it between steps. */
  save(path: string): Promise<void>;
  /** Frees sessions. Weights stay readable. Iterating to the end or leaving the loop does it, too. */
  close(): void;
}

/**
 * Trains a language model on batches of tokens, or any {@link Objective} on batches of its own.
 *
 * @throws UsageError `WEFT_TRAIN_OPTION` for options out of range, `WEFT_TRAIN_STATE` when it is iterated a second time.
 * @throws WeftError `WEFT_TRAIN_DIVERGED` when loss or gradient is no longer finite, and which tensor was the first; the weights are then those
 *   before the step, and can be saved.
 *
 * @example
 * ```ts
 * import { gpt } from 'weft/models';
 * import { adamw, train } from 'weft/train';
 *
 * const model = gpt({ layers: 1, heads: 1, width: 8, contextLength: 4, vocabSize: 4 });
 * const batch = { inputs: Int32Array.of(0, 1, 2, 3), targets: Int32Array.of(1, 2, 3, 0), kept: 4 };
 * const batches = { batchSize: 1, contextLength: 4, batchesPerEpoch: 1, batch: () => batch };
 * const run = train(model, batches, { optimizer: adamw({ learningRate: 0.01 }), steps: 50 });
 * const losses: number[] = [];
 * for await (const step of run) losses.push(step.loss);
 * console.log(losses[49]! < losses[0]! / 2); // true
 * ```
 */
export function train(model: SequenceModel, batches: Batches, options: TrainOptions): TrainingRun;
export function train<F extends string>(
  objective: Objective<F>,
  batches: BatchSource<ExampleBatch<F>>,
  options: TrainOptions<ExampleBatch<F>>,
): TrainingRun;
export function train(trained: SequenceModel | Objective, batches: Batches | BatchSource, options: TrainOptions<AnyBatch>): TrainingRun {
  checkOptions('train', options, [
    'optimizer',
    'steps',
    'clipNorm',
    'accumulate',
    'seed',
    'weights',
    'heldOut',
    'average',
    'checkpointing',
    'evaluateEvery',
    'patience',
    'resumeFrom',
    'threads',
    'recipe',
    'seconds',
    'profile',
  ]);
  const { optimizer, steps, clipNorm = 1, accumulate = 1, seed = 1, heldOut, patience, resumeFrom } = options;
  const { evaluateEvery = Math.max(1, Math.ceil(steps / 10)), seconds: limit = Infinity } = options;
  for (const [name, value] of Object.entries({ steps, accumulate, evaluateEvery, patience })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1))
      throw new UsageError({
        code: 'WEFT_TRAIN_OPTION',
        action: 'train',
        rule: `${name} must be a whole number of at least 1`,
        value: String(value),
        remedy: `Give ${name} a positive whole number.`,
      });
  }
  const { average } = options;
  if (average !== undefined && !(average > 0 && average < 1)) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action: 'train',
      rule: 'average must be above 0 and below 1',
      value: String(average),
      remedy: 'Give a share such as 0.999, or leave it out.',
    });
  }
  const objective: Objective = 'losses' in trained ? trained : objectiveOf(trained, batches as Batches);
  const source: BatchSource = batches;
  let state: CheckpointState = {
    step: 0,
    batchIndex: 0,
    tokensSeen: 0,
    seconds: 0,
    evaluationsSinceBest: 0,
    recipe: options.recipe ?? null,
  };
  /** Asked of the state alone, so that a resumed run ends where the uninterrupted one does. */
  const isOver = (): boolean => state.step >= steps || state.seconds >= limit || state.evaluationsSinceBest >= (patience ?? Infinity);
  let trainer: Trainer | undefined;
  let closed = false;
  const close = (): void => {
    if (!closed) trainer?.close();
    closed = true;
  };

  async function* run(): AsyncGenerator<TrainingStep> {
    if (trainer !== undefined)
      throw new UsageError({
        code: 'WEFT_TRAIN_STATE',
        action: 'iterate a training',
        rule: 'it was iterated before',
        value: `${state.step} steps are done`,
        remedy: 'Save a checkpoint, and go on from it with train and resumeFrom.',
      });
    trainer = await createTrainer({
      objective,
      optimizer,
      batchSize: batches.batchSize,
      clipNorm,
      accumulate,
      seed,
      ...(average === undefined ? {} : { average }),
      ...(options.checkpointing === undefined ? {} : { checkpointing: options.checkpointing }),
      ...(options.weights === undefined ? {} : { weights: options.weights }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(options.profile === undefined ? {} : { profile: options.profile }),
    });
    try {
      if (resumeFrom !== undefined) state = { ...(await restoreCheckpoint(resumeFrom, trainer)), recipe: state.recipe };
      while (!isOver()) {
        const { step: index, batchIndex } = state;
        const started = performance.now();
        const parts: AnyBatch[] = [];
        for (let part = 0; part < accumulate; part++) parts.push(await source.batch(batchIndex + part));
        const { loss, gradientNorm, metrics } = await trainer.step(index, parts);
        if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
          throw new WeftError({
            code: 'WEFT_TRAIN_DIVERGED',
            action: `go on after step ${index}`,
            rule: 'loss and gradient must be finite',
            value: `loss ${loss}, gradient norm ${gradientNorm}`,
            remedy: 'Train with a lower learning rate or a longer warm-up; what was saved before is untouched.',
          });
        }
        const elapsed = (performance.now() - started) / 1000;
        const kept = parts.reduce((sum, part) => sum + part.kept, 0);
        state = {
          ...state,
          step: index + 1,
          batchIndex: batchIndex + accumulate,
          tokensSeen: state.tokensSeen + kept,
          seconds: state.seconds + elapsed,
        };
        const due = heldOut !== undefined && ((index + 1) % evaluateEvery === 0 || isOver());
        const evaluation = due ? await evaluate(trainer, heldOut) : undefined;
        yield {
          index,
          loss,
          metrics,
          learningRate: optimizer.learningRate(index),
          gradientNorm,
          tokensPerSecond: kept / elapsed,
          tokensSeen: state.tokensSeen,
          seconds: state.seconds,
          ...(evaluation === undefined ? {} : { evaluation }),
        };
      }
    } finally {
      close();
    }
  }

  async function evaluate(on: Trainer, held: Iterable<AnyBatch>): Promise<NonNullable<TrainingStep['evaluation']>> {
    const { loss, metrics } = await on.evaluate(held);
    const best = loss < (state.bestLoss ?? Infinity);
    state = best
      ? { ...state, bestLoss: loss, evaluationsSinceBest: 0 }
      : { ...state, evaluationsSinceBest: state.evaluationsSinceBest + 1 };
    return { loss, best, metrics };
  }

  return {
    [Symbol.asyncIterator]: run,
    get weights() {
      return trainer?.weights ?? new Map();
    },
    get averaged() {
      return average === undefined ? (trainer?.weights ?? new Map()) : (trainer?.averaged ?? new Map());
    },
    get state() {
      return state;
    },
    async save(path) {
      if (trainer === undefined)
        throw new WeftError({
          code: 'WEFT_TRAIN_STATE',
          action: 'write a checkpoint',
          rule: 'the training has not begun',
          remedy: 'Call save after the first step.',
        });
      await writeCheckpoint(path, trainer, state);
    },
    close,
  };
}

function objectiveOf(model: SequenceModel, { contextLength }: Batches): Objective {
  if (contextLength > model.contextLength) {
    throw new UsageError({
      code: 'WEFT_TRAIN_OPTION',
      action: 'train',
      rule: "batches must not be longer than the model's context",
      value: `${contextLength} against ${model.contextLength}`,
      remedy: 'Pack the text with the contextLength of the model.',
    });
  }
  return languageModelling(model, contextLength);
}
