/** What the tests of this room share: a tokenizer of single bytes and small models with lively weights. */

import type { LanguageModel } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { type Tokenizer, createTokenizer } from '../tokenizers/index.ts';
import type { Weights } from './batching/batch-runner.ts';

/** Weights large enough for the model to have strong opinions. */
export function livelyWeights(model: Pick<LanguageModel, 'parameters'>, seed = 1): Weights {
  const weights = initialize(model.parameters, { seed });
  for (const { shape, data } of weights.values())
    if (shape.length === 2) for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) * 8;
  return weights;
}

/** Token `i` is the byte `i`, up to `vocabSize`; the last token ends a text. UTF-8 as it comes. */
export function byteTokenizer(vocabSize: number, options: { readonly endOfText?: boolean } = {}): Tokenizer {
  const endOfText = options.endOfText === false ? undefined : vocabSize - 1;
  return createTokenizer({
    type: 'characters',
    size: vocabSize,
    specialTokens: new Map(endOfText === undefined ? [] : [['<|endoftext|>', endOfText]]),
    token: (id) => String(id),
    encode: (text) => Uint32Array.from(Buffer.from(text), (byte) => byte % vocabSize),
    align: () => ({ ids: new Uint32Array(), starts: new Uint32Array(), ends: new Uint32Array() }),
    decode: (ids) => Buffer.from(Array.from(ids)).toString('utf8'),
    tokenBytes: (id) => Uint8Array.of(id),
    createDecoder() {
      const decoder = new TextDecoder();
      return { push: (id) => decoder.decode(Uint8Array.of(id), { stream: true }), end: () => decoder.decode() };
    },
    toJSON: () => {
      throw new Error('not used');
    },
  });
}
