/**
 * Bigrams of all 32,033 names, counted: makemore, part 1.
 *
 *   npx tsx recipes/names-bigram.ts [names.txt]
 *
 * Data: all names, no split. Reference: 2.4540144892 nats a character without smoothing, 2.4545768201 with 1 added to every count.
 * Time: under a second.
 */

import { fitBigram } from 'weft/models';

import { END, VOCABULARY, readNames } from './names/names.ts';

const { train, dev, test } = readNames();
const texts = [...train, ...(dev ?? []), ...test].map((name) => [END, ...name]);
console.log(`${texts.reduce((sum, { length }) => sum + length - 1, 0)} bigrams of ${texts.length} names`);
for (const smoothing of [0, 1])
  console.log(`smoothing ${smoothing}: ${fitBigram(texts, { vocabSize: VOCABULARY, smoothing }).loss.toFixed(10)} nats a character`);
