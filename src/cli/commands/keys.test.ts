import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { fakeContext } from '../fake-context.fixture.ts';
import { run } from '../run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function weft(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const context = fakeContext();
  const code = await run(['keys', ...args], context);
  return { code, out: context.out(), err: context.err() };
}

test('a key is made, listed without itself, and revoked', async () => {
  const file = join(folder, 'keys.json');
  const made = await weft('add', 'web', '--keys', file, '--requests-per-minute', '60', '--expires', '2030-01-31', '--model', 'tiny');
  expect(made).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^weft_[\w-]{43}\n$/) as string });
  const other = await weft('add', 'ops', '--keys', file, '--scope', 'metrics', '--scope', 'read', '--priority', '5', '--json');
  expect(JSON.parse(other.out)).toEqual({ name: 'ops', key: expect.stringMatching(/^weft_/) as string });

  const listed = await weft('list', '--keys', file);
  expect(listed.out).toBe(
    'web  generate,embeddings,read  60 requests/min  until 2030-01-31T00:00:00.000Z  for tiny\nops  metrics,read  priority 5\n',
  );
  const json = (await weft('list', '--keys', file, '--json')).out;
  expect(json).not.toContain(made.out.trim());
  expect(json).not.toContain('sha256');

  expect(await weft('revoke', 'web', '--keys', file)).toMatchObject({ code: 0, out: 'Revoked web\n' });
  expect((await weft('list', '--keys', file)).out).toBe('ops  metrics,read  priority 5\n');
});

test.for([
  [['add', 'a', '--keys', 'k', '--scope', 'all'], 'WEFT_FLAG_VALUE'],
  [['add', 'a', '--keys', 'k', '--expires', 'soon'], 'WEFT_FLAG_VALUE'],
  [['add', 'a', '--keys', 'k', '--expires', '2020-01-31'], 'WEFT_FLAG_VALUE'],
  [['add', 'a'], 'WEFT_FLAG_VALUE'],
  [['add', 'a\nb', '--keys', 'k'], 'WEFT_SERVE_KEY_RIGHTS'],
] as const)('%j is a wrong use', async ([args, code]) => {
  expect(await weft(...args)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(code) as string });
});

test('a file that is not there is told with a remedy', async () => {
  expect(await weft('list', '--keys', join(folder, 'none.json'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('WEFT_SERVE_KEYS') as string,
  });
});
