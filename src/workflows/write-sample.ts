/** A short text that a model in training writes, for its log: what the page shows as samples. */

import { createTextModel } from '../generate/index.ts';
import type { LanguageModel } from '../models/index.ts';
import type { Weights } from '../train/index.ts';
import type { Prepared } from './prepare.ts';

/** Tokens of held-out text that it goes on from, at most, and tokens that it writes. */
const PROMPT_TOKENS = 16;
const TOKENS = 100;

/** The beginning of the held-out text and how the model goes on, the same seed each time, so that texts can be compared. */
export async function writeSample(
  { model, weights, threads }: { readonly model: LanguageModel; readonly weights: Weights; readonly threads?: number },
  { tokenizer, heldOut }: Prepared,
): Promise<string> {
  const length = Math.min(PROMPT_TOKENS, heldOut.tokens, Math.max(1, model.contextLength >> 1));
  const prompt = Uint32Array.from(heldOut.read(0, length));
  const writer = await createTextModel({ model, weights, tokenizer, name: 'sample' }, threads === undefined ? {} : { threads });
  try {
    let text = tokenizer.decode(prompt);
    for await (const token of writer.generate(prompt, { temperature: 0.7, topP: 0.95, seed: 0, maxTokens: TOKENS })) text += token.text;
    return text;
  } finally {
    await writer.close();
  }
}
