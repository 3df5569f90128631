import { afterAll, expect, test } from 'vitest';

import { createTrialWorkers } from './trial-workers.ts';

const workers = createTrialWorkers('crashing-process.fixture');
afterAll(() => workers.close());

const ask = (until: number) => workers.ask({ kind: 'train', recipe: { text: 'a' }, until, data: '', heldOutTokens: 1 });

test.for([
  [1, 'the process ended: exit code 3'],
  [2, 'the process ended: killed by SIGKILL'],
  [3, 'the process ended: exit code 1'],
] as const)('a process that ends unasked is a failed trial: %i', async ([until, message]) => {
  const end = await ask(until);
  expect(end).toMatchObject({ kind: 'failed', code: 'WEFT_TUNE_CRASH' });
  expect(end.kind === 'failed' && end.message.startsWith(message)).toBe(true);
});

test('a process is kept for the next request, and another takes the place of one that ended', async () => {
  const first = await ask(10);
  expect(await ask(11)).toMatchObject({ kind: 'trained', loss: first.kind === 'trained' ? first.loss : undefined, steps: 11 });
  const both = await Promise.all([ask(12), ask(13)]);
  expect(new Set(both.map((end) => end.kind === 'trained' && end.loss)).size).toBe(2);
  await ask(1);
  expect(await ask(14)).toMatchObject({ kind: 'trained', steps: 14 });
});
