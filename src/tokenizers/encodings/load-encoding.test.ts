/** Loading by name. That ids are tiktoken's is tested in `bpe/openai-encodings.test.ts`. */

import { get_encoding } from 'tiktoken';
import { expect, test } from 'vitest';

import { ENCODING_NAMES, type EncodingName, isEncodingName, loadEncoding } from './load-encoding.ts';

test.each(ENCODING_NAMES)('%s has the special tokens of tiktoken, and ids between that stand for nothing', async (name) => {
  const ours = await loadEncoding(name);
  const theirs = get_encoding(name);
  for (const [token, id] of ours.specialTokens) {
    expect([...ours.encode(token, { specialTokens: 'allow' })]).toEqual([id]);
    expect([...theirs.encode(token, 'all', [])]).toEqual([id]);
    expect(ours.decode([id])).toBe(token);
  }
  expect(ours.vocabSize).toBe(1 + Math.max(...ours.specialTokens.values(), name === 'p50k_base' ? 50280 : 0));
  expect(ours.vocabulary.size).toBe(theirs.token_byte_values().length + ours.specialTokens.size);
  theirs.free();
});

test.each(['o300k_base', '', '__proto__', 'toString'])('there is no encoding "%s"', async (name) => {
  expect(isEncodingName(name)).toBe(false);
  await expect(loadEncoding(name as EncodingName)).rejects.toMatchObject({ name: 'UsageError', code: 'WEFT_TOKENIZER_ENCODING' });
});
