import { PassThrough } from 'node:stream';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { Stop } from '../context.ts';
import { fakeContext } from '../fake-context.fixture.ts';
import { editLines } from './line-editor.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const LEFT = '\u001b[D';
const UP = '\u001b[A';

// Readline edits nothing on a dumb terminal.
beforeAll(() => void vi.stubEnv('TERM', 'xterm'));
afterAll(() => void vi.unstubAllEnvs());

/** Types `keys`, and gives the lines; `work` is typed while the first line is worked on, `after` when it is done. */
async function type(
  keys: readonly string[],
  {
    work = [],
    after = [],
    interrupt = () => false,
  }: { work?: readonly string[]; after?: readonly string[]; interrupt?: () => boolean } = {},
): Promise<{ lines: readonly string[]; outcome: unknown; out: string; meanwhile: string }> {
  const stdin = new PassThrough();
  const context = fakeContext({ stdin, terminal: true });
  const press = async (pressed: readonly string[]): Promise<void> => {
    for (const key of pressed) {
      stdin.write(key);
      await new Promise((resolve) => setImmediate(resolve)); // As keys come one by one; a chunk of many is a paste.
    }
  };
  const lines: string[] = [];
  let outcome: unknown = 'ended';
  let meanwhile = '';
  const typing = press(keys);
  try {
    for await (const line of editLines(context, { prompt: '> ', goesOn: '… ', interrupt })) {
      lines.push(line);
      if (lines.length > 1) continue;
      const before = context.out();
      await press(work);
      meanwhile = context.out().slice(before.length);
      setTimeout(() => void press(after), 10);
    }
  } catch (error) {
    outcome = error;
  }
  await typing;
  return { lines, outcome, out: context.out(), meanwhile };
}

test('a line is edited in place, and recalled', async () => {
  const { lines, out } = await type(['a', 'ü', 'c', LEFT, LEFT, '🌍', '\r', UP, '!', '\r', CTRL_D]);
  expect(lines).toEqual(['a🌍üc', 'a🌍üc!']);
  expect(out.startsWith('\u001b[1G\u001b[0J> ')).toBe(true);
  expect(out.endsWith('\n')).toBe(true);
});

test('a backslash at the end goes on in the next line', async () => {
  const { lines, out } = await type(['one\\', '\r', 'two\\', '\r', 'three', '\r', 'four', '\r', CTRL_D]);
  expect(lines).toEqual(['one\ntwo\nthree', 'four']);
  expect(out.match(/> |… /g)).toEqual(['> ', '… ', '… ', '> ', '> ']);
});

test('Ctrl-C stops the work on a line where there is some, else the program', async () => {
  let stopped = 0;
  const interrupt = (): boolean => ++stopped > 0;
  expect(await type(['one', '\r'], { work: [CTRL_C, 'two', '\r', CTRL_D], interrupt })).toMatchObject({
    lines: ['one', 'two'],
    outcome: 'ended',
  });
  expect(stopped).toBe(1);
  const { lines, outcome } = await type(['half', CTRL_C], { interrupt });
  expect(lines).toEqual([]);
  expect(outcome).toBeInstanceOf(Stop);
  expect((outcome as Stop).exitCode).toBe(130);
  expect(stopped).toBe(1);
});

test('what is typed while a line is worked on shows with the next prompt, not amid the answer', async () => {
  const { meanwhile, out, lines } = await type(['one', '\r'], { work: ['later'], after: ['!', '\r', CTRL_D] });
  expect([meanwhile, lines]).toEqual(['', ['one', 'later!']]);
  expect(out).toContain('> later');
});
