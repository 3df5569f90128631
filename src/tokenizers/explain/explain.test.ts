/** What the explanations say: the textbook example, and that their steps lead to the ids that other programs give. */

import { describe, expect, test } from 'vitest';

import { UsageError } from '../../core/index.ts';
import { trainTokenizer } from '../train-tokenizer.ts';
import { explainEncoding, explainTraining } from './explain.ts';
import type { MergeTraining, TrainingExplanation, UnigramTraining } from './explanation.ts';

const TEXTBOOK = ['low lower lowest'];
const asMerges = (told: TrainingExplanation): MergeTraining => {
  if (told.type !== 'bpe' && told.type !== 'wordpiece') throw new Error(told.type);
  return told;
};
const counts = (pairs: MergeTraining['pairs'] = []): string => pairs.map(({ left, right, count }) => `${left}${right} ${count}`).join(', ');

describe('training', () => {
  test('byte pair encoding retraces the textbook: counts, merges, and the words after each', async () => {
    const told = asMerges(await explainTraining(TEXTBOOK, { type: 'bpe' }));
    expect(counts(told.steps[0]?.pairs)).toBe('lo 3, ow 3, we 2, er 1, es 1, st 1');
    expect(told.steps.map(({ merged, best }) => `${merged} ${best.count}`)).toEqual([
      'lo 3',
      'low 3',
      'lowe 2',
      'st 1',
      'lower 1',
      'lowest 1',
    ]);
    expect(told.steps.map(({ words }) => words.map(({ symbols }) => symbols.join(' ')).join(', '))).toEqual([
      'lo w, lo w e r, lo w e s t',
      'low, low e r, low e s t',
      'low, lowe r, lowe s t',
      'low, lowe r, lowe st',
      'low, lower, lowe st',
      'low, lower, lowest',
    ]);
    expect(told.steps[0]?.ties).toBe(1);
    expect(told.stopped).toBe('pairs');
  });

  test.each([
    ['space', '▁l 3, lo 3, ow 3, we 2, er 1, es 1, st 1'],
    ['end', 'lo 3, ow 3, we 2, er 1, es 1, r</w> 1, st 1, t</w> 1, w</w> 1'],
  ] as const)('with the marking %s the words’ own counts are the same', async (marking, expected) => {
    const told = asMerges(await explainTraining(TEXTBOOK, { type: 'bpe', marking }));
    expect(counts(told.steps[0]?.pairs).split(', ').sort()).toEqual(expected.split(', ').sort());
  });

  test('merges and vocabSize bound what is learnt', async () => {
    expect(asMerges(await explainTraining(TEXTBOOK, { merges: 2 })).steps).toHaveLength(2);
    const told = asMerges(await explainTraining(TEXTBOOK, { vocabSize: 9 }));
    expect([told.vocabSize, told.steps.length, told.stopped]).toEqual([9, 2, 'size']);
  });

  test('WordPiece tells count and likelihood of each pair, and by which it goes', async () => {
    const byCount = asMerges(await explainTraining(TEXTBOOK, { type: 'wordpiece', merges: 1 }));
    expect(counts(byCount.steps[0]?.pairs)).toBe('##o##w 3, l##o 3, ##w##e 2, ##e##r 1, ##e##s 1, ##s##t 1');
    expect(byCount).toMatchObject({ rule: 'count', steps: [{ merged: '##ow' }] });
    const byLikelihood = asMerges(await explainTraining(TEXTBOOK, { type: 'wordpiece', merges: 1, rule: 'likelihood' }));
    expect(byLikelihood.steps[0]?.best).toEqual({ left: '##s', right: '##t', count: 1, likelihood: 1 });
  });

  test('Unigram tells its seeds, its probabilities and what pruning takes', async () => {
    const told = (await explainTraining(TEXTBOOK, { type: 'unigram', encode: 'lowest' })) as UnigramTraining;
    expect(told.seeds[0]).toEqual({ token: '▁low', count: 3, score: 12, required: false, logProbability: Math.log(12 / 93) });
    expect(told.rounds.length).toBeGreaterThan(1);
    for (const { removed, pruned } of told.rounds.slice(0, -1)) {
      expect(removed).toBeGreaterThan(0);
      expect(pruned.filter((token) => token.removed)).toHaveLength(removed);
    }
    expect(told.vocabulary.reduce((sum, { logProbability }) => sum + Math.exp(logProbability ?? 0), 0)).toBeCloseTo(1, 3);
    expect(told.encoding?.pieces[0]?.piece).toBe('▁lowest');
    expect(told.best.map(({ symbols }) => symbols.join(' '))).toEqual(['▁low', '▁lowe r', '▁lowe s t']);
    expect(told.encoding?.tokens.map(({ token }) => token).join('')).toBe('▁lowest');
  });

  test('words and characters are counted', async () => {
    const words = await explainTraining(['to be or not to be'], { type: 'words', encode: 'not to know' });
    expect(words).toMatchObject({
      counts: [
        { token: 'to', count: 2 },
        { token: 'be', count: 2 },
        { token: 'or', count: 1 },
        { token: 'not', count: 1 },
      ],
    });
    expect(words.encoding?.ids).toEqual([3, 0, 4]);
    expect(words.encoding?.notes).toHaveLength(1);
    const characters = await explainTraining(['abcab'], { type: 'characters', encode: 'cab' });
    expect(characters.encoding?.ids).toEqual([2, 0, 1]);
  });

  test('bytes are merged as the fast trainer merges them, and every token knows its characters', async () => {
    const told = asMerges(await explainTraining(['šála šála šál'], { unit: 'bytes', merges: 3, encode: 'šála' }));
    expect(told.steps[0]?.best.count).toBe(3);
    expect(told.encoding?.tokens.flatMap(({ bytes }) => bytes)).toEqual([...new TextEncoder().encode('šála')]);
    expect(told.encoding?.tokens.at(-1)?.end).toBe(4);
  });

  test.each(['__proto__ constructor toString __proto__', '\ud800 lone \udfff', '👩‍👩‍👧 🇩🇪 👍🏽', 'é é', '\u0000\u0000 a\u0000b'])(
    'odd text is text: %j',
    async (text) => {
      for (const type of ['bpe', 'unigram', 'wordpiece', 'words', 'characters'] as const) {
        const told = await explainTraining([text], { type, encode: text });
        expect(JSON.parse(JSON.stringify(told))).toEqual(JSON.parse(JSON.stringify(told)));
        const covered = told.encoding?.tokens.map(({ start, end }) => text.slice(start, end)).join('');
        expect([type, covered?.replaceAll(/\p{White_Space}/gu, '')]).toEqual([type, text.replaceAll(/\p{White_Space}/gu, '')]);
      }
    },
  );

  test('what cannot be explained is refused', async () => {
    await expect(explainTraining([' \n'])).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_EMPTY' });
    await expect(explainTraining(['a b'.repeat(10_000)])).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_EXPLAIN' });
    await expect(explainTraining(['a'], { merges: 501 })).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_EXPLAIN' });
    await expect(explainTraining(['a'], { vocabSize: 1e9 })).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_EXPLAIN' });
    await expect(explainTraining(['a'], { encode: 'a'.repeat(5000) })).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_EXPLAIN' });
    for (const options of [
      { merges: -1 },
      { merges: 1, vocabSize: 2 },
      { marking: 'continuing' },
      { type: 'toString' },
      { rule: 'x' },
      { unit: 'bits' },
    ]) {
      await expect(explainTraining(['a'], options as object)).rejects.toThrow(UsageError);
    }
  });

  test('the largest text that is taken is told within seconds, whatever it is', async () => {
    const start = process.cpuUsage();
    await explainTraining(['x'.repeat(20_000)], { merges: 500 });
    const one = Array.from({ length: 9000 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000))).join('');
    await explainTraining([one], { type: 'unigram' });
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(20);
  }, 60_000);
});

