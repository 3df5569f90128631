/**
 * Trains a SentencePiece model on raw text: unigram or byte pair encoding, as `spm_train` 0.1.97 does it with the same settings.
 *
 * Every line is a text of its own, as there. Ids: `<unk>`, `<s>` and `</s>`, then control symbols, user-defined symbols and bytes,
 * then what was learnt. A vocabulary that is larger than the text gives becomes smaller, where `spm_train` fails.
 */

import { learnUnigram } from '../unigram/train-unigram.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { createChunkCounter } from '../training/count-chunks.ts';
import { type OnProgress, type Texts, everySoOften, readTexts, smallVocabulary } from '../training/progress.ts';
import { emptyText } from '../training/trained-json.ts';
import { createCharsmap } from './charsmap.ts';
import { type CharsmapName, loadCharsmap } from './load-charsmap.ts';
import type { SentencePiece, SentencePieceType } from './sentencepiece-model.ts';
import { createSentencePieceTokenizer } from './sentencepiece-tokenizer.ts';
import { createTextNormalizer } from './text-normalizer.ts';
import { learnSentencePieceMerges } from './train-merges.ts';
import type { PieceLimits } from './train-piece-rule.ts';
import { type TrainingWords, createTrainingWords } from './train-words.ts';

/** What both kinds of model are trained with. */
export interface SentencePieceTraining extends PieceLimits {
  /** Pieces at most, all that are no text included. */
  readonly vocabSize: number;
  readonly normalization: CharsmapName;
  readonly dummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly byteFallback: boolean;
  readonly controlSymbols: readonly string[];
  readonly userDefinedSymbols: readonly string[];
  readonly characterCoverage: number;
  readonly seed: number;
  readonly onProgress: OnProgress;
}

/** What a unigram model is trained with besides. */
export interface UnigramTraining extends SentencePieceTraining {
  readonly seedSize: number;
  readonly shrinkingFactor: number;
  readonly subIterations: number;
}

/**
 * Distinct chunks in memory at most, and their bytes. Filled up, training took 0.6 gigabytes for a unigram model, whose lattice is
 * large, and 1.8 for merging; it takes a corpus of many gigabytes to fill them.
 */
const MOST_CHUNKS = { unigram: 1 << 20, bpe: 1 << 21 };
const MOST_BYTES = { unigram: 1 << 24, bpe: 1 << 25 };

/** How many more pieces pruning leaves than there are to be. */
const SURPLUS = 1.1;

/** Trains a unigram model. */
export async function trainUnigram(texts: Texts, training: UnigramTraining): Promise<Tokenizer> {
  const { words, meta, bytes } = await readWords(texts, training, 'unigram');
  const { vocabSize, onProgress } = training;
  const pieces = learnUnigram(words, {
    ...training,
    size: vocabSize - meta.length,
    pruneTo: Math.trunc(vocabSize * SURPLUS),
    onRound: onProgress && ((tokens) => onProgress({ phase: 'prune', bytes, tokens })),
  });
  return createModel([...meta, ...pieces], training, 'unigram');
}

/** Trains a model of byte pair encoding. */
export async function trainSentencePieceBpe(
  texts: Texts,
  training: SentencePieceTraining & { readonly minFrequency: number },
): Promise<Tokenizer> {
  const { words, meta, bytes } = await readWords(texts, training, 'bpe');
  const { vocabSize, onProgress } = training;
  const pieces = learnSentencePieceMerges(words, {
    ...training,
    size: vocabSize - meta.length,
    onMerge: everySoOften(onProgress, { phase: 'merge', bytes }),
  });
  onProgress?.({ phase: 'merge', bytes, tokens: pieces.length });
  return createModel([...meta, ...pieces.map((piece, index) => ({ piece, score: -index }))], training, 'bpe');
}

interface ReadWords {
  readonly words: TrainingWords;
  /** The pieces that are no text. */
  readonly meta: readonly SentencePiece[];
  /** Bytes that were read. */
  readonly bytes: number;
}

