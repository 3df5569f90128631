/** Hugging Face's own library (npm `tokenizers`, Rust) as the oracle. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BPE, Tokenizer as Rust, byteLevelPreTokenizer } from 'tokenizers';

import type { Tokenizer } from './tokenizer.ts';

/** Hugging Face's tokenizer of the same `tokenizer.json`. */
export interface Oracle {
  encode(text: string): Promise<readonly number[]>;
  /** The pieces that the pre-tokenizer cuts, as UTF-8 byte lengths of a tokenizer without merges. */
  pieces(text: string): Promise<readonly number[]>;
  decode(ids: readonly number[]): Promise<string>;
}

/** Loads what we write into Hugging Face's library. */
export function oracleOf(tokenizer: Tokenizer): Oracle {
  const rust = Rust.fromString(JSON.stringify(tokenizer));
  return {
    encode: async (text) => (await rust.encode(text, null, { addSpecialTokens: false })).getIds(),
    async pieces(text) {
      const words = (await rust.encode(text, null, { addSpecialTokens: false })).getWordIds();
      const lengths: number[] = [];
      words.forEach((word, index) =>
        index > 0 && word === words[index - 1] ? (lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + 1) : lengths.push(1),
      );
      return lengths;
    },
    decode: (ids) => rust.decode([...ids], false),
  };
}

/** Merges that Hugging Face's trainer learns with its default settings, of a text split as GPT-2 does. */
export function trainMerges(text: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'weft-merges-'));
  try {
    const file = join(folder, 'text.txt');
    writeFileSync(file, text);
    const rust = new Rust(BPE.empty());
    rust.setPreTokenizer(byteLevelPreTokenizer(false, true));
    rust.train([file]);
    rust.save(join(folder, 'tokenizer.json'));
    return (JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as { model: { merges: unknown } }).model.merges;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines with their ends: what that trainer takes for one text each. */
export function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
