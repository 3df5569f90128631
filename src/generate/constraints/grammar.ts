/** A grammar as what runs: states over bytes, some of which call others and come back, as a pushdown automaton does. */

/**
 * What a text must be: made by {@link jsonSchemaGrammar}, {@link jsonObjectGrammar}, {@link regexGrammar}, {@link choiceGrammar} or
 * {@link grammarFromText}, used by {@link createConstraint}. It is plain data and may be kept for as many replies as wanted.
 */
export interface Grammar {
  readonly states: readonly GrammarState[];
  /** Where a text begins. */
  readonly start: number;
  /** Whether a state counts, so that there may be very many alike. */
  readonly counts: boolean;
}

/** A place in a rule. */
export interface GrammarState {
  readonly edges: readonly ByteEdge[];
  readonly calls: readonly Call[];
  /** States that are here as well. */
  readonly jumps: readonly number[];
  /** Whether the rule may end here. */
  readonly accepts: boolean;
  /** Where what is repeated begins, in a state that counts; -1 in every other. */
  readonly body: number;
}

/** A byte from `low` to `high` leads to `next`, where `tail` is a state by way of that: the rest of a character. */
export interface ByteEdge {
  readonly low: number;
  readonly high: number;
  readonly next: number;
  /** -1 for none. */
  readonly tail: number;
}

/** Goes on with `callee`, and with `next` when that ended; for a state that counts, how often at least and at most. */
export interface Call {
  readonly callee: number;
  readonly next: number;
  readonly min: number;
  readonly max: number;
}

/** The state that accepts and does no more. */
export const ACCEPT = 0;
