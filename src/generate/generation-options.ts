/** What a caller may ask of one generation: how tokens are chosen, and how it is treated beside others. */

import { UsageError, checkOptions } from '../core/index.ts';
import type { Grammar } from './constraints/grammar.ts';
import { SAMPLING_OPTIONS, fillSampling } from './sampling/options.ts';
import type { Sampling, SamplingOptions } from './sampling/options.ts';
import type { Treatment } from './text-generator.ts';
import type { TokenAlternative } from './text-model.ts';

/** How a piece of work is treated beside others. */
export interface WorkOptions {
  /** Ends the work: its promise rejects, or its iteration throws, with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whose it is: clients get equal shares of the model. Default one for all. */
  readonly client?: string;
  /** Which of the client's requests it is of: they get equal shares of the client's, however much each asks for. Default one for all. */
  readonly request?: string;
  /** Larger goes before smaller, where not all can be computed at once. Default 0. */
  readonly priority?: number;
  /** What was computed of a prompt is used again for prompts that begin alike, within a namespace. Default one for all. */
  readonly namespace?: string;
  /** Called when the work begins, after what came before it. */
  readonly onStart?: () => void;
}

/** Options of {@link TextModel.generate}. */
export interface GenerationOptions extends SamplingOptions, WorkOptions {
  /** What the text must be, where it ends by itself: see `jsonSchemaGrammar` and its neighbours. Default anything. */
  readonly grammar?: Grammar;
  /**
   * The text is one by itself and not what the prompt goes on with: a reply. Tokenizers that write the space between words before each
   * (SentencePiece) write none at its beginning then. Default false; with a grammar it always is.
   */
  readonly standalone?: boolean;
  /**
   * Guess several tokens and check them at once: the same tokens, sooner where guesses are right. `lookup` guesses what followed the same
   * words before, which pays where a text repeats itself or its prompt; `draft` asks the draft model that the text model was made with.
   * Scores may differ in their last bits from those of `none`. Such a text is not computed in one batch with others. Default `none`.
   */
  readonly speculation?: Speculation;
}

/** Options of {@link TextModel.beamSearch}. */
export interface BeamSearchOptions
  extends WorkOptions, Pick<GenerationOptions, 'maxTokens' | 'stop' | 'alternatives' | 'grammar' | 'standalone'> {
  /** Texts that are followed at once, at most as many as the model has slots. Default 4. */
  readonly beams?: number;
  /**
   * Log-probabilities are compared over their lengths to this power, as in Hugging Face `transformers` and vLLM: more than 0 is in favour
   * of long texts, and 0 of probable ones. Default 1.
   */
  readonly lengthPenalty?: number;
}

/** Options of {@link TextModel.score}. */
export interface ScoreOptions extends WorkOptions {
  /** How many of the likeliest tokens to show in the place of each token. Default 0. */
  readonly alternatives?: number;
  /** Is shown the likeliest tokens in the place of token `index`, likeliest first; called for every token but the first. */
  readonly onAlternatives?: (index: number, alternatives: readonly TokenAlternative[]) => void;
}

/** How tokens are guessed. */
export type Speculation = 'none' | 'lookup' | 'draft';

/** The names of what {@link GenerationOptions} adds. */
const OWN_OPTIONS: readonly string[] = ['grammar', 'speculation', 'standalone'];
/** The names of what {@link BeamSearchOptions} has. */
const SEARCH_OPTIONS: readonly string[] = ['beams', 'lengthPenalty', 'maxTokens', 'stop', 'alternatives', 'grammar', 'standalone'];
/** The names of {@link WorkOptions}. */
const WORK_OPTIONS: readonly string[] = ['signal', 'client', 'request', 'priority', 'namespace', 'onStart'];

/**
 * Fills in the defaults.
 *
 * @throws as `fillSampling` does
 */
export function fillGeneration(options: GenerationOptions): {
  readonly sampling: Sampling;
  readonly grammar: Grammar | undefined;
  readonly standalone: boolean;
  readonly treatment: Treatment & { readonly speculation: Speculation };
} {
  checkOptions('generate', options, [...SAMPLING_OPTIONS, ...WORK_OPTIONS, ...OWN_OPTIONS]);
  const {
    client: _client,
    request: _request,
    priority: _priority,
    namespace: _namespace,
    onStart: _onStart,
    speculation = 'none',
    grammar,
    standalone = false,
    ...sampling
  } = options;
  if (!['none', 'lookup', 'draft'].includes(speculation))
    throw refusal('speculation must be none, lookup or draft', speculation, 'generate');
  return {
    grammar,
    standalone: standalone || grammar !== undefined,
    sampling: fillSampling(sampling),
    treatment: { ...treatmentOf('generate', options), speculation },
  };
}

/**
 * Fills in the defaults.
 *
 * @throws as `fillSampling` does
 */
export function fillBeamSearch(options: BeamSearchOptions): BeamSearch {
  checkOptions('search', options, [...SEARCH_OPTIONS, ...WORK_OPTIONS]);
  const { beams = 4, lengthPenalty = 1, grammar, standalone = false, maxTokens, stop, alternatives } = options;
  if (!Number.isSafeInteger(beams) || beams < 1) throw refusal('beams must be a whole number of at least 1', String(beams));
  if (!Number.isFinite(lengthPenalty)) throw refusal('lengthPenalty must be a number', String(lengthPenalty));
  const asked = Object.fromEntries(Object.entries({ maxTokens, stop, alternatives }).filter(([, value]) => value !== undefined));
  return {
    ...fillSampling(asked),
    beams,
    lengthPenalty,
    grammar,
    standalone: standalone || grammar !== undefined,
    treatment: treatmentOf('search', options),
  };
}

/** {@link BeamSearchOptions} with every default filled in. */
export interface BeamSearch extends Pick<Sampling, 'maxTokens' | 'stop' | 'alternatives'> {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly grammar: Grammar | undefined;
  readonly standalone: boolean;
  readonly treatment: Treatment;
}

/** Fills in the defaults of how a piece of work is treated. */
export function fillWork(action: string, options: WorkOptions): Treatment {
  checkOptions(action, options, WORK_OPTIONS);
  return treatmentOf(action, options);
}

function treatmentOf(action: string, options: WorkOptions): Treatment {
  const { client = '', request = '', priority = 0, namespace = '', signal, onStart = () => undefined } = options;
  if (!Number.isFinite(priority)) throw refusal('priority must be a number', String(priority), action);
  return { client, request, priority, namespace, signal, started: onStart };
}

function refusal(rule: string, value: string, action = 'search'): UsageError {
  return new UsageError({ code: 'WEFT_GENERATE_OPTION', action, rule, value, remedy: 'Give a value in its range, or leave it out.' });
}
