import { expect, it } from 'vitest';

import { createFairQueue } from './fair-queue.ts';

interface Item {
  readonly client: string;
  readonly request: string;
  readonly priority: number;
}
const item = (client: string, request = '', priority = 0): Item => ({ client, request, priority });

/** Serves `count` turns of as many tokens each; whose they were. */
function serve(
  queue: ReturnType<typeof createFairQueue<Item>>,
  count: number,
  tokens: (item: Item) => number = () => 10,
): readonly string[] {
  const order: string[] = [];
  for (let turn = 0; turn < count; turn++) {
    const [first] = queue.inOrder();
    if (first === undefined) break;
    queue.charge(first, tokens(first));
    order.push(`${first.client}${first.request}`);
  }
  return order;
}

it('serves clients by tokens, not by turns', () => {
  const queue = createFairQueue<Item>();
  for (const client of ['a', 'b']) queue.push(item(client));
  const order = serve(queue, 40, ({ client }) => (client === 'a' ? 30 : 10));
  expect(order.filter((client) => client === 'a')).toHaveLength(10);
});

it('serves requests of a client alike, and clients alike however many requests they have', () => {
  const queue = createFairQueue<Item>();
  for (const one of [item('a', '1'), item('a', '2'), item('a', '3'), item('b', '1')]) queue.push(one);
  const order = serve(queue, 60);
  const count = (name: string): number => order.filter((one) => one === name).length;
  expect([count('a1'), count('a2'), count('a3'), count('b1')]).toEqual([10, 10, 10, 30]);
});

it('lets who comes later begin where the least served are, and higher priorities first', () => {
  const queue = createFairQueue<Item>();
  queue.push(item('a'));
  serve(queue, 100);
  const late = item('b');
  queue.push(late);
  expect(serve(queue, 10).filter((client) => client === 'b')).toHaveLength(5);
  const urgent = item('a', '', 1);
  queue.push(urgent);
  expect(queue.inOrder()[0]).toBe(urgent);
});

it('forgets who has nothing left', () => {
  const queue = createFairQueue<Item>();
  const [a, b] = [item('a'), item('b')];
  queue.push(a);
  queue.push(b);
  serve(queue, 1, () => 1000);
  queue.remove(a);
  queue.forget(a, [item('a', 'other')]); // Another of its requests runs.
  queue.push(a);
  expect(queue.inOrder()[0]).toBe(b);
  queue.remove(a);
  queue.forget(a, []);
  queue.push(a);
  queue.charge(b, 1);
  expect(queue.inOrder()[0]).toBe(a);
});
