import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CorpusSummary } from './corpus.ts';
import { type ReadTextOptions, readText } from './read-text.ts';
import { type Scratch, createScratch, gather } from './scratch.fixture.ts';

let scratch: Scratch;
beforeAll(() => (scratch = createScratch()));
afterAll(() => scratch.remove());

const texts = async (patterns: string | readonly string[], options?: ReadTextOptions): Promise<readonly string[]> =>
  (await gather(readText(patterns, options))).map(({ text }) => text);
const summaryOf = async (patterns: string | readonly string[]): Promise<CorpusSummary | undefined> => {
  const corpus = readText(patterns);
  await gather(corpus);
  return corpus.summary?.();
};
const at = (name: string): string => join(scratch.folder, name);

describe('what is read', () => {
  test('a file is a document, with its origin and UTF-8 bytes', async () => {
    const path = scratch.write({ 'one.txt': 'zwölf 😀\n' });
    expect(await gather(readText(path))).toEqual([{ text: 'zwölf 😀\n', origin: path, bytes: 12 }]);
  });

  test('a folder, without hidden files and node_modules, in the order of paths', async () => {
    scratch.write({ 'folder/b.md': 'b', 'folder/a/z.txt': 'z', 'folder/.hidden': 'h', 'folder/node_modules/x/i.js': 'n', 'folder/c': 'c' });
    expect(await texts(at('folder'))).toEqual(['z', 'b', 'c']);
  });

  test('globs, each file once, and what is to be left out', async () => {
    scratch.write({ 'globs/a.txt': 'a', 'globs/deep/b.txt': 'b', 'globs/deep/c.md': 'c', 'globs/node_modules/d.txt': 'd' });
    expect(await texts([at('globs/**/*.txt'), at('globs/a.txt'), at('globs/deep')])).toEqual(['a', 'b', 'c', 'd']);
    expect(await texts(at('globs/node_modules/*.txt'))).toEqual(['d']);
    expect(await texts(at('globs'), { ignore: ['**/deep/**'] })).toEqual(['a']);
    expect(await texts([at('globs'), '!**/*.md'])).toEqual(['a', 'b']);
  });

  test('a name with the signs of a pattern is a name where there is such a file', async () => {
    expect(await texts(scratch.write({ 'odd/[a]*{b}.txt': 'odd', 'odd/a.txt': 'plain' }))).toEqual(['odd']);
  });

  test('gzip and JSON lines', async () => {
    const lines = '{"text":"one\\ntwo","id":1}\r\n\n  \n{"text":"three"}\n{"text":""}\n{"text":"drei"}';
    scratch.write({ 'lines/a.jsonl': lines, 'lines/b.jsonl.gz': gzipSync('{"text":"vier"}\n'), 'lines/c.txt.gz': gzipSync('fünf') });
    expect(await texts(at('lines'))).toEqual(['one\ntwo', 'three', 'drei', 'vier', 'fünf']);
    expect((await gather(readText(at('lines/a.jsonl')))).map(({ origin }) => origin)).toEqual(
      [1, 4, 6].map((line) => `${at('lines/a.jsonl')}:${line}`),
    );
    const path = scratch.write({ 'body.jsonl': '{"__proto__":"p","body":"b"}' });
    expect(await texts(path, { textField: 'body' })).toEqual(['b']);
    expect(await texts(path, { textField: '__proto__' })).toEqual(['p']);
  });

  test('a byte-order mark is dropped, Windows line ends stay, characters across chunks are whole', async () => {
    const long = '😀é'.repeat(400_000);
    scratch.write({ 'marks/a.txt': '\uFEFFa\r\n', 'marks/b.txt': `x${long}` });
    expect(await texts(at('marks'))).toEqual(['a\r\n', `x${long}`]);
  });

  test('a file beyond documentLength becomes several documents', async () => {
    const text = Array.from({ length: 40_000 }, (_, index) => `Paragraph ${index}.\n\n`).join('');
    const path = scratch.write({ 'long.txt': text });
    const documents = await gather(readText(path, { documentLength: 10_000 }));
    expect(documents.map((document) => document.text).join('')).toBe(text);
    expect(documents.every((document) => document.text.length <= 10_000 && document.text.endsWith('.\n\n'))).toBe(true);
    expect(documents.slice(0, 2).map(({ origin }) => origin)).toEqual([path, `${path}#2`]);
  });

  test('every iteration begins anew', async () => {
    const corpus = readText(scratch.write({ 'again.txt': 'again' }));
    expect(await gather(corpus)).toEqual(await gather(corpus));
    for await (const document of corpus) {
      expect(document.text).toBe('again');
      break;
    }
    expect(await gather(corpus)).toHaveLength(1);
  });

  test('links are followed, and a circle of folders ends', async () => {
    scratch.write({ 'links/real/a.txt': 'linked' });
    symlinkSync(at('links/real'), at('links/real/circle'));
    symlinkSync(at('links/real/a.txt'), at('links/b.txt'));
    expect(await texts(at('links'))).toEqual(['linked']);
  });
});

