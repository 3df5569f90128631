/**
 * Beam search against Hugging Face transformers, live, on a model that was trained (stories260K of llama2.c), and what a search costs
 * beside drawing as many texts (134M parameters).
 *
 *   WEFT_TORCH_PYTHON=… npx tsx bench/serve/beams.ts [FOLDER OF stories260K]
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadLlama2c, loadLlama2cTokenizer, saveModel } from '../../src/formats/index.ts';
import { createTextModel } from '../../src/generate/index.ts';
import { runTorch } from '../peer.ts';
import { benchModel, numberTokenizer, benchWeights } from './model.ts';

interface Found {
  readonly ids: readonly number[];
  readonly score: number;
}

const [folder = '../shared/data/models/stories260K'] = process.argv.slice(2);
const THREADS = 2;
const ENDS = [1, 2];
const ROUNDS = 5;

await compareTexts();
await compareTimes();

async function compareTexts(): Promise<void> {
  const { model, weights } = await loadLlama2c(join(folder, 'stories260K.bin'));
  const tokenizer = await loadLlama2cTokenizer(join(folder, 'tok512.bin'));
  const textModel = await createTextModel({ model, weights, tokenizer, startToken: 1, endTokens: ENDS }, { threads: THREADS });
  const starts = ['Once upon a time', 'One day, Tim went to the zoo.', 'The dog', 'Lily and Ben were sad. "'];
  const requests = starts.flatMap((start) =>
    [
      { beams: 2, lengthPenalty: 1, maxTokens: 40 },
      { beams: 4, lengthPenalty: 1, maxTokens: 60 },
      { beams: 5, lengthPenalty: 0, maxTokens: 20 },
      { beams: 8, lengthPenalty: 2, maxTokens: 200 },
      { beams: 4, lengthPenalty: -1, maxTokens: 30 },
    ].map((options) => ({ prompt: [1, ...tokenizer.encode(start)], ...options, ends: ENDS })),
  );
  const temporary = await mkdtemp(join(tmpdir(), 'weft-beams-'));
  try {
    await saveModel(temporary, { model, weights });
    await writeFile(join(temporary, 'requests.json'), JSON.stringify(requests));
    const theirs = (await runTorch('beams.py', [temporary, join(temporary, 'requests.json')])) as unknown as
      | readonly (readonly Found[])[]
      | undefined;
    if (theirs === undefined) return;
    let [texts, same, worst] = [0, 0, 0];
    for (const [index, { prompt, ends: _, ...options }] of requests.entries()) {
      const found = await textModel.beamSearch?.(Uint32Array.from(prompt), options);
      for (const [rank, { tokens, score }] of (found ?? []).entries()) {
        const other = theirs[index]?.[rank];
        const ids = tokens.map(({ id }) => id);
        texts++;
        // What ended early is filled up with zeros.
        if (other !== undefined && other.ids.slice(0, ids.length).join() === ids.join()) {
          same++;
          worst = Math.max(worst, Math.abs(score - other.score) / Math.abs(other.score));
        } else console.log(`differs: request ${index} rank ${rank}: ${score} and ${other?.score}`);
      }
    }
    console.log(`${same} of ${texts} hypotheses are those of transformers, their scores to ${worst.toExponential(1)}`);
  } finally {
    await rm(temporary, { recursive: true });
    await textModel.close();
  }
}

async function compareTimes(): Promise<void> {
  const model = benchModel({ small: false });
  const textModel = await createTextModel(
    { model, weights: benchWeights(model), tokenizer: numberTokenizer(model.vocabSize) },
    { threads: THREADS },
  );
  const prompt = Uint32Array.from({ length: 128 }, (_, index) => (index * 37) % 1000);
  const [beams, maxTokens] = [4, 64];
  const search = async (): Promise<void> => void (await textModel.beamSearch?.(prompt, { beams, maxTokens }));
  const draw = async (): Promise<void> =>
    void (await Promise.all(
      Array.from({ length: beams }, async (_, seed) => {
        for await (const token of textModel.generate(prompt, { seed, maxTokens })) void token;
      }),
    ));
  const time = async (work: () => Promise<void>): Promise<number> => {
    const begun = performance.now();
    await work();
    return (performance.now() - begun) / 1000;
  };
  await Promise.all([search(), draw()]);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = round % 2 === 0 ? [search, draw] : [draw, search];
    const times = [await time(first), await time(second)] as const;
    const [searched, drawn] = round % 2 === 0 ? times : [times[1], times[0]];
    ratios.push(searched / drawn);
    console.log(`${beams} beams ${searched.toFixed(2)} s, ${beams} drawn texts ${drawn.toFixed(2)} s: ${(searched / drawn).toFixed(2)}`);
  }
  console.log(`median ${ratios.sort((a, b) => a - b)[ROUNDS >> 1]?.toFixed(2)}`);
  await textModel.close();
}
