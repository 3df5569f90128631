/** The built-in encodings: the ids of tiktoken, on every code point, on hostile strings and on real text. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { loadEncoding } from '../encodings/load-encoding.ts';
import type { TokenizerJson } from '../json/tokenizer-json.ts';
import { createTiktoken, encodingToJson } from './tiktoken.fixture.ts';

const shared = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

/** What splitting patterns and merges are sensitive to. */
const POOL = [
  [...' \t\n\r\v\f\u0085\u00A0\u2028\u3000\uFEFF\u200B\u200D'],
  ["'", "'s", "'S", "'ſ", "'ll", "'LL", "'Re", "'vE", "'d", "'t", "'m", "''", 'ſ', '’s'],
  ['a', 'B', 'é', 'e\u0301', 'ß', 'İ', 'ñ', 'Ж', 'ش', 'ม', 'ि', '中', '文', 'ㅎ', '한', '𝒳', '𐐷'],
  ['0', '7', '42', '1234', '٣', '²', '½', 'Ⅷ', '１'],
  ['!', '...', '(', '/', '\\', '#', '_', '-', '—', '€', '👩‍👩‍👧', '😀', '🇫🇷', '\u202E', '\uFFFD'],
  ['\uD800', '\uDC00', '<|endoftext|>', '<|', '|>', 'hello', ' the', '  ', '\n\n', ' \n', '\r\n', '__proto__', 'toLocaleString'],
].flat();
const hostile = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...POOL) }, fc.string({ unit: 'binary', maxLength: 5 })), {
  maxLength: 24,
});

describe.each(['gpt2', 'p50k_base', 'cl100k_base', 'o200k_base'] as const)('%s', async (name) => {
  const ours = await loadEncoding(name);
  const theirs = createTiktoken(name);
  const expected = (text: string): Uint32Array => theirs.encode_ordinary(text.replace(/\p{Surrogate}/gu, '\uFFFD'));
  /** Compares the bytes, as comparing lists of millions of numbers takes long. */
  const same = (a: Uint32Array, b: Uint32Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

  test('every code point: after a letter, after a space, between spaces, after a digit and before an apostrophe', () => {
    for (let first = 0; first < 0x11_0000; first += 0x800) {
      if (first === 0xd800) continue; // Surrogates: see below.
      // GPT-2's splitting twice: planes 4 to 13 are unassigned, 15 and 16 private, so a few of each suffice.
      if (name !== 'cl100k_base' && name !== 'o200k_base' && first >= 0x4_0000 && first % 0x1_0000 !== 0 && first >> 16 !== 14) continue;
      let text = '';
      for (let codePoint = first; codePoint < first + 0x800; codePoint++) {
        const character = String.fromCodePoint(codePoint);
        text += `a${character} ${character} 1${character}'s`;
      }
      expect(same(ours.encode(text), expected(text)), `U+${first.toString(16)}`).toBe(true);
    }
  });

  test('hostile strings', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const text = parts.join('');
        const ids = ours.encode(text);
        expect(ids).toEqual(expected(text));
        expect(ours.decode(ids)).toBe(text.replace(/\p{Surrogate}/gu, '\uFFFD'));
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  test('unpacked it is what its ranks say', () => {
    const { model } = encodingToJson(name) as Pick<TokenizerJson, 'model'>;
    const unpacked = ours.toJSON().model;
    if (model.type !== 'BPE' || unpacked.type !== 'BPE') throw new Error('the encodings are BPE');
    expect(JSON.stringify(unpacked.merges) === JSON.stringify(model.merges)).toBe(true);
    expect(Object.entries(model.vocab).filter(([token, id]) => unpacked.vocab[token] !== id)).toEqual([]);
  });

  test('special tokens where they are allowed', () => {
    const text = 'one<|endoftext|>two <|endoftext|>\n<|endofprompt|><|fim_prefix|>';
    const allowed = [...ours.specialTokens.keys()];
    expect([...ours.encode(text, { specialTokens: 'allow' })]).toEqual([...theirs.encode(text, allowed, [])]);
    expect(ours.encode(text)).toEqual(expected(text));
  });

  test.runIf(existsSync(shared)).each([
    ['English', 'text/tinyshakespeare.txt'],
    ['56 languages', 'text/multilingual.txt'],
  ])('%s (skipped without shared data)', (_, path) => {
    const text = readFileSync(`${shared}${path}`, 'utf8').slice(0, 1_000_000);
    const ids = ours.encode(text);
    expect(same(ids, expected(text))).toBe(true);
    expect(ours.decode(ids)).toBe(text);
  });
});

test.runIf(existsSync(shared))("GPT-2's ids as llama.cpp tests them (skipped without shared data)", async () => {
  const ours = await loadEncoding('gpt2');
  const path = `${shared}tokenizers/ggml-vocab-gpt-2.gguf`;
  const cases = readFileSync(`${path}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
  const lines = readFileSync(`${path}.out`, 'utf8').split('\n');
  expect(cases.length).toBeGreaterThan(30);
  cases.forEach((text, index) => {
    const wanted = (lines[index] ?? '').trim();
    expect([...ours.encode(text)].join(' '), text).toBe(wanted.split(/\s+/).join(' '));
  });
});
