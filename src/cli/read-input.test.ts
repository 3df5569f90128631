import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readAll, readLines, untilStop } from './read-input.ts';

/** The bytes of a text, cut at arbitrary places. */
async function* chunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const text = fc.array(fc.constantFrom('a', 'é', '漢', '🙂', '\n', '\r\n', ' '), { maxLength: 30 }).map((parts) => parts.join(''));

test('text is the same however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.integer({ min: 1, max: 5 }),
      async (value, size) => void expect(await readAll(chunks(value, size))).toBe(value),
    ),
  );
});

test.each([
  ['a byte that begins nothing', [0x63, 0xe9, 0x20]],
  ['a character cut off at the end', [0x63, 0xc3]],
])('%s is refused, not replaced', async (_, bytes) => {
  const input = async function* (): AsyncGenerator<Uint8Array> {
    yield Uint8Array.from(bytes);
  };
  await expect(readAll(input())).rejects.toMatchObject({ code: 'WEFT_DATA_ENCODING' });
});

test('lines are the same however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 5 }), async (value, size) => {
      const lines: string[] = [];
      for await (const line of readLines(chunks(value, size))) lines.push(line);
      const expected = value.split(/\r?\n/);
      if (expected.at(-1) === '') expected.pop();
      expect(lines).toEqual(expected);
    }),
  );
});

test('waiting for a line ends when the program is stopped', async () => {
  const controller = new AbortController();
  async function* slow(): AsyncGenerator<string> {
    yield 'one\n';
    await new Promise(() => undefined);
  }
  const seen: string[] = [];
  const reading = (async () => {
    for await (const line of readLines(untilStop(slow(), controller.signal))) {
      seen.push(line);
      setImmediate(() => controller.abort(new Error('stopped')));
    }
  })();
  await expect(reading).rejects.toThrow('stopped');
  expect(seen).toEqual(['one']);
});
