/**
 * What a workflow tells while it runs: one union of plain data, so that a terminal, a log file and a page can each show
 * it in their own way, and none is known to the workflow.
 */

/** A stage of the path from text to model. */
export type Phase = 'text' | 'tokenizer' | 'pack' | 'baselines' | 'training' | 'evaluation' | 'samples' | 'save' | 'export';

/** What {@link ProgressEvent} counts. */
export type ProgressUnit = 'bytes' | 'documents' | 'tokens' | 'merges' | 'steps';

/** A stage begins; it ends with {@link PhaseEndEvent} or with the next stage. */
export interface PhaseEvent {
  readonly kind: 'phase';
  readonly phase: Phase;
}

/** A stage has ended. */
export interface PhaseEndEvent {
  readonly kind: 'phaseEnd';
  readonly phase: Phase;
  /** What came of it, in a few words, e.g. `2,048 tokens, 3.9 bytes a token`. */
  readonly summary: string;
  readonly seconds: number;
}

/** How far a stage other than training is. */
export interface ProgressEvent {
  readonly kind: 'progress';
  readonly phase: Phase;
  readonly done: number;
  /** Undefined when the end is not known, as in a stream. */
  readonly total: number | undefined;
  readonly unit: ProgressUnit;
}

/** The model to be trained, said once before the first step. */
export interface ModelEvent {
  readonly kind: 'model';
  readonly architecture: string;
  readonly parameters: number;
  readonly contextLength: number;
  /** Tokens in a step. */
  readonly tokensPerStep: number;
  /** The step a resumed run continues from; 0 for a new run. */
  readonly resumedFrom: number;
  /** The losses of the steps up to there. */
  readonly earlier: readonly StepLoss[];
}

/** The loss of a step that is done. */
export interface StepLoss {
  readonly step: number;
  readonly loss: number;
}

/** One training step: the fields of a line of `metrics.jsonl`, and how far the run is. */
export interface StepEvent {
  readonly kind: 'step';
  /** 1-based number of steps done. */
  readonly step: number;
  /** Steps of the whole run; an estimate when a time budget ends the run. */
  readonly steps: number;
  /** Mean loss of the step in nats a token. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  readonly tokensSeen: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** What else the step reports, such as the mean reward. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Seconds until the run ends, as far as it can be told. */
  readonly secondsLeft: number | undefined;
}

/** An evaluation on held-out text. */
export interface EvalEvent {
  readonly kind: 'eval';
  readonly step: number;
  /** Mean loss in nats a token. */
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
  readonly seconds: number;
  /** What else was measured, such as the share of pairs that were told right; where there is some, the loss is not one a token. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** True when no evaluation of this run was better. */
  readonly best: boolean;
}

/** A text that the model wrote. */
export interface SampleEvent {
  readonly kind: 'sample';
  readonly step: number;
  /** What it was given; empty for a text from nothing. */
  readonly prompt: string;
  /** What it wrote, without the prompt. */
  readonly text: string;
}

/** Something reached the disk. */
export interface SavedEvent {
  readonly kind: 'saved';
  readonly what: 'tokenizer' | 'tokens' | 'checkpoint' | 'model';
  readonly path: string;
  readonly step: number | undefined;
}

/** Training ended before its last step, and why. */
export interface StoppedEvent {
  readonly kind: 'stopped';
  readonly reason: 'time' | 'early' | 'interrupted';
  readonly step: number;
  /** How to go on, e.g. the command that resumes the run. */
  readonly remedy?: string;
}

/** A measured quality beside what it should be compared with. */
export interface ComparisonEvent {
  readonly kind: 'comparison';
  /** UTF-8 bytes of the held-out text. */
  readonly bytes: number;
  /** The model first, then the baselines; lower is better. */
  readonly rows: readonly { readonly name: string; readonly bitsPerByte: number }[];
}

/** Something that the user should know, and what to do about it. */
export interface WarningEvent {
  readonly kind: 'warning';
  readonly text: string;
  readonly remedy: string | undefined;
}

/** Anything that a workflow tells. */
export type WorkflowEvent =
  | PhaseEvent
  | PhaseEndEvent
  | ProgressEvent
  | ModelEvent
  | StepEvent
  | EvalEvent
  | SampleEvent
  | SavedEvent
  | StoppedEvent
  | ComparisonEvent
  | WarningEvent;

/** How a workflow talks to its caller. */
export interface WorkflowHooks {
  /** Called with every event, in order. */
  readonly onEvent?: (event: WorkflowEvent) => void;
  /** Aborted to stop: the workflow saves what can be saved, then throws the signal's reason. */
  readonly signal?: AbortSignal;
}
