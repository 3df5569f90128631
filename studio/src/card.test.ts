import fc from 'fast-check';
import { expect, test } from 'vitest';

import { baselineLabel, readCard } from './card.ts';

test('a card as the quickstart writes it', () => {
  const card = readCard({
    name: 'tiny',
    createdAt: '2026-01-02T03:04:05Z',
    parameters: 9,
    data: { files: ['a.txt', 3], bytes: 100 },
    training: { steps: 10, trainLoss: null },
    heldOut: { loss: 2, bitsPerByte: 1.2 },
    baselines: { gzipBitsPerByte: 1.7, fiveGramBitsPerByte: 1.1 },
  });
  expect(card).toMatchObject({ name: 'tiny', files: ['a.txt'], data: { bytes: 100 }, training: { steps: 10 } });
  expect(card?.scores).toEqual([
    { label: 'byte 5-gram', bitsPerByte: 1.1, own: false },
    { label: 'this model', bitsPerByte: 1.2, own: true },
    { label: 'gzip −9', bitsPerByte: 1.7, own: false },
  ]);
});

test('what a model is built of comes in the order that one asks for it', () => {
  const card = readCard({ config: { tiedHead: true, vocabSize: 9, nested: {}, heads: 2, width: 8, layers: 1, ropeTheta: 1e4 } });
  expect(card?.config.map(([name]) => name)).toEqual(['layers', 'width', 'heads', 'vocabSize', 'tiedHead', 'ropeTheta']);
});

test('a baseline that is not known is called by its key', () => {
  expect(baselineLabel('someThingBitsPerByte')).toBe('some thing');
});

test('whatever the file holds, reading it does not throw', () => {
  const keys = fc.constantFrom('name', 'createdAt', 'data', 'training', 'heldOut', 'baselines', 'config');
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue())), (value) => {
      readCard(value);
    }),
    { seed: 1 },
  );
});
