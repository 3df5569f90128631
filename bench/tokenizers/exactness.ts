/**
 * Whether ids are those of the official implementations, run live, on more than the tests have time for. Exits with 1 at a difference.
 *
 *     npx tsx bench/tokenizers/exactness.ts [tiktoken|tokenizers|sentencepiece …]
 *
 * tiktoken: four encodings on every code point in three contexts, 20,000 random strings, books, 56 languages and code. tokenizers (Rust):
 * four kinds that are trained here, on books and 56 languages. SentencePiece: Unigram and BPE, each with four normalisations, with and without
 * byte fallback, by `spm_train` and `spm_encode`, on lines of both, and Llama 2's model.
 */

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { createRandom } from '../../src/core/index.ts';
import { createTiktoken } from '../../src/tokenizers/bpe/tiktoken.fixture.ts';
import { oracleOf } from '../../src/tokenizers/hugging-face.fixture.ts';
import { loadEncoding, sentencePieceFromBytes, trainTokenizer } from '../../src/tokenizers/index.ts';
import { wellFormed } from '../../src/tokenizers/pipeline/code-points.ts';
import { encodeWithSentencePiece, trainWithSentencePiece } from '../../src/tokenizers/sentencepiece/sentencepiece.fixture.ts';

const DATA = '../shared/data';
const PARTS = ['tiktoken', 'tokenizers', 'sentencepiece'];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : PARTS;

const filesUnder = (folder: string, names: RegExp): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => names.test(name) && statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
const books = filesUnder(`${DATA}/text/books`, /./).join('\n');
const languages = readFileSync(`${DATA}/text/multilingual.txt`, 'utf8');
const code = ['src', 'test', 'studio/src'].flatMap((folder) => filesUnder(folder, /\.(ts|tsx)$/)).join('\n');
const megabytes = (texts: readonly string[]): string =>
  `${(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1e6).toFixed(1)} MB`;

let differences = 0;
function report(what: string, texts: number, differing: number): void {
  differences += differing;
  console.log(`${what}: ${texts.toLocaleString('en')} texts, ${differing} differ`);
}
const same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((id, at) => id === b[at]);
const documents = (text: string, length = 50_000): readonly string[] =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, at) => wellFormed(text.slice(at * length, (at + 1) * length)));

if (wanted.includes('tiktoken')) {
  const contexts: string[] = [];
  for (let first = 0; first < 0x11_0000; first += 0x400) {
    if (first >= 0xd800 && first < 0xe000) continue;
    const characters = Array.from({ length: 0x400 }, (_, at) => String.fromCodePoint(first + at));
    for (const around of [(c: string) => `a${c}b`, (c: string) => ` ${c} `, (c: string) => `1${c}'s`])
      contexts.push(characters.map(around).join(''));
  }
  const pool = [
    ...' \t\n\r\u0085\u00A0\u3000\uFEFF\u200B\u200D',
    "'s",
    "'LL",
    'ſ',
    'é',
    'e\u0301',
    'Ж',
    '中',
    '한',
    '𝒳',
    '7',
    '1234',
    '½',
    '!',
    '...',
    '—',
    '👩‍👩‍👧',
    '🇫🇷',
    '\u202E',
    '<|endoftext|>',
    '  ',
    '\n\n',
    'hello',
    ' The',
    '__proto__',
  ];
  const random = createRandom(1, 'exactness');
  const strings = Array.from({ length: 20_000 }, () =>
    Array.from({ length: 1 + random.integer(24) }, () => pool[random.integer(pool.length)]).join(''),
  );
  const texts = [books, languages, code].flatMap((text) => documents(text));
  for (const name of ['r50k_base', 'p50k_base', 'cl100k_base', 'o200k_base'] as const) {
    const [ours, theirs] = [await loadEncoding(name), createTiktoken(name === 'r50k_base' ? 'gpt2' : name)];
    for (const [what, all] of [
      ['code points in three contexts', contexts],
      ['random strings', strings],
      [megabytes(texts), texts],
    ] as const)
      report(`tiktoken ${name}, ${what}`, all.length, all.filter((text) => !same(ours.encode(text), theirs.encode_ordinary(text))).length);
  }
}

if (wanted.includes('tokenizers')) {
  const sample = [...documents(books.slice(0, 4_000_000)), ...documents(languages.slice(0, 4_000_000))];
  for (const options of [{ type: 'bpe' }, { type: 'wordpiece' }, { type: 'character-bpe' }, { type: 'unigram' }] as const) {
    const ours = await trainTokenizer([languages.slice(0, 1_000_000), books.slice(0, 1_000_000)], { ...options, vocabSize: 6000 });
    const theirs = oracleOf(ours);
    let differing = 0;
    // A pipeline takes what its kind does to a text's ends: lines are texts.
    const lines = sample.flatMap((text) => text.split('\n')).filter((line) => line !== '');
    for (const line of lines) if (!same(ours.encode(line), await theirs.encode(line))) differing++;
    report(`tokenizers ${options.type}, ${megabytes(lines)}`, lines.length, differing);
  }
}

if (wanted.includes('sentencepiece')) {
  const lines = (text: string): readonly string[] =>
    wellFormed(text.slice(0, 2_000_000))
      .split(/[\r\n]+/)
      .filter((line) => line !== '' && !line.includes('\0'));
  const sample = [...lines(books), ...lines(languages)];
  const compare = async (what: string, file: Uint8Array): Promise<void> => {
    const ours = await sentencePieceFromBytes(file);
    const expected = encodeWithSentencePiece(file, sample);
    report(
      `spm_encode ${what}, ${megabytes(sample)}`,
      sample.length,
      sample.filter((line, at) => !same(ours.encode(line), expected[at] ?? [])).length,
    );
  };
  for (const type of ['unigram', 'bpe'])
    for (const rule of ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'identity'])
      for (const fallback of ['false', 'true']) {
        const flags = [
          `--model_type=${type}`,
          `--normalization_rule_name=${rule}`,
          `--byte_fallback=${fallback}`,
          '--vocab_size=6000',
          '--character_coverage=0.999',
        ];
        await compare(
          `${type}, ${rule}${fallback === 'true' ? ', byte fallback' : ''}`,
          trainWithSentencePiece(sample.slice(0, 12_000).join('\n'), flags),
        );
      }
  const llama = `${DATA}/tokenizers/llama2-tokenizer.model`;
  if (existsSync(llama)) await compare('Llama 2', new Uint8Array(readFileSync(llama)));
}
console.log(differences === 0 ? 'All the same.' : `${differences} texts differ.`);
process.exitCode = differences === 0 ? 0 : 1;
