/**
 * A Llama model as GGUF version 3 for llama.cpp, as small a writer as this benchmark needs.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * Decided, after llama.cpp's `convert_hf_to_gguf.py`: our rotary positions turn the two halves of a head against each other, as
 * Hugging Face's do, ggml's `llama` turns neighbours, so the rows of queries and keys change their order. Norms stay in 32 bits, a tied
 * head has no tensor of its own. The embedding of a 4-bit file is Q8_0, as `llama-quantize` makes it where a row is no multiple of
 * 256 (it would be Q6_K else); `pure` makes it Q4_0, too.
 */

import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

import { hostTensor } from '../../src/core/index.ts';
import type { HostTensor } from '../../src/core/index.ts';
import type { LlamaModel } from '../../src/models/index.ts';
import { decodeBlocks, encodeBlocks, formatBytes } from './ggml-blocks.ts';
import type { GgmlFormat } from './ggml-blocks.ts';

/** What is written. */
export interface GgufSource {
  readonly model: LlamaModel;
  readonly weights: ReadonlyMap<string, HostTensor<'float32'>>;
}

/** Options of {@link writeGguf}. */
export interface GgufOptions {
  readonly format: GgmlFormat;
  /** The embedding of a 4-bit file has 4 bits, too; default false. */
  readonly pure?: boolean;
}

const ALIGNMENT = 32;
const FORMAT_IDS: Readonly<Record<GgmlFormat, number>> = { F32: 0, Q4_0: 2, Q8_0: 8 };
/** `llama_ftype` of llama.h. */
const FILE_TYPES: Readonly<Record<GgmlFormat, number>> = { F32: 0, Q4_0: 2, Q8_0: 7 };

interface GgufTensor {
  readonly name: string;
  /** Fastest axis first. */
  readonly shape: readonly number[];
  readonly format: GgmlFormat;
  readonly data: () => Float32Array;
}

