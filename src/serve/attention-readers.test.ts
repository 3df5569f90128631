/** When readers of attention are opened and closed, and who waits for whom. */

import { expect, test } from 'vitest';

import type { AttentionReader } from '../generate/index.ts';
import { createAttentionReaders } from './attention-readers.ts';
import { fakeModel } from './fake-model.fixture.ts';
import type { FakeModel } from './fake-model.fixture.ts';
import { createGate } from './serving.fixture.ts';

const quiet = new AbortController().signal;
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A model whose readers are counted. */
function counted(name: string, fail = false): { readonly model: FakeModel; readonly log: string[] } {
  const log: string[] = [];
  const openAttention = async (): Promise<AttentionReader> => {
    log.push(`open ${name}`);
    await pause(1);
    if (fail && log.length < 2) throw new Error('/home/secret is gone');
    return { layers: 1, read: async () => [], close: async () => void log.push(`close ${name}`) };
  };
  return { model: fakeModel({ name, openAttention }), log };
}

test('a reader is opened once for many requests, which take turns, and closed when nobody asks', async () => {
  const { model, log } = counted('a');
  const readers = createAttentionReaders({ queue: 8, idle: 30 });
  let running = 0;
  const job = async (): Promise<void> => {
    expect(running++).toBe(0);
    await pause(2);
    running--;
  };
  await Promise.all([1, 2, 3].map(() => readers.use(model, job, quiet)));
  expect(log).toEqual(['open a']);
  await expect.poll(() => log).toEqual(['open a', 'close a']);
  await readers.use(model, job, quiet);
  expect(log).toEqual(['open a', 'close a', 'open a']);
  await readers.drain(0);
  expect(log).toEqual(['open a', 'close a', 'open a', 'close a']);
});

test('another model’s reader takes its place', async () => {
  const [a, b] = [counted('a'), counted('b')];
  const readers = createAttentionReaders({ queue: 8 });
  await readers.use(a.model, async () => 0, quiet);
  await readers.use(b.model, async () => 0, quiet);
  expect([a.log, b.log]).toEqual([['open a', 'close a'], ['open b']]);
  await readers.drain(0);
});

test('a folder that cannot be read is told without its place, and tried anew', async () => {
  const { model, log } = counted('a', true);
  const readers = createAttentionReaders({ queue: 8 });
  const failure = await readers.use(model, async () => 0, quiet).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'WEFT_SERVE_ATTENTION', http: { status: 500 }, cause: { message: '/home/secret is gone' } });
  expect((failure as Error).message).not.toContain('secret');
  expect(await readers.use(model, async () => 7, quiet)).toBe(7);
  expect(log).toEqual(['open a', 'open a']);
  await readers.drain(0);
});

test('a job that fails leaves the reader to the next; who left is passed over', async () => {
  const { model, log } = counted('a');
  const readers = createAttentionReaders({ queue: 8 });
  await expect(readers.use(model, () => Promise.reject(new Error('broken')), quiet)).rejects.toThrow('broken');
  let begun = false;
  const left = new AbortController();
  left.abort(new Error('left'));
  await expect(readers.use(model, async () => (begun = true), left.signal)).rejects.toThrow('left');
  expect(begun).toBe(false);
  expect(await readers.use(model, async () => 7, quiet)).toBe(7);
  expect(log).toEqual(['open a']);
  await readers.drain(0);
});

test('a full queue, and a server that ends, refuse', async () => {
  const { model, log } = counted('a');
  const readers = createAttentionReaders({ queue: 1 });
  const gate = createGate();
  const running = readers.use(model, gate.wait, quiet);
  const waiting = readers.use(model, async () => 1, quiet);
  await gate.reached;
  await expect(readers.use(model, async () => 2, quiet)).rejects.toMatchObject({ code: 'WEFT_SERVE_FULL', http: { status: 429 } });
  const drained = readers.drain(0);
  await expect(readers.use(model, async () => 3, quiet)).rejects.toMatchObject({ code: 'WEFT_SERVE_STOPPING' });
  await pause(5);
  gate.open();
  await running;
  await expect(waiting).rejects.toMatchObject({ code: 'WEFT_SERVE_STOPPING' });
  await drained;
  expect(log).toEqual(['open a', 'close a']);
});
