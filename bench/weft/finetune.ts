/**
 * Fine-tuning on a documented task: `tsx bench/weft/finetune.ts [FOLDER]`.
 *
 * Base: a Llama of 2 layers and 96 wide, trained on the first 90% of tinyshakespeare as plain text (1,500 steps of 8 × 128 tokens).
 * Task: a line in lower case without punctuation in, the line as it stands out; 1,000 chats to learn from, 100 held out, from the last
 * 10% and the lines that follow. Every method has the same batches and 3 epochs, and the best of the learning rates below by its own
 * held-out loss. Preferences: of two lines, the one that has the word that the prompt names; 1,200 pairs to learn from, 400 held out.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { hostTensor } from '../../src/core/index.ts';
import type { HostTensor } from '../../src/core/index.ts';
import { pack, textCorpus } from '../../src/data/index.ts';
import {
  DEFAULT_CHAT_TEMPLATE,
  dpo,
  lora,
  packChats,
  preferenceBatches,
  preferenceLength,
  startAdapter,
  supervised,
} from '../../src/finetune/index.ts';
import type { Preference } from '../../src/finetune/index.ts';
import { loadModel, roundWeights, saveModel } from '../../src/formats/index.ts';
import { createTextModel } from '../../src/generate/index.ts';
import { llama, withAdapters, withBlockWeights } from '../../src/models/index.ts';
import type { LanguageModel } from '../../src/models/index.ts';
import { chatReplies, trainTokenizer } from '../../src/tokenizers/index.ts';
import { adamw, train, warmupCosine } from '../../src/train/index.ts';
import type { AnyBatch, BatchSource, ExampleBatch, Objective, Weights } from '../../src/train/index.ts';

const folder = process.argv[2] ?? join('bench', 'out', 'finetune-base');
const text = readFileSync('../shared/data/text/tinyshakespeare.txt', 'utf8');
const cut = Math.floor(text.length * 0.9);
const threads = Number(process.env['THREADS'] ?? 2);

if (!existsSync(join(folder, 'config.json'))) {
  const corpus = textCorpus([text.slice(0, cut)]);
  const tokenizer = await trainTokenizer(corpus, { type: 'bpe', vocabSize: 1024 });
  const base = llama({ layers: 2, heads: 4, width: 96, contextLength: 128, vocabSize: tokenizer.vocabSize });
  const batches = await pack(corpus, tokenizer, { batchSize: 8, contextLength: 128, seed: 1 });
  const run = train(base, batches, {
    optimizer: adamw({ learningRate: warmupCosine({ peak: 2e-3, warmup: 50, total: 1500 }) }),
    steps: 1500,
    seed: 1,
    threads,
  });
  for await (const step of run)
    if (step.index % 100 === 99) console.error('base', step.index + 1, step.loss.toFixed(3), `${step.seconds.toFixed(0)} s`);
  await saveModel(folder, { model: base, weights: run.weights, tokenizer });
}
const { model, weights, tokenizer } = await loadModel(folder);
if (tokenizer === undefined) throw new Error('no tokenizer');
const chatModel = { tokenizer, chatTemplate: DEFAULT_CHAT_TEMPLATE };

const lines = text.split('\n').filter((line) => line.length > 20 && line.length < 70 && !line.endsWith(':'));
const chosen = lines.slice(-1100);
const plain = (line: string): string => line.toLowerCase().replaceAll(/[^a-z ]/g, '');
const examples = await Promise.all(
  chosen.map(
    async (line) =>
      (
        await chatReplies(chatModel, [
          { role: 'user', content: plain(line) },
          { role: 'assistant', content: line },
        ])
      )[0]!,
  ),
);
const isHeld = (index: number): boolean => index % 11 === 5;
const options = { batchSize: 8, contextLength: 128, seed: 1 };
const batches = packChats(
  examples.filter((_, index) => !isHeld(index)),
  options,
);
const heldSource = packChats(
  examples.filter((_, index) => isHeld(index)),
  { ...options, order: 'sequential' },
);
const held = Array.from({ length: heldSource.batchesPerEpoch }, (_, index) => heldSource.batch(index));
const steps = 3 * batches.batchesPerEpoch;
console.error(`${batches.sequences} sequences, ${steps} steps, ${held.reduce((n, { kept }) => n + kept, 0)} held-out targets`);

interface Outcome {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly weights: Weights;
  readonly rss: number;
}
async function fit(
  objective: Objective,
  [source, start]: readonly [BatchSource, Weights],
  { rate, count, heldOut }: { rate: number; count: number; heldOut: readonly AnyBatch[] },
): Promise<Outcome> {
  const run = train(objective, source as BatchSource<ExampleBatch<string>>, {
    optimizer: adamw({ learningRate: warmupCosine({ peak: rate, warmup: Math.ceil(count / 20), total: count }), weightDecay: 0 }),
    steps: count,
    weights: start,
    heldOut: heldOut as readonly ExampleBatch<string>[],
    evaluateEvery: count,
    threads,
  });
  let last = { loss: NaN, metrics: {} as Readonly<Record<string, number>> };
  for await (const step of run) last = step.evaluation ?? last;
  return { ...last, seconds: run.state.seconds, weights: run.weights, rss: process.memoryUsage.rss() };
}

/** A method on the task at each rate; the best. */
async function best(name: string, [trained, start]: readonly [LanguageModel, Weights], rates: readonly number[]): Promise<Outcome> {
  let found: Outcome | undefined;
  for (const rate of rates) {
    const outcome = await fit(supervised(trained, { contextLength: 128 }), [batches, start], { rate, count: steps, heldOut: held });
    console.log(
      JSON.stringify({
        method: name,
        rate,
        heldOut: outcome.loss,
        stepMs: (1000 * outcome.seconds) / steps,
        rssMb: Math.round(outcome.rss / 2 ** 20),
      }),
    );
    if (found === undefined || outcome.loss < found.loss) found = outcome;
  }
  return found!;
}

