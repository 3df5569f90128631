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
  StepLoss,
  StoppedEvent,
  WarningEvent,
  WorkflowEvent,
  WorkflowHooks,
} from './events.ts';
export { comparisonRows } from './baseline-rows.ts';
export { converse } from './conversation.ts';
export type { Conversation } from './conversation.ts';
export { declarationFiles } from './default-corpus.ts';
export { evaluateModel } from './evaluate-model.ts';
export type { EvaluateModelOptions, ModelEvaluation } from './evaluate-model.ts';
export { explainTokenizer } from './explain-tokenizer.ts';
export type { ExplainTokenizerOptions, TokenizerExplanation } from './explain-tokenizer.ts';
export { fineTuneRun, resumeFineTune } from './fine-tune/fine-tune-run.ts';
export type { FineTuneHooks, FineTuneResult } from './fine-tune/fine-tune-run.ts';
export { readPlan } from './fine-tune/options.ts';
export type { FineTuneMethod, FineTunePlan, FineTuneRunOptions } from './fine-tune/options.ts';
export { findModel } from './find-model.ts';
export { quickstart } from './quickstart.ts';
export type { QuickstartOptions } from './quickstart.ts';
export { DEFAULT_RUN_FOLDER, checkRecipe, defineRecipe } from './recipe.ts';
export type { ModelRecipe, Recipe, TokenizerRecipe, TrainingRecipe } from './recipe.ts';
export type { RunResult } from './run-result.ts';
export { resumeRun, trainRun } from './train-run.ts';
export type { ResumeOptions } from './train-run.ts';
export { trainTokenizerRun } from './train-tokenizer-run.ts';
export type { TrainTokenizerOptions, TrainedTokenizer } from './train-tokenizer-run.ts';
export { calibrateTokens } from './tokens/calibrate-tokens.ts';
export type { CalibrateOptions } from './tokens/calibrate-tokens.ts';
export type { CalibratedLanguage, Calibration } from './tokens/calibration.ts';
export { countTokens } from './tokens/count-tokens.ts';
export type { CountTokensOptions, MachineRow, TokenReport, TokenRow } from './tokens/count-tokens.ts';
export { minimize } from './tune/minimize.ts';
export type { MinimizeOptions, Minimum, ValuesOf } from './tune/minimize.ts';
export type { Strategy } from './tune/next-job.ts';
export { choice, integer, logInteger, logUniform, onlyWhen, uniform } from './tune/parameters.ts';
export type {
  AnyParameter,
  ChoiceParameter,
  Condition,
  NumberParameter,
  ParameterValue,
  ParameterValues,
  ParameterSpace,
} from './tune/parameters.ts';
export { defineSearch } from './tune/search.ts';
export type { Parameter, Search, SearchBudget, SearchPlaces, SearchSpace } from './tune/search.ts';
export type { Trial, TrialStatus } from './tune/trial.ts';
export { tune } from './tune/tune.ts';
export type { TuneResult, TuneTrial } from './tune/tune.ts';
export type {
  TuneBeginEvent,
  TuneEvent,
  TuneHooks,
  TunePreparingEvent,
  TuneSplitEvent,
  TuneStepEvent,
  TuneTrialEvent,
} from './tune/tune-events.ts';
