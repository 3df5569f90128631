import { describe, expect, test } from 'vitest';

import { tokenizerFromJson } from './json/read-tokenizer.ts';
import { trainTokenizer } from './train-tokenizer.ts';

describe.each(['bpe', 'characters'] as const)('%s', (type) => {
  const texts = ['low lower lowest, naïve 😀 café', 'the newest and the widest'];

  test('decodes what it encoded, and survives JSON', async () => {
    const tokenizer = await trainTokenizer(texts, { type, vocabSize: 300 });
    const copy = tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer)));
    for (const text of [...texts, 'the lowest', '']) {
      const ids = tokenizer.encode(text);
      expect(tokenizer.decode(ids)).toBe(text);
      expect([...copy.encode(text)]).toEqual([...ids]);
    }
    expect(tokenizer.endOfText).toBe(tokenizer.specialTokens.get('<|endoftext|>'));
    expect(copy.specialTokens).toEqual(tokenizer.specialTokens);
  });
});
