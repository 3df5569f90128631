import { expect, test } from 'vitest';

import { createChannel } from './channel.ts';

const turn = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Writes numbers up to a limit, each when there is room; tells how far it came. */
function write(
  channel: ReturnType<typeof createChannel<number>>,
  limit: number,
  signal: AbortSignal,
): { count: number; over: Promise<void> } {
  const told = { count: 0, over: Promise.resolve() };
  told.over = (async () => {
    for (let value = 0; value < limit && !signal.aborted; value++) {
      channel.push(value);
      told.count++;
      await channel.room(signal);
    }
    channel.end();
  })();
  return told;
}

test('writers wait for a reader that is behind, and all arrives in order', async () => {
  const channel = createChannel<number>(4);
  const { signal } = new AbortController();
  const told = write(channel, 100, signal);
  await turn();
  expect(told.count).toBe(4);
  const values = channel.values();
  expect([(await values.next()).value, (await values.next()).value]).toEqual([0, 1]);
  await turn();
  expect(told.count).toBe(6);
  const rest: number[] = [];
  for await (const value of values) rest.push(value);
  expect(rest).toEqual(Array.from({ length: 98 }, (_, index) => index + 2));
});

test('nobody waits for a reader that has left, nor when it is over', async () => {
  for (const leave of ['reader', 'signal'] as const) {
    const channel = createChannel<number>(2);
    const stop = new AbortController();
    const told = write(channel, 50, stop.signal);
    const values = channel.values();
    await values.next();
    await turn();
    expect(told.count).toBeLessThan(5);
    if (leave === 'reader') await values.return(undefined);
    else stop.abort();
    await told.over;
    expect(told.count).toBe(leave === 'reader' ? 50 : 3);
  }
});

test('an error comes behind what was there', async () => {
  const channel = createChannel<number>(2);
  channel.push(1);
  channel.end(new Error('enough'));
  channel.push(2);
  const seen: number[] = [];
  const reading = (async () => {
    for await (const value of channel.values()) seen.push(value);
  })();
  await expect(reading).rejects.toThrow('enough');
  expect(seen).toEqual([1]);
});
