/**
 * llama.cpp as a contestant of decoding, through npm's `node-llama-cpp`. Started by `startChild`.
 *
 * Decided: its native context is called directly (`_ctx`), as its public loops cost some time for each token, and that is to be no
 * advantage of ours. All prompts are one batch, then each step is one batch of a token a sequence; the likeliest token is taken by its
 * sampler. At loading, short runs of each configuration (flash attention, type of keys and values) find the fastest for so many
 * sequences. The package's own processor library for this machine is chosen by ggml.
 */

import { peerModule } from './peer.ts';
import type { PeerContext, PeerLlama, PeerModel, PeerSampler } from './peer.ts';
import { answerParent } from './child.ts';
import { likeliest, speedOf } from './decoding.ts';
import type { DecodeRequest, DecodeRequests, LoadRequest, LogitsRequest, ScoredText, TokenTimes } from './decoding.ts';
import { benchModel, randomPrompt } from './model.ts';

interface Configuration {
  readonly flashAttention: boolean;
  readonly cache: 'F16' | 'F32';
}

const CONFIGURATIONS: readonly Configuration[] = [
  { flashAttention: true, cache: 'F16' },
  { flashAttention: false, cache: 'F16' },
  { flashAttention: true, cache: 'F32' },
  { flashAttention: false, cache: 'F32' },
];
/** Runs of each, of which the fastest counts, and tokens of a run. */
const TRIALS = 3;
const TRIAL_TOKENS = 24;

let llama: PeerLlama | undefined;
let model: PeerModel | undefined;
let loaded: LoadRequest | undefined;
let contexts = new Map<number, PeerContext>();

async function load(request: LoadRequest): Promise<string> {
  const { choice, threads, gguf, sequences, longest } = request;
  const { getLlama } = await peerModule();
  llama ??= await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads });
  for (const context of contexts.values()) await context.dispose();
  contexts = new Map();
  await model?.dispose();
  model = await llama.loadModel({ modelPath: gguf, gpuLayers: 0 });
  loaded = request;
  const { vocabSize } = benchModel(choice);
  const found: string[] = [];
  for (const count of new Set([1, sequences])) {
    let best: { readonly context: PeerContext; readonly speed: number; readonly name: string } | undefined;
    for (const configuration of CONFIGURATIONS) {
      const context = await open(configuration, count);
      const length = Math.min(64, Math.max(1, longest - TRIAL_TOKENS));
      const prompts = Array.from({ length: count }, (_, seed) => randomPrompt(length, vocabSize, seed));
      let speed = 0;
      for (let trial = 0; trial < TRIALS; trial++)
        speed = Math.max(speed, speedOf(await run(context, { prompts, tokens: Math.min(TRIAL_TOKENS, longest - length) })).decode);
      const name = `${count}: flash attention ${configuration.flashAttention ? 'on' : 'off'}, cache ${configuration.cache}`;
      if (best !== undefined && best.speed >= speed) await context.dispose();
      else {
        await best?.context.dispose();
        best = { context, speed, name };
      }
    }
    if (best === undefined) throw new Error('no configuration runs');
    contexts.set(count, best.context);
    found.push(best.name);
  }
  return `${threads} threads; ${found.join('; ')}`;
}

async function open({ flashAttention, cache }: Configuration, sequences: number): Promise<PeerContext> {
  if (model === undefined || loaded === undefined) throw new Error('no model is loaded');
  const { threads, longest } = loaded;
  return await model.createContext({
    sequences,
    contextSize: longest + 1,
    batchSize: Math.max(512, sequences * longest),
    threads: { ideal: threads, min: threads },
    flashAttention,
    experimentalKvCacheKeyType: cache,
    experimentalKvCacheValueType: cache,
    failedCreationRemedy: false,
    ignoreMemorySafetyChecks: true,
  });
}

function createSampler(): PeerSampler {
  if (llama === undefined || model === undefined) throw new Error('no model is loaded');
  const sampler = new llama._bindings.AddonSampler(model._model);
  sampler.applyConfig({ temperature: 0 });
  return sampler;
}

async function run({ _ctx: context }: PeerContext, { prompts, tokens }: DecodeRequest): Promise<TokenTimes> {
  const samplers = prompts.map(createSampler);
  const times: number[][] = prompts.map(() => []);
  const start = performance.now();
  try {
    let batch: readonly (readonly number[])[] = prompts;
    const lengths = prompts.map(() => 0);
    for (let token = 0; token < tokens; token++) {
      context.initBatch(batch.reduce((sum, ids) => sum + ids.length, 0));
      const rows = batch.map((ids, sequence) => {
        const [row] = context.addToBatch(sequence, lengths[sequence] as number, Uint32Array.from(ids), Uint32Array.of(ids.length - 1));
        lengths[sequence] = (lengths[sequence] as number) + ids.length;
        return row as number;
      });
      await context.decodeBatch();
      const next = await Promise.all(rows.map((row, sequence) => context.sampleToken(row, samplers[sequence] as PeerSampler)));
      const now = performance.now() - start;
      for (const sequence of times) sequence.push(now);
      batch = next.map((id) => [id]);
    }
  } finally {
    for (const [sequence, sampler] of samplers.entries()) {
      context.disposeSequence(sequence);
      sampler.dispose();
    }
  }
  return times;
}

async function logits({ tokens, prompt, more }: LogitsRequest): Promise<ScoredText> {
  if (loaded === undefined) throw new Error('no model is loaded');
  // 32 bits all through, so that only the order of sums differs.
  const context = await open({ flashAttention: false, cache: 'F32' }, 1);
  const sampler = createSampler();
  const { vocabSize } = benchModel(loaded.choice);
  try {
    const ids = tokens.slice();
    const all: Float32Array[] = [];
    const native = context._ctx;
    for (let past = 0; past < tokens.length + more;) {
      if (past === ids.length) ids.push(likeliest(all.at(-1) as Float32Array));
      const part = Uint32Array.from(ids.slice(past, past === 0 ? prompt : past + 1));
      native.initBatch(part.length);
      const [row = 0] = native.addToBatch(0, past, part, Uint32Array.of(part.length - 1));
      await native.decodeBatch();
      const [, , , pairs = []] = await native.sampleToken(row, sampler, false, false, true, false);
      const scores = new Float32Array(vocabSize).fill(NaN);
      for (let index = 0; index < pairs.length; index += 2) scores[pairs[index] as number] = pairs[index + 1] as number;
      all.push(scores);
      past += part.length;
    }
    return { tokens: ids, logits: all };
  } finally {
    sampler.dispose();
    await context.dispose();
  }
}

async function decode(request: DecodeRequest): Promise<TokenTimes> {
  const context = contexts.get(request.prompts.length);
  if (context === undefined) throw new Error(`no context of ${request.prompts.length} sequences`);
  return await run(context, request);
}

answerParent<DecodeRequests>({ load, decode, logits });
