import { afterEach, describe, expect, it } from 'vitest';

import { createRandom, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { createSession } from './index.ts';
import type { Session, SessionOptions } from './index.ts';
import { model, negate, node, products, update, value } from './models.fixture.ts';
import { live } from './native-tensor.ts';

const sessions: Session[] = [];
async function open(bytes: Uint8Array, options: SessionOptions = { threads: 1 }): Promise<Session> {
  const session = await createSession(bytes, options);
  sessions.push(session);
  return session;
}

afterEach(() => {
  for (const session of sessions.splice(0)) session.close();
  expect(live).toEqual({ values: 0, sessions: 0, runOptions: 0 });
});

function floats(shape: readonly number[], seed = 1): HostTensor<'float32'> {
  const random = createRandom(seed);
  return hostTensor(
    'float32',
    shape,
    new Float32Array(shape.reduce((a, b) => a * b, 1)).map(() => random.normal()),
  );
}

describe('Binding', () => {
  it('gives the bits of Session.run, here and on another thread', async () => {
    const session = await open(products(32, 3));
    const feeds = { x: floats([7, 32]), w: floats([32, 32], 2) };
    const expected = await session.run(feeds);
    const y = hostTensor('float32', [7, 32]);
    const binding = session.bind(feeds, { y });
    binding.runSync();
    expect({ y }).toEqual(expected);
    y.data.fill(0);
    await binding.run();
    expect({ y }).toEqual(expected);
    binding.close();
  });

  it('updates in place what is input and output', async () => {
    const session = await open(update(4));
    const w = hostTensor('float32', [4], new Float32Array([1, 2, 3, 4]));
    const gradient = hostTensor('float32', [4], new Float32Array([1, 1, 2, 2]));
    const rate = hostTensor('float32', [], new Float32Array([0.5]));
    const binding = session.bind({ w, gradient, rate }, { w_next: w });
    for (let step = 0; step < 3; step++) await binding.run();
    expect(w.data).toEqual(new Float32Array([-0.5, 0.5, 0, 1]));
    gradient.data.set([0, 0, 0, 2]); // Read where it is, at each run.
    binding.runSync();
    expect(w.data).toEqual(new Float32Array([-0.5, 0.5, 0, 0]));
    binding.close();
  });

  it('works in shared memory and in views of one buffer', async () => {
    const session = await open(update(4));
    for (const buffer of [new SharedArrayBuffer(64), new ArrayBuffer(64)]) {
      const w = hostTensor('float32', [4], new Float32Array(buffer, 0, 4));
      const gradient = hostTensor('float32', [4], new Float32Array(buffer, 16, 4));
      w.data.set([1, 2, 3, 4]);
      gradient.data.set([1, 1, 1, 1]);
      const binding = session.bind({ w, gradient, rate: hostTensor('float32', [], new Float32Array([1])) }, { w_next: w });
      binding.runSync();
      expect(Array.from(w.data)).toEqual([0, 1, 2, 3]);
      binding.close();
    }
  });

  it('runs on tensors without elements', async () => {
    const session = await open(negate());
    const nothing = hostTensor('float32', [0]);
    const binding = session.bind({ x: nothing }, { y: hostTensor('float32', [0]) });
    binding.runSync();
    await binding.run();
    binding.close();
    expect(await session.run({ x: nothing })).toEqual({ y: nothing });
  });

  it('takes other tensors and shapes by name', async () => {
    const session = await open(negate());
    const binding = session.bind({ x: floats([2]) }, { y: hostTensor('float32', [2]) });
    for (let length = 1; length < 20; length++) {
      const x = floats([length], length);
      const y = hostTensor('float32', [length]);
      binding.set('x', x);
      binding.set('y', y);
      binding.runSync();
      expect(y.data).toEqual(x.data.map((element) => -element));
    }
    binding.set('x', floats([3])); // The output still has 19 elements.
    expect(() => binding.runSync()).toThrow(expect.objectContaining({ code: 'WEFT_RUNTIME_RUN' }) as Error);
    await expect(binding.run()).rejects.toMatchObject({ code: 'WEFT_RUNTIME_RUN' });
    binding.set('y', hostTensor('float32', [3]));
    binding.runSync();
    expect(() => binding.set('z', floats([3]))).toThrow(expect.objectContaining({ code: 'WEFT_RUNTIME_NAME' }) as Error);
    expect(() => binding.set('x', hostTensor('int32', [3]))).toThrow(expect.objectContaining({ code: 'WEFT_RUNTIME_DTYPE' }) as Error);
    expect(() => binding.set('x', floats([3, 1]))).toThrow(expect.objectContaining({ code: 'WEFT_RUNTIME_SHAPE' }) as Error);
    binding.runSync();
    binding.close();
  });

  it('needs every input and known outputs', async () => {
    const session = await open(update(2));
    const feeds = { w: floats([2]), gradient: floats([2]), rate: floats([]) };
    const code = (name: string): Error => expect.objectContaining({ code: `WEFT_RUNTIME_${name}` }) as Error;
    const { rate: _, ...withoutRate } = feeds;
    expect(() => session.bind(withoutRate, { w_next: floats([2]) })).toThrow(code('NAME'));
    expect(() => session.bind({ ...feeds, other: floats([2]) }, { w_next: floats([2]) })).toThrow(code('NAME'));
    expect(() => session.bind(feeds, { w: floats([2]) })).toThrow(code('NAME'));
    expect(() => session.bind(feeds, {})).toThrow(code('NAME'));
    expect(() => session.bind(feeds, { w_next: floats([3]) })).toThrow(code('SHAPE'));
    expect(() => session.bind(feeds, { w_next: hostTensor('float64', [2]) })).toThrow(code('DTYPE'));
  });

  it('refuses memory that is shared in part', async () => {
    const session = await open(
      model([node('Neg', ['x'], ['y']), node('Abs', ['x'], ['z'])], [value('x', 1, ['N'])], [value('y', 1, ['N']), value('z', 1, ['N'])]),
    );
    const buffer = new ArrayBuffer(64);
    const at = (offset: number, length: number): HostTensor => hostTensor('float32', [length], new Float32Array(buffer, offset, length));
    const overlap = expect.objectContaining({ code: 'WEFT_RUNTIME_OVERLAP' }) as Error;
    expect(() => session.bind({ x: at(0, 4) }, { y: at(4, 4), z: floats([4]) })).toThrow(overlap);
    expect(() => session.bind({ x: at(4, 4) }, { y: at(0, 4), z: floats([4]) })).toThrow(overlap);
    expect(() => session.bind({ x: floats([4]) }, { y: at(0, 4), z: at(0, 4) })).toThrow(overlap);
    expect(() => session.bind({ x: floats([4]) }, { y: at(0, 4), z: at(12, 4) })).toThrow(overlap);
    const binding = session.bind({ x: at(0, 4) }, { y: at(16, 4), z: at(32, 4) });
    binding.set('z', at(20, 4));
    await expect(binding.run()).rejects.toThrow(overlap);
    expect(() => binding.runSync()).toThrow(overlap);
    binding.set('y', at(0, 4)); // In place: allowed.
    binding.runSync();
    binding.close();
  });

  it('notices memory that was taken away', async () => {
    const session = await open(negate());
    const x = floats([1000]);
    const binding = session.bind({ x }, { y: hostTensor('float32', [1000]) });
    structuredClone(x.data, { transfer: [x.data.buffer as ArrayBuffer] });
    const buffer = expect.objectContaining({ code: 'WEFT_RUNTIME_BUFFER' }) as Error;
    expect(() => binding.runSync()).toThrow(buffer);
    await expect(binding.run()).rejects.toThrow(buffer);
    binding.set('x', floats([1000]));
    binding.runSync();
    binding.close();
  });

  it('runs once at a time, and is neither changed nor freed meanwhile', async () => {
    const session = await open(products(256, 40));
    const y = floats([256, 256]);
    const binding = session.bind({ x: floats([256, 256]), w: hostTensor('float32', [256, 256]) }, { y });
    const busy = expect.objectContaining({ code: 'WEFT_RUNTIME_BUSY' }) as Error;
    const run = binding.run();
    await expect(binding.run()).rejects.toThrow(busy);
    expect(() => binding.runSync()).toThrow(busy);
    expect(() => binding.set('x', floats([1, 256]))).toThrow(busy);
    binding.close();
    expect(live.values).toBe(3);
    await run;
    expect(live.values).toBe(0);
    expect(y.data.every((element) => element === 0)).toBe(true);
    const closed = expect.objectContaining({ code: 'WEFT_RUNTIME_CLOSED' }) as Error;
    await expect(binding.run()).rejects.toThrow(closed);
    expect(() => binding.runSync()).toThrow(closed);
    expect(() => binding.set('y', y)).toThrow(closed);
    binding.close();
  });

  it('can be cancelled and run again', async () => {
    const session = await open(products(512, 400));
    const y = floats([512, 512]);
    const binding = session.bind({ x: floats([512, 512]), w: hostTensor('float32', [512, 512]) }, { y });
    const controller = new AbortController();
    const run = binding.run({ signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(run).rejects.toMatchObject({ code: 'WEFT_RUNTIME_CANCELLED' });
    await expect(binding.run({ signal: controller.signal })).rejects.toMatchObject({ code: 'WEFT_RUNTIME_CANCELLED' });
    await expect(binding.run({ sgnal: controller.signal } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
    await binding.run();
    expect(y.data.every((element) => element === 0)).toBe(true);
    binding.close();
  });

  it('does not run once its session is closed', async () => {
    const session = await open(negate());
    const binding = session.bind({ x: floats([2]) }, { y: floats([2]) });
    session.close();
    expect(() => binding.runSync()).toThrow('Cannot run the model as its session was closed');
    await expect(binding.run()).rejects.toMatchObject({ code: 'WEFT_RUNTIME_CLOSED' });
    binding.close();
  });
});
