/**
 * The first pieces of a unigram language model: substrings that more than one character follows, those that cover most first.
 *
 * SentencePiece takes the internal nodes of the suffix tree of the corpus (`MakeSeedSentencePieces` in unigram_model_trainer.cc,
 * 0.1.97). No piece goes over a space, so here the suffixes of the distinct words are sorted instead, with the counts of the words
 * as weights, and no deeper than the longest piece: a radix sort from the first symbol on, which stops at one suffix or where no
 * piece can go on. The nodes are the same: what follows a word in the corpus, a space or the end of the line, follows it here too.
 */

import { CLOSED, type PieceLimits, type PieceRule, createPieceRule } from '../sentencepiece/train-piece-rule.ts';
import { ANY_SCRIPT } from '../sentencepiece/train-scripts.ts';
import { FIRST_CHARACTER, MARK, type TrainingWords, UNKNOWN_SYMBOL } from '../sentencepiece/train-words.ts';

/** Which substrings are pieces. */
export interface SeedOptions extends PieceLimits {
  /** Pieces of two characters or more at most. */
  readonly seedSize: number;
}

/** Substrings, and where they occur. */
export interface Seeds {
  /** All words, each behind its symbols with one symbol more. */
  readonly text: Int32Array;
  /** Where each word begins in `text`; one more entry for the end. */
  readonly starts: Int32Array;
  /** The places of `text` that are not unknown, sorted by what begins there. Places beyond `text` repeat words. */
  readonly suffixes: Int32Array;
  /** Seed `i` is what the suffixes `lows[i]` up to `highs[i]` have in common, `lengths[i]` symbols; suffixes within come before it. */
  readonly lows: Int32Array;
  readonly highs: Int32Array;
  readonly lengths: Int32Array;
  /** How often each occurs in the corpus, times its length. */
  readonly scores: Float64Array;
}

const END_OF_LINE = 0;
/** Suffixes up to which sorting by insertion is fastest. */
const FEW = 16;

/** Finds the seeds of `words`. */
export function findSeeds(words: TrainingWords, options: SeedOptions): Seeds {
  const { stream, textLength, starts, weights } = createStream(words);
  const allowed = createPieceRule(words, options);
  const suffixes = new Int32Array(stream.length);
  let count = 0;
  for (let at = 0; at < stream.length; at++) {
    // The symbol behind a word has no weight.
    if ((weights[at] as number) > 0 && (stream[at] as number) >= FIRST_CHARACTER) suffixes[count++] = at;
  }
  const nodes = createNodes();
  sortSuffixes({ stream, suffixes: suffixes.subarray(0, count), alphabet: words.characters.length + FIRST_CHARACTER, allowed, nodes });
  const sums = new Float64Array(count + 1);
  for (let index = 0; index < count; index++) sums[index + 1] = (sums[index] as number) + (weights[suffixes[index] as number] as number);
  const { lows, highs, lengths } = nodes.result();
  const scores = Float64Array.from(lengths, (length, node) => {
    const occurrences = (sums[highs[node] as number] as number) - (sums[lows[node] as number] as number);
    return occurrences * length;
  });
  const found = { text: stream.subarray(0, textLength), starts, suffixes: suffixes.subarray(0, count), lows, highs, lengths, scores };
  return mostCovering(found, options.seedSize);
}

interface Stream {
  readonly stream: Int32Array;
  readonly textLength: number;
  readonly starts: Int32Array;
  /** How often each place of the stream occurs in the corpus; 0 behind a word. */
  readonly weights: Float64Array;
}

/** Words with what follows them. A word that is found inside and at the end of lines is there twice, the second time behind the text. */
function createStream({ size, symbols, starts, counts, lastCounts, characters }: TrainingWords): Stream {
  const mark = characters.indexOf(MARK.codePointAt(0) as number);
  const space = mark < 0 ? UNKNOWN_SYMBOL : FIRST_CHARACTER + mark;
  const textLength = symbols.length + size;
  let length = textLength;
  for (let word = 0; word < size; word++) if (isTwice(word)) length += (starts[word + 1] as number) - (starts[word] as number) + 1;
  const stream = new Int32Array(length);
  const weights = new Float64Array(length);
  const places = new Int32Array(size + 1);
  let at = 0;
  const put = (word: number, weight: number, after: number): void => {
    for (let symbol = starts[word] as number; symbol < (starts[word + 1] as number); symbol++) {
      weights[at] = weight;
      stream[at++] = symbols[symbol] as number;
    }
    stream[at++] = after;
  };
  function isTwice(word: number): boolean {
    const last = lastCounts[word] as number;
    return last > 0 && last < (counts[word] as number);
  }
  for (let word = 0; word < size; word++) {
    places[word] = at;
    const inside = (counts[word] as number) - (lastCounts[word] as number);
    if (inside > 0) put(word, inside, space);
    else put(word, lastCounts[word] as number, END_OF_LINE);
  }
  places[size] = at;
  for (let word = 0; word < size; word++) if (isTwice(word)) put(word, lastCounts[word] as number, END_OF_LINE);
  return { stream, textLength, starts: places, weights };
}

