/** `weft tokens` as a user runs it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { get_encoding } from 'tiktoken';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { saveTokenizer, trainTokenizer } from '../../tokenizers/index.ts';
import type { Calibration, TokenReport } from '../../workflows/index.ts';
import { fakeContext } from '../fake-context.fixture.ts';
import { run } from '../run.ts';
import { cellsOf } from '../terminal/cells.ts';

const ENGLISH = 'The quick brown fox jumps over the lazy dog, and nobody knows why it should. '.repeat(60);
const GERMAN = 'Der schnelle braune Fuchs springt über den faulen Hund, und niemand weiß, warum er das tun sollte. '.repeat(60);

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-tokens-'));
  writeFileSync(join(folder, 'en.txt'), ENGLISH);
  writeFileSync(join(folder, 'mixed.txt'), `${ENGLISH}\n\n${GERMAN}\n`);
  writeFileSync(join(folder, 'code.ts'), 'export const answer: number = compute(6, 7);\n'.repeat(50));
  writeFileSync(join(folder, 'empty.txt'), '');
  writeFileSync(join(folder, 'special.txt'), 'a <|endoftext|> b <|fim_prefix|> __proto__ toString');
  writeFileSync(join(folder, 'binary.bin'), new Uint8Array([1, 0, 2]));
  writeFileSync(join(folder, 'latin.txt'), new Uint8Array([0x4d, 0xfc, 0x6e]));
  writeFileSync(
    join(folder, 'prices.json'),
    JSON.stringify({ hosted: [{ model: 'gpt-4o', input: 1000, asOf: '2026-01', source: 'contract' }] }),
  );
  writeFileSync(join(folder, 'cut.json'), '{"hosted": [');
  writeFileSync(join(folder, 'wrong.json'), JSON.stringify({ hosted: [{ model: 'gpt-4o', input: 'cheap' }] }));
  await saveTokenizer(join(folder, 'own'), await trainTokenizer([ENGLISH], { vocabSize: 300 }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function tokens(line: string, options: Parameters<typeof fakeContext>[0] = {}): Promise<{ code: number; out: string; err: string }> {
  const context = fakeContext(options);
  const code = await run(
    [
      'tokens',
      ...line
        .split(' ')
        .filter((word) => word !== '')
        .map((word) => word.replaceAll('@', `${folder}/`)),
    ],
    context,
  );
  return { code, out: context.out(), err: context.err() };
}

async function report(line: string): Promise<TokenReport> {
  const { code, out, err } = await tokens(`${line} --json`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as TokenReport;
}

describe('weft tokens', () => {
  test.each(['o200k_base', 'cl100k_base'] as const)('counts as tiktoken does: %s', async (name) => {
    const tiktoken = get_encoding(name);
    for (const file of ['en.txt', 'mixed.txt', 'code.ts', 'special.txt']) {
      const { models } = await report(`@${file} --models ${name}`);
      const expected = tiktoken.encode(readFileSync(join(folder, file), 'utf8'), [], []).length;
      expect([file, models.map((row) => [row.model, row.tokens, row.estimate])]).toEqual([file, [[name, expected, null]]]);
    }
    tiktoken.free();
  });

  test('tokens per word, per 1,000 words, and prices', async () => {
    const { words, models, outputTokens } = await report('@en.txt --models gpt-4o --output-tokens 500');
    const [row] = models;
    expect([words, outputTokens]).toEqual([15 * 60, 500]);
    expect(row?.tokensPerWord).toBeCloseTo((row?.tokens ?? 0) / 900, 12);
    expect(row?.tokensPer1000Words).toBeCloseTo((row?.tokens ?? 0) / 0.9, 9);
    expect(row?.price).toMatchObject({ input: ((row?.tokens ?? 0) * 2.5) / 1e6, output: 0.005, asOf: '2025-06' });
  });

  test('all models stand side by side, and what is estimated says how', async () => {
    const { code, out } = await tokens('@mixed.txt @code.ts');
    expect(code).toBe(0);
    expect(out).toMatch(/ {2}gpt-4o +[\d,]+ +\d\.\d\d +[\d,]+ +\$[\d.]+ +\$[\d.]+ +2025-06\n/);
    expect(out).toMatch(/ {2}claude-sonnet-4 +~/);
    expect(out).toMatch(/claude-opus-4\.1, claude-sonnet-4, claude-3\.5-haiku: o200k_base × 1\.16, code 1\.3/);
    expect(out).toMatch(/Language +(?:en \d+% +de \d+%|de \d+% +en \d+%) +code \d+%/);
    expect(out).toMatch(/own-llama-3\.1-8b: 1 H100 80 GB at \$2\.50 an hour/);
    expect(out).toMatch(/llama-3\.1-8b +never/);
    expect(out).toMatch(/Prices +change/);
    expect(Math.max(...out.split('\n').map((line) => cellsOf(line)))).toBeLessThanOrEqual(100);
  });

  test('the volume from which a machine of one’s own is cheaper', async () => {
    const { machines, models } = await report('@en.txt --models gpt-4o,llama-3.1-8b,own-llama-3.1-8b');
    const [machine] = machines;
    const price = models[0]?.price?.total ?? 0;
    expect(machine?.cheaperThan[0]).toMatchObject({ model: 'gpt-4o', requests: Math.ceil((machine?.dollarsPerMonth ?? 0) / price) });
    expect(machine?.cheaperThan[1]).toEqual({ model: 'llama-3.1-8b', requests: null, tokens: null });
  });

  test('a tokenizer of one’s own, with the price of the model that it belongs to', async () => {
    const { models } = await report('@en.txt --models o200k,llama-3.1-8b=@own/tokenizer.json,mine=@own');
    expect(models.map(({ model, estimate }) => [model, estimate])).toEqual([
      ['o200k_base', null],
      ['llama-3.1-8b', null],
      ['mine', null],
    ]);
    expect(models[1]?.tokens).toBe(models[2]?.tokens);
    expect(models[1]?.price).not.toBeNull();
    expect(models[2]?.price).toBeNull();
  });

  test('prices of one’s own', async () => {
    const { models } = await report('@en.txt --models gpt-4o --prices @prices.json');
    expect(models[0]?.price).toMatchObject({ input: (models[0]?.tokens ?? 0) / 1000, source: 'contract', asOf: '2026-01' });
  });

  test('the prices.json of the documentation is one', async () => {
    const documentation = readFileSync(new URL('../../../docs/tokens-and-prices.md', import.meta.url), 'utf8');
    writeFileSync(join(folder, 'documented.json'), /```json\n(.*?)```/s.exec(documentation)?.[1] ?? '');
    const { models, machines } = await report('@en.txt --models gpt-4o,house-model,own-llama-3.1-8b --prices @documented.json');
    expect(models.map(({ price }) => price?.source)).toEqual(['our contract', 'the wiki', 'prices.json']);
    expect(models[1]?.estimate).toBe('o200k_base × 1.1, de 1.2, code 1.05 (measured in May)');
    expect(machines[0]).toMatchObject({ dollarsPerHour: 1.9, asOf: 'unknown' });
  });

  test('an empty file has no tokens', async () => {
    const { files, words, models } = await report('@empty.txt --models gpt-4o,claude-sonnet-4,gemini-2.5-pro');
    expect([files, words]).toEqual([0, 0]);
    expect(models.map((row) => [row.tokens, row.tokensPerWord, row.price?.input])).toEqual([
      [0, null, 0],
      [0, null, 0],
      [0, null, 0],
    ]);
    const { code, out } = await tokens('@empty.txt');
    expect(code).toBe(0);
    expect(out).toContain('There is no text in it.');
  });

  test('calibration: tokens per word by language, and estimates that go by it', async () => {
    const { code, out } = await tokens('--calibrate @mixed.txt @code.ts --models cl100k,claude-sonnet-4=@own --out @calibration.json');
    expect(code).toBe(0);
    expect(out).toMatch(/de +[\d,]+ +\d\.\d\d/);
    const calibration = JSON.parse(readFileSync(join(folder, 'calibration.json'), 'utf8')) as Calibration;
    expect(calibration.languages.map(({ language }) => language).sort()).toEqual(['code', 'de', 'en']);
    expect(calibration.languages.find(({ language }) => language === 'en')?.words).toBe(900);

    const { models } = await report('@mixed.txt --models claude-sonnet-4,claude-sonnet-4-own=@own --calibration @calibration.json');
    const [estimated, counted] = models;
    expect(estimated?.estimate).toMatch(/^o200k_base × .*measured with --calibrate on .*mixed\.txt/);
    expect((estimated?.tokens ?? 0) / (counted?.tokens ?? 1)).toBeCloseTo(1, 1);
  });

  test.each([
    ['', 'WEFT_ARGUMENT', 2],
    ['@missing.txt', 'WEFT_DATA_MISSING', 1],
    ['@binary.bin', 'WEFT_DATA_BINARY', 1],
    ['@latin.txt', 'WEFT_DATA_ENCODING', 1],
    ['@en.txt --models gpt-4p', 'WEFT_COST_MODEL', 2],
    ['@en.txt --models gpt-4o,gpt-4o', 'WEFT_COST_MODEL', 2],
    ['@en.txt --models gpt-4o=', 'WEFT_COST_MODEL', 2],
    ['@en.txt --models mine=@nowhere', 'WEFT_TOKENIZER_MISSING', 1],
    ['@en.txt --models mine=@prices.json', 'WEFT_TOKENIZER_FORMAT', 1],
    ['@en.txt --output-tokens -3', 'WEFT_FLAG_VALUE', 2],
    ['@en.txt --prices @nowhere.json', 'WEFT_COST_PRICES', 1],
    ['@en.txt --prices @cut.json', 'WEFT_COST_PRICES', 1],
    ['@en.txt --prices @wrong.json', 'WEFT_COST_PRICES', 1],
    ['@en.txt --calibration @prices.json', 'WEFT_COST_CALIBRATION', 1],
    ['@en.txt --calibrate --output-tokens 3', 'WEFT_ARGUMENT', 2],
    ['@en.txt --calibrate --models gpt-4o,claude-sonnet-4', 'WEFT_COST_MODEL', 2],
    ['@en.txt --out @x.json', 'WEFT_ARGUMENT', 2],
    ['--calibrate @empty.txt', 'WEFT_DATA_EMPTY', 1],
  ])('%j is refused', async (line, errorCode, exit) => {
    const { code, out, err } = await tokens(line);
    expect({ code, out }).toEqual({ code: exit, out: '' });
    expect(err).toMatch(new RegExp(`^error \\[${errorCode}\\] .+\\n {2}.+\\n`));
  });

  test('the nearest model is suggested, and what is wrong with a price', async () => {
    expect((await tokens('@en.txt --models gtp-4o')).err).toContain('Did you mean gpt-4o?');
    expect((await tokens('@en.txt --prices @wrong.json')).err).toContain('hosted[0].input is a number of dollars from 0: "cheap"');
  });
});
