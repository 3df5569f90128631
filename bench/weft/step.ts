/** Our side of `bench/training.ts step`: a GPT's training step, by default nanoGPT's GPU shape at batch 8; `--gpt2` for GPT-2's smallest. Prints one JSON line. */

import { parseArgs } from 'node:util';

import { createRandom } from '../../src/core/index.ts';
import { gpt, llama } from '../../src/models/index.ts';
import { adamw, createTrainer, languageModelling } from '../../src/train/index.ts';
import { median } from '../peer.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '20' },
    vocab: { type: 'string', default: '65' },
    threads: { type: 'string', default: '2' },
    architecture: { type: 'string', default: 'gpt' },
    profile: { type: 'string' },
    checkpointing: { type: 'boolean', default: false },
    gpt2: { type: 'boolean', default: false },
    chunk: { type: 'string' },
    rows: { type: 'string' },
  },
});
const [vocabSize, batchSize, contextLength] = [values.gpt2 ? 50_257 : Number(values.vocab), 8, 256];
const sizes = values.gpt2 ? { layers: 12, heads: 12, width: 768 } : { layers: 6, heads: 6, width: 384 };
const shape = { ...sizes, contextLength, vocabSize };
const model =
  values.architecture === 'llama'
    ? llama({ ...shape, hidden: 1024, tiedHead: true })
    : gpt({ ...shape, ...(values.gpt2 ? {} : { bias: false, activation: 'gelu' }) });
const trainer = await createTrainer({
  objective: languageModelling(model, contextLength, values.chunk === undefined ? {} : { chunk: Number(values.chunk) }),
  batchSize,
  optimizer: adamw({ learningRate: 1e-3, betas: [0.9, 0.99], weightDecay: 0.1 }),
  clipNorm: 1,
  accumulate: 1,
  seed: 1,
  threads: Number(values.threads),
  checkpointing: values.checkpointing,
  ...(values.rows === undefined ? {} : { microBatchSize: Number(values.rows) }),
  ...(values.profile === undefined ? {} : { profile: values.profile }),
});
const random = createRandom(1);
const times: number[] = [];
let loss = 0;
for (let step = 0; step < Number(values.steps) + 2; step++) {
  const ids = Int32Array.from({ length: batchSize * contextLength + 1 }, () => random.integer(vocabSize));
  const started = performance.now();
  ({ loss } = await trainer.step(step, [{ inputs: ids.subarray(0, -1), targets: ids.subarray(1), kept: ids.length - 1 }]));
  if (step >= 2) times.push((performance.now() - started) / 1000);
}
trainer.close();
const parameters = [...trainer.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
console.log(
  JSON.stringify({
    parameters,
    medianSeconds: median(times),
    minSeconds: Math.min(...times),
    steps: times.length,
    loss,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