describe('what is left out is counted', () => {
  test('exact copies, and documents of white space', async () => {
    scratch.write({ 'copies/a.txt': 'same', 'copies/b.txt': 'same', 'copies/c.txt': 'Same', 'copies/d.txt': ' \n\t', 'copies/e.txt': '' });
    expect(await texts(at('copies'))).toEqual(['same', 'Same']);
    expect(await summaryOf(at('copies'))).toEqual({
      files: 2,
      documents: 2,
      bytes: 8,
      duplicates: 1,
      empty: 2,
      skipped: 0,
      skippedFiles: [],
    });
    expect(await texts(at('copies'), { keepDuplicates: true })).toEqual(['same', 'same', 'Same']);
  });

  test('files of a folder that are no text', async () => {
    scratch.write({
      'mixed/a.txt': 'text',
      'mixed/b.png': Uint8Array.of(0x89, 0x50, 0, 0),
      'mixed/c.latin1': Uint8Array.of(0x66, 0xfc, 0x6e, 0x66),
      'mixed/d.txt.gz': 'no gzip',
      'mixed/e.jsonl': '{"step":1}',
      'mixed/f.utf16': Uint8Array.of(0xff, 0xfe, 0x41, 0x00),
    });
    expect(await texts(at('mixed'))).toEqual(['text']);
    const summary = await summaryOf(at('mixed'));
    expect(summary).toMatchObject({ files: 1, documents: 1, skipped: 5 });
    expect(summary?.skippedFiles.map(({ path }) => path)).toEqual(
      ['b.png', 'c.latin1', 'd.txt.gz', 'e.jsonl', 'f.utf16'].map((name) => at(`mixed/${name}`)),
    );
  });

  test.runIf(existsSync('/usr/bin/mkfifo'))('pipes, without waiting for them', async () => {
    scratch.write({ 'pipes/a.txt': 'text' });
    execFileSync('/usr/bin/mkfifo', [at('pipes/b.txt')]);
    expect(await texts(at('pipes'))).toEqual(['text']);
    await expect(texts(at('pipes/b.txt'))).rejects.toMatchObject({ code: 'WEFT_DATA_UNREADABLE' });
  });
});

describe('what cannot be read', () => {
  const gzip = gzipSync('a text that is long enough to be cut in two'.repeat(100));
  test.each<readonly [string, string, Readonly<Record<string, string | Uint8Array>>]>([
    ['a binary file', 'WEFT_DATA_BINARY', { 'bad/a.bin': Uint8Array.of(0x4d, 0x5a, 0, 1) }],
    ['a binary file that begins as text', 'WEFT_DATA_BINARY', { 'bad/a2.bin': `${'text '.repeat(300_000)}\0` }],
    ['Latin 1', 'WEFT_DATA_ENCODING', { 'bad/b.txt': Uint8Array.of(0x66, 0xfc, 0x6e, 0x66) }],
    ['UTF-16', 'WEFT_DATA_ENCODING', { 'bad/c.txt': Uint8Array.of(0xfe, 0xff, 0x00, 0x41) }],
    ['a character cut at the end', 'WEFT_DATA_ENCODING', { 'bad/d.txt': Uint8Array.of(0x61, 0xe2, 0x82) }],
    ['an encoded surrogate', 'WEFT_DATA_ENCODING', { 'bad/d2.txt': Uint8Array.of(0xed, 0xa0, 0x80) }],
    ['a truncated gzip file', 'WEFT_DATA_GZIP', { 'bad/e.txt.gz': gzip.subarray(0, gzip.length - 9) }],
    ['no gzip file', 'WEFT_DATA_GZIP', { 'bad/f.txt.gz': 'plain text' }],
    ['a line that is no JSON', 'WEFT_DATA_JSONL', { 'bad/g.jsonl': '{"text":"a"}\n{"text":' }],
    ['a line that is no object', 'WEFT_DATA_JSONL', { 'bad/h.jsonl': '["text"]' }],
    ['a line without the field', 'WEFT_DATA_JSONL', { 'bad/i.jsonl': '{"toString":"a"}' }],
    ['a field that is no text', 'WEFT_DATA_JSONL', { 'bad/j.jsonl': '{"text":7}' }],
    ['an empty file', 'WEFT_DATA_EMPTY', { 'bad/k.txt': '' }],
    ['a file of white space', 'WEFT_DATA_EMPTY', { 'bad/l.txt': ' \n\n ' }],
  ])('%s', async (_, code, files) => {
    await expect(texts(scratch.write(files))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(Object.keys(files)[0]!) as string,
    });
  });

  test.each([
    ['WEFT_DATA_MISSING', 'nowhere.txt'],
    ['WEFT_DATA_MISSING', 'nowhere/at/all'],
    ['WEFT_DATA_NO_MATCH', 'nowhere/**/*.txt'],
    ['WEFT_DATA_NO_MATCH', '*.nothing'],
    ['WEFT_DATA_NO_MATCH', 'empty-folder'],
    ['WEFT_DATA_EMPTY', 'binaries'],
  ])('%s: %s', async (code, name) => {
    mkdirSync(at('empty-folder'), { recursive: true });
    scratch.write({ 'binaries/a.bin': Uint8Array.of(0, 1), 'there.txt': 'there' });
    await expect(texts([at('there.txt'), at(name)].slice(code === 'WEFT_DATA_EMPTY' ? 1 : 0))).rejects.toMatchObject({ code });
  });

  test.runIf(existsSync('/proc/self/mem'))('a file that the system refuses to read', async () => {
    await expect(texts('/proc/self/mem')).rejects.toMatchObject({ code: 'WEFT_DATA_UNREADABLE' });
  });

  test('the error of an empty corpus says what was skipped', async () => {
    const error = (await texts(at('binaries')).catch((thrown: unknown) => thrown)) as Error;
    expect(String(error)).toContain('1 file skipped');
    expect(String(error)).toContain('it is binary');
  });

  test.each<readonly [string, string | readonly string[], object]>([
    ['no pattern', [], {}],
    ['an empty pattern', '', {}],
    ['nothing but what to leave out', ['!*.md'], {}],
    ['a tiny document length', 'a', { documentLength: 1 }],
  ])('%s', (_, patterns, options) => {
    expect(() => readText(patterns, options)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'WEFT_DATA_OPTION' }));
  });
});
