/**
 * Speculative decoding with a draft model beside plain decoding, the same text: what it is worth at how many right guesses.
 *
 *   npx tsx bench/serve/draft.ts [ROUNDS]
 *
 * Two trained models of one family are not at hand. The draft is the first layers of the model, whose later layers are made to say little:
 * the less they say, the more guesses are right.
 */

import { createTextModel } from '../../src/generate/index.ts';
import type { TextModel } from '../../src/generate/index.ts';
import { llama } from '../../src/models/index.ts';
import { median } from '../peer.ts';
import { benchWeights, millions, numberTokenizer, randomPrompt } from './model.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const [DRAFT_LAYERS, THREADS, PROMPT, TOKENS] = [2, 2, 128, 128];
// Of a small vocabulary: with a large one most of a small model is its head, and it would not be quick.
const shape = { heads: 9, kvHeads: 3, width: 576, hidden: 1536, contextLength: 2048, vocabSize: 4096, tiedHead: true };
const model = llama({ ...shape, layers: 30 });
const draft = llama({ ...shape, layers: DRAFT_LAYERS });
console.log(`${millions(model)} parameters, draft ${millions(draft)}; ${PROMPT} + ${TOKENS} tokens, ${THREADS} threads`);

for (const share of [0.3, 0.1, 0.03]) {
  const weights = benchWeights(model);
  for (const [name, { data }] of weights) {
    const layer = Number(/^blocks\.(\d+)\.(?:attention\.output|feedForward\.down)\./.exec(name)?.[1] ?? -1);
    if (layer >= DRAFT_LAYERS) for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) * share;
  }
  const guesses = new Map(draft.parameters.map(({ name }) => [name, weights.get(name) ?? missing(name)]));
  const textModel = await createTextModel(
    { model, weights, tokenizer: numberTokenizer(model.vocabSize) },
    { threads: THREADS, slots: 1, draft: { model: draft, weights: guesses } },
  );
  const ratios: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const prompt = Uint32Array.from(randomPrompt(PROMPT, model.vocabSize, round));
    const [guessed, plain] = [await write(textModel, prompt, 'draft'), await write(textModel, prompt, 'none')];
    if (guessed.text !== plain.text) throw new Error(`the texts of round ${round} differ`);
    if (round > 0) ratios.push(guessed.speed / plain.speed);
  }
  const { drafted = 0, accepted = 0 } = textModel.status?.() ?? {};
  const right = `${((100 * accepted) / drafted).toFixed(0)}% of ${drafted} guesses right`;
  console.log(
    `later layers at ${share}: ${right}; draft ÷ plain ${median(ratios).toFixed(2)} (${ratios.map((one) => one.toFixed(2)).join(', ')})`,
  );
  await textModel.close();
}

function missing(name: string): never {
  throw new Error(`no weight ${name}`);
}

/** The text, and tokens a second behind the first. */
async function write(
  textModel: TextModel,
  prompt: Uint32Array,
  speculation: 'draft' | 'none',
): Promise<{ readonly text: string; readonly speed: number }> {
  let [text, count, first] = ['', 0, 0];
  for await (const token of textModel.generate(prompt, { temperature: 0, maxTokens: TOKENS, speculation })) {
    text += token.text;
    if (count++ === 0) first = performance.now();
  }
  return { text, speed: (1000 * (count - 1)) / (performance.now() - first) };
}
