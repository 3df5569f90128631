/** A folder with a model that has learnt nothing, for tests of whole processes. */

import { saveModel } from '../formats/index.ts';
import { llama } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import { trainTokenizer } from '../tokenizers/index.ts';

/** Writes it; `contextLength` bounds how long a request can keep it busy. It never ends a text by itself. */
export async function writeTinyModel(folder: string, contextLength: number = 256): Promise<void> {
  const tokenizer = await trainTokenizer(['to be or not to be, that is the question'], { type: 'characters' });
  const model = llama({ layers: 1, heads: 2, width: 32, contextLength, vocabSize: tokenizer.vocabSize });
  const weights = initialize(model.parameters, { seed: 1 });
  // Scores far above and below zero, and zero for the end of text: some other token is always far likelier.
  const head = weights.get('head.weight');
  const ends = (tokenizer.endOfText ?? 0) * 32;
  head?.data.forEach((value, index) => (head.data[index] = index >= ends && index < ends + 32 ? 0 : 300 * value));
  await saveModel(folder, { model, weights, tokenizer });
}