// The head is adapted, too: the end of a reply is a token that the base has never written.
const adapterOf = (rank: number) => lora(model, { rank, alpha: 2 * rank, targets: [/./] });
const withStart = (base: Weights, rank: number): Weights =>
  new Map<string, HostTensor<'float32'>>([...base, ...startAdapter(model, adapterOf(rank), { seed: 1 })]);
const full = await best('full', [model, weights], [1e-3, 2e-3, 4e-3]);
const adapter = adapterOf(32);
const low = await best('lora 32', [withAdapters(model, [adapter]), withStart(weights, 32)], [4e-3, 1e-2]);
const rounded = roundWeights(model, weights, { bits: 4 });
const onRounded = await best(
  'lora 32 on 4 bits',
  [withAdapters(withBlockWeights(model, rounded.blocks), [adapter]), withStart(rounded.weights, 32)],
  [1e-2],
);
console.log(JSON.stringify({ loraOverFull: low.loss / full.loss, onFourBitsOverFull: onRounded.loss / full.loss }));

// Preferences.
const vocabulary = ['love', 'king', 'death', 'heart', 'night', 'father', 'blood', 'world', 'honour', 'tongue', 'hand', 'eyes'];
const pairs: Preference[] = [];
const many = lines;
for (const [index, line] of many.entries()) {
  const words = new Set(plain(line).split(' '));
  for (const word of vocabulary) {
    const other = many[(index * 7919 + word.length * 31) % many.length]!;
    if (!words.has(word) || plain(other).split(' ').includes(word)) continue;
    const sides = [line, other].map((content) => [{ role: 'assistant', content }]);
    pairs.push({
      prompt: [{ role: 'user', content: `a line about ${word}` }],
      chosen: sides[0]!,
      rejected: sides[1]!,
      origin: String(index),
    });
  }
}
const used = pairs.slice(0, 1600);
const [learnt, tested] = [used.filter((_, index) => index % 4 !== 1), used.filter((_, index) => index % 4 === 1)];
const reference = await createTextModel({ model, weights, tokenizer, chatTemplate: DEFAULT_CHAT_TEMPLATE }, { threads });
const length = await preferenceLength(used, chatModel);
const pairBatches = await preferenceBatches(learnt, reference, { batchSize: 16, seed: 1, contextLength: length });
const pairHeld = await preferenceBatches(tested, reference, { batchSize: 16, seed: 1, contextLength: length, order: 'sequential' });
const heldPairs = Array.from({ length: pairHeld.batchesPerEpoch }, (_, index) => pairHeld.batch(index));
const small = lora(model, { rank: 16 });
const start = new Map([...weights, ...startAdapter(model, small, { seed: 1 })]);
const preferred = await fit(dpo(withAdapters(model, [small]), { contextLength: length, beta: 0.1 }), [pairBatches, start], {
  rate: 2e-3,
  count: 4 * pairBatches.batchesPerEpoch,
  heldOut: heldPairs,
});
console.log(
  JSON.stringify({
    method: 'dpo',
    pairs: learnt.length,
    heldOutPairs: tested.length,
    heldOut: preferred.loss,
    ...preferred.metrics,
    seconds: preferred.seconds,
  }),
);
await reference.close();
void hostTensor;
