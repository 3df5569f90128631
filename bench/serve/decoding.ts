/** What the two contestants of decoding are asked and answer, and what is made of it. */

import type { GgmlFormat } from './ggml-blocks.ts';
import type { ModelChoice } from './model.ts';
import type { GgufOptions } from './write-gguf.ts';

/** Bits of the numbers of linear layers. */
export type Bits = 32 | 8 | 4;

/** llama.cpp's format of so many bits. */
export const FORMATS: Readonly<Record<Bits, GgmlFormat>> = { 32: 'F32', 8: 'Q8_0', 4: 'Q4_0' };

/** One measurement. */
export interface DecodeRequest {
  /** Sequences at once: a prompt each. */
  readonly prompts: readonly (readonly number[])[];
  /** New tokens of each. */
  readonly tokens: number;
}

/** Milliseconds since the beginning at which each token of each sequence was known. */
export type TokenTimes = readonly (readonly number[])[];

/** A text and what a model thinks of it. */
export interface ScoredText {
  readonly tokens: readonly number[];
  /** Behind the prompt, and behind each token after it. */
  readonly logits: readonly Float32Array[];
}

/** Reads the first `prompt` tokens at once, the others one by one, and writes `more` on, the likeliest each time. */
export interface LogitsRequest {
  readonly tokens: readonly number[];
  readonly prompt: number;
  readonly more: number;
  /** Ours: the weights as the peer's file has them, in 32 bits. */
  readonly rounding: GgufOptions;
}

/** What both contestants can be asked. */
export type DecodeRequests = {
  /** Loads the model; what it runs with in words, or nothing where that is not available. */
  readonly load: { readonly request: LoadRequest; readonly answer: string | undefined };
  readonly decode: { readonly request: DecodeRequest; readonly answer: TokenTimes };
  readonly logits: { readonly request: LogitsRequest; readonly answer: ScoredText };
};

/** Which model, and how it runs. */
export interface LoadRequest {
  readonly choice: ModelChoice;
  readonly bits: Bits;
  readonly threads: number;
  /** The peer's file. */
  readonly gguf: string;
  /** Most sequences at once, and most tokens of each. */
  readonly sequences: number;
  readonly longest: number;
}

/** Tokens a second. */
export interface Speed {
  /** Of all sequences together while all of them write: from the last one's first token to the first one's last. */
  readonly decode: number;
  /** From the beginning to the last token, prompts included. */
  readonly whole: number;
}

/** Speeds out of the times of tokens. */
export function speedOf(times: TokenTimes): Speed {
  const begin = Math.max(...times.map((sequence) => sequence[0] ?? NaN));
  const end = Math.min(...times.map((sequence) => sequence.at(-1) ?? NaN));
  const last = Math.max(...times.map((sequence) => sequence.at(-1) ?? NaN));
  const all = times.flat();
  return {
    decode: (1000 * all.filter((time) => time > begin && time <= end).length) / (end - begin),
    whole: (1000 * all.length) / last,
  };
}

/** The likeliest token. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let index = 1; index < logits.length; index++) if ((logits[index] as number) > (logits[best] as number)) best = index;
  return best;
}
