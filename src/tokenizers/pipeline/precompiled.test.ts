/** SentencePiece's map of characters, as Hugging Face's library applies it. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Unigram, metaspacePreTokenizer } from 'tokenizers';
import { describe, expect, test } from 'vitest';

import { createJsonReader } from '../json/json-reader.ts';
import { compareMany, file, readBoth, trainModel, trainingText } from './pipeline.fixture.ts';
import { readPrecompiled } from './precompiled.ts';

const trainer = '/usr/bin/spm_train';

/** The map of a normalisation rule, from a model that `spm_train` wrote: field 2 of its field 3. */
function mapOf(rule: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-map-'));
  try {
    writeFileSync(join(folder, 'text.txt'), 'a b c d e f g\n'.repeat(20));
    const prefix = join(folder, 'model');
    execFileSync(
      trainer,
      [
        `--input=${join(folder, 'text.txt')}`,
        `--model_prefix=${prefix}`,
        '--vocab_size=12',
        `--normalization_rule_name=${rule}`,
        '--hard_vocab_limit=false',
        '--minloglevel=3',
      ],
      { stdio: 'ignore' },
    );
    return Buffer.from(field(field(readFileSync(`${prefix}.model`), 3), 2)).toString('base64');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The bytes of a length-delimited field of a protobuf message. */
function field(message: Uint8Array, wanted: number): Uint8Array {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const length = key % 8 === 2 ? varint() : key % 8 === 5 ? 4 : key % 8 === 1 ? 8 : (varint(), 0);
    if (key >> 3 === wanted) return message.subarray(at, at + length);
    at += length;
  }
  throw new Error(`no field ${wanted}`);
}

describe.runIf(existsSync(trainer)).each(['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf'])('%s (skipped without spm_train)', (rule) => {
  const normalizer = { type: 'Precompiled', precompiled_charsmap: mapOf(rule) };
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };

  test('alone', async () => {
    await compareMany(await readBoth(file({ normalizer, pre_tokenizer: { type: 'FixedLength', length: 1 } })), { runs: 400 });
  });

  test('every code point', { timeout: 60_000 }, async () => {
    const both = await readBoth(file({ normalizer }));
    const rust = both.rust.getNormalizer();
    const ours = readPrecompiled(createJsonReader('test'), normalizer, 'normalizer');
    for (const context of [(c: string) => `${c} `, (c: string) => `a${c}\u0301`, (c: string) => `${c}${c}`]) {
      for (let first = 0; first < 0x3_4000; first += 0x100) {
        let text = '';
        for (let code = first; code < first + 0x100; code++)
          if (code < 0xd800 || code > 0xdfff) text += context(String.fromCodePoint(code));
        expect(ours.text(text), first.toString(16)).toBe(rust?.normalizeString(text));
      }
    }
  });

  test('in the stack of XLM-R', async () => {
    const model = { ...trainModel(Unigram.empty(), metaspacePreTokenizer('▁', 'always', true), trainingText()), unk_id: 0 };
    const normalizers = [
      normalizer,
      { type: 'Strip', strip_left: false, strip_right: true },
      { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
    ];
    for (const scheme of ['always', 'first']) {
      const json = file({
        normalizer: { type: 'Sequence', normalizers },
        pre_tokenizer: { ...metaspace, prepend_scheme: scheme },
        decoder: metaspace,
        model,
      });
      await compareMany(await readBoth(json), { runs: 200 });
    }
  });
});

test('a map that is damaged is an error', () => {
  const reader = createJsonReader('test');
  for (const precompiled_charsmap of ['', '????', 'AAAA', Buffer.from([255, 255, 255, 127, 0, 0]).toString('base64'), 7, undefined]) {
    expect(() => readPrecompiled(reader, { precompiled_charsmap }, 'normalizer')).toThrow(
      expect.objectContaining({ code: 'WEFT_TOKENIZER_FORMAT' }),
    );
  }
  const wild = Buffer.concat([Buffer.from([8, 0, 0, 0]), Buffer.alloc(8, 0xff)]).toString('base64');
  const { text } = readPrecompiled(reader, { precompiled_charsmap: wild }, 'normalizer');
  expect(text('any text')).toBe('any text');
});
