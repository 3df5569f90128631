/**
 * Decoding one sequence: tokens a second, and the share of time outside ONNX Runtime's kernels.
 *
 * `npx tsx bench/decode.ts [--threads=2] [--tokens=50] [--rounds=40]`
 *
 * The model has 6 layers, 6 heads, 384 wide, a context of 256 and 4,096 tokens, random weights. In each round, in turn:
 * - a token: `generate()` as a user calls it, temperature 1;
 * - a run: the same step as a bare native call;
 * - empty nodes: a native call of as many additions of one element as the step has kernels. It bounds from above what ONNX
 *   Runtime spends between kernels.
 * What is outside kernels is a token less a run, and the empty nodes. ONNX Runtime's profiler gives the shares of operators;
 * its own times are no measure of a step this short, as it makes kernels themselves slower by half.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostTensor } from '../src/core/index.ts';
import { createBatchRunner } from '../src/generate/batching/batch-runner.ts';
import type { Weights } from '../src/generate/batching/batch-runner.ts';
import { createCacheArena } from '../src/generate/batching/cache-arena.ts';
import { bindFrame } from '../src/generate/frame.ts';
import { cacheShapes } from '../src/generate/graphs.ts';
import { createTextModel, decodeGraph } from '../src/generate/index.ts';
import { add, axes, buildGraph, input } from '../src/graph/index.ts';
import { gpt, llama } from '../src/models/index.ts';
import type { LanguageModel } from '../src/models/index.ts';
import { initialize } from '../src/nn/index.ts';
import { encodeModel, lowerGraph } from '../src/onnx/index.ts';
import { createSession } from '../src/runtime/index.ts';
import { type Tokenizer, createTokenizer } from '../src/tokenizers/index.ts';

const flags = new Map(process.argv.slice(2).map((flag) => flag.replace(/^--/, '').split('=') as [string, string]));
const threads = Number(flags.get('threads') ?? 2);
const tokens = Number(flags.get('tokens') ?? 50);
const rounds = Number(flags.get('rounds') ?? 40);

const sizes = { layers: 6, heads: 6, width: 384, contextLength: 256, vocabSize: 4096 };
const models: Readonly<Record<string, LanguageModel>> = { llama: llama({ ...sizes, tiedHead: true, hidden: 1024 }), gpt: gpt(sizes) };

/** A tokenizer that costs nothing. */
const tokenizer: Tokenizer = createTokenizer({
  type: 'bpe',
  size: sizes.vocabSize,
  specialTokens: new Map(),
  token: () => 'x',
  align: () => ({ ids: Uint32Array.of(1), starts: Uint32Array.of(0), ends: Uint32Array.of(1) }),
  encode: () => Uint32Array.of(1),
  decode: () => 'x',
  tokenBytes: () => Uint8Array.of(120),
  createDecoder: () => ({ push: () => 'x', end: () => '' }),
  toJSON: () => {
    throw new Error('not used');
  },
});

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly ts: number;
  readonly args?: { readonly op_name?: string };
}

/** Milliseconds a run in each operator, and how many kernels a run has, over the last `count` runs of a profile. */
function readProfile(path: string, count: number): { readonly nodes: number; readonly byOperator: ReadonlyMap<string, number> } {
  const events = JSON.parse(readFileSync(path, 'utf8')) as Event[];
  const from = events.filter(({ name }) => name === 'model_run').at(-count)?.ts ?? 0;
  const kernels = events.filter(({ cat, name, ts }) => cat === 'Node' && name.endsWith('_kernel_time') && ts >= from);
  const byOperator = new Map<string, number>();
  for (const { name, dur, args } of kernels) {
    const operator = args?.op_name ?? name;
    byOperator.set(operator, (byOperator.get(operator) ?? 0) + dur / 1000 / count);
  }
  return { nodes: Math.round(kernels.length / count), byOperator };
}

