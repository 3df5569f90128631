/**
 * Decoding one sequence: tokens a second, and the share of time outside ONNX Runtime's kernels.
 *
 * `npx tsx bench/decode.ts [--threads=2] [--tokens=200] [--rounds=5]`
 *
 * The model has 6 layers, 6 heads, 384 wide, a context of 256 and 4,096 tokens, random weights. Wall time is that of
 * `generate()` as a user calls it, without the profiler; kernel time comes from ONNX Runtime's profiler in a second session.
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
const tokens = Number(flags.get('tokens') ?? 200);
const rounds = Number(flags.get('rounds') ?? 5);

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

/** Milliseconds a token: inside kernels, inside ONNX Runtime, and around it, of the last `tokens` runs of a profile. */
function readProfile(path: string): { readonly kernels: number; readonly runtime: number; readonly byOperator: ReadonlyMap<string, number> } {
  const events = JSON.parse(readFileSync(path, 'utf8')) as Event[];
  const runs = events.filter(({ name }) => name === 'model_run').slice(-tokens);
  const from = runs[0]?.ts ?? 0;
  const byOperator = new Map<string, number>();
  for (const { cat, name, dur, ts, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || ts < from) continue;
    byOperator.set(args?.op_name ?? name, (byOperator.get(args?.op_name ?? name) ?? 0) + dur / 1000 / tokens);
  }
  return {
    kernels: [...byOperator.values()].reduce((sum, time) => sum + time, 0),
    runtime: runs.reduce((sum, { dur }) => sum + dur / 1000 / tokens, 0),
    byOperator,
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

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
      for await (const _ of textModel.generate(Uint32Array.of(1), { seed: round, maxTokens: tokens + 1 })) if (++count === 0) start = performance.now();
      if (round > 0) wall.push((performance.now() - start) / count);
    }
    await textModel.close();

    const decoder = await createDecoder(model, weights, { threads, profile: join(folder, 'profile') });
    const sequence = decoder.startSequence();
    const profiled = performance.now();
    for (let token = 0; token <= tokens; token++) await sequence.step(token % sizes.vocabSize);
    const profiledWall = (performance.now() - profiled) / (tokens + 1);
    sequence.release();
    await decoder.close();
    const { kernels, runtime, byOperator } = readProfile(decoder.profilePath ?? '');

    const perToken = median(wall);
    console.log(`${name}, ${(model.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, { size }) => product * Number(size), 1), 0) / 1e6).toFixed(1)}M parameters: ${(1000 / perToken).toFixed(0)} tokens/s, ${perToken.toFixed(3)} ms a token (${wall.map((time) => time.toFixed(3)).join(' ')})`);
    console.log(`  kernels ${kernels.toFixed(3)} ms, ONNX Runtime ${runtime.toFixed(3)} ms, a step ${profiledWall.toFixed(3)} ms under the profiler; outside kernels ${((1 - kernels / perToken) * 100).toFixed(1)}%`);
    console.log(`  ${[...byOperator].toSorted((a, b) => b[1] - a[1]).map(([operator, time]) => `${operator} ${time.toFixed(3)}`).join(', ')}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
