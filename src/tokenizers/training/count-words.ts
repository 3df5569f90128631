/**
 * Counts the words of texts as a `tokenizer.json` would cut them: its normalizer and pre-tokenizer do it, so that what is learnt is
 * what encoding will ask for.
 */

import { createJsonReader } from '../json/json-reader.ts';
import type { NormalizerJson, PreTokenizerJson } from '../json/tokenizer-json.ts';
import { readNormalizer } from '../pipeline/normalizers.ts';
import { readPreTokenizers } from '../pipeline/pre-tokenizers.ts';
import { FIRST, createChunkCounter } from './count-chunks.ts';
import { type OnProgress, type Texts, readTexts } from './progress.ts';

/** How words are cut. */
export interface WordCutting {
  /** A normalizer that looks at no character across whitespace. */
  readonly normalizer: NormalizerJson | null;
  /** One that cuts at whitespace, or Metaspace with `split`, which only cuts at spaces. */
  readonly preTokenizer: PreTokenizerJson;
}

/** Words, and how many bytes of text they are from. */
export interface CountedWords {
  readonly bytes: number;
  /** How often each word occurs; in no particular order. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Distinct chunks and their bytes in memory at most: up to two gigabytes in all, which takes a corpus of many gigabytes to fill. */
const MOST_CHUNKS: number = 1 << 21;
const MOST_BYTES: number = 1 << 25;

/** Reads the texts once and counts their words. */
export async function countWords(
  texts: Texts,
  { normalizer, preTokenizer }: WordCutting,
  { seed, onProgress }: { readonly seed: number; readonly onProgress: OnProgress },
): Promise<CountedWords> {
  const metaspace = preTokenizer.type === 'Metaspace';
  const reader = createJsonReader('that is trained');
  const change = normalizer === null ? undefined : await readNormalizer(reader, { ...normalizer }, 'normalizer');
  const steps = await readPreTokenizers(reader, { ...preTokenizer }, 'pre_tokenizer');
  const counter = createChunkCounter({
    separator: metaspace ? 'space' : 'whitespace',
    lines: false,
    places: metaspace,
    empty: metaspace,
    limit: MOST_CHUNKS,
    byteLimit: MOST_BYTES,
    seed,
  });
  const bytes = await readTexts(texts, counter, onProgress);

  const { size, bytes: utf8, starts, counts, places } = counter.result();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const words = new Map<string, number>();
  for (let chunk = 0; chunk < size; chunk++) {
    const text = decoder.decode(utf8.subarray(starts[chunk], starts[chunk + 1]));
    const isFirst = !metaspace || ((places[chunk] as number) & FIRST) !== 0;
    const normal = change === undefined ? text : change.text(text);
    let pieces: readonly string[] = [isFirst ? normal : ` ${normal}`];
    for (const { before, cut } of steps) {
      pieces = pieces.flatMap((piece) => {
        const changed = before === undefined ? piece : before.text(piece, isFirst);
        if (cut === undefined) return [changed];
        const ends: number[] = [];
        cut(changed, ends);
        return Array.from({ length: ends.length / 2 }, (_, index) => changed.slice(ends[2 * index], ends[2 * index + 1]));
      });
    }
    for (const piece of pieces) if (piece !== '') words.set(piece, (words.get(piece) ?? 0) + (counts[chunk] as number));
  }
  return { bytes, counts: words };
}
