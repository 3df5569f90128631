import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, describe, expect, it } from 'vitest';

import { createRandom, hostTensor } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';
import { createSession, runtimeVersion } from './index.ts';
import type { Session, SessionOptions } from './index.ts';
import { initializer, model, negate, node, products, update, value } from './models.fixture.ts';
import { live } from './native-tensor.ts';
import { ELEMENT_TYPE } from './tensor-info.ts';

const sessions: Session[] = [];
async function open(bytes: Uint8Array | string, options: SessionOptions = { threads: 1 }): Promise<Session> {
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

/** The same through the official binding. */
async function twin(bytes: Uint8Array, feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, enableCpuMemArena: false });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [name, new Tensor(dtype as 'float32', data as Float32Array, shape)]),
  );
  const results = await session.run(tensors);
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      { dtype: type as DType, shape: dims, data: data as Float32Array },
    ]),
  );
}

describe('createSession', () => {
  it('tells the library’s version', () => {
    expect(runtimeVersion()).toBe(
      JSON.parse(readFileSync(new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url), 'utf8')).version,
    );
  });

  it('reads names, dtypes and shapes', async () => {
    const session = await open(
      model(
        [node('Neg', ['x'], ['y']), node('Cast', ['x'], ['half'], [{ name: 'to', type: 'int', value: 10 }]), node('Size', ['x'], ['n'])],
        [value('x', 1, ['B', 4, ''])],
        [value('y', 1), value('half', 10, ['B', 4, 3]), value('n', 7, [])],
      ),
    );
    expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['B', 4, ''] }]);
    expect(session.outputs).toMatchObject([
      { name: 'y', dtype: 'float32' },
      { name: 'half', shape: ['B', 4, 3] },
      { name: 'n', dtype: 'int64', shape: [] },
    ]);
    expect(session.outputs[1]).not.toHaveProperty('dtype');
  });

  it('loads from a path', async () => {
    const path = join(tmpdir(), `weft-${randomUUID()}-ü.onnx`);
    writeFileSync(path, negate());
    try {
      const { y } = await (await open(path)).run({ x: floats([3]) });
      expect(y?.data).toEqual(floats([3]).data.map((x) => -x));
    } finally {
      rmSync(path);
    }
  });

  it('says why it cannot', async () => {
    const refuse = (bytes: Uint8Array | string, options?: SessionOptions): Promise<unknown> =>
      createSession(bytes, options).catch((error: unknown) => error);
    expect(await refuse(join(tmpdir(), 'there-is-none.onnx'))).toMatchObject({
      code: 'WEFT_RUNTIME_MODEL',
      message: expect.stringContaining('there-is-none.onnx') as string,
    });
    expect(await refuse(new Uint8Array([1, 2, 3]))).toMatchObject({ code: 'WEFT_RUNTIME_MODEL' });
    expect(await refuse(new Uint8Array())).toMatchObject({ code: 'WEFT_RUNTIME_MODEL' });
    expect(await refuse(new Float32Array(3) as unknown as Uint8Array)).toMatchObject({ code: 'WEFT_RUNTIME_MODEL' });
    expect(await refuse(negate().subarray(0, 40))).toMatchObject({ code: 'WEFT_RUNTIME_MODEL' });
    expect(await refuse(model([node('NoSuchOperator', ['x'], ['y'])], [value('x', 1)], [value('y', 1)]))).toMatchObject({
      code: 'WEFT_RUNTIME_MODEL',
      message: expect.stringContaining('NoSuchOperator') as string,
    });
    for (const threads of [0, -1, 1.5, NaN, 1e9])
      expect(await refuse(negate(), { threads })).toMatchObject({ code: 'WEFT_RUNTIME_OPTION' });
    expect(await refuse(negate(), { graphOptimization: 'most' as 'all' })).toMatchObject({ code: 'WEFT_RUNTIME_OPTION' });
    expect(await refuse(negate(), { config: { 'session.set_denormal_as_zero': '1' } })).toMatchObject({ code: 'WEFT_RUNTIME_OPTION' });
    expect(await refuse(negate(), { thread: 1 } as SessionOptions)).toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
  });

  it('takes initializers in their own memory', async () => {
    const data = floats([2, 2]);
    const bytes = model(
      [node('MatMul', ['x', 'w'], ['y'])],
      [value('x', 1, ['N', 2])],
      [value('y', 1, ['N', 2])],
      [{ name: 'w', dataType: 1, dims: [2, 2], external: { location: 'weights', offset: 0, length: 16 } }],
    );
    const session = await open(bytes, { initializers: new Map([['w', data]]) });
    expect(session.inputs.map(({ name }) => name)).toEqual(['x']);
    const inside = model(
      [node('MatMul', ['x', 'w'], ['y'])],
      [value('x', 1, ['N', 2])],
      [value('y', 1, ['N', 2])],
      [initializer('w', data.data, [2, 2])],
    );
    expect(await session.run({ x: floats([3, 2], 2) })).toEqual(await twin(inside, { x: floats([3, 2], 2) }));
    expect(await createSession(bytes).catch((error: unknown) => error)).toMatchObject({ code: 'WEFT_RUNTIME_MODEL' });
    expect(
      await createSession(bytes, { initializers: new Map([['w', hostTensor('float32', [3])]]) }).catch((error: unknown) => error),
    ).toMatchObject({ code: 'WEFT_RUNTIME_MODEL' });
    expect(
      await createSession(bytes, {
        initializers: new Map([['w', { dtype: 'float32', shape: [4], data: new Int32Array(4) } as unknown as HostTensor]]),
      }).catch((error: unknown) => error),
    ).toMatchObject({ code: 'WEFT_RUNTIME_DTYPE' });
  });

  it('writes a profile', async () => {
    const session = await open(negate(), { threads: 1, profile: join(tmpdir(), `weft-${randomUUID()}`) });
    await session.run({ x: floats([3]) });
    expect(session.profilePath).toBeUndefined();
    session.close();
    const events = JSON.parse(readFileSync(session.profilePath ?? '', 'utf8')) as { args?: { op_name?: string } }[];
    expect(events.some(({ args }) => args?.op_name === 'Neg')).toBe(true);
    rmSync(session.profilePath ?? '');
  });

  it('gives the same bits with every option', async () => {
    const feeds = { x: floats([5, 64]), w: floats([64, 64], 2) };
    const expected = await twin(products(64, 3), feeds);
    const variants: readonly SessionOptions[] = [
      {},
      { threads: 2 },
      { graphOptimization: 'none' },
      { graphOptimization: 'basic' },
      { graphOptimization: 'extended' },
      { memoryArena: true, memoryPattern: true },
      { spinning: false },
      { config: { 'session.disable_prepacking': '1' } },
    ];
    for (const options of variants) expect(await (await open(products(64, 3), options)).run(feeds)).toEqual(expected);
  });
});