/** Operators of a decoding step and their times, by the profiler. */
async function profile(model: LanguageModel, weights: Weights): Promise<ReturnType<typeof readProfile>> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-decode-'));
  try {
    const options = { slots: 1, longest: sizes.contextLength, threads, profile: join(folder, 'profile') };
    const runner = await createBatchRunner(model, weights, options);
    for (let token = 0; token < 2 * tokens; token++) await runner.step([{ token: token % sizes.vocabSize, past: token }]);
    runner.close();
    return readProfile(runner.profilePath ?? '', tokens);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A native call of `nodes` additions of one element. */
async function emptyNodes(nodes: number): Promise<() => void> {
  const x = input('x', 'float32', axes('N', 1));
  let y = x;
  for (let node = 0; node < nodes; node++) y = add(y, x);
  const session = await createSession(encodeModel(lowerGraph(buildGraph({ y }))), {
    threads,
    memoryArena: true,
    graphOptimization: 'none',
  });
  const binding = session.bind({ x: hostTensor('float32', [1]) }, { y: hostTensor('float32', [1]) });
  return () => binding.runSync();
}

/** The decoding step as a bare native call, at a given length of the text. */
async function bareStep(model: LanguageModel, weights: Weights): Promise<(past: number) => void> {
  const graph = decodeGraph(model);
  const session = await createSession(encodeModel(lowerGraph(graph, { weights, weightStorage: 'outside' })), {
    initializers: weights,
    threads,
    memoryArena: true,
  });
  const frame = bindFrame(session, createCacheArena(cacheShapes(graph), 1).slot(0), { time: 1, rowCount: 1, vocabSize: model.vocabSize });
  return (past) => {
    frame.load([past], past);
    frame.binding.runSync();
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const milliseconds = (values: readonly number[]): string => `${median(values).toFixed(3)} (least ${Math.min(...values).toFixed(3)})`;
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Milliseconds of one of `tokens` calls. */
function time(call: (index: number) => void): number {
  const start = performance.now();
  for (let index = 0; index < tokens; index++) call(index);
  return (performance.now() - start) / tokens;
}

console.log(`${cpus()[0]?.model}, ${threads} threads, ${rounds} rounds of ${tokens} tokens`);
for (const [name, model] of Object.entries(models)) {
  const weights = initialize(model.parameters, { seed: 1 });
  const { nodes, byOperator } = await profile(model, weights);
  const [run, empty] = [await bareStep(model, weights), await emptyNodes(nodes)];
  const textModel = await createTextModel({ model, weights, tokenizer }, { threads });
  const [tokenTimes, runTimes, emptyTimes]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= rounds; round++) {
    let count = -1; // the first token is the prompt's
    let start = 0;
    for await (const _ of textModel.generate(Uint32Array.of(1), { seed: round, maxTokens: tokens + 1 }))
      if (++count === 0) start = performance.now();
    const [tokenTime, runTime, emptyTime] = [(performance.now() - start) / count, time(run), time(empty)];
    if (round === 0) continue;
    tokenTimes.push(tokenTime);
    runTimes.push(runTime);
    emptyTimes.push(emptyTime);
  }
  await textModel.close();
  const parameters = model.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0);
  const least = [tokenTimes, runTimes, emptyTimes].map((values) => Math.min(...values)) as [number, number, number];
  console.log(
    `${name}, ${(parameters / 1e6).toFixed(1)}M parameters: ${(1000 / median(tokenTimes)).toFixed(0)} tokens/s; a token ${milliseconds(tokenTimes)}, a run ${milliseconds(runTimes)}, ${nodes} empty nodes ${milliseconds(emptyTimes)} ms`,
  );
  console.log(
    `  outside kernels: ${percent(median(tokenTimes.map((token, round) => (token - (runTimes[round] ?? 0) + (emptyTimes[round] ?? 0)) / token)))} of a token (${percent((least[0] - least[1] + least[2]) / least[0])} by least values)`,
  );
  console.log(
    `  under the profiler: ${[...byOperator]
      .toSorted((a, b) => b[1] - a[1])
      .map(([operator, duration]) => `${operator} ${duration.toFixed(3)}`)
      .join(', ')}`,
  );
}
