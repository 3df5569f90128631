/**
 * The readable twin of unigram training: maps of strings, sums over all segmentations as they are defined, nothing kept from one
 * round to the next. For words of one script, where every character is in the vocabulary.
 */

import type { ScoredPiece } from './train-unigram.ts';

/** A word with `▁`, how often it occurs, and how often it ends a line. */
export interface SlowWord {
  readonly text: string;
  readonly count: number;
  readonly last: number;
}

/** What to learn. */
export interface SlowLearning {
  readonly size: number;
  readonly pruneTo: number;
  readonly shrinkingFactor: number;
  readonly subIterations: number;
  readonly maxPieceLength: number;
}

/** Log-probability by piece. */
type Model = ReadonlyMap<string, number>;

/** Learns a model. */
export function learnSlowly(words: readonly SlowWord[], learning: SlowLearning): readonly ScoredPiece[] {
  const characters = countCharacters(words);
  const first = new Map([...characters, ...seeds(words, learning.maxPieceLength)]);
  const sum = [...first.values()].reduce((a, b) => a + b, 0);
  let model: Model = new Map([...first].map(([piece, count]) => [piece, Math.log(count / sum)]));
  for (;;) {
    for (let iteration = 0; iteration < learning.subIterations; iteration++) model = maximise(expect(words, model));
    if (model.size <= learning.pruneTo) break;
    model = prune(words, model, Math.max(learning.pruneTo, Math.trunc(model.size * learning.shrinkingFactor)));
  }
  const least = Math.min(...model.values());
  let missing = 0;
  const kept = [...characters.keys()].map((piece) => ({ piece, score: model.get(piece) ?? least + 0.0001 * missing++ }));
  const others = [...model].filter(([piece]) => !characters.has(piece)).map(([piece, score]) => ({ piece, score }));
  others.sort((a, b) => b.score - a.score);
  return [...kept, ...others.slice(0, Math.max(0, learning.size - kept.length))];
}

/** Counts of the characters, the most frequent first. */
function countCharacters(words: readonly SlowWord[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text, count } of words) for (const character of text) counts.set(character, (counts.get(character) ?? 0) + count);
  return new Map([...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1)));
}

/** Substrings that different characters follow, by how much of the text they cover; a space or the end of the line follows a word. */
function seeds(words: readonly SlowWord[], longest: number): Map<string, number> {
  const found = new Map<string, { count: number; readonly after: Set<string> }>();
  for (const { text, count, last } of words) {
    for (let start = 0; start < text.length; start++) {
      for (let end = start + 2; end <= Math.min(text.length, start + longest); end++) {
        const piece = text.slice(start, end);
        let entry = found.get(piece);
        if (entry === undefined) found.set(piece, (entry = { count: 0, after: new Set() }));
        entry.count += count;
        if (end < text.length) entry.after.add(text.slice(end, end + 1));
        else {
          if (last < count) entry.after.add('▁');
          if (last > 0) entry.after.add('end of line');
        }
      }
    }
  }
  return new Map([...found].filter(([, { after }]) => after.size > 1).map(([piece, { count }]) => [piece, count * piece.length]));
}

/** An unknown character is less probable than any piece, and counts as the first piece of the model. */
function scoreOf(model: Model, piece: string): number | undefined {
  return model.get(piece) ?? (piece.length === 1 ? Math.min(...model.values()) - 10 : undefined);
}

function expect(words: readonly SlowWord[], model: Model): Map<string, number> {
  const [unknown = ''] = model.keys();
  const counts = new Map([...model.keys()].map((piece) => [piece, 0]));
  for (const { text, count } of words) {
    const ways = segmentations(text, model);
    const total = ways.reduce((sum, { score }) => sum + Math.exp(score), 0);
    for (const { pieces, score } of ways) {
      for (const piece of pieces) {
        const name = model.has(piece) ? piece : unknown;
        counts.set(name, (counts.get(name) as number) + (count * Math.exp(score)) / total);
      }
    }
  }
  return counts;
}

function segmentations(text: string, model: Model): readonly { readonly pieces: readonly string[]; readonly score: number }[] {
  if (text === '') return [{ pieces: [], score: 0 }];
  const ways = [];
  for (let end = 1; end <= text.length; end++) {
    const piece = text.slice(0, end);
    const own = scoreOf(model, piece);
    if (own === undefined) continue;
    for (const { pieces, score } of segmentations(text.slice(end), model)) ways.push({ pieces: [piece, ...pieces], score: own + score });
  }
  return ways;
}

function maximise(counts: ReadonlyMap<string, number>): Model {
  const kept = [...counts].filter(([, count]) => count >= 0.5);
  const sum = kept.reduce((total, [, count]) => total + count, 0);
  return new Map(kept.map(([piece, count]) => [piece, digamma(count) - digamma(sum)]));
}

/** By its recurrence up to where two terms of the series are exact enough. */
function digamma(value: number): number {
  let result = 0;
  let x = value;
  for (; x < 1000; x++) result -= 1 / x;
  return result + Math.log(x) - 1 / (2 * x) - 1 / (12 * x * x);
}

function prune(words: readonly SlowWord[], model: Model, most: number): Model {
  const [unknown = ''] = model.keys();
  const found = new Map([...model.keys()].map((piece) => [piece, 0]));
  for (const { text, count } of words) {
    const best = segmentations(text, model).reduce((a, b) => (b.score > a.score + 1e-12 ? b : a));
    for (const piece of best.pieces) {
      const name = model.has(piece) ? piece : unknown;
      found.set(name, (found.get(name) as number) + count);
    }
  }
  const sum = [...found.values()].reduce((a, b) => a + b, 0);
  const total = words.reduce((count, word) => count + word.count, 0);
  const kept: string[] = [];
  const losses: { readonly piece: string; readonly loss: number }[] = [];
  for (const [piece, score] of model) {
    const count = found.get(piece) as number;
    if (count === 0) continue;
    if (piece.length === 1) kept.push(piece);
    else {
      const others = segmentations(piece, model).filter(({ pieces }) => pieces.length > 1);
      const best = others.reduce((a, b) => (b.score > a.score + 1e-12 ? b : a));
      if (best.score > score) continue;
      const newSum = sum + count * (model.size - 1);
      const after = best.pieces.map((other) => Math.log(((found.get(model.has(other) ? other : unknown) as number) + count) / newSum));
      losses.push({ piece, loss: (count / total) * (Math.log(count / sum) - after.reduce((a, b) => a + b, 0)) });
    }
  }
  losses.sort((a, b) => b.loss - a.loss);
  for (const { piece } of losses.slice(0, Math.max(0, most - kept.length))) kept.push(piece);
  return new Map(kept.map((piece) => [piece, model.get(piece) as number]));
}
