/** Debian's SentencePiece programs as the oracle: `spm_train`, `spm_encode`, `spm_decode` and `spm_normalize`, version 0.1.97. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

/** Texts and models that tests are given. */
export const SHARED: string = new URL('../../../../shared/data/', import.meta.url).pathname;

/** Whether the programs and the texts are there. */
export const hasSentencePiece: boolean = existsSync('/usr/bin/spm_encode') && existsSync(join(SHARED, 'text/botchan.txt'));

/** Runs something in a folder that is removed afterwards. */
function inFolder<R>(run: (folder: string) => R): R {
  const folder = mkdtempSync(join(tmpdir(), 'weft-sentencepiece-'));
  try {
    return run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Trains with `spm_train`, and returns the model's file. */
export function trainWithSentencePiece(text: string, options: readonly string[]): Uint8Array {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'text.txt'), text);
    execFileSync(
      'spm_train',
      [`--input=${folder}/text.txt`, `--model_prefix=${folder}/m`, '--minloglevel=2', '--num_threads=2', ...options],
      {
        stdio: 'pipe',
      },
    );
    return new Uint8Array(readFileSync(join(folder, 'm.model')));
  });
}

/** Ids of each text, which has no line feed, as `spm_encode` gives them. */
export function encodeWithSentencePiece(model: Uint8Array, texts: readonly string[]): number[][] {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'm.model'), model);
    writeFileSync(join(folder, 'in.txt'), texts.map((text) => `${text}\n`).join(''));
    execFileSync(
      'spm_encode',
      [`--model=${folder}/m.model`, '--output_format=id', `--input=${folder}/in.txt`, `--output=${folder}/out.txt`],
      {
        stdio: 'pipe',
      },
    );
    const lines = readFileSync(join(folder, 'out.txt'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => (line === '' ? [] : line.split(' ').map(Number)));
  });
}

/** The text of each list of ids, of which none gives a line feed, as `spm_decode` gives it. */
export function decodeWithSentencePiece(model: Uint8Array, ids: readonly (readonly number[])[]): string[] {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'm.model'), model);
    writeFileSync(join(folder, 'in.txt'), ids.map((list) => `${list.join(' ')}\n`).join(''));
    execFileSync(
      'spm_decode',
      [`--model=${folder}/m.model`, '--input_format=id', `--input=${folder}/in.txt`, `--output=${folder}/out.txt`],
      {
        stdio: 'pipe',
      },
    );
    return readFileSync(join(folder, 'out.txt'), 'utf8').split('\n').slice(0, -1);
  });
}

/** Texts without line feeds that are hard on tokenizers. */
export function hostileText(words: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...words) },
        { weight: 4, arbitrary: fc.constantFrom(' ', '  ', '   ', '\t', '\r', '\u00A0', '\u3000', '\u200B', '\uFEFF', '\u0085', '\v') },
        { weight: 3, arbitrary: fc.constantFrom('▁', '▁▁', '⁇', '\uFFFD', '\uD83D', '\uDE00', '\0', '\u0001', '\u007F', '´', '¨') },
        {
          weight: 3,
          arbitrary: fc.constantFrom('\u0301', '\u0308', '\u200D', '\u200E', '\u202E', '\uFE0F', 'é', 'e\u0301', 'ﬁ', 'Å', '㍿', 'ｶﾞ', '～'),
        },
        { weight: 3, arbitrary: fc.constantFrom('😀', '👩‍👩‍👧', '🇩🇪', '𝔘', '한국', '한', '日本語', 'ประเทศ', 'हिन्दी', 'العربية') },
        {
          weight: 3,
          arbitrary: fc.constantFrom('<s>', '</s>', '<unk>', '<pad>', '<0x0A>', '<0xE2>', '<sep>', '[MASK]', 'aaaaaaaa', '......', '11111'),
        },
        { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('').replaceAll('\n', ' '));
}
