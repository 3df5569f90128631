/** What a model gives as `tokenizer.json` is read by Hugging Face's library and by ours, and gives the same ids on ordinary text. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { oracleOf } from '../hugging-face.fixture.ts';
import { tokenizerFromJson } from '../json/read-tokenizer.ts';
import { sentencePieceFromBytes } from './sentencepiece-files.ts';
import { SHARED, hasSentencePiece, trainWithSentencePiece } from './sentencepiece.fixture.ts';

const read = (name: string): string => (hasSentencePiece ? readFileSync(join(SHARED, name), 'utf8') : '');
const botchan = read('text/botchan.txt').slice(0, 40_000);
/** Without combining marks: Hugging Face's library loses what follows a character that has a rule within a grapheme cluster. */
const lines = [
  ...botchan
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, 150),
  ...read('text/multilingual.txt')
    .split('\n')
    .filter((line, index) => index % 301 === 0 && line !== '' && !/\p{M}/u.test(line)),
  '  two  spaces ',
  'a\tb',
  'Ⅷ ﬁne ½',
  '😀 naïve\u00A0café',
  '1234',
  ' ',
  '',
];

describe.runIf(hasSentencePiece)('tokenizer.json', () => {
  test.each([
    ['unigram', []],
    ['unigram', ['--byte_fallback', '--normalization_rule_name=identity']],
    ['unigram', ['--remove_extra_whitespaces=false', '--add_dummy_prefix=false', '--normalization_rule_name=nfkc_cf']],
    ['unigram', ['--treat_whitespace_as_suffix']],
    ['bpe', []],
    ['bpe', ['--byte_fallback', '--remove_extra_whitespaces=false', '--normalization_rule_name=identity']],
    ['bpe', ['--split_by_whitespace=false', '--normalization_rule_name=nmt_nfkc_cf']],
  ])('of a trained model: %s %s', async (kind, options) => {
    const file = trainWithSentencePiece(botchan, [`--model_type=${kind}`, '--vocab_size=600', '--character_coverage=1', ...options]);
    const tokenizer = await sentencePieceFromBytes(file);
    const oracle = oracleOf(tokenizer);
    const own = await tokenizerFromJson(JSON.parse(JSON.stringify(tokenizer)));
    for (const line of lines) {
      const ids = [...tokenizer.encode(line)];
      expect({ line, ids: await oracle.encode(line) }).toEqual({ line, ids });
      expect({ line, ids: [...own.encode(line)] }).toEqual({ line, ids });
    }
  });

  test('of one with user-defined symbols', async () => {
    for (const kind of ['unigram', 'bpe']) {
      const file = trainWithSentencePiece(botchan, [`--model_type=${kind}`, '--vocab_size=600', '--user_defined_symbols=<sep>,[MASK]']);
      const tokenizer = await sentencePieceFromBytes(file);
      const oracle = oracleOf(tokenizer);
      for (const line of [
        ...lines.filter((line) => /^[!-~](?:[ -~]*[!-~])?$/.test(line)),
        'one <sep> two<sep>three',
        'it [MASK] is',
        'a[MASK]',
      ]) {
        expect({ line, ids: await oracle.encode(line) }).toEqual({ line, ids: [...tokenizer.encode(line)] });
      }
    }
  });

  test('of Llama 2', async () => {
    const tokenizer = await sentencePieceFromBytes(readFileSync(join(SHARED, 'tokenizers/llama2-tokenizer.model')));
    const oracle = oracleOf(tokenizer);
    for (const line of [...lines, ' leading', 'line\nfeeds\n\n', 'const x = [1, 2];\n    return x;']) {
      const ids = [...tokenizer.encode(line)];
      expect({ line, ids: await oracle.encode(line) }).toEqual({ line, ids });
      expect(await oracle.decode(ids)).toBe(tokenizer.decode(ids));
    }
  });
});
