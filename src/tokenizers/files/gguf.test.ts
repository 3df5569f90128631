/** GGUF vocabularies: llama.cpp's own tests, small files made by hand, and hostile ones. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Tokenizer as Rust } from 'tokenizers';
import { describe, expect, test } from 'vitest';

import { bytesToText } from '../byte-alphabet.ts';
import { loadEncoding } from '../encodings/load-encoding.ts';
import { flag, floats, ggufFile, id, integers, string, text, texts, uint32, uint64 } from './gguf.fixture.ts';
import { GGUF_SPLITTING_NAMES } from './gguf-patterns.ts';
import { readGgufMetadata } from './gguf-metadata.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { tokenizerFromBytes } from './tokenizer-from-bytes.ts';

const shared = fileURLToPath(new URL('../../../../shared/data/tokenizers/', import.meta.url));

test.runIf(existsSync(shared)).each(['gpt-2', 'llama-spm', 'bert-bge'])(
  "%s: the ids of llama.cpp's test (skipped without shared data)",
  async (name) => {
    const path = `${shared}ggml-vocab-${name}.gguf`;
    const tokenizer = await loadTokenizer(path);
    const cases = readFileSync(`${path}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
    const lines = readFileSync(`${path}.out`, 'utf8').split('\n');
    expect(cases.length).toBeGreaterThan(40);
    cases.forEach((input, index) => {
      const expected = (lines[index] ?? '').split(' ').filter((word) => word !== '');
      expect([...tokenizer.encode(input)].join(' '), JSON.stringify(input)).toBe(expected.join(' '));
    });
  },
);

const BYTES = Array.from({ length: 256 }, (_, byte) => bytesToText(Uint8Array.of(byte)));

const SMALL = {
  'general.architecture': text('llama'),
  'general.nested': { type: 9, element: 4, value: [1, 2] },
  'llama.context_length': { type: 10, value: 4096 },
  'tokenizer.ggml.model': text('gpt2'),
  'tokenizer.ggml.pre': text('llama-bpe'),
  'tokenizer.ggml.tokens': texts([...BYTES, 'he', 'll', 'hell', 'whole', '<|begin|>', '<|tool|>', '']),
  'tokenizer.ggml.token_type': integers([...BYTES.map(() => 1), 1, 1, 1, 1, 3, 4, 5]),
  'tokenizer.ggml.merges': texts(['h e', 'l l', 'he ll']),
  'tokenizer.ggml.bos_token_id': id(260),
} as const;

describe('a byte-level vocabulary', () => {
  test('its splitting, its special and user-defined tokens, and what begins a text', async () => {
    const tokenizer = await tokenizerFromBytes(ggufFile(SMALL));
    expect([...tokenizer.encode('hell')]).toEqual([258]);
    expect([...tokenizer.encode('whole')]).toEqual([259]); // No merge leads there: llama-bpe takes pieces whole.
    expect([...tokenizer.encode('<|tool|>')]).toEqual([261]);
    expect([...tokenizer.encode('<|begin|>')]).not.toContain(260);
    expect([...tokenizer.encode('<|begin|>', { specialTokens: 'allow' })]).toEqual([260]);
    expect(tokenizer.vocabulary.get('hell')).toBe(258);
  });

  test('of version 2 it is the same', async () => {
    const [two, three] = await Promise.all([2, 3].map((version) => tokenizerFromBytes(ggufFile(SMALL, { version }))));
    expect(JSON.stringify(two)).toBe(JSON.stringify(three));
  });

  test('a model file is read no further than its metadata', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-gguf-'));
    try {
      const tokens = texts([...BYTES, 'xy', ...Array.from({ length: 300_000 }, (_, index) => `x${index}`)]);
      const { 'tokenizer.ggml.token_type': _, 'tokenizer.ggml.bos_token_id': __, ...rest } = SMALL;
      const metadata = ggufFile({
        ...rest,
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.merges': texts(['x y']),
        'tokenizer.ggml.pre': text('gpt-2'),
      });
      writeFileSync(join(folder, 'model.gguf'), Buffer.concat([metadata, Buffer.alloc(32 << 20)]));
      const tokenizer = await loadTokenizer(folder);
      expect(tokenizer.vocabSize).toBe(257 + 300_000);
      expect([...tokenizer.encode('xy')]).toEqual([256]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('GPT-2 as a file has the ids of the built-in encoding', async () => {
    const { model } = (await loadEncoding('gpt2')).toJSON();
    if (model.type !== 'BPE') throw new Error('gpt2 is BPE');
    const vocabulary = Object.entries(model.vocab).sort((a, b) => a[1] - b[1]);
    const bytes = ggufFile({
      'tokenizer.ggml.model': text('gpt2'),
      'tokenizer.ggml.pre': text('gpt-2'),
      'tokenizer.ggml.tokens': texts(vocabulary.map(([token]) => token)),
      'tokenizer.ggml.token_type': integers(vocabulary.map(([, index]) => (index === 50256 ? 3 : 1))),
      'tokenizer.ggml.merges': texts(model.merges.map((pair) => pair.join(' '))),
    });
    expect(JSON.stringify(await tokenizerFromBytes(bytes)) === JSON.stringify(await loadEncoding('gpt2'))).toBe(true);
  });
});

describe('splittings by name', () => {
  const input = "  Hello, it's 12345 naïve\r\n\n\u4F60\u597D 한국어 κόσμε x=-1;\t😀 …(a)  THEY'LL  end ";
  // Every two neighbouring bytes merge, so that each border between pieces shows.
  const letters = Array.from(new TextEncoder().encode(input), (byte) => BYTES[byte] as string);
  const pairs = [...new Set(letters.slice(1).map((right, index) => `${letters[index]} ${right}`))];
  const tokens = [...BYTES, ...pairs.map((pair) => pair.replace(' ', ''))];

  test.each(GGUF_SPLITTING_NAMES)('%s: text comes back, and the ids are those of npm tokenizers', async (name) => {
    const tokenizer = await tokenizerFromBytes(
      ggufFile({
        'tokenizer.ggml.model': text('gpt2'),
        'tokenizer.ggml.pre': text(name),
        'tokenizer.ggml.tokens': texts(tokens),
        'tokenizer.ggml.merges': texts(pairs),
      }),
    );
    const ids = tokenizer.encode(input);
    expect(tokenizer.decode(ids)).toBe(input);
    const rust = Rust.fromString(JSON.stringify(tokenizer));
    expect([...ids]).toEqual((await rust.encode(input, null, { addSpecialTokens: false })).getIds());
  });
});

describe('a SentencePiece vocabulary', () => {
  const pieces = ['<unk>', '<s>', '</s>', '\u2581', 'a', 'b', 'ab', '\u2581ab', '<tool>'];
  const metadata = {
    'tokenizer.ggml.model': text('t5'),
    'tokenizer.ggml.tokens': texts(pieces),
    'tokenizer.ggml.scores': floats([0, 0, 0, -2, -3, -3, -4, -5, 0]),
    'tokenizer.ggml.token_type': integers([2, 3, 3, 1, 1, 1, 1, 1, 4]),
    'tokenizer.ggml.unknown_token_id': id(0),
  };

  test('t5 is Unigram, llama BPE; a prefix and spaces that are many as the file says', async () => {
    const unigram = await tokenizerFromBytes(ggufFile(metadata));
    const bpe = await tokenizerFromBytes(ggufFile({ ...metadata, 'tokenizer.ggml.model': text('llama') }));
    expect([unigram.type, bpe.type]).toEqual(['unigram', 'bpe']);
    expect([...unigram.encode('ab  <tool>')]).toEqual([7, 3, 3, 8]);
    expect([...bpe.encode('ab')]).toEqual([7]);
    const settings = { 'tokenizer.ggml.add_space_prefix': flag(false), 'tokenizer.ggml.remove_extra_whitespaces': flag(true) };
    expect([...(await tokenizerFromBytes(ggufFile({ ...metadata, ...settings }))).encode(' ab  b')]).toEqual([6, 3, 5]);
  });

  test.each([
    ['scores that are too few', { 'tokenizer.ggml.scores': floats([0]) }],
    ['no unknown token', { 'tokenizer.ggml.unknown_token_id': id(99), 'tokenizer.ggml.token_type': integers(pieces.map(() => 1)) }],
    ['bytes that are not all there', { 'tokenizer.ggml.token_type': integers([2, 3, 3, 6, 1, 1, 1, 1, 1]) }],
    ['rules that are no trie', { 'tokenizer.ggml.precompiled_charsmap': integers([255, 255, 255, 255, 1]) }],
  ])('%s', async (_, wrong) => {
    await expect(tokenizerFromBytes(ggufFile({ ...metadata, ...wrong }))).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_FORMAT' });
  });
});

describe('bad files', () => {
  const good = ggufFile(SMALL);

  test('truncated anywhere', async () => {
    for (let length = 4; length < good.length; length += 7) {
      await expect(tokenizerFromBytes(good.slice(0, length))).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_FORMAT' });
    }
  });

  const start = (keys: number | bigint): readonly Buffer[] => [Buffer.from('GGUF'), uint32(3), uint64(0), uint64(keys)];
  const list = (element: number, count: number | bigint): readonly Buffer[] => [uint32(9), uint32(element), uint64(count)];
  const deep = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.concat([uint32(9), uint64(1)])));

  test.each([
    ['2^60 keys', Buffer.concat(start(2n ** 60n)), 'number of keys'],
    ['a key of 2^63 bytes', Buffer.concat([...start(1), uint64(2n ** 63n)]), 'length of a key'],
    ['a string of 2^62 bytes', Buffer.concat([...start(1), string('tokenizer.a'), uint32(8), uint64(2n ** 62n)]), 'length of tokenizer.a'],
    ['2^62 strings', Buffer.concat([...start(1), string('tokenizer.a'), ...list(8, 2n ** 62n)]), 'number of elements of tokenizer.a'],
    ['2^62 bytes in a list that is skipped', Buffer.concat([...start(1), string('a'), ...list(0, 2n ** 62n)]), 'number of elements of a'],
    ['lists in lists', Buffer.concat([...start(1), string('a'), uint32(9), deep]), 'deep or less'],
    ['lists in lists of the tokenizer', Buffer.concat([...start(1), string('tokenizer.a'), uint32(9), deep]), 'numbers or strings'],
    ['an unknown type', Buffer.concat([...start(1), string('a'), uint32(99)]), 'type of a is known'],
    ['version 1', ggufFile(SMALL, { version: 1 }), 'version is 2 or 3'],
    ['the other byte order', ggufFile(SMALL, { version: 0x03000000 }), 'version is 2 or 3'],
    ['a key twice', Buffer.concat([...start(2), ...[1, 2].flatMap(() => [string('tokenizer.a'), uint32(7), Buffer.of(1)])]), 'given once'],
    ['no tokenizer', ggufFile({ 'general.architecture': text('x') }), 'has a tokenizer'],
    ['an unknown kind', ggufFile({ ...SMALL, 'tokenizer.ggml.model': text('rwkv') }), 'gpt2, llama, bert or t5'],
    ['an unknown splitting', ggufFile({ ...SMALL, 'tokenizer.ggml.pre': text('__proto__') }), 'splitting text'],
    [
      'a token twice',
      ggufFile({ ...SMALL, 'tokenizer.ggml.tokens': texts(['a', 'a']), 'tokenizer.ggml.token_type': integers([1, 1]) }),
      'given once',
    ],
    ['types that are too few', ggufFile({ ...SMALL, 'tokenizer.ggml.token_type': integers([1]) }), 'token_type has one'],
    ['tokens that are numbers', ggufFile({ ...SMALL, 'tokenizer.ggml.tokens': floats([1]) }), 'list of strings'],
    ['a merge of one token', ggufFile({ ...SMALL, 'tokenizer.ggml.merges': texts(['he']) }), 'two tokens and a space'],
    ['a merge of unknown tokens', ggufFile({ ...SMALL, 'tokenizer.ggml.merges': texts(['he qq']) }), 'merges[0]'],
    ['a flag for a list', ggufFile({ ...SMALL, 'tokenizer.ggml.tokens': flag(true) }), 'list of strings'],
  ])('%s', async (_, bytes, rule) => {
    const before = process.memoryUsage().arrayBuffers;
    await expect(tokenizerFromBytes(bytes)).rejects.toMatchObject({
      code: 'WEFT_TOKENIZER_FORMAT',
      message: expect.stringContaining(rule) as string,
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 24);
  });

  test('a number of elements that the bytes do not have is no allocation', () => {
    const lying = Buffer.concat([...start(1), string('tokenizer.a'), ...list(8, 4_000_000)]);
    expect(readGgufMetadata(lying, 'lying')).toBe(undefined);
  });
});
