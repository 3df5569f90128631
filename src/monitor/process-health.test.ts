import { expect, test } from 'vitest';

import { watchProcess } from './process-health.ts';

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a loop that was held up is late, until the next interval begins', async () => {
  const watch = watchProcess();
  await pause(50);
  watch.look({ restart: true });
  await pause(30);
  const end = performance.now() + 400;
  while (performance.now() < end);
  await pause(30);
  for (let look = 0; look < 2; look++) expect(watch.look({ restart: false }).eventLoopDelay).toBeGreaterThan(0.35);
  expect(watch.look({ restart: true }).eventLoopDelay).toBeGreaterThan(0.35);
  expect(watch.look({ restart: true }).eventLoopDelay).toBe(0); // Nothing since.
  watch.close();
});

test('memory is in bytes', () => {
  const watch = watchProcess();
  expect(watch.look({ restart: true }).residentMemory).toBeGreaterThan(10 << 20);
  watch.close();
});
