import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { createRandom } from '../../core/index.ts';
import { bleu, tokenize13a } from './bleu.ts';
import type { BleuScore } from './bleu.ts';

interface Vectors {
  readonly tokens: readonly { readonly text: string; readonly tokens: readonly string[] }[];
  readonly cases: readonly ({
    readonly translations: readonly string[];
    readonly references: readonly (readonly string[])[];
    readonly lowercase: boolean;
  } & BleuScore)[];
}

const { tokens, cases } = JSON.parse(readFileSync(new URL('../../../test/vectors/bleu.json', import.meta.url), 'utf8')) as Vectors;

describe("as sacrebleu's numbers", () => {
  test.for(tokens.map(({ text, tokens: expected }) => [JSON.stringify(text), text, expected] as const))(
    'tokens of %s',
    ([, text, expected]) => {
      expect(tokenize13a(text)).toEqual(expected);
    },
  );

  test.for(cases.map((each, index) => [index, each] as const))('corpus %i', ([, { translations, references, lowercase, ...expected }]) => {
    const found = bleu(translations, references, { lowercase });
    expect(found.score).toBeCloseTo(expected.score, 9);
    expect([found.length, found.referenceLength]).toEqual([expected.length, expected.referenceLength]);
    expect(found.brevityPenalty).toBeCloseTo(expected.brevityPenalty, 12);
    for (const [order, precision] of expected.precisions.entries()) expect(found.precisions[order]).toBeCloseTo(precision, 9);
  });
});

const PYTHON = process.env['WEFT_TORCH_PYTHON'];
test.skipIf(PYTHON === undefined)('as sacrebleu itself, on sentences at random', () => {
  const random = createRandom(3);
  const words = ['ein', 'Mann', 'Frau', 'fährt', ',', '.', '3,5', 'Rad-', 'z.B.', '"so"', 'und', 'der', '&amp;', '5-mal', '😀'];
  const sentence = (): string =>
    Array.from({ length: 1 + random.integer(12) }, () => words[random.integer(words.length)]).join(random.integer(4) === 0 ? '' : ' ');
  const [translations, references] = [Array.from({ length: 200 }, sentence), Array.from({ length: 200 }, sentence)];
  const script = 'import sys, json, sacrebleu\nx = json.load(sys.stdin)\nprint(sacrebleu.corpus_bleu(x[0], [x[1]]).score)';
  const { stdout, stderr } = spawnSync(PYTHON as string, ['-c', script], {
    input: JSON.stringify([translations, references]),
    encoding: 'utf8',
  });
  expect(bleu(translations, references).score, stderr).toBeCloseTo(Number(stdout), 8);
});

test('there must be a reference for each', () => {
  expect(() => bleu(['a'], [])).toThrow(expect.objectContaining({ code: 'WEFT_EVAL_PAIRS' }));
});
