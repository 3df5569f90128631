/**
 * Reads the model and tokenizer files of llama2.c (https://github.com/karpathy/llama2.c, `run.c`): a header of seven int32,
 * then float32 weights, layer after layer within each kind; queries and keys pair neighbours where ours pair halves.
 */

import { readFileSync } from 'node:fs';

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { llama } from '../models/index.ts';
import type { LlamaModel } from '../models/index.ts';
import { type Tokenizer, createTokenizer } from '../tokenizers/index.ts';
import type { Weights } from './decoder.ts';

/** The model file: definition and weights. */
export function readLlama2c(path: string): { readonly model: LlamaModel; readonly weights: Weights } {
  const bytes = readFileSync(path);
  const header = Array.from({ length: 7 }, (_, index) => bytes.readInt32LE(4 * index));
  const [width, hidden, layers, heads, kvHeads, vocabulary, contextLength] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const headWidth = width / heads;
  const model = llama({ layers, heads, kvHeads, width, hidden, contextLength, vocabSize: Math.abs(vocabulary), tiedHead: vocabulary > 0 });
  let position = 28;
  const take = (...shape: readonly number[]): HostTensor<'float32'> => {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length: count }, (_, index) => bytes.readFloatLE(position + 4 * index));
    position += 4 * count;
    return hostTensor('float32', shape, data);
  };
  const weights = new Map<string, HostTensor<'float32'>>();
  const each = (name: string, ...shape: readonly number[]): void => {
    for (let layer = 0; layer < layers; layer++) weights.set(`blocks.${layer}.${name}.weight`, take(...shape));
  };
  weights.set('tokens.weight', take(Math.abs(vocabulary), width));
  each('attentionNorm', width);
  each('attention.query', width, width);
  each('attention.key', kvHeads * headWidth, width);
  each('attention.value', kvHeads * headWidth, width);
  each('attention.output', width, width);
  each('feedForwardNorm', width);
  each('feedForward.gate', hidden, width);
  each('feedForward.down', width, hidden);
  each('feedForward.up', hidden, width);
  weights.set('norm.weight', take(width));
  take(2, contextLength, headWidth / 2); // angles, which we compute
  if (vocabulary < 0) weights.set('head.weight', take(-vocabulary, width));
  for (const [name, weight] of weights) if (/(query|key)\.weight$/.test(name)) weights.set(name, pairHalves(weight, headWidth));
  return { model, weights };
}

/** Rows of each head from 0, 1, 2, 3 … to 0, 2, …, 1, 3, …. */
function pairHalves({ shape, data }: HostTensor<'float32'>, headWidth: number): HostTensor<'float32'> {
  const [rows, width] = shape as [number, number];
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const [head, place] = [Math.floor(row / headWidth), row % headWidth];
    const from = head * headWidth + (place < headWidth / 2 ? 2 * place : 2 * (place - headWidth / 2) + 1);
    turned.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return hostTensor('float32', shape, turned);
}

/** The tokenizer file, for reading alone: pieces of text, bytes as `<0x0A>`, 1 begins and 2 ends a text. */
export function readLlama2cTokens(path: string, vocabSize: number): Tokenizer {
  const bytes = readFileSync(path);
  const pieces: Uint8Array[] = [];
  for (let position = 4; pieces.length < vocabSize;) {
    const length = bytes.readInt32LE(position + 4);
    const piece = bytes.subarray(position + 8, position + 8 + length);
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece.toString('latin1'))?.[1];
    pieces.push(byte === undefined ? piece : Uint8Array.of(Number.parseInt(byte, 16)));
    position += 8 + length;
  }
  const decode = (ids: ArrayLike<number>): string => Buffer.concat(Array.from(ids, (id) => pieces[id] as Uint8Array)).toString('utf8');
  return createTokenizer({
    type: 'bpe',
    size: vocabSize,
    specialTokens: new Map(),
    token: (id) => decode([id]),
    encode: () => new Uint32Array(),
    align: () => ({ ids: new Uint32Array(), starts: new Uint32Array(), ends: new Uint32Array() }),
    decode,
    tokenBytes: (id) => pieces[id] as Uint8Array,
    createDecoder() {
      const decoder = new TextDecoder();
      return { push: (id) => decoder.decode(pieces[id], { stream: true }), end: () => decoder.decode() };
    },
    toJSON: () => {
      throw new Error('not used');
    },
  });
}
