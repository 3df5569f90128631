/** `weft tokenizer` with every source that it takes, and from one format to another, as a user would do it. */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fakeContext } from '../../src/cli/fake-context.fixture.ts';
import { run } from '../../src/cli/run.ts';
import { type FakeHub, startHub } from '../../src/hub/hub.fixture.ts';

const shared = fileURLToPath(new URL('../../../shared/data/tokenizers/', import.meta.url));
let folder = '';
let hub: FakeHub;
const at = (...path: readonly string[]): string => join(folder, ...path);

async function weft(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const context = fakeContext({ env: { HF_ENDPOINT: hub.endpoint, WEFT_CACHE: at('cache') } });
  const code = await run(['tokenizer', ...args], context);
  return { code, out: context.out(), err: context.err() };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-sources-'));
  hub = await startHub({});
  writeFileSync(at('text.txt'), 'low lower lowest newer newest wider\n'.repeat(20));
  writeFileSync(
    at('vocab.txt'),
    ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'low', 'Low', '##er', '##est', 'l', '##o', '##w'].join('\n'),
  );
  expect(await weft('train', at('text.txt'), '--out', at('trained'), '--vocab-size', '280', '--splitting', 'gpt2')).toMatchObject({
    code: 0,
  });
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

test('encode and decode by the name of an encoding', async () => {
  expect(await weft('encode', '-t', 'o200k_base', 'hello world')).toEqual({ code: 0, out: '24912 2375\n', err: '' });
  expect(await weft('decode', '-t', 'gpt2', '31373', '995')).toEqual({ code: 0, out: 'hello world', err: '' });
});

test('encode with a repository of the hub, which is said to be downloaded, once', async () => {
  hub.files = { 'tokenizer.json': readFileSync(at('trained', 'tokenizer.json'), 'utf8') };
  const first = await weft('encode', '-t', 'hf:org/name', 'lowest');
  const local = await weft('encode', '-t', at('trained'), 'lowest');
  expect(first).toMatchObject({
    code: 0,
    out: local.out,
    err: expect.stringMatching(/^Downloaded tokenizer\.json, \d+ bytes\n$/) as string,
  });
  expect(await weft('encode', '-t', 'hf:org/name', 'lowest')).toEqual({ ...first, err: '' });
  expect(await weft('encode', '-t', 'hf:org/nothing', 'a')).toMatchObject({
    code: 1,
    err: expect.stringContaining('WEFT_HUB_MISSING') as string,
  });
});