async function readWords(texts: Texts, training: SentencePieceTraining, kind: 'unigram' | 'bpe'): Promise<ReadWords> {
  const { vocabSize, dummyPrefix, removeExtraWhitespaces, characterCoverage, seed, onProgress } = training;
  const meta = metaPieces(training);
  const counter = createChunkCounter({
    separator: 'space',
    lines: true,
    places: true,
    empty: !removeExtraWhitespaces,
    limit: MOST_CHUNKS[kind],
    byteLimit: MOST_BYTES[kind],
    seed,
  });
  const bytes = await readTexts(texts, counter, onProgress);
  const words = createTrainingWords(counter.result(), {
    normalize: await createNormalizer(training),
    dummyPrefix,
    removeExtraWhitespaces,
    symbols: meta.map(({ piece }) => piece),
    characterCoverage,
  });
  if (words.characters.length === 0) throw emptyText();
  const least = meta.length + words.characters.length;
  if (least > vocabSize) {
    throw smallVocabulary(
      vocabSize,
      least,
      `a piece for every character that the text needs for a characterCoverage of ${characterCoverage}`,
    );
  }
  return { words, meta, bytes };
}

/** The pieces that are no text, by id; a symbol that has a piece already only changes its type. */
function metaPieces({ controlSymbols, userDefinedSymbols, byteFallback }: SentencePieceTraining): readonly SentencePiece[] {
  const types = new Map<string, SentencePieceType>([
    ['<unk>', 'unknown'],
    ['<s>', 'control'],
    ['</s>', 'control'],
  ]);
  for (const symbol of controlSymbols) types.set(symbol, 'control');
  for (const symbol of userDefinedSymbols) types.set(symbol, 'user-defined');
  if (byteFallback) {
    for (let byte = 0; byte < 256; byte++) types.set(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 'byte');
  }
  return Array.from(types, ([piece, type]) => ({ piece, score: 0, type }));
}

/** The normaliser for what stands between spaces. */
async function createNormalizer({ normalization, removeExtraWhitespaces }: SentencePieceTraining): Promise<(text: string) => string> {
  const rules = await loadCharsmap(normalization);
  const normalizer = createTextNormalizer({
    charsmap: rules.length === 0 ? undefined : createCharsmap(rules),
    addDummyPrefix: false,
    removeExtraWhitespaces,
    escapeWhitespaces: true,
    treatWhitespaceAsSuffix: false,
    symbols: undefined,
    symbolBytes: new Set(),
  });
  const utf8 = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const normalize = (text: string): string => {
    const source = utf8.encode(text);
    const length = normalizer.part(source, 0, source.length, false);
    return decoder.decode(normalizer.bytes().subarray(0, length));
  };
  // Most text is ASCII, which most rules leave as it is.
  const ascii = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 0x21 + index));
  if (normalize(ascii) !== ascii) return normalize;
  return (text) => (/^[!-~]*$/.test(text) ? text : normalize(text));
}

async function createModel(
  pieces: readonly SentencePiece[],
  training: SentencePieceTraining,
  modelType: 'unigram' | 'bpe',
): Promise<Tokenizer> {
  const { normalization, dummyPrefix, removeExtraWhitespaces, byteFallback, controlSymbols, userDefinedSymbols } = training;
  return createSentencePieceTokenizer({
    pieces,
    trainer: {
      modelType,
      vocabSize: pieces.length,
      characterCoverage: training.characterCoverage,
      maxSentencepieceLength: training.maxPieceLength,
      splitByUnicodeScript: training.splitByScript,
      splitByNumber: training.splitByNumber,
      splitDigits: training.splitDigits,
      controlSymbols,
      userDefinedSymbols,
      byteFallback,
      unkPiece: '<unk>',
      bosPiece: '<s>',
      eosPiece: '</s>',
      unkSurface: ' \u2047 ',
    },
    normalizer: {
      name: normalization,
      precompiledCharsmap: await loadCharsmap(normalization),
      addDummyPrefix: dummyPrefix,
      removeExtraWhitespaces,
      escapeWhitespaces: true,
    },
  });
}
