/** What the server says of attention as numbers, and what the view shows of them. */

import type { PageAttention } from '../../src/serve/index.ts';
import { percent, visible } from './format.ts';

/** One head: T rows of T weights, row by row. Each row sums to 1, and is 0 behind its own token. */
export interface HeadMap {
  readonly size: number;
  readonly weights: Float32Array;
}

/** The maps of the heads in an answer. */
export function headMaps({ tokens, heads, probabilities }: PageAttention): readonly HeadMap[] {
  const bytes = Uint8Array.from(atob(probabilities), (sign) => sign.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = tokens.length;
  return Array.from({ length: heads }, (_, head) => ({
    size,
    weights: Float32Array.from({ length: size * size }, (_, index) => view.getFloat32(4 * (head * size * size + index), true)),
  }));
}

/** The weights of one token: how much of the head's attention each token has when this one is read. */
export function rowOf({ size, weights }: HeadMap, token: number): Float32Array {
  return weights.subarray(token * size, (token + 1) * size);
}

/**
 * How dark a weight is drawn, 0 to 1: its square root. Among a hundred tokens most weights are below a few per cent, which could not be
 * told from nothing on a linear scale.
 */
export function shade(weight: number): number {
  return Math.sqrt(Math.min(1, Math.max(0, weight)));
}

/** A map as the pixels of a stencil, RGBA: black, as opaque as a weight is dark. */
export function stencil({ weights }: HeadMap): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * weights.length);
  for (const [index, weight] of weights.entries()) pixels[4 * index + 3] = Math.round(255 * shade(weight));
  return pixels;
}

/** A token that is attended to. */
export interface Attended {
  readonly token: number;
  readonly weight: number;
}

/** The largest weights of a row, and what all others have together. */
export function topWeights(row: Float32Array, count: number): { readonly top: readonly Attended[]; readonly rest: number } {
  const sorted = Array.from(row, (weight, token): Attended => ({ token, weight })).sort((a, b) => b.weight - a.weight || a.token - b.token);
  const top = sorted.slice(0, count).filter(({ weight }) => weight > 0);
  return { top, rest: Math.max(0, 1 - top.reduce((sum, { weight }) => sum + weight, 0)) };
}

/** Where a head mostly looks. */
export interface Habit {
  readonly where: 'itself' | 'the one before' | 'the first' | 'here and there';
  /** Mean share of its attention, 0 to 1; of the largest of the three where it looks here and there. */
  readonly share: number;
}

/** Less than this, and a head has no habit. */
const HABIT = 0.4;

/** What a head does with most of its attention, on average over the tokens that have two others before them. */
export function habit(map: HeadMap): Habit {
  const first = Math.min(2, map.size - 1);
  const count = map.size - first;
  const mean = (place: (token: number) => number): number => {
    let sum = 0;
    for (let token = first; token < map.size; token++) sum += map.weights[token * map.size + place(token)] ?? 0;
    return sum / count;
  };
  const habits: readonly Habit[] = [
    { where: 'itself', share: mean((token) => token) },
    { where: 'the one before', share: mean((token) => token - 1) },
    { where: 'the first', share: mean(() => 0) },
  ];
  const most = habits.reduce((best, one) => (one.share > best.share ? one : best));
  return most.share >= HABIT ? most : { where: 'here and there', share: most.share };
}

/** `34%`, `3.1%`, `< 0.01%` */
export function share(weight: number): string {
  return percent(Math.log(weight));
}

/** How the server writes a token whose bytes are no whole characters. */
const PART = /^bytes:(?:\\x[0-9a-f]{2})+$/;

/** A token by itself, its spaces shown; a part of a character as its bytes. */
export function nameOf(piece: string): string {
  return PART.test(piece) ? piece.slice('bytes:'.length) : visible(piece);
}

/** The tokens as running text: a character whose bytes are several tokens stands at the last of them. */
export function textsOf(pieces: readonly string[]): readonly string[] {
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder('utf-8', { ignoreBOM: true })];
  return pieces.map((piece) => {
    const bytes = PART.test(piece)
      ? Uint8Array.from(piece.split('\\x').slice(1), (byte) => Number.parseInt(byte, 16))
      : encoder.encode(piece);
    return decoder.decode(bytes, { stream: true });
  });
}

/** What is read out at a token: `it: cat 34%, The 20%, . 11%`. */
export function spoken(pieces: readonly string[], map: HeadMap, token: number): string {
  const { top } = topWeights(rowOf(map, token), 3);
  const seen = top.map(({ token: to, weight }) => `${to === token ? 'itself' : nameOf(pieces[to] ?? '')} ${share(weight)}`);
  return `${nameOf(pieces[token] ?? '')}: ${seen.join(', ')}`;
}