/** Writes a file, under its name only when it is complete. */
export function writeGguf(path: string, { model, weights }: GgufSource, options: GgufOptions): void {
  const tensors = ggufTensors({ model, weights }, options);
  const head = header(model, tensors, options);
  const file = openSync(`${path}.part`, 'w');
  try {
    let place = 0;
    const put = (bytes: Uint8Array): void => {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      place += bytes.length;
    };
    put(head);
    put(new Uint8Array(padding(place)));
    for (const { format, data } of tensors) {
      put(encodeBlocks(format, data()));
      put(new Uint8Array(padding(place)));
    }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
}

function padding(place: number): number {
  return (ALIGNMENT - (place % ALIGNMENT)) % ALIGNMENT;
}

/** Our names, and llama.cpp's of a block. */
const BLOCK_NAMES: readonly (readonly [ours: string, theirs: string])[] = [
  ['attentionNorm', 'attn_norm'],
  ['attention.query', 'attn_q'],
  ['attention.key', 'attn_k'],
  ['attention.value', 'attn_v'],
  ['attention.output', 'attn_output'],
  ['feedForwardNorm', 'ffn_norm'],
  ['feedForward.gate', 'ffn_gate'],
  ['feedForward.up', 'ffn_up'],
  ['feedForward.down', 'ffn_down'],
];

/** The format that a weight has in a file. */
function formatOf(name: string, axes: number, { format, pure = false }: GgufOptions): GgmlFormat {
  if (axes === 1) return 'F32';
  const isEmbedding = name === 'tokens.weight' || name === 'head.weight';
  return isEmbedding && format === 'Q4_0' && !pure ? 'Q8_0' : format;
}

/** The weights as a file has them: rounded, and widened again. */
export function roundedWeights(weights: GgufSource['weights'], options: GgufOptions): Map<string, HostTensor<'float32'>> {
  return new Map(
    Array.from(weights, ([name, { shape, data }]) => {
      const format = formatOf(name, shape.length, options);
      return [name, hostTensor('float32', shape, decodeBlocks(format, encodeBlocks(format, data)))];
    }),
  );
}

function ggufTensors({ model, weights }: GgufSource, options: GgufOptions): readonly GgufTensor[] {
  const { layers, headWidth, tiedHead } = model.config;
  const tensor = (ours: string, theirs: string): GgufTensor => {
    const name = `${ours}.weight`;
    const weight = weights.get(name);
    if (weight === undefined) throw new Error(`${name} is missing`);
    const turned = theirs.endsWith('attn_q') || theirs.endsWith('attn_k');
    return {
      name: `${theirs}.weight`,
      shape: weight.shape.toReversed(),
      format: formatOf(name, weight.shape.length, options),
      data: () => (turned ? interleaveHalves(weight, headWidth) : weight.data),
    };
  };
  return [
    tensor('tokens', 'token_embd'),
    ...Array.from({ length: layers }, (_, layer) =>
      BLOCK_NAMES.map(([ours, theirs]) => tensor(`blocks.${layer}.${ours}`, `blk.${layer}.${theirs}`)),
    ).flat(),
    tensor('norm', 'output_norm'),
    ...(tiedHead ? [] : [tensor('head', 'output')]),
  ];
}

/** The rows of each head in the order 0, D/2, 1, D/2 + 1, …. */
function interleaveHalves({ shape: [rows = 0, width = 0], data }: HostTensor<'float32'>, headWidth: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const [head, place] = [Math.floor(row / headWidth), row % headWidth];
    const from = head * headWidth + (place >> 1) + (place % 2) * (headWidth / 2);
    turned.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return turned;
}

const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

function header(model: LlamaModel, tensors: readonly GgufTensor[], { format }: GgufOptions): Uint8Array {
  const { config } = model;
  const parts: Uint8Array[] = [];
  const put = (size: number, write: (view: DataView) => void): void => {
    const bytes = new Uint8Array(size);
    write(new DataView(bytes.buffer));
    parts.push(bytes);
  };
  const uint32 = (value: number): void => put(4, (view) => view.setUint32(0, value, true));
  const uint64 = (value: number): void => put(8, (view) => view.setBigUint64(0, BigInt(value), true));
  const text = (value: string): void => {
    const bytes = Buffer.from(value);
    uint64(bytes.length);
    parts.push(bytes);
  };
  const entries: (() => void)[] = [];
  const entry = (key: string, type: number, value: () => void): void => {
    entries.push(() => {
      text(key);
      uint32(type);
      value();
    });
  };
  const count = (key: string, value: number): void => entry(key, UINT32, () => uint32(value));
  const number = (key: string, value: number): void => entry(key, FLOAT32, () => put(4, (view) => view.setFloat32(0, value, true)));
  const string = (key: string, value: string): void => entry(key, STRING, () => text(value));
  const list = <T>(key: string, type: number, values: readonly T[], write: (value: T) => void): void =>
    entry(key, ARRAY, () => {
      uint32(type);
      uint64(values.length);
      for (const value of values) write(value);
    });

  string('general.architecture', 'llama');
  string('general.name', 'weft-bench');
  count('general.file_type', FILE_TYPES[format]);
  count('llama.vocab_size', config.vocabSize);
  count('llama.context_length', config.contextLength);
  count('llama.embedding_length', config.width);
  count('llama.block_count', config.layers);
  count('llama.feed_forward_length', config.hidden);
  count('llama.rope.dimension_count', config.headWidth);
  count('llama.attention.head_count', config.heads);
  count('llama.attention.head_count_kv', config.kvHeads);
  number('llama.attention.layer_norm_rms_epsilon', config.normEpsilon);
  number('llama.rope.freq_base', config.ropeTheta);
  // Tokens are fed as numbers: the vocabulary only has to be one that llama.cpp loads.
  const tokens = Array.from({ length: config.vocabSize }, (_, id) => vocabularyToken(id));
  string('tokenizer.ggml.model', 'gpt2');
  string('tokenizer.ggml.pre', 'smollm');
  list('tokenizer.ggml.tokens', STRING, tokens, text);
  list('tokenizer.ggml.token_type', INT32, tokens, (_) => uint32(1));
  list('tokenizer.ggml.merges', STRING, ['a b', 'b c'], text);
  count('tokenizer.ggml.bos_token_id', 0);
  count('tokenizer.ggml.eos_token_id', 0);
  entry('tokenizer.ggml.add_bos_token', BOOL, () => parts.push(Uint8Array.of(0)));

  parts.push(Buffer.from('GGUF'));
  uint32(3);
  uint64(tensors.length);
  uint64(entries.length);
  for (const write of entries) write();
  let offset = 0;
  for (const { name, shape, format } of tensors) {
    text(name);
    uint32(shape.length);
    for (const size of shape) uint64(size);
    uint32(FORMAT_IDS[format]);
    uint64(offset);
    const bytes = formatBytes(
      format,
      shape.reduce((product, size) => product * size, 1),
    );
    offset += bytes + padding(bytes);
  }
  return Buffer.concat(parts);
}

/** The 256 characters that stand for bytes in GPT-2's alphabet come first, so that any text can be tokenized. */
function vocabularyToken(id: number): string {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  if (id >= 256) return id < 258 ? ['ab', 'bc'][id - 256]! : `t${id}`;
  if (printable(id)) return String.fromCharCode(id);
  const before = Array.from({ length: id }, (_, byte) => byte).filter((byte) => !printable(byte)).length;
  return String.fromCharCode(256 + before);
}
