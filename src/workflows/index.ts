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
export { checkRecipe, defineRecipe } from './recipe.ts';
export type { ModelRecipe, Recipe, TokenizerRecipe, TrainingRecipe } from './recipe.ts';
export type { RunResult } from './run-result.ts';
