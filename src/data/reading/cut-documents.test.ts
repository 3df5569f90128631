import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { gather } from '../scratch.fixture.ts';
import { cutDocuments } from './cut-documents.ts';

/** A text in chunks that end after the given lengths. */
async function* chunksOf(text: string, lengths: readonly number[]): AsyncGenerator<string> {
  let start = 0;
  for (const length of lengths) {
    yield text.slice(start, start + length);
    start += length;
  }
  yield text.slice(start);
}
const cut = (text: string, limit = 1000, lengths: readonly number[] = []): Promise<readonly string[]> =>
  gather(cutDocuments(chunksOf(text, lengths), limit));

const parts = fc.array(
  fc.constantFrom('a', 'word ', '\n', '\n\n', '<|endoftext|>', '\n<|endoftext|>\n', '\r\n', '<|', '😀', '....................'),
  {
    maxLength: 60,
  },
);

describe('lines that are <|endoftext|>', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['separate documents', 'one\n<|endoftext|>\ntwo\n<|endoftext|>\n', ['one\n', 'two\n', '']],
    ['may end the file without a line end', 'one\n<|endoftext|>', ['one\n']],
    ['may begin it', '<|endoftext|>\none', ['', 'one']],
    ['may have the line ends of Windows', 'one\r\n<|endoftext|>\r\ntwo', ['one\r\n', 'two']],
    [
      'are whole lines',
      'a <|endoftext|>\n<|endoftext|> b\n<|endoftext|><|endoftext|>\n',
      ['a <|endoftext|>\n<|endoftext|> b\n<|endoftext|><|endoftext|>\n'],
    ],
  ])('%s', async (_, text, documents) => expect(await cut(text)).toEqual(documents));
});

describe('documents beyond the limit', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['at a blank line', 'aaaa\n\nbbbb\ncccccccccccc', ['aaaa\n\n', 'bbbb\n', 'cccccccccccc']],
    ['at a line end', 'aaaa bbbb\ncccc ddddddd', ['aaaa bbbb\n', 'cccc ddddddd']],
    ['at a space', 'aaaa bbbb ccccdddddd', ['aaaa bbbb ', 'ccccdddddd']],
    ['between characters', 'a😀😀😀😀😀😀😀😀', ['a😀😀😀😀😀', '😀😀😀']],
  ])('are cut %s', async (_, text, documents) => expect(await cut(text, 12)).toEqual(documents));
});

test('nothing is lost but the separators, whatever the chunks, and no document is too long', async () => {
  await fc.assert(
    fc.asyncProperty(parts, fc.array(fc.nat(30), { maxLength: 30 }), fc.integer({ min: 16, max: 100 }), async (words, lengths, limit) => {
      const text = words.join('');
      const documents = await cut(text, limit, lengths);
      expect(documents).toEqual(await cut(text, limit));
      expect(documents.every((document) => document.length <= limit)).toBe(true);
      expect(documents.every((document) => !/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/.test(document))).toBe(true);
      const whole = (await cut(text, 1 << 20)).filter((document) => document !== '');
      expect(whole).toEqual(text.split(/^<\|endoftext\|>(?:\r?\n|$(?![^]))/m).filter((document) => document !== ''));
    }),
    { numRuns: 1000, seed: 1 },
  );
});