interface Sorting {
  readonly stream: Int32Array;
  readonly suffixes: Int32Array;
  /** Symbols are below. */
  readonly alphabet: number;
  readonly allowed: PieceRule;
  readonly nodes: Nodes;
}

/** Sorts the suffixes, as deep as pieces go, and tells of every node with two symbols or more. */
function sortSuffixes({ stream, suffixes, alphabet, allowed, nodes }: Sorting): void {
  const keys = new Int32Array(suffixes.length);
  const moved = new Int32Array(suffixes.length);
  const packed = new Float64Array(suffixes.length);
  const ends = new Int32Array(alphabet + 1);

  /** Sorts suffixes by the keys that were put beside them. */
  const sortByKey = (low: number, high: number): void => {
    const size = high - low;
    if (size <= FEW) {
      for (let index = low + 1; index < high; index++) {
        const key = keys[index] as number;
        const suffix = suffixes[index] as number;
        let to = index;
        for (; to > low && (keys[to - 1] as number) > key; to--) {
          keys[to] = keys[to - 1] as number;
          suffixes[to] = suffixes[to - 1] as number;
        }
        keys[to] = key;
        suffixes[to] = suffix;
      }
    } else if (size * 2 > alphabet) {
      ends.fill(0);
      for (let index = low; index < high; index++) ends[(keys[index] as number) + 1] = (ends[(keys[index] as number) + 1] as number) + 1;
      for (let key = 0; key < alphabet; key++) ends[key + 1] = (ends[key + 1] as number) + (ends[key] as number);
      for (let index = low; index < high; index++) {
        const to = ends[keys[index] as number] as number;
        ends[keys[index] as number] = to + 1;
        moved[to] = suffixes[index] as number;
      }
      suffixes.set(moved.subarray(0, size), low);
      for (let index = low; index < high; index++) moved[index - low] = keys[index] as number;
      for (let key = 0, index = 0; key < alphabet; key++) for (; index < (ends[key] as number); index++) keys[low + index] = key;
    } else {
      for (let index = low; index < high; index++) packed[index - low] = (keys[index] as number) * 2 ** 31 + (suffixes[index] as number);
      packed.subarray(0, size).sort();
      for (let index = low; index < high; index++) {
        const value = packed[index - low] as number;
        const key = Math.floor(value / 2 ** 31);
        keys[index] = key;
        suffixes[index] = value - key * 2 ** 31;
      }
    }
  };

  /** The suffixes from `low` up to `high`, two or more, have `depth` symbols in common. */
  const visit = (low: number, high: number, depth: number, script: number): void => {
    let different = false;
    const first = stream[(suffixes[low] as number) + depth] as number;
    for (let index = low; index < high; index++) {
      const key = stream[(suffixes[index] as number) + depth] as number;
      keys[index] = key;
      if (key !== first) different = true;
    }
    if (different) sortByKey(low, high);
    for (let from = low; from < high;) {
      const key = different ? (keys[from] as number) : first;
      let to = from + 1;
      if (different) while (to < high && keys[to] === key) to++;
      else to = high;
      if (to - from > 1) {
        const next = allowed(key, depth, script);
        if (next !== CLOSED) visit(from, to, depth + 1, next);
      }
      from = to;
    }
    if (different && depth > 1) nodes.add(low, high, depth);
  };
  if (suffixes.length > 1) visit(0, suffixes.length, 0, ANY_SCRIPT);
}

/** Grows lists of nodes. */
interface Nodes {
  add(low: number, high: number, length: number): void;
  result(): { readonly lows: Int32Array; readonly highs: Int32Array; readonly lengths: Int32Array };
}

function createNodes(): Nodes {
  let lows = new Int32Array(1 << 12);
  let highs = new Int32Array(1 << 12);
  let lengths = new Int32Array(1 << 12);
  let size = 0;
  return {
    add(low, high, length) {
      if (size === lows.length) [lows, highs, lengths] = [enlarged(lows), enlarged(highs), enlarged(lengths)];
      lows[size] = low;
      highs[size] = high;
      lengths[size] = length;
      size++;
    },
    result: () => ({ lows: lows.subarray(0, size), highs: highs.subarray(0, size), lengths: lengths.subarray(0, size) }),
  };
}

/** The seeds that cover most; of equal ones those that come first. */
function mostCovering(seeds: Seeds, most: number): Seeds {
  if (seeds.scores.length <= most) return seeds;
  const least = seeds.scores.toSorted()[seeds.scores.length - most] as number;
  let room = most;
  for (const score of seeds.scores) if (score > least) room--;
  const kept: number[] = [];
  for (let seed = 0; seed < seeds.scores.length; seed++) {
    const score = seeds.scores[seed] as number;
    if (score > least || (score === least && room-- > 0)) kept.push(seed);
  }
  const pick = (list: Int32Array): Int32Array => Int32Array.from(kept, (seed) => list[seed] as number);
  return {
    ...seeds,
    lows: pick(seeds.lows),
    highs: pick(seeds.highs),
    lengths: pick(seeds.lengths),
    scores: Float64Array.from(kept, (seed) => seeds.scores[seed] as number),
  };
}

function enlarged(old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(old.length * 2);
  larger.set(old);
  return larger;
}
