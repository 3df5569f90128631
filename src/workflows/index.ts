/** `weft/workflows`: whole paths made of the rooms below. */
export type {
  ComparisonEvent,
  EvalEvent,
  ModelEvent,
  Phase,
  PhaseEndEvent,
  PhaseEvent,
  ProgressEvent,
  ProgressUnit,
  SampleEvent,
  SavedEvent,
  StepEvent,
  StoppedEvent,
  WarningEvent,
  WorkflowEvent,
  WorkflowHooks,
} from './events.ts';
