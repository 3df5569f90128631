/** What every kind of tokenizer has in common: places, counts, cutting, policies and templates. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { createTokenizer } from './create-tokenizer.ts';
import type { TokenizerEngine } from './engine.ts';
import { arenaOf } from './token-arena.ts';
import { createTokenBytes } from './token-bytes.ts';
import { trainTokenizer } from './train-tokenizer.ts';

const TEXTS = ['low lower lowest, naïve 😀 café', 'the newest and the widest \u0000\uFEFF\u0085', 'one two three 1234567'];
const unicode = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...TEXTS.join(' ').split(' '), ' ', '<|endoftext|>', '\uD800', '👩‍👩‍👧', '\n\n')).map((parts) => parts.join('')),
);
const BITS = "' r e S ſ 1 中 A b ! / \u0301 <| endoftext |> \uD83D \uDE00".split(' ').concat('\n', ' ', '  ', '\t', '\u3000');
/** Bits that change what was before them. */
const bits = fc.array(fc.constantFrom(...BITS), { maxLength: 4 }).map((parts) => parts.join(''));
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\uFFFD');

describe.each([
  ['bpe', 'gpt4'],
  ['bpe', 'gpt2'],
  ['bpe', 'o200k'],
  ['bpe', 'qwen2'],
  ['characters', 'gpt4'],
] as const)('%s, %s', async (type, splitting) => {
  const tokenizer = await trainTokenizer(TEXTS, { type, ...(type === 'bpe' ? { vocabSize: 300, splitting } : {}) });

  test('every token has its place in the text', () => {
    fc.assert(
      fc.property(unicode, fc.constantFrom('text', 'allow' as const), (text, specialTokens) => {
        const { ids, starts, ends, types, added } = tokenizer.encodeWithOffsets(text, { specialTokens });
        expect([...ids]).toEqual([...tokenizer.encode(text, { specialTokens })]);
        let position = 0;
        ids.forEach((id, index) => {
          const [start, end] = [starts[index] as number, ends[index] as number];
          expect(start).toBeLessThanOrEqual(position);
          position = Math.max(position, end);
          const bytes = Buffer.from(tokenizer.tokenBytes(id));
          if (type === 'bpe') expect(Buffer.from(wellFormed(text.slice(start, end))).includes(bytes)).toBe(true);
          else if (id !== tokenizer.specialTokens.get('<|unknown|>')) expect(wellFormed(text.slice(start, end))).toBe(bytes.toString());
        });
        expect(position).toBe(text.length);
        expect([...types, ...added].every((value) => value === 0)).toBe(true);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('counts, also of a text that grows, are the number of ids', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(unicode, bits, bits)), fc.constantFrom('text', 'allow' as const), (parts, specialTokens) => {
        const text = parts.join('');
        const { length } = tokenizer.encode(text, { specialTokens });
        expect(tokenizer.count(text, { specialTokens })).toBe(length);
        expect(tokenizer.countUpTo(text, length, { specialTokens })).toBe(length);
        if (length > 0) expect(tokenizer.countUpTo(text, length - 1, { specialTokens })).toBeUndefined();
        const counter = tokenizer.createCounter({ specialTokens });
        let grown = '';
        for (const part of parts) {
          grown += part;
          expect(counter.append(part)).toBe(tokenizer.count(grown, { specialTokens }));
        }
        expect(counter.count).toBe(length);
      }),
      { numRuns: 1500, seed: 2 },
    );
  });

  test('a text is cut where a token and a character end, and no earlier than needed', () => {
    fc.assert(
      fc.property(unicode, fc.nat(20), (text, limit) => {
        const cut = tokenizer.truncate(text, limit);
        expect(text.startsWith(cut)).toBe(true);
        expect(tokenizer.count(cut)).toBeLessThanOrEqual(limit);
        if (tokenizer.count(text) <= limit) expect(cut).toBe(text);
        else expect([...tokenizer.encodeWithOffsets(text).ends, 0]).toContain(cut.length);
        expect(/[\uD800-\uDBFF]$/.test(cut) && /^[\uDC00-\uDFFF]/.test(text.slice(cut.length))).toBe(false);
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('the vocabulary has every token', () => {
    expect(tokenizer.vocabulary.size).toBe(tokenizer.vocabSize);
    expect(tokenizer.vocabulary.get('<|endoftext|>')).toBe(tokenizer.endOfText);
  });

  test('special tokens in a text: text, token or error', () => {
    const text = 'low<|endoftext|>';
    const end = tokenizer.endOfText as number;
    expect(tokenizer.encode(text).includes(end)).toBe(false);
    expect(tokenizer.encode(text, { specialTokens: 'allow' }).at(-1)).toBe(end);
    expect(() => tokenizer.encode(text, { specialTokens: 'refuse' })).toThrow(
      expect.objectContaining({ code: 'WEFT_TOKENIZER_SPECIAL_TEXT', message: expect.stringContaining('<|endoftext|> at 3') as string }),
    );
    expect(tokenizer.count(text, { specialTokens: 'refuse' })).toBe(tokenizer.encode(text).length);
    expect(tokenizer.decode([end])).toBe('<|endoftext|>');
    expect(tokenizer.decode([end], { skipSpecialTokens: true })).toBe('');
    const decoder = tokenizer.createDecoder({ skipSpecialTokens: true });
    expect([decoder.push(end), decoder.end()]).toEqual(['', '']);
  });

  test.each([-1, 10_000, 1.5, Number.NaN, 2 ** 40])('id %s is not in the vocabulary', (id) => {
    for (const attempt of [() => tokenizer.decode([id]), () => tokenizer.tokenBytes(id), () => tokenizer.createDecoder().push(id)]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_ID' }));
    }
  });

  test.each([-1, 1.5, Number.NaN])('%s is no limit', (limit) => {
    for (const attempt of [() => tokenizer.countUpTo('a', limit), () => tokenizer.truncate('a', limit)]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_OPTION' }));
    }
  });

  test('options are checked', () => {
    const options = { special: true } as unknown as { readonly pair: string };
    for (const attempt of [() => tokenizer.encode('a', options), () => tokenizer.count('a', options)]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'WEFT_OPTION_UNKNOWN' }));
    }
    expect(() => tokenizer.encode('a', { specialTokens: 'all' as 'text' })).toThrow(
      expect.objectContaining({ code: 'WEFT_TOKENIZER_OPTION' }),
    );
  });
});

describe('a template', () => {
  const table = createTokenBytes(arenaOf(Array.from({ length: 130 }, (_, byte) => Uint8Array.of(byte))));
  const ids = (text: string): Uint32Array => Uint32Array.from(Buffer.from(text));
  const engine: TokenizerEngine = {
    type: 'characters',
    size: 130,
    specialTokens: new Map([
      ['[CLS]', 128],
      ['[SEP]', 129],
    ]),
    token: (id) => String.fromCharCode(id),
    tokenBytes: table.bytes,
    encode: ids,
    align: (text) => ({ ids: ids(text), starts: ids(text).map((_, at) => at), ends: ids(text).map((_, at) => at + 1) }),
    decode: table.decode,
    createDecoder: table.createDecoder,
    template: {
      single: [
        { id: 128, type: 0 },
        { text: 'first', type: 0 },
        { id: 129, type: 0 },
      ],
      pair: [
        { id: 128, type: 0 },
        { text: 'first', type: 0 },
        { id: 129, type: 0 },
        { text: 'second', type: 1 },
        { id: 129, type: 1 },
      ],
    },
    toJSON: () => {
      throw new Error('not used');
    },
  };
  const tokenizer = createTokenizer(engine);

  test('stands around a text', () => {
    expect([...tokenizer.encode('ab', { addSpecialTokens: true })]).toEqual([128, 97, 98, 129]);
    expect(tokenizer.count('ab', { addSpecialTokens: true })).toBe(4);
    expect(tokenizer.truncate('abcdef', 4, { addSpecialTokens: true })).toBe('ab');
    expect(tokenizer.createCounter({ addSpecialTokens: true }).append('abc')).toBe(5);
  });

  test('stands around two', () => {
    expect([...tokenizer.encode('ab', { pair: 'c' })]).toEqual([97, 98, 99]);
    const { ids: all, starts, ends, types, added } = tokenizer.encodeWithOffsets('ab', { pair: 'c', addSpecialTokens: true });
    expect([...all]).toEqual([128, 97, 98, 129, 99, 129]);
    expect([...starts]).toEqual([0, 0, 1, 0, 0, 0]);
    expect([...ends]).toEqual([0, 1, 2, 0, 1, 0]);
    expect([...types]).toEqual([0, 0, 0, 0, 1, 1]);
    expect([...added]).toEqual([1, 0, 0, 1, 0, 1]);
    expect(tokenizer.count('ab', { pair: 'c', addSpecialTokens: true })).toBe(6);
    expect(tokenizer.truncate('abcdef', 6, { pair: 'c', addSpecialTokens: true })).toBe('ab');
  });
});