describe('convert', () => {
  test('to ranks, whose splitting is then given; and back', async () => {
    const { code, out } = await weft('convert', at('trained'), at('a.tiktoken'));
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^Wrote .*a\.tiktoken: \d+ texts have the same \d+ ids\nThe file does not say how text is split \(gpt2\)/),
    ]);
    expect(await weft('encode', '-t', at('a.tiktoken'), 'low')).toMatchObject({
      code: 2,
      err: expect.stringContaining('WEFT_TOKENIZER_SPLITTING') as string,
    });
    const before = await weft('encode', '-t', at('trained'), 'low lowest');
    expect(await weft('encode', '-t', at('a.tiktoken'), '--splitting', 'gpt2', 'low lowest')).toEqual(before);
    expect((await weft('convert', at('a.tiktoken'), at('back'), '--splitting', 'gpt2')).code).toBe(0);
    expect(await weft('encode', '-t', at('back'), 'low lowest')).toEqual(before);
  });

  test('to vocab.json and merges.txt, with a sample and as JSON', async () => {
    const { code, out } = await weft('convert', at('trained'), at('pair', 'vocab.json'), '--sample', at('text.txt'), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ files: [at('pair', 'merges.txt'), at('pair', 'vocab.json')], toBeGiven: {} });
    expect((JSON.parse(out) as { texts: number }).texts).toBeGreaterThan(20);
    expect(readdirSync(at('pair')).toSorted()).toEqual(['merges.txt', 'vocab.json']);
  });

  test('an encoding that is built in, to tokenizer.json', async () => {
    expect((await weft('convert', 'r50k_base', at('gpt2.json'))).code).toBe(0);
    expect((await weft('encode', '-t', at('gpt2.json'), 'hello world')).out).toBe('31373 995\n');
  });

  test('a cased vocab.txt to tokenizer.json, and back, where its case is told to be lost', async () => {
    expect((await weft('convert', at('vocab.txt'), at('cased.json'), '--cased')).code).toBe(0);
    expect((await weft('encode', '-t', at('cased.json'), 'Lower lower')).out).toBe('6 7 5 7\n');
    const { code, out } = await weft('convert', at('cased.json'), at('again', 'vocab.txt'));
    expect([code, out]).toEqual([0, expect.stringContaining('does not say that upper case is kept')]);
    expect(readFileSync(at('again', 'vocab.txt'), 'utf8').trim()).toBe(readFileSync(at('vocab.txt'), 'utf8'));
  });

  test.each([
    ['a format that cannot hold it', 'vocab.txt', 'WEFT_TOKENIZER_SAVE'],
    ['a format that is only read', 'x.gguf', 'WEFT_TOKENIZER_SAVE'],
    ['a SentencePiece model of something else', 'x.model', 'WEFT_TOKENIZER_MODEL'],
  ])('%s: nothing is written', async (_, name, code) => {
    expect(await weft('convert', at('trained'), at('nothing', name))).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(code) as string,
    });
    expect(existsSync(at('nothing'))).toBe(false);
  });

  test('a file that would give other ids is not written, and where they differ is said', async () => {
    writeFileSync(at('accents.txt'), `${readFileSync(at('vocab.txt'), 'utf8')}\ncafe`);
    expect((await weft('convert', at('accents.txt'), at('accents.json'))).code).toBe(0);
    const json = JSON.parse(readFileSync(at('accents.json'), 'utf8')) as { normalizer: { strip_accents: boolean } };
    json.normalizer.strip_accents = false; // vocab.txt can't say so: BERT's lower case takes accents off.
    writeFileSync(at('accents.json'), JSON.stringify(json));
    const { code, out, err } = await weft('convert', at('accents.json'), at('accents', 'vocab.txt'));
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error \[WEFT_TOKENIZER_CONVERT\] .*"naïve café .* would be 1 12 .*: instead of 1 1 /);
    expect(existsSync(at('accents'))).toBe(false);
  });

  test('a format in which merges would go another way', async () => {
    // A tokenizer.json whose ids are not the order of its merges: ranks alone would merge otherwise.
    const json = JSON.parse(readFileSync(at('trained', 'tokenizer.json'), 'utf8')) as { model: { merges: unknown[] } };
    json.model.merges = json.model.merges.slice(0, 3);
    writeFileSync(at('fewer.json'), JSON.stringify(json));
    expect(await weft('convert', at('fewer.json'), at('fewer.tiktoken'))).toMatchObject({ code: 2, out: '' });
    expect(existsSync(at('fewer.tiktoken'))).toBe(false);
  });

  test('a source that there is not, and a sample that there is not', async () => {
    expect(await weft('convert', at('nowhere'), at('x.json'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('WEFT_TOKENIZER_MISSING') as string,
    });
    expect(await weft('convert', 'gpt2', at('x.json'), '--sample', at('nowhere'))).toMatchObject({
      code: 2,
      err: expect.stringContaining('WEFT_ARGUMENT') as string,
    });
  });
});

describe.runIf(existsSync(shared))('real files (skipped without shared data)', () => {
  test.each([
    ['llama2-tokenizer.model', 'llama.json'],
    ['ggml-vocab-llama-spm.gguf', 'llama.model'],
    ['ggml-vocab-bert-bge.gguf', 'bge/vocab.txt'],
    ['ggml-vocab-gpt-2.gguf', 'gpt2/vocab.json'],
  ])('%s to %s', async (from, to) => {
    const { code, out, err } = await weft('convert', `${shared}${from}`, at('real', to));
    expect([code, out, err]).toEqual([0, expect.stringContaining('have the same'), '']);
  });
});
