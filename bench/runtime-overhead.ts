/** What a run costs beside the model itself: a graph of one tiny operator, run by each of the ways there are. One JSON line. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { hostTensor } from 'weft';
import { encodeModel } from 'weft/onnx';
import type { OnnxNode } from 'weft/onnx';
import { createSession } from 'weft/runtime';

const bytes = (pairs: number): Uint8Array => {
  const indices = Array.from({ length: pairs }, (_, index) => index);
  const value = (name: string): { name: string; dataType: number; shape: readonly number[] } => ({ name, dataType: 1, shape: [4] });
  const nodes: OnnxNode[] = indices.map((index) => ({
    name: `n${index}`,
    opType: 'Neg',
    domain: '',
    inputs: [`x${index}`],
    outputs: [`y${index}`],
    attributes: [],
  }));
  const graph = {
    name: 'g',
    nodes,
    initializers: [],
    inputs: indices.map((index) => value(`x${index}`)),
    outputs: indices.map((index) => value(`y${index}`)),
  };
  return encodeModel({
    irVersion: 10,
    producerName: '',
    producerVersion: '',
    opsets: [{ domain: '', version: 21 }],
    metadata: new Map(),
    graph,
  });
};

/** Median of seven rounds, microseconds a call. */
async function measure(calls: number, run: () => unknown): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 8; round++) {
    const start = performance.now();
    for (let index = 0; index < calls; index++) {
      const pending = run();
      if (pending instanceof Promise) await pending;
    }
    rounds.push(((performance.now() - start) * 1000) / calls);
  }
  return Number((rounds.slice(1).sort((a, b) => a - b)[3] ?? 0).toFixed(2));
}

const results: Record<string, number> = {};
for (const pairs of [1, 60, 600]) {
  const session = await createSession(bytes(pairs), { threads: 1 });
  const tensors = (letter: string): Record<string, ReturnType<typeof hostTensor<'float32'>>> =>
    Object.fromEntries(Array.from({ length: pairs }, (_, index) => [letter + index, hostTensor('float32', [4])]));
  const feeds = tensors('x');
  const binding = session.bind(feeds, tensors('y'));
  const calls = Math.ceil(20_000 / pairs);
  const other = hostTensor('float32', [4]);
  results[`runSync ${pairs}`] = await measure(calls, () => binding.runSync());
  results[`set + runSync ${pairs}`] = await measure(calls, () => {
    binding.set('x0', other);
    binding.runSync();
  });
  results[`run ${pairs}`] = await measure(calls / 4, () => binding.run());
  results[`Session.run ${pairs}`] = await measure(calls / 10, () => session.run(feeds));
  const official = await InferenceSession.create(bytes(pairs), { intraOpNumThreads: 1 });
  const tensorsOfOfficial = Object.fromEntries(Object.entries(feeds).map(([name, { data }]) => [name, new Tensor('float32', data, [4])]));
  results[`official binding ${pairs}`] = await measure(calls / 10, () => official.run(tensorsOfOfficial));
  binding.close();
  session.close();
}
console.log(JSON.stringify({ unit: 'microseconds a call', ...results }));