describe('Session.run', () => {
  const dtypes: readonly [DType, HostTensor['data']][] = [
    ['float32', new Float32Array([1.5, -2, Infinity, 0, 1e-40, -0])],
    ['float64', new Float64Array([Math.PI, -2, 1e300, 0, 5e-324, -0])],
    ['int32', new Int32Array([1, -2, 2 ** 31 - 1, 0, -(2 ** 31), 5])],
    ['int64', new BigInt64Array([1n, -2n, 2n ** 62n, 0n, -(2n ** 63n), 5n])],
    ['uint8', new Uint8Array([1, 2, 255, 0, 128, 5])],
    ['int8', new Int8Array([1, -2, 127, 0, -128, 5])],
    ['bool', new Uint8Array([1, 0, 1, 0, 0, 1])],
  ];

  it.each(dtypes)('moves %s as the official binding does', async (dtype, data) => {
    const bytes = model(
      [node('Transpose', ['x'], ['y'])],
      [value('x', ELEMENT_TYPE[dtype], ['A', 'B'])],
      [value('y', ELEMENT_TYPE[dtype], ['B', 'A'])],
    );
    const x = hostTensor(dtype, [2, 3], data);
    const results = await (await open(bytes)).run({ x });
    expect(results).toEqual(await twin(bytes, { x }));
    expect(results['y']?.shape).toEqual([3, 2]);
  });

  it('gives outputs whose shapes depend on values', async () => {
    const bytes = model(
      [node('NonZero', ['x'], ['places']), node('Shape', ['x'], ['shape']), node('Size', ['x'], ['size'])],
      [value('x', 1, ['A', 'B'])],
      [value('places', 7, [2, 'N']), value('shape', 7, [2]), value('size', 7, [])],
    );
    const session = await open(bytes);
    const sparse = fc.array(fc.constantFrom(0, 1, 2), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sparse, async (values) => {
        const x = hostTensor('float32', [values.length, 1], Float32Array.from(values));
        const { places, shape, size } = await session.run({ x });
        const indices = values.flatMap((element, index) => (element === 0 ? [] : [BigInt(index)]));
        expect(places).toEqual({
          dtype: 'int64',
          shape: [2, indices.length],
          data: BigInt64Array.from([...indices, ...indices.map(() => 0n)]),
        });
        expect(shape?.data).toEqual(BigInt64Array.from([BigInt(values.length), 1n]));
        expect(size).toEqual({ dtype: 'int64', shape: [], data: BigInt64Array.from([BigInt(values.length)]) });
      }),
      { numRuns: 50, seed: 1 },
    );
    expect(await session.run({ x: floats([2, 2]) }, { outputs: ['size'] })).toEqual({
      size: { dtype: 'int64', shape: [], data: BigInt64Array.from([4n]) },
    });
    expect(await session.run({ x: floats([2, 2]) }, { outputs: [] })).toEqual({});
  });

  it('reads views, shared memory and arrays on V8’s heap', async () => {
    const session = await open(negate());
    const view = new Float32Array(new ArrayBuffer(40), 12, 3);
    const shared = new Float32Array(new SharedArrayBuffer(12));
    const small = new Float32Array(3);
    for (const data of [view, shared, small]) {
      data.set([1, 2, 3]);
      const { y } = await session.run({ x: { dtype: 'float32', shape: [3], data } });
      expect(y?.data).toEqual(new Float32Array([-1, -2, -3]));
    }
  });

  it('runs many at once', async () => {
    const session = await open(negate());
    const results = await Promise.all(
      Array.from({ length: 500 }, (_, index) => session.run({ x: hostTensor('float32', [1], new Float32Array([index])) })),
    );
    expect(results.map(({ y }) => y?.data[0])).toEqual(Array.from({ length: 500 }, (_, index) => -index));
  });

  it('leaves the event loop free', async () => {
    const session = await open(products(256, 40));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await session.run({ x: floats([256, 256]), w: hostTensor('float32', [256, 256]) });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('stops when its signal is aborted, before, during and while it waits; then runs again', async () => {
    const session = await open(products(512, 400));
    const feeds = { x: floats([512, 512]), w: hostTensor('float32', [512, 512]) };
    const attempt = (signal: AbortSignal): Promise<unknown> => session.run(feeds, { signal }).catch((error: unknown) => error);
    const reason = new Error('enough');
    expect(await attempt(AbortSignal.abort(reason))).toMatchObject({ code: 'WEFT_RUNTIME_CANCELLED', cause: reason });
    const controller = new AbortController();
    const pending = Array.from({ length: 6 }, () => attempt(controller.signal)); // More than there are threads for.
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(reason);
    for (const error of await Promise.all(pending))
      expect(error).toMatchObject({ code: 'WEFT_RUNTIME_CANCELLED', message: expect.stringContaining('enough') as string });
    expect((await session.run({ x: floats([1, 512]), w: feeds.w }))['y']?.data[0]).toBe(0);
  });

  it('refuses what does not fit, before anything native', async () => {
    const session = await open(update(3));
    const good = { w: floats([3]), gradient: floats([3]), rate: floats([]) };
    const attempt = (change: Record<string, unknown>, options: object = {}): Promise<unknown> =>
      session.run({ ...good, ...change }, options).catch((error: unknown) => error);
    const detached = floats([3]);
    structuredClone(detached.data, { transfer: [detached.data.buffer as ArrayBuffer] });
    const { w: _, ...withoutW } = good;
    expect(await session.run(withoutW as typeof good).catch((error: unknown) => error)).toMatchObject({
      code: 'WEFT_RUNTIME_NAME',
      message: expect.stringContaining('w is missing') as string,
    });
    expect(await attempt({ bias: floats([3]) })).toMatchObject({ code: 'WEFT_RUNTIME_NAME', remedy: 'The model has: w, gradient, rate.' });
    expect(await attempt({}, { outputs: ['w'] })).toMatchObject({ code: 'WEFT_RUNTIME_NAME' });
    expect(await attempt({}, { output: [] })).toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
    expect(await attempt({ w: floats([4]) })).toMatchObject({
      code: 'WEFT_RUNTIME_SHAPE',
      message: 'Cannot bind w as its shape is [3]: [4] given',
    });
    expect(await attempt({ w: floats([1, 3]) })).toMatchObject({ code: 'WEFT_RUNTIME_SHAPE' });
    expect(await attempt({ rate: floats([1]) })).toMatchObject({ code: 'WEFT_RUNTIME_SHAPE' });
    expect(await attempt({ w: hostTensor('int32', [3]) })).toMatchObject({
      code: 'WEFT_RUNTIME_DTYPE',
      message: 'Cannot bind w as its dtype is float32: int32 given',
    });
    expect(await attempt({ w: { dtype: 'float32', shape: [3], data: new Float64Array(3) } })).toMatchObject({ code: 'WEFT_RUNTIME_DTYPE' });
    expect(await attempt({ w: { dtype: 'float32', shape: [3], data: [1, 2, 3] } })).toMatchObject({ code: 'WEFT_RUNTIME_DTYPE' });
    expect(await attempt({ w: { dtype: 'float32', shape: [3], data: new Float32Array(2) } })).toMatchObject({
      code: 'WEFT_RUNTIME_SHAPE',
      message: expect.stringContaining('2 elements given') as string,
    });
    expect(await attempt({ w: { dtype: 'float32', shape: [-3], data: new Float32Array(3) } })).toMatchObject({
      code: 'WEFT_RUNTIME_SHAPE',
    });
    expect(await attempt({ w: { dtype: 'float32', shape: '3', data: new Float32Array(3) } })).toMatchObject({ code: 'WEFT_RUNTIME_SHAPE' });
    expect(await attempt({ w: undefined })).toMatchObject({ code: 'WEFT_RUNTIME_DTYPE' });
    expect(await attempt({ w: detached })).toMatchObject({ code: 'WEFT_RUNTIME_BUFFER' });
    const resizable = new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(12, { maxByteLength: 24 });
    expect(await attempt({ w: { dtype: 'float32', shape: [3], data: new Float32Array(resizable, 0, 3) } })).toMatchObject({
      code: 'WEFT_RUNTIME_BUFFER',
    });
    expect(await session.run(good)).toEqual(await twin(update(3), good));
  });

  it('names the node that fails', async () => {
    const session = await open(model([node('Add', ['x', 'z'], ['y'])], [value('x', 1, ['N']), value('z', 1, ['M'])], [value('y', 1)]));
    expect(await session.run({ x: floats([2]), z: floats([3]) }).catch((error: unknown) => error)).toMatchObject({
      code: 'WEFT_RUNTIME_RUN',
      message: expect.stringContaining('Add') as string,
    });
    expect((await session.run({ x: floats([2]), z: floats([2]) }))['y']?.shape).toEqual([2]);
  });

  it('refuses outputs that no typed array holds, unless others are named', async () => {
    const session = await open(
      model(
        [node('Cast', ['x'], ['half'], [{ name: 'to', type: 'int', value: 10 }]), node('Neg', ['x'], ['y'])],
        [value('x', 1, ['N'])],
        [value('half', 10, ['N']), value('y', 1, ['N'])],
      ),
    );
    expect(await session.run({ x: floats([2]) }).catch((error: unknown) => error)).toMatchObject({ code: 'WEFT_RUNTIME_DTYPE' });
    expect(Object.keys(await session.run({ x: floats([2]) }, { outputs: ['y'] }))).toEqual(['y']);
  });
});

describe('Session.close', () => {
  it('refuses further runs, and lets those that go on end', async () => {
    const session = await open(products(256, 60));
    const feeds = { x: floats([256, 256]), w: hostTensor('float32', [256, 256]) };
    const runs = Array.from({ length: 5 }, () => session.run(feeds));
    session.close();
    session.close();
    expect(live.sessions).toBe(1);
    for (const { y } of await Promise.all(runs)) expect(y?.shape).toEqual([256, 256]);
    expect(live.sessions).toBe(0);
    expect(await session.run(feeds).catch((error: unknown) => error)).toMatchObject({ code: 'WEFT_RUNTIME_CLOSED' });
    expect(() => session.bind(feeds, { y: floats([256, 256]) })).toThrow('Cannot run the model as its session was closed');
  });
});
