import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { arenaOf } from './token-arena.ts';
import { createTokenBytes } from './token-bytes.ts';

const bytes = createTokenBytes(arenaOf(Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('streaming', () => {
  test('gives the same text as decoding at once, and never half a character', () => {
    const ids = fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }).map(encode));
    fc.assert(
      fc.property(ids, (list) => {
        const decoder = bytes.createDecoder();
        const parts = [...list].map((id) => decoder.push(id));
        expect(parts.filter((part) => /\p{Surrogate}/u.test(part))).toEqual([]);
        expect(parts.join('') + decoder.end()).toBe(bytes.decode(list));
        expect(bytes.decode(list)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(list));
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  test('waits for the last byte of a character', () => {
    const decoder = bytes.createDecoder();
    expect([...encode('a😀')].map((id) => decoder.push(id))).toEqual(['a', '', '', '', '😀']);
    expect(decoder.end()).toBe('');
  });

  test('an unfinished character is U+FFFD, and the next text begins afresh', () => {
    const decoder = bytes.createDecoder();
    expect(decoder.push(0xf0)).toBe('');
    expect(decoder.end()).toBe('\uFFFD');
    expect(decoder.push(0x41)).toBe('A');
  });

  test('decoders do not share what is unfinished', () => {
    const first = bytes.createDecoder();
    first.push(0xe2);
    expect(bytes.createDecoder().push(0x41)).toBe('A');
    expect(bytes.decode([0x41])).toBe('A');
  });
});

test('a byte-order mark is text', () => {
  expect(bytes.decode(encode('\uFEFFa'))).toBe('\uFEFFa');
  const decoder = bytes.createDecoder();
  expect([...encode('\uFEFFa')].map((id) => decoder.push(id)).join('')).toBe('\uFEFFa');
});

test('the bytes of a token are a copy', () => {
  bytes.bytes(65).fill(0);
  expect([...bytes.bytes(65)]).toEqual([65]);
});
