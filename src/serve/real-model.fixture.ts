/** A small model that computes, with random weights of strong opinions, for the tests of the server. */

import { createTextModel } from '../generate/index.ts';
import type { TextModel, TextModelOptions, TextModelParts } from '../generate/index.ts';
import { llama } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';

/** How the model is made. */
export interface RealModelOptions extends TextModelOptions {
  /** What its tokenizer is trained on. */
  readonly text: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly chatTemplate?: string;
  readonly name?: string;
  /** Called before its weights are read again, where it shares its memory with others (`residency`). */
  readonly onReload?: () => Promise<void>;
}

/** Lays a chat out with the roles in angle brackets. */
export const PLAIN_TEMPLATE = '{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}<assistant>';

/** Makes one, of a single thread. */
export async function realModel(options: RealModelOptions): Promise<TextModel> {
  const { text, vocabSize, contextLength, chatTemplate = PLAIN_TEMPLATE, name = 'small', onReload, ...running } = options;
  const tokenizer = await trainTokenizer([text.repeat(20)], { vocabSize });
  const model = llama({ layers: 2, heads: 2, width: 32, contextLength, vocabSize: tokenizer.vocabSize });
  const read = (): ReturnType<typeof initialize> => {
    const weights = initialize(model.parameters, { seed: 1 });
    for (const { shape, data } of weights.values())
      if (shape.length === 2) for (let at = 0; at < data.length; at++) data[at] = (data[at] as number) * 8;
    return weights;
  };
  const reload = async (): ReturnType<NonNullable<TextModelParts['reload']>> => {
    await onReload?.();
    return read();
  };
  return createTextModel({ model, weights: read(), tokenizer, name, chatTemplate, reload }, { threads: 1, ...running });
}
