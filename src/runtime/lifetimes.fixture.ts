/** A process that allocates, drops and collects while models run; prints what is left. Run with --expose-gc. */

import { Worker, isMainThread, parentPort } from 'node:worker_threads';

import { hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { createSession } from './index.ts';
import type { Binding, Session } from './index.ts';
import { model, negate, node, products, update, value } from './models.fixture.ts';
import { live } from './native-tensor.ts';

const collect = (globalThis as { gc?: () => void }).gc ?? ((): void => undefined); // Workers share the flag.
const tick = (milliseconds = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const settle = async (): Promise<void> => {
  for (let round = 0; round < 10; round++) {
    collect();
    await tick(1);
  }
};
const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;
const filled = (length: number, element: number): HostTensor => hostTensor('float32', [length], new Float32Array(length).fill(element));
const expectAll = (tensor: HostTensor | undefined, element: number): void => {
  if (tensor === undefined || !(tensor.data as Float32Array).every((given) => given === element))
    throw new Error(`wrong values: ${String(tensor?.data[0])} instead of ${element}`);
};

const scenarios: { readonly [name: string]: () => Promise<unknown> } = {
  /** Small arrays, which V8 moves until they are bound, with a collection in every run. */
  async smallArrays() {
    const session = await createSession(negate(), { threads: 1 });
    for (let round = 0; round < 900; round++) {
      const binding = session.bind({ x: filled(4, round) }, { y: filled(4, 0) });
      const y = filled(4, 0);
      binding.set('y', y);
      if (round % 3 === 0) collect();
      const junk = Array.from({ length: 50 }, (_, index) => new Float32Array(8).fill(index));
      if (round % 2 === 0) binding.runSync();
      else await binding.run();
      expectAll(y, -round);
      if (junk.length !== 50) throw new Error('unreachable');
      if (round % 5 !== 0) binding.close(); // The others are left to the collector.
    }
    session.close();
    await settle();
    return live;
  },

  /** Nothing but the native side knows the arrays while it runs. */
  async droppedDuringRun() {
    const session = await createSession(update(200_000), { threads: 2 });
    for (let round = 0; round < 80; round++) {
      const runs = [
        session.run({ w: filled(200_000, round), gradient: filled(200_000, 1), rate: hostTensor('float32', [], new Float32Array([1])) }),
      ];
      collect();
      for (let junk = 0; junk < 5; junk++) filled(200_000, NaN);
      for (const result of await Promise.all(runs)) expectAll(result['w_next'], round - 1);
    }
    session.close();
    await settle();
    return live;
  },

  /** Bindings and sessions that nobody closes, also through a method torn off its object. */
  async forgotten() {
    for (let round = 0; round < 100; round++) {
      const run = (await bindAndForget(round))();
      collect();
      await run;
    }
    await settle();
    return live;
  },

  /** Thousands of runs in the same memory, and sessions by the hundred: the process does not grow. */
  async steady() {
    const bytes = model([node('NonZero', ['x'], ['places'])], [value('x', 1, ['N'])], [value('places', 7, [1, 'M'])]);
    const session = await createSession(bytes, { threads: 1 });
    const other = await createSession(update(1000), { threads: 1 });
    const w = filled(1000, 1);
    const binding = other.bind({ w, gradient: filled(1000, 0), rate: hostTensor('float32', []) }, { w_next: w });
    const work = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        await session.run({ x: filled(2000, 1) });
        for (let repeat = 0; repeat < 10; repeat++) binding.runSync();
        binding.set('gradient', filled(1000, 0));
        await binding.run();
        await binding.run({ signal: new AbortController().signal });
        await session.run({ x: hostTensor('float32', [2]) }, { signal: AbortSignal.abort() }).catch(() => undefined);
        await createSession(new Uint8Array([1])).catch(() => undefined);
        if (round % 40 === 0) {
          const another = await createSession(products(64, 2), { threads: 2 });
          await another.run({ x: hostTensor('float32', [8, 64]), w: hostTensor('float32', [64, 64]) });
          another.close();
        }
        if (round % 100 === 0) collect();
      }
      await settle();
    };
    await work(400);
    const before = megabytes();
    await work(1200);
    const grown = megabytes() - before;
    binding.close();
    session.close();
    other.close();
    await settle();
    return { ...live, grown: Math.round(grown) };
  },

  /** Large outputs are freed at once, not when the collector comes to it. */
  async largeOutputs() {
    const session = await createSession(negate(), { threads: 1 });
    const x = filled(4_000_000, 1);
    const work = async (): Promise<void> => {
      for (let round = 0; round < 40; round++) {
        const { y } = await session.run({ x });
        if (y?.data[round] !== -1) throw new Error('wrong values');
        collect();
      }
      await settle();
    };
    await work();
    const before = megabytes();
    await work();
    const grown = megabytes() - before;
    session.close();
    await settle();
    return { ...live, grown: Math.round(grown) };
  },

  /** Threads that end while they hold sessions, and while one runs. */
  async workers() {
    for (let round = 0; round < 6; round++) {
      const worker = new Worker(loader, {
        eval: true,
        argv: ['inWorker'],
        execArgv: process.execArgv.filter((flag) => flag !== '--expose-gc'),
      });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      if (round % 2 === 0) await tick(20);
      await worker.terminate();
      const session = await createSession(negate(), { threads: 2 });
      expectAll((await session.run({ x: filled(10, 1) }))['y'], -1);
      session.close();
    }
    return 'ended';
  },

  async inWorker() {
    const session = await createSession(products(256, 100), { threads: 2 });
    const feeds = { x: hostTensor('float32', [256, 256]), w: hostTensor('float32', [256, 256]) };
    void session.run(feeds);
    const forgotten = await createSession(negate(), { threads: 2 });
    await forgotten.run({ x: filled(3, 1) });
    parentPort?.postMessage('running');
    await session.run(feeds);
    return 'ended';
  },

  /** The process ends while a model runs. */
  async exit() {
    const session = await createSession(products(512, 1000), { threads: 2 });
    void session.run({ x: hostTensor('float32', [512, 512]), w: hostTensor('float32', [512, 512]) });
    await tick(20);
    console.log(JSON.stringify('leaving'));
    process.exit(7);
  },
};

/** A worker does not inherit the loader of TypeScript on Node 20. */
const loader = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}); });`;

async function bindAndForget(round: number): Promise<() => Promise<void>> {
  const session: Session = await createSession(negate(), { threads: 1 });
  const y = filled(1000, 0);
  const { run }: Pick<Binding, 'run'> = session.bind({ x: filled(1000, round) }, { y });
  return async () => {
    await run();
    await tick();
    collect();
    await run();
    expectAll(y, -round);
  };
}

const scenario = scenarios[process.argv[2] ?? ''];
if (scenario === undefined) throw new Error(`unknown scenario ${process.argv[2]}`);
const result = await scenario();
if (isMainThread) console.log(JSON.stringify(result));
