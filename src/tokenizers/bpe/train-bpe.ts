/** Trains a byte-level byte pair encoding on texts that are read once, as a stream. */

import { UsageError } from '../../core/index.ts';
import { ALPHABET, bytesToText } from '../byte-alphabet.ts';
import { createSpecialTokens } from '../special-tokens.ts';
import { createBpeJson } from '../json/bpe-json.ts';
import type { BatchSplitter } from '../splitting/runs.ts';
import { SPLITTINGS, type Splitting, splittingOf } from '../splitting/splittings.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type TrainProgress, emptyCorpus } from '../training/progress.ts';
import { createBpeTokenizer } from './bpe-tokenizer.ts';
import { createPieceCounter } from './count-pieces.ts';
import { arenaOf } from '../token-arena.ts';
import { mergeListOf } from './merge-table.ts';
import { learnMerges } from './learn-merges.ts';

/** What to train. */
export interface BpeTraining {
  readonly vocabSize: number;
  readonly splitting: Splitting;
  /** Instead of the splitting, unless it is empty. */
  readonly pattern: string;
  readonly specialTokens: readonly string[];
  readonly minFrequency: number;
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined;
}

/** Distinct pieces in memory at most: about a gigabyte, which takes a corpus of many gigabytes to fill. */
const MOST_PIECES = 8_000_000;

const BYTES = 256;
const REPORT_EVERY_BYTES = 1 << 20;
const REPORT_EVERY_TOKENS = 256;

/** Trains and returns the tokenizer; the special tokens have the last ids. */
export async function trainBpe(texts: Iterable<string> | AsyncIterable<string>, training: BpeTraining): Promise<Tokenizer> {
  const { vocabSize, pattern, specialTokens, minFrequency, onProgress } = training;
  const splitting = pattern === '' ? training.splitting : splittingOf(pattern);
  const least = BYTES + specialTokens.length;
  if (vocabSize < least) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_VOCABULARY',
      action: 'train a tokenizer',
      rule: `a byte-level vocabulary needs ${BYTES} tokens for the bytes and one for each special token, ${least} in all`,
      value: `${vocabSize} tokens`,
      remedy: `Give a vocabSize of at least ${least}, or train a tokenizer of type 'characters'.`,
    });
  }
  const counter = createPieceCounter(splitting === undefined ? wholeText : SPLITTINGS[splitting].splitBatch, MOST_PIECES);
  const piecesOf =
    splitting === undefined ? (await import('../training/pattern-cutter.ts')).createPatternCutter(pattern) : (text: string) => [text];
  let reported = 0;
  for await (const text of texts) {
    for (const piece of piecesOf(text)) counter.add(piece);
    if (counter.bytesSeen() - reported < REPORT_EVERY_BYTES) continue;
    reported = counter.bytesSeen();
    onProgress?.({ phase: 'read', bytes: reported, tokens: 0 });
  }
  const bytes = counter.bytesSeen();
  if (bytes === 0) throw emptyCorpus();
  const { tokens, merges } = learnMerges(counter.result(), {
    size: vocabSize - specialTokens.length,
    minFrequency,
    onMerge: (count) => {
      if (count % REPORT_EVERY_TOKENS === 0) onProgress?.({ phase: 'merge', bytes, tokens: count });
    },
  });
  onProgress?.({ phase: 'merge', bytes, tokens: tokens.length });

  const byteIds = new Int32Array(BYTES);
  ALPHABET.forEach((byte, id) => (byteIds[byte] = id));
  const utf8 = new TextEncoder();
  const learnt = new Set(tokens.map((token) => bytesToText(token)));
  const clash = specialTokens.find((token) => learnt.has(token));
  if (clash !== undefined) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_SPECIAL',
      action: 'train a tokenizer',
      rule: 'a special token must not be a token of the text too',
      value: clash,
      remedy: 'Give special tokens a form that text does not have, e.g. <|name|>.',
    });
  }
  const definition = {
    tokens: arenaOf([...tokens, ...specialTokens.map((token) => utf8.encode(token))]),
    byteIds,
    merges: mergeListOf(merges),
    ignoreMerges: false,
    special: createSpecialTokens(new Map(specialTokens.map((token, index) => [token, tokens.length + index]))),
  };
  if (splitting !== undefined) return createBpeTokenizer({ ...definition, splitting });
  const { tokenizerFromJson } = await import('../json/read-tokenizer.ts');
  return tokenizerFromJson(createBpeJson(definition, { pattern }));
}

/** One piece a text. */
const wholeText: BatchSplitter = (_, _start, end, ends) => {
  ends[0] = end;
  return 1;
};
