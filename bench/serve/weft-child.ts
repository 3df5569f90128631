/** Weft as a contestant of decoding: `generate()` as a user calls it, sequences at once in one batch. Started by `startChild`. */

import { createBatchRunner } from '../../src/generate/batching/batch-runner.ts';
import { createTextModel } from '../../src/generate/index.ts';
import type { TextModel } from '../../src/generate/index.ts';
import { answerParent } from './child.ts';
import { likeliest } from './decoding.ts';
import type { DecodeRequest, DecodeRequests, LoadRequest, LogitsRequest, ScoredText, TokenTimes } from './decoding.ts';
import { benchModel, benchWeights, numberTokenizer } from './model.ts';
import { roundedWeights } from './write-gguf.ts';

let textModel: TextModel | undefined;
let loaded: LoadRequest | undefined;

async function load(request: LoadRequest): Promise<string> {
  const { choice, bits, threads, sequences } = request;
  const model = benchModel(choice);
  await textModel?.close();
  textModel = await createTextModel(
    { model, weights: benchWeights(model), tokenizer: numberTokenizer(model.vocabSize) },
    { threads, slots: sequences, bits },
  );
  loaded = request;
  return `${bits} bits, ${threads} threads`;
}

async function decode({ prompts, tokens }: DecodeRequest): Promise<TokenTimes> {
  const model = textModel;
  if (model === undefined) throw new Error('no model is loaded');
  const start = performance.now();
  return await Promise.all(
    prompts.map(async (prompt) => {
      const times: number[] = [];
      for await (const _ of model.generate(Uint32Array.from(prompt), { temperature: 0, maxTokens: tokens }))
        times.push(performance.now() - start);
      return times;
    }),
  );
}

/** With a runner of its own, which shows logits. */
async function logits({ tokens, prompt, more, rounding }: LogitsRequest): Promise<ScoredText> {
  if (loaded === undefined) throw new Error('no model is loaded');
  const { choice, threads } = loaded;
  const model = benchModel(choice);
  const weights = roundedWeights(benchWeights(model), rounding);
  const runner = await createBatchRunner(model, weights, { slots: 1, longest: model.contextLength, threads });
  try {
    const ids = tokens.slice();
    const read = await runner.read({ slot: 0, tokens: Uint32Array.from(ids.slice(0, prompt)), past: 0, rowCount: 1 }, undefined);
    const all = [read.logits.slice()];
    for (let past = prompt; past < tokens.length + more; past++) {
      const token = ids[past] ?? likeliest(all.at(-1) as Float32Array);
      ids[past] = token;
      const scoresOf = await runner.step([{ token, past }]);
      all.push(scoresOf(0).logits.slice());
    }
    return { tokens: ids, logits: all };
  } finally {
    runner.close();
  }
}

answerParent<DecodeRequests>({ load, decode, logits });
