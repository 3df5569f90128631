import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Tokenizer, trainTokenizer } from '../../tokenizers/index.ts';
import { type Document, textCorpus } from '../corpus.ts';
import { type Scratch, createScratch } from '../scratch.fixture.ts';
import { packInMemory } from './memory-tokens.ts';
import { openPacked } from './open-packed.ts';
import { packTokens } from './pack-tokens.ts';

const TEXTS = Array.from({ length: 50 }, (_, index) => `document ${index}, ${'naïve '.repeat(index)}`);
let scratch: Scratch;
let tokenizer: Tokenizer;
beforeAll(async () => {
  scratch = createScratch();
  tokenizer = await trainTokenizer(TEXTS, { vocabSize: 300 });
});
afterAll(() => scratch.remove());
const at = (name: string): string => join(scratch.folder, name);
const expected = (): number[] => TEXTS.flatMap((text) => [...tokenizer.encode(text), tokenizer.endOfText!]);

/** A tokenizer whose ids need four bytes. */
const wide = (): Tokenizer => ({ ...tokenizer, vocabSize: 100_000, endOfText: 99_999 });

describe('packing', () => {
  test.each([1, 7, 100, 1 << 20])('shards of %i tokens', async (shardTokens) => {
    const folder = at(`shards-${shardTokens}`);
    const short = shardTokens === 1 ? TEXTS.slice(0, 3) : TEXTS;
    const packed = await packTokens(textCorpus(short), tokenizer, { folder, shardTokens });
    const wanted = short.flatMap((text) => [...tokenizer.encode(text), tokenizer.endOfText!]);
    expect(packed.tokens).toBe(wanted.length);
    expect(packed.documents).toBe(short.length);
    expect(packed.bytes).toBe(Buffer.byteLength(short.join('')));
    expect([...packed.read(0, packed.tokens)]).toEqual(wanted);
    for (const [start, length] of [
      [0, 0],
      [3, 9],
      [wanted.length - 5, 5],
      [wanted.length, 0],
    ] as const) {
      expect([...packed.read(start, length)]).toEqual(wanted.slice(start, start + length));
    }
    expect(readdirSync(folder).filter((name) => name.endsWith('.bin'))).toHaveLength(Math.ceil(wanted.length / shardTokens));
    packed.close();
    expect(() => packed.read(0, 1)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_CLOSED' }));
    packed.close();
  });

  test('two bytes a token, four where the vocabulary needs them', async () => {
    const small = await packTokens(textCorpus(TEXTS), tokenizer, { folder: at('small') });
    const large = await packTokens(textCorpus(TEXTS), wide(), { folder: at('large') });
    const bytes = (name: string): number =>
      readdirSync(at(name))
        .filter((file) => file.endsWith('.bin'))
        .reduce((sum, file) => sum + statSync(join(at(name), file)).size, 0);
    expect(bytes('small')).toBe(2 * small.tokens);
    expect(bytes('large')).toBe(4 * large.tokens);
    expect([...large.read(0, large.tokens)]).toEqual(expected().map((id) => (id === tokenizer.endOfText ? 99_999 : id)));
    small.close();
    large.close();
  });

  test('in memory it is the same', async () => {
    const packed = await packInMemory(textCorpus(TEXTS), tokenizer);
    expect([...packed.read(0, packed.tokens)]).toEqual(expected());
    expect(packed).toMatchObject({ documents: 50, vocabSize: tokenizer.vocabSize, folder: '' });
    expect([...(await packInMemory(textCorpus(TEXTS), wide())).read(0, 3)]).toEqual(expected().slice(0, 3));
  });

  test('without an end-of-text token nothing is between documents', async () => {
    const plain = await trainTokenizer(TEXTS, { type: 'characters', specialTokens: [] });
    const packed = await packInMemory(textCorpus(['document', 'naïve']), plain);
    expect(plain.decode(packed.read(0, packed.tokens))).toBe('documentnaïve');
  });

  test('the text of the end-of-text token does not end a document', async () => {
    const packed = await packInMemory(textCorpus(['a<|endoftext|>b']), tokenizer);
    expect([...packed.read(0, packed.tokens)].filter((id) => id === tokenizer.endOfText)).toHaveLength(1);
  });

  test('a new packing replaces the old one and nothing else', async () => {
    const folder = at('again');
    const first = await packTokens(textCorpus(['one', 'two']), tokenizer, { folder, shardTokens: 2 });
    scratch.write({ 'again/notes.txt': 'mine', 'again/tokens-mine.bin': 'mine' });
    const second = await packTokens(textCorpus(['three']), tokenizer, { folder });
    expect(
      readdirSync(folder)
        .filter((name) => !/^tokens-[0-9a-f]{8}-00000\.bin$/.test(name))
        .sort(),
    ).toEqual(['notes.txt', 'packed.json', 'tokens-mine.bin']);
    expect([...(await openPacked(folder)).read(0, second.tokens)]).toEqual([...tokenizer.encode('three'), tokenizer.endOfText]);
    // Whoever has the old one open still reads it.
    expect([...first.read(0, 1)]).toEqual([tokenizer.encode('one')[0]]);
    first.close();
    second.close();
  });

  test('when the corpus fails, the old packing stays and the new shards go', async () => {
    const folder = at('failing');
    const before = await packTokens(textCorpus(TEXTS), tokenizer, { folder });
    const names = readdirSync(folder);
    const failing = async function* (): AsyncGenerator<Document> {
      for (let index = 0; index < 5000; index++) yield { text: TEXTS[index % 50]!, origin: '', bytes: 0 };
      throw new Error('the disk is gone');
    };
    await expect(packTokens(failing(), tokenizer, { folder, shardTokens: 1000 })).rejects.toThrow('the disk is gone');
    expect(readdirSync(folder)).toEqual(names);
    expect([...(await openPacked(folder)).read(0, before.tokens)]).toEqual(expected());
  });

  test('progress', async () => {
    const seen: number[] = [];
    await packTokens(textCorpus(TEXTS), tokenizer, { folder: at('progress'), onProgress: ({ documents }) => seen.push(documents) });
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test('a folder that cannot be made', async () => {
    writeFileSync(at('a-file'), '');
    await expect(packTokens(textCorpus(TEXTS), tokenizer, { folder: at('a-file/folder') })).rejects.toMatchObject({ code: 'WEFT_WRITE' });
  });

  test('a failure at the last moment: the new shards go', async () => {
    mkdirSync(at('full/packed.json'), { recursive: true });
    await expect(packTokens(textCorpus(TEXTS), tokenizer, { folder: at('full') })).rejects.toMatchObject({ code: 'WEFT_WRITE' });
    expect(readdirSync(at('full'))).toEqual(['packed.json']);
  });

  test.each([{ folder: '' }, { folder: 'x', shardTokens: 0 }])('%j is out of range', async (options) => {
    await expect(packTokens(textCorpus(TEXTS), tokenizer, options)).rejects.toMatchObject({ code: 'WEFT_DATA_OPTION' });
  });
});

describe('opening', () => {
  type Header = Record<string, unknown> & { shards: { file: string; tokens: number }[] };
  test.each<readonly [string, (header: Header) => unknown]>([
    ['another format', (header) => (header['format'] = 'other')],
    ['another version', (header) => (header['version'] = 2)],
    ['another type', (header) => (header['type'] = 'float64')],
    ['a type that does not fit the files', (header) => (header['type'] = 'uint32')],
    ['a count that lies', (header) => (header['tokens'] = 1e15)],
    ['a negative count', (header) => (header['documents'] = -1)],
    ['a fractional count', (header) => (header['bytes'] = 0.5)],
    ['no shards', (header) => (header['shards'] = null as never)],
    ['a shard that is missing', (header) => (header.shards[0]!.file = 'tokens-00000000-00000.bin')],
    ['a shard elsewhere', (header) => (header.shards[0]!.file = '../../etc/passwd')],
    ['a shard that is null', (header) => (header.shards[0] = null as never)],
    ['an empty shard', (header) => (header.shards[0]!.tokens = 0)],
    ['uneven shards', (header) => header.shards.reverse()],
  ])('%s', async (name, damage) => {
    const folder = at(`damaged-${name}`);
    (await packTokens(textCorpus(TEXTS), tokenizer, { folder, shardTokens: 1000 })).close();
    const header = JSON.parse(readFileSync(join(folder, 'packed.json'), 'utf8')) as Header;
    damage(header);
    writeFileSync(join(folder, 'packed.json'), JSON.stringify(header));
    await expect(openPacked(folder)).rejects.toMatchObject({ name: 'FormatError', code: 'WEFT_DATA_PACKED' });
  });

  test('a truncated shard, a truncated header, no header', async () => {
    const folder = at('truncated');
    (await packTokens(textCorpus(TEXTS), tokenizer, { folder })).close();
    const header = join(folder, 'packed.json');
    const shard = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.bin'))!,
    );
    truncateSync(shard, 10);
    await expect(openPacked(folder)).rejects.toMatchObject({ code: 'WEFT_DATA_PACKED' });
    truncateSync(header, 20);
    await expect(openPacked(folder)).rejects.toMatchObject({ code: 'WEFT_DATA_PACKED' });
    rmSync(header);
    await expect(openPacked(folder)).rejects.toMatchObject({ code: 'WEFT_DATA_PACKED' });
  });

  test('a token beyond the vocabulary, and a shard that becomes shorter', async () => {
    const folder = at('changed');
    const packed = await packTokens(textCorpus(TEXTS), tokenizer, { folder });
    const shard = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.bin'))!,
    );
    const bytes = readFileSync(shard);
    bytes.writeUInt16LE(60_000, 20);
    writeFileSync(shard, bytes);
    expect([...packed.read(0, 5)]).toEqual(expected().slice(0, 5));
    expect(() => packed.read(8, 5)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_PACKED' }));
    truncateSync(shard, 10);
    expect(() => packed.read(100, 5)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_PACKED' }));
    packed.close();
  });

  test.each([
    [-1, 2],
    [0, 1e9],
    [0.5, 1],
    [Number.NaN, 1],
  ])('reading %d, %d is out of range', async (start, length) => {
    const onDisk = await packTokens(textCorpus(['a']), tokenizer, { folder: at('range') });
    const inMemory = await packInMemory(textCorpus(['a']), tokenizer);
    for (const packed of [onDisk, inMemory])
      expect(() => packed.read(start, length)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_RANGE' }));
    onDisk.close();
  });
});
