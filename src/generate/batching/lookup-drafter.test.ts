import fc from 'fast-check';
import { expect, it } from 'vitest';

import { createLookupDrafter } from './lookup-drafter.ts';

/** The longest end of the text, of at least two tokens, that occurred before, looked for everywhere; the latest of equally long ones. */
function slow(text: readonly number[], most: number): readonly number[] {
  let best = { matched: 1, place: -1 };
  for (let place = 1; place < text.length - 1; place++) {
    let matched = 0;
    while (matched <= place && text[place - matched] === text[text.length - 1 - matched]) matched++;
    if (matched >= best.matched && matched >= 2) best = { matched, place };
  }
  const round = [...text];
  for (let from = best.place + 1; best.place >= 0 && round.length < text.length + most; from++) round.push(round[from]!);
  return round.slice(text.length);
}

it('proposes what followed the longest occurrence of the end', () => {
  const drafter = createLookupDrafter();
  expect(drafter.propose([1], 4)).toEqual([]);
  expect(drafter.propose([1, 2, 3], 4)).toEqual([]);
  expect(drafter.propose([1, 2, 3, 9, 1, 2], 4)).toEqual([3, 9, 1, 2]);
  expect(drafter.propose([1, 2, 3, 9, 1, 2, 7, 9, 1, 2], 1)).toEqual([7]);
  expect(createLookupDrafter().propose([5, 8, 8, 8], 5)).toEqual([8, 8, 8, 8, 8]);
});

it('is what a search everywhere finds, as long as a pair occurs few times', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      (text, most) => {
        const drafter = createLookupDrafter();
        for (let length = 1; length <= text.length; length++) {
          const so = text.slice(0, length);
          const pairs = so.filter((_, place) => place > 0 && place < length - 1 && so[place] === so.at(-1) && so[place - 1] === so.at(-2));
          if (pairs.length <= 4) expect(drafter.propose(so, most)).toEqual(slow(so, most));
          else void drafter.propose(so, most);
        }
      },
    ),
  );
});
