/**
 * Decoding one sequence: tokens a second, and the share of time outside ONNX Runtime's kernels.
 *
 * `npx tsx bench/decode.ts [--threads=2] [--tokens=50] [--rounds=40]`
 *
 * The model has 6 layers, 6 heads, 384 wide, a context of 256 and 4,096 tokens, random weights. Wall time is that of
 * `generate()` as a user calls it, without the profiler. Kernel time comes from ONNX Runtime's profiler in a second session,
 * step by step beside the wall time of the same step; as the profiler's own time counts as outside there, that share is an
 * upper bound. Medians and, as the machine is shared, least values: of rounds for wall time, of steps under the profiler.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import { createDecoder } from '../src/generate/decoder.ts';
import { createTextModel } from '../src/generate/index.ts';
import { gpt, llama } from '../src/models/index.ts';
import type { LanguageModel } from '../src/models/index.ts';
import { initialize } from '../src/nn/index.ts';
import type { Tokenizer } from '../src/tokenizers/index.ts';

const flags = new Map(process.argv.slice(2).map((flag) => flag.replace(/^--/, '').split('=') as [string, string]));
const threads = Number(flags.get('threads') ?? 2);
const tokens = Number(flags.get('tokens') ?? 50);
const rounds = Number(flags.get('rounds') ?? 40);

const sizes = { layers: 6, heads: 6, width: 384, contextLength: 256, vocabSize: 4096 };
const models: Readonly<Record<string, LanguageModel>> = { llama: llama({ ...sizes, tiedHead: true, hidden: 1024 }), gpt: gpt(sizes) };

/** A tokenizer that costs nothing. */
const tokenizer: Tokenizer = {
  type: 'bpe',
  vocabSize: sizes.vocabSize,
  specialTokens: new Map(),
  endOfText: undefined,
  encode: () => Uint32Array.of(1),
  decode: () => 'x',
  tokenBytes: () => Uint8Array.of(120),
  createDecoder: () => ({ push: () => 'x', end: () => '' }),
  toJSON: () => {
    throw new Error('not used');
  },
};

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly ts: number;
  readonly args?: { readonly op_name?: string };
}

interface Profile {
  /** Milliseconds inside kernels, of each of the last runs. */
  readonly kernels: readonly number[];
  /** Milliseconds inside ONNX Runtime. */
  readonly runtime: readonly number[];
  readonly nodes: number;
  readonly byOperator: ReadonlyMap<string, number>;
}

/** The last `count` runs of a profile. */
function readProfile(path: string, count: number): Profile {
  const events = JSON.parse(readFileSync(path, 'utf8')) as Event[];
  const runs = events.filter(({ name }) => name === 'model_run').slice(-count);
  const nodes = events
    .filter(({ cat, name, ts }) => cat === 'Node' && name.endsWith('_kernel_time') && ts >= (runs[0]?.ts ?? 0))
    .toSorted((a, b) => a.ts - b.ts);
  const kernels = runs.map(() => 0);
  const byOperator = new Map<string, number>();
  let run = 0;
  for (const { name, dur, ts, args } of nodes) {
    while (run + 1 < runs.length && ts >= (runs[run + 1]?.ts ?? 0)) run++;
    kernels[run] = (kernels[run] ?? 0) + dur / 1000;
    const operator = args?.op_name ?? name;
    byOperator.set(operator, (byOperator.get(operator) ?? 0) + dur / 1000 / count);
  }
  return { kernels, runtime: runs.map(({ dur }) => dur / 1000), nodes: nodes.length / count, byOperator };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const milliseconds = (values: readonly number[]): string => `${median(values).toFixed(3)} (least ${Math.min(...values).toFixed(3)})`;
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

console.log(`${cpus()[0]?.model}, ${threads} threads, ${rounds} rounds of ${tokens} tokens`);
for (const [name, model] of Object.entries(models)) {
  const weights = initialize(model.parameters, { seed: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'weft-decode-'));
  try {
    const textModel = await createTextModel({ model, weights, tokenizer }, { threads });
    const wall: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      let count = -1; // the first token is the prompt's
      let start = 0;
      for await (const _ of textModel.generate(Uint32Array.of(1), { seed: round, maxTokens: tokens + 1 }))
        if (++count === 0) start = performance.now();
      if (round > 0) wall.push((performance.now() - start) / count);
    }
    await textModel.close();

    const decoder = await createDecoder(model, weights, { threads, profile: join(folder, 'profile') });
    const steps: number[] = [];
    for (let round = 0; round <= 4; round++) {
      const sequence = decoder.startSequence();
      for (let token = 0; token < tokens; token++) {
        const start = performance.now();
        await sequence.step(token % sizes.vocabSize);
        if (round > 0) steps.push(performance.now() - start);
      }
      sequence.release();
    }
    await decoder.close();
    const { kernels, runtime, nodes, byOperator } = readProfile(decoder.profilePath ?? '', steps.length);

    const parameters = model.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
    console.log(
      `${name}, ${(parameters / 1e6).toFixed(1)}M parameters: ${(1000 / median(wall)).toFixed(0)} tokens/s, ${milliseconds(wall)} ms a token`,
    );
    console.log(
      `  under the profiler: a step ${milliseconds(steps)}, ONNX Runtime ${milliseconds(runtime)}, its ${nodes} kernels ${milliseconds(kernels)} ms`,
    );
    console.log(
      `  outside kernels: ${percent(median(steps.map((step, index) => 1 - (kernels[index] ?? 0) / step)))} of a step under the profiler; ${percent(1 - Math.min(...kernels) / Math.min(...wall))} by least values`,
    );
    console.log(
      `  ${[...byOperator]
        .toSorted((a, b) => b[1] - a[1])
        .map(([operator, time]) => `${operator} ${time.toFixed(3)}`)
        .join(', ')}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
