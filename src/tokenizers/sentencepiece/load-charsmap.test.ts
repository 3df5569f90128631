import { describe, expect, test } from 'vitest';

import { createCharsmap } from './charsmap.ts';
import { type CharsmapName, loadCharsmap } from './load-charsmap.ts';
import { readSentencePieceModel } from './model-file.ts';
import { hasSentencePiece, trainWithSentencePiece } from './sentencepiece.fixture.ts';

const NAMES = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'] as const;

describe.each(NAMES)('%s', (name) => {
  test.runIf(hasSentencePiece)('is to the byte what spm_train writes', async () => {
    const text = 'the quick brown fox jumps over the lazy dog\n'.repeat(20);
    const file = trainWithSentencePiece(text, [`--normalization_rule_name=${name}`, '--vocab_size=40', '--hard_vocab_limit=false']);
    const { normalizer } = await readSentencePieceModel(file);
    expect(Buffer.compare(await loadCharsmap(name), normalizer.precompiledCharsmap ?? new Uint8Array())).toBe(0);
  });
});

test('NFKC is that of the JavaScript engine', async () => {
  const blob = await loadCharsmap('nfkc');
  const { match, place, strings } = createCharsmap(blob);
  for (const character of ['ﬁ', '\u212B', '㍿', 'ｶ', '½']) {
    const bytes = new TextEncoder().encode(character);
    expect(match(bytes, 0, bytes.length)).toBe(bytes.length);
    const text = new TextDecoder().decode(strings.subarray(place(), strings.indexOf(0, place())));
    expect(text).toBe(character.normalize('NFKC'));
  }
  expect(match(new TextEncoder().encode('q'), 0, 1)).toBe(0);
});

test('other names are an error', async () => {
  await expect(loadCharsmap('nfd' as CharsmapName)).rejects.toThrow(expect.objectContaining({ code: 'WEFT_TOKENIZER_OPTION' }));
});
