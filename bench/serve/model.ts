/**
 * The models that serving is measured with: SmolLM2-135M's shape (https://huggingface.co/HuggingFaceTB/SmolLM2-135M, `config.json`),
 * and a tiny one for tests of many clients. Random weights; a tokenizer that costs nothing and whose text names its tokens.
 *
 * Decided: the linear layers are initialised so that what they make of numbers of size 1 has size 1, and the embedding is small. With
 * a training's initial weights the tied head would only ever repeat the last token, and two programs would agree for no reason.
 */

import { createRandom, elementCount, hostTensor } from '../../src/core/index.ts';
import type { HostTensor } from '../../src/core/index.ts';
import { llama } from '../../src/models/index.ts';
import type { LlamaModel } from '../../src/models/index.ts';
import { createTokenizer } from '../../src/tokenizers/index.ts';
import type { Tokenizer } from '../../src/tokenizers/index.ts';

/** Which model: its layers can be fewer, for a quick look. */
export interface ModelChoice {
  readonly small: boolean;
  readonly layers?: number | undefined;
}

/** The definition. */
export function benchModel({ small, layers }: ModelChoice): LlamaModel {
  if (small) {
    return llama({
      layers: layers ?? 2,
      heads: 4,
      kvHeads: 2,
      width: 64,
      hidden: 192,
      contextLength: 2048,
      vocabSize: 512,
      tiedHead: true,
    });
  }
  return llama({
    layers: layers ?? 30,
    heads: 9,
    kvHeads: 3,
    width: 576,
    hidden: 1536,
    contextLength: 2048,
    vocabSize: 49_152,
    tiedHead: true,
  });
}

const EMBEDDING_DEVIATION = 0.05;

/** Its weights: the same for the same seed, in every process. Uniform, as normal numbers take a minute of the processor in all. */
export function benchWeights(model: LlamaModel, seed = 1): Map<string, HostTensor<'float32'>> {
  return new Map(
    model.parameters.map(({ name, shape }) => {
      const sizes = shape.map(({ size }) => Number(size));
      const data = new Float32Array(elementCount(sizes));
      const random = createRandom(seed, name);
      const width = sizes[1];
      const deviation = name === 'tokens.weight' ? EMBEDDING_DEVIATION : 1 / Math.sqrt(width ?? 1);
      const scale = (2 * Math.sqrt(3) * deviation) / 2 ** 32;
      if (width === undefined) for (let index = 0; index < data.length; index++) data[index] = 0.75 + random.uniform() / 2;
      else for (let index = 0; index < data.length; index++) data[index] = (random.uint32() - 2 ** 31) * scale;
      return [name, hostTensor('float32', sizes, data)];
    }),
  );
}

/** Parameters in millions. */
export function millions(model: LlamaModel): string {
  const count = model.parameters.reduce((sum, { shape }) => sum + elementCount(shape.map(({ size }) => Number(size))), 0);
  return `${(count / 1e6).toFixed(1)}M`;
}

/** Token `i` is written as the number `i` and a space, so that a text tells its tokens; a text is read as its bytes. */
export function numberTokenizer(vocabSize: number): Tokenizer {
  const write = (id: number): string => `${id} `;
  return createTokenizer({
    type: 'characters',
    size: vocabSize,
    specialTokens: new Map(),
    token: write,
    align: () => ({ ids: new Uint32Array(), starts: new Uint32Array(), ends: new Uint32Array() }),
    encode: (text) => Uint32Array.from(Buffer.from(text), (byte) => byte % vocabSize),
    decode: (ids) => Array.from(ids, write).join(''),
    tokenBytes: (id) => Buffer.from(write(id)),
    createDecoder: () => ({ push: write, end: () => '' }),
    toJSON: () => {
      throw new Error('not used');
    },
  });
}

/** A prompt of random tokens, the same for the same seed. */
export function randomPrompt(length: number, vocabSize: number, seed: number): number[] {
  const random = createRandom(seed, 'prompt');
  return Array.from({ length }, () => random.integer(vocabSize));
}
