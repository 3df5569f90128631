/** What an explanation says: plain data that `JSON.stringify` takes, drawn by the command line and by the page. */

import type { TokenizerType } from '../tokenizer.ts';

/**
 * How a word keeps the space that stood before or behind it. `space`: `▁` before it, as SentencePiece; `end`: `</w>` behind it, as
 * Sennrich et al. 2016; `continuing`: `##` before every symbol but the first, as BERT's WordPiece; `none`: not at all.
 */
export type Marking = 'none' | 'space' | 'end' | 'continuing';

/** What is best about the pair that is merged: its count, or how much likelier the text becomes, freq(ab) / (freq(a) · freq(b)). */
export type PairRule = 'count' | 'likelihood';

/** A word of the training text, cut into symbols. */
export interface WordSymbols {
  readonly word: string;
  readonly count: number;
  readonly symbols: readonly string[];
}

/** A pair of neighbouring symbols. */
export interface PairScore {
  readonly left: string;
  readonly right: string;
  readonly count: number;
  /** freq(ab) / (freq(a) · freq(b)). */
  readonly likelihood: number;
}

/** A token of the vocabulary that was learnt. */
export interface LearntToken {
  readonly id: number;
  readonly token: string;
  readonly logProbability?: number;
}

/** What every training begins and ends with. Lists show the first {@link SHOWN} entries; a number beside them says how many there are. */
interface TrainingCommon {
  readonly marking: Marking;
  /** Words of the text, the most frequent first, as symbols before anything is learnt. */
  readonly words: readonly WordSymbols[];
  readonly distinctWords: number;
  /** Words of the text in all. */
  readonly totalWords: number;
  /** Symbols that every word is made of, and how often each occurs; in the order of their ids. */
  readonly alphabet: readonly { readonly symbol: string; readonly count: number }[];
  readonly distinctSymbols: number;
  readonly vocabulary: readonly LearntToken[];
  readonly vocabSize: number;
  /** The text that was asked for, encoded with what was learnt. */
  readonly encoding?: EncodingExplanation;
}

/** One merge. */
export interface MergeStep {
  /** 1 for the first. */
  readonly step: number;
  /** The pairs that were counted before the merge, the best first. */
  readonly pairs: readonly PairScore[];
  readonly distinctPairs: number;
  readonly best: PairScore;
  /** Pairs that were as good as the best; it was taken for its lower ids. */
  readonly ties: number;
  readonly merged: string;
  /** The words after the merge, in the order of `words`. */
  readonly words: readonly WordSymbols[];
}

/** How BPE or WordPiece learns its merges. */
export interface MergeTraining extends TrainingCommon {
  readonly type: 'bpe' | 'wordpiece';
  readonly rule: PairRule;
  readonly unit: 'characters' | 'bytes';
  readonly steps: readonly MergeStep[];
  /** The pairs that are left. */
  readonly pairs: readonly PairScore[];
  readonly distinctPairs: number;
  /** Why it ended: as many tokens as were asked for, or no pair left that is frequent enough. */
  readonly stopped: 'size' | 'pairs';
}

/** A token that Unigram begins with. */
export interface UnigramSeed {
  readonly token: string;
  /** How often it occurs. */
  readonly count: number;
  /** count × length: text that it covers. */
  readonly score: number;
  readonly logProbability: number;
  /** Single characters are never removed: without them some text could not be written. */
  readonly required: boolean;
}

/** A token after one iteration of expectation and maximisation. */
export interface UnigramToken {
  readonly token: string;
  /** How often it is expected in the text, over all segmentations weighted by their probability. */
  readonly expected: number;
  readonly logProbability: number;
}

/** One iteration. */
export interface UnigramIteration {
  /** Mean negative log-likelihood of a word, before the new probabilities. */
  readonly loss: number;
  /** The likeliest first. */
  readonly tokens: readonly UnigramToken[];
  readonly size: number;
  /** Tokens that the text does not need: expected in no segmentation. */
  readonly dropped: readonly string[];
}

/** A token that pruning looked at. */
export interface PrunedToken {
  readonly token: string;
  /** How often the best segmentations of the text have it. */
  readonly frequency: number;
  /** The tokens that take its place. */
  readonly alternative: readonly string[];
  /** What the likelihood of the text loses without it, a word; 0 for a token that no best segmentation has. */
  readonly loss: number;
  readonly removed: boolean;
}

