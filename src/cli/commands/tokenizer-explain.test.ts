/** `weft tokenizer explain` as a user runs it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { saveTokenizer, trainTokenizer } from '../../tokenizers/index.ts';
import type { TokenizerExplanation } from '../../workflows/index.ts';
import { fakeContext } from '../fake-context.fixture.ts';
import { run } from '../run.ts';
import { cellsOf } from '../terminal/cells.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-explain-'));
  writeFileSync(join(folder, 'words.txt'), 'new newer newest wide wider widest '.repeat(2000));
  writeFileSync(join(folder, 'binary.bin'), new Uint8Array([0, 1, 2, 0, 255]));
  writeFileSync(join(folder, 'empty.txt'), '');
  await saveTokenizer(folder, await trainTokenizer(['low lower lowest naïve naïve', 'low low'], { vocabSize: 270 }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function explain(
  args: readonly string[],
  options: Parameters<typeof fakeContext>[0] = {},
): Promise<{ code: number; out: string; err: string }> {
  const context = fakeContext(options);
  const code = await run(['tokenizer', 'explain', ...args], context);
  return { code, out: context.out(), err: context.err() };
}

describe('weft tokenizer explain', () => {
  test('byte pair encoding by the textbook', async () => {
    const { code, out, err } = await explain(['low lower lowest', '--type', 'bpe']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/Merge 1 +lo 3 +ow 3 +we 2 +er 1 +es 1 +st 1\n +l \+ o → lo +count 3/);
    expect(out).toMatch(/lowest +l o w e s t\n +merge 1 +l \+ o +lo w e s t/);
    expect(out).toContain('--marking space puts ▁');
  });

  test('the marks', async () => {
    expect((await explain(['low lower', '--marking', 'space'])).out).toContain('▁ l o w e r');
    expect((await explain(['low lower', '--marking', 'end'])).out).toContain('l o w </w>');
  });

  test('Unigram: seeds, iterations, pruning, the lattice', async () => {
    const { code, out } = await explain(['low lower lowest', '--type', 'unigram']);
    expect(code).toBe(0);
    expect(out).toMatch(/▁low +3 +12 +-2\.048/);
    expect(out).toMatch(/iteration 1 .*\n/);
    expect(out).toMatch(/pruning +5 tokens/);
    expect(out).toMatch(/├─────┤ +▁low +-\d/);
    expect(out).toMatch(/best +-\d+\.\d+ {2}▁lowe r/);
  });

  test('WordPiece: both scores, and which is used', async () => {
    const { out } = await explain(['low lower lowest', '--type', 'wordpiece', '--rule', 'likelihood']);
    expect(out).toMatch(/##s·##t 1 \(1\.0\)/);
    expect(out).toContain('freq(ab) / (freq(a) · freq(b)) is merged');
  });

  test('a tokenizer of one’s own, with the check that the ids agree', async () => {
    const { code, out } = await explain(['lowest naïve', '-t', folder]);
    expect(code).toBe(0);
    expect(out).toContain('The steps lead to the ids that the tokenizer itself gives.');
    expect(out).toContain('“ naïve”');
  });

  test('--json is the same as data; stdin is read', async () => {
    const { out } = await explain(['--json', '--merges', '2'], { stdin: 'low lower lowest' });
    const told = JSON.parse(out) as TokenizerExplanation;
    expect(told.training).toMatchObject({ type: 'bpe', vocabSize: 9 });
    expect(told.encoding.tokens.map(({ token }) => token)).toEqual(['low', 'low', 'e', 'r', 'low', 'e', 's', 't']);
  });

  test('--train takes a file, its beginning where it is long, or a text', async () => {
    const { code, out } = await explain(['newest', '--train', join(folder, 'words.txt'), '--merges', '30']);
    expect(code).toBe(0);
    expect(out).toMatch(/→ newest \d+/);
    expect((await explain(['lowest', '--train', 'low lower lowest'])).out).toContain('→ lowest 12');
  });

  test.for(['bpe', 'unigram', 'wordpiece', 'words', 'characters'])('%s fits into the window, also with wide characters', async (type) => {
    const { code, out } = await explain([
      '東京タワー 東京 naïve 👍🏽 a_very_long_word_without_any_end_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on\tx',
      '--type',
      type,
    ]);
    expect(code).toBe(0);
    const widest = Math.max(...out.split('\n').map((line) => cellsOf(line)));
    expect(widest).toBeLessThanOrEqual(100);
  });

  test('escape sequences in the text never reach the terminal', async () => {
    for (const type of ['bpe', 'unigram', 'words']) {
      const { out } = await explain(['a\u001b[31mb a\u001b]0;x\u0007', '--type', type]);
      // eslint-disable-next-line no-control-regex -- that there are none is what is tested
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    }
  });

  test.each([
    [['', '--type', 'bpe'], 'WEFT_TOKENIZER_EMPTY', 2],
    [['a', '--type', 'sentencepiece'], 'WEFT_FLAG_VALUE', 2],
    [['a', '--merges', '-1'], 'WEFT_FLAG_VALUE', 2],
    [['a', '--merges', '3', '--vocab-size', '4'], 'WEFT_TOKENIZER_OPTION', 2],
    [['a', '--type', 'unigram', '--marking', 'end'], 'WEFT_TOKENIZER_OPTION', 2],
    [['a', '--type', 'unigram', '--bytes'], 'WEFT_TOKENIZER_OPTION', 2],
    [['a'.repeat(4001)], 'WEFT_TOKENIZER_EXPLAIN', 2],
    [['a', '-t', 'nowhere'], 'WEFT_TOKENIZER_MISSING', 1],
    [['a', '-t', 'FOLDER', '--merges', '3'], 'WEFT_TOKENIZER_OPTION', 2],
    [['a', '-t', 'FOLDER', '--type', 'unigram'], 'WEFT_TOKENIZER_OPTION', 2],
    [['a', '--train', 'FOLDER/binary.bin'], 'WEFT_DATA_BINARY', 1],
    [['a', '--train', 'FOLDER/empty.txt'], 'WEFT_DATA_EMPTY', 1],
  ] as const)('%j is refused', async (args, errorCode, exit) => {
    const { code, out, err } = await explain(args.map((arg) => arg.replace('FOLDER', folder)));
    expect({ code, out }).toEqual({ code: exit, out: '' });
    expect(err).toMatch(new RegExp(`^error \\[${errorCode}\\] .+\\n {2}.+\\n`));
  });
});