describe('encoding', () => {
  test('a trained tokenizer: merges in order, with ranks, to the ids that encode gives', async () => {
    const text = 'How low can the lowest of the lower ones go?  Ünïcode 東京 👍🏽\r\n\tdon’t';
    const tokenizer = await trainTokenizer([text, text, 'the low lower lowest ones'], { vocabSize: 300 });
    for (const splitting of ['gpt2', 'gpt4'] as const) {
      const other = await trainTokenizer([text, text], { vocabSize: 280, splitting });
      expect(await explainEncoding(other, text)).toMatchObject({ agrees: true, notes: [] });
    }
    const told = await explainEncoding(tokenizer, text);
    expect(told).toMatchObject({ agrees: true, notes: [], type: 'bpe', splitting: ['Split', 'ByteLevel'] });
    expect(told.ids).toEqual([...tokenizer.encode(text)]);
    for (const { steps } of told.pieces) {
      if (steps.how !== 'merges') throw new Error(steps.how);
      expect(steps.merges.every(({ symbols }, index) => symbols.length === steps.symbols.length - index - 1)).toBe(true);
    }
  });

  test('characters, known and unknown', async () => {
    const tokenizer = await trainTokenizer(['abc'], { type: 'characters' });
    expect(await explainEncoding(tokenizer, 'cabbage')).toMatchObject({ agrees: true, type: 'characters' });
  });

  test('too long a text is refused', async () => {
    const tokenizer = await trainTokenizer(['abc'], { type: 'characters' });
    await expect(explainEncoding(tokenizer, 'a'.repeat(4001))).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_EXPLAIN' });
  });
});