/** Some iterations, and then what is pruned. */
export interface UnigramRound {
  readonly iterations: readonly UnigramIteration[];
  /** Tokens by their loss, the smallest first: those that go, and the next that stay. */
  readonly pruned: readonly PrunedToken[];
  /** How many go. */
  readonly removed: number;
  /** How many are left. */
  readonly size: number;
}

/** How Unigram learns its vocabulary. */
export interface UnigramTraining extends TrainingCommon {
  readonly type: 'unigram';
  readonly seeds: readonly UnigramSeed[];
  readonly distinctSeeds: number;
  readonly rounds: readonly UnigramRound[];
  /** The words as the last probabilities cut them, in the order of `words`. */
  readonly best: readonly WordSymbols[];
}

/** How a vocabulary of whole words or of characters is learnt: by counting. */
export interface CountTraining extends TrainingCommon {
  readonly type: 'words' | 'characters';
  /** What was counted, the most frequent first. */
  readonly counts: readonly { readonly token: string; readonly count: number }[];
  readonly distinct: number;
}

/** How a tokenizer is trained on a text, step by step. */
export type TrainingExplanation = MergeTraining | UnigramTraining | CountTraining;

/** A token of the encoded text. */
export interface ExplainedToken {
  readonly id: number;
  readonly token: string;
  readonly bytes: readonly number[];
  /** Where its text begins and ends, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** A token that lies in the lattice of a piece, between two of its characters. */
export interface LatticeEdge {
  readonly start: number;
  readonly end: number;
  readonly token: string;
  /** `undefined` in the vocabulary: a character that no token covers. */
  readonly id: number | undefined;
  readonly logProbability: number;
  /** Probability that a segmentation of the piece, drawn from the model, has it. */
  readonly probability: number;
  readonly best: boolean;
}

/** One way through the lattice. */
export interface LatticePath {
  readonly tokens: readonly string[];
  readonly logProbability: number;
}

/** How one piece became tokens. */
export type PieceSteps =
  | {
      readonly how: 'merges';
      readonly symbols: readonly string[];
      /** In the order in which they are done; `rank` is 0 for the merge that was learnt first. */
      readonly merges: readonly {
        readonly rank: number;
        readonly left: string;
        readonly right: string;
        readonly symbols: readonly string[];
      }[];
    }
  | {
      readonly how: 'lattice';
      readonly characters: readonly string[];
      readonly edges: readonly LatticeEdge[];
      /** The best path first, then the runners-up. */
      readonly paths: readonly LatticePath[];
    }
  | {
      readonly how: 'longest-match';
      /** What was tried at each place, the longest first, sixteen at most and what was found; `attempts` counts all. None for a word that is too long. */
      readonly matches: readonly {
        readonly rest: string;
        readonly tried: readonly string[];
        readonly attempts: number;
        readonly found: string | null;
      }[];
    }
  | { readonly how: 'lookup'; readonly found: boolean }
  | { readonly how: 'added' };

/** A piece that the model saw, and what it made of it. */
export interface PieceExplanation {
  /** As the model sees it: `▁` or `Ġ` for a space, GPT-2's alphabet for bytes. */
  readonly piece: string;
  /** The piece as people read it, where it is written in GPT-2's alphabet for bytes. */
  readonly text?: string;
  readonly steps: PieceSteps;
  readonly tokens: readonly { readonly id: number; readonly token: string }[];
}

/** How a text becomes ids, step by step. */
export interface EncodingExplanation {
  readonly type: TokenizerType;
  readonly text: string;
  /** What each normalizer made of the text, in order. Empty where there is none. */
  readonly normalization: readonly { readonly name: string; readonly text: string }[];
  /** The names of what cuts the text into pieces. */
  readonly splitting: readonly string[];
  readonly pieces: readonly PieceExplanation[];
  readonly tokens: readonly ExplainedToken[];
  readonly ids: readonly number[];
  /** Whether the steps lead to the ids that the tokenizer itself gives; null where there is no other tokenizer to ask. */
  readonly agrees: boolean | null;
  /** Components that cannot be explained, and what else the reader should know. */
  readonly notes: readonly string[];
}

/** Entries of a list at most. */
export const SHOWN = 64;
