/** Trains a character tokenizer: the vocabulary is the characters of the text, in the order of their code points. */

import { UsageError } from '../../core/index.ts';
import type { BpeTraining } from '../bpe/train-bpe.ts';
import { createSpecialTokens } from '../special-tokens.ts';
import { type Tokenizer, UNKNOWN } from '../tokenizer.ts';
import { emptyCorpus } from '../training/progress.ts';
import { createCharacterTokenizer } from './character-tokenizer.ts';

/** What to train. */
export type CharacterTraining = Omit<BpeTraining, 'splitting' | 'pattern' | 'vocabSize'> & {
  /** Tokens at most: the most frequent characters are kept. */
  readonly vocabSize: number | undefined;
};

const REPORT_EVERY_BYTES = 1 << 20;

/** Trains and returns the tokenizer; the special tokens have the last ids. */
export async function trainCharacters(texts: Iterable<string> | AsyncIterable<string>, training: CharacterTraining): Promise<Tokenizer> {
  const { vocabSize = Infinity, specialTokens, minFrequency, onProgress } = training;
  const counts = new Map<number, number>();
  let units = 0;
  let reported = 0;
  for await (const text of texts) {
    countCharacters(text, counts);
    units += text.length;
    if (units - reported < REPORT_EVERY_BYTES) continue;
    reported = units;
    onProgress?.({ phase: 'read', bytes: bytesOf(counts), tokens: counts.size });
  }
  if (units === 0) throw emptyCorpus();

  const frequent = [...counts].filter(([, count]) => count >= minFrequency);
  const room = vocabSize - specialTokens.length;
  const kept = frequent.sort(([a, countA], [b, countB]) => countB - countA || a - b).slice(0, Math.max(0, room));
  const unknown = specialTokens.find((token) => token === UNKNOWN);
  if (room < 1 || (kept.length < counts.size && unknown === undefined)) {
    throw new UsageError({
      code: 'WEFT_TOKENIZER_VOCABULARY',
      action: 'train a tokenizer',
      rule: `without '${UNKNOWN}' among specialTokens every character needs a token, ${counts.size + specialTokens.length} in all`,
      value: `${vocabSize} tokens, of characters seen ${minFrequency} times or more`,
      remedy: `Give a larger vocabSize and minFrequency 1, or '${UNKNOWN}' among specialTokens.`,
    });
  }
  const codePoints = kept.map(([codePoint]) => codePoint).sort((a, b) => a - b);
  onProgress?.({ phase: 'merge', bytes: bytesOf(counts), tokens: codePoints.length });
  return createCharacterTokenizer({
    ids: new Map(codePoints.map((codePoint, id) => [codePoint, id])),
    special: createSpecialTokens(new Map(specialTokens.map((token, index) => [token, codePoints.length + index]))),
    unknown,
  });
}

function countCharacters(text: string, counts: Map<number, number>): void {
  for (let at = 0; at < text.length; at++) {
    let codePoint = text.codePointAt(at) as number;
    if (codePoint > 0xffff) at++;
    else if (codePoint >= 0xd800 && codePoint < 0xe000) codePoint = 0xfffd;
    counts.set(codePoint, (counts.get(codePoint) ?? 0) + 1);
  }
}

function bytesOf(counts: ReadonlyMap<number, number>): number {
  let bytes = 0;
  for (const [codePoint, count] of counts) bytes += count * (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4);
  return bytes;
}
