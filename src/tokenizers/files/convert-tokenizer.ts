/** From one format to another: what is to be written is read again and compared before anything is written. */

import { UsageError, WeftError, checkOptions, writeFileAtomic } from '../../core/index.ts';
import type { TokenizerJson } from '../json/tokenizer-json.ts';
import { type Splitting, splittingOf } from '../splitting/splittings.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { SAMPLE } from './conversion-sample.ts';
import { type LoadTokenizerOptions, loadNamedFile, loadTokenizer } from './load-tokenizer.ts';
import { contentsOf } from './save-tokenizer.ts';
import { FILE_OPTIONS, type TokenizerFileOptions } from './tokenizer-from-bytes.ts';

/** What to convert; see {@link convertTokenizer}. */
export interface ConvertTokenizerOptions extends LoadTokenizerOptions {
  /** Texts to compare, besides those that are always compared. */
  readonly sample?: readonly string[];
}

/** What was converted. */
export interface Conversion {
  /** The files that were written. */
  readonly files: readonly string[];
  /** Texts that were compared, and their ids in all. */
  readonly texts: number;
  readonly ids: number;
  /** The first text whose ids are decoded to another text, if there is one: formats differ in what stands for an unknown token. */
  readonly decodedOtherwise: { readonly before: string; readonly after: string } | undefined;
  /** What the files don't say, so that whoever loads them must: names of options of `loadTokenizer`. */
  readonly toBeGiven: TokenizerFileOptions;
}

/**
 * Converts a tokenizer to another format, if the files give the same ids.
 *
 * @param from - whatever `loadTokenizer` takes
 * @param to - where `saveTokenizer` is to write: its name says which format
 * @param options - what the source doesn't say, and texts to compare
 * @throws UsageError `WEFT_TOKENIZER_CONVERT` when the files would give other ids, and then nothing is written; else what
 *   `loadTokenizer` and `saveTokenizer` throw
 *
 * @example
 * ```ts
 * import { mkdtemp } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { convertTokenizer } from 'weft/tokenizers';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * const { toBeGiven } = await convertTokenizer('r50k_base', join(folder, 'gpt2.tiktoken'));
 * console.log(toBeGiven.splitting); // gpt2
 * ```
 */
export async function convertTokenizer(from: string, to: string, options: ConvertTokenizerOptions = {}): Promise<Conversion> {
  checkOptions('convert a tokenizer', options, ['sample', 'hub', ...FILE_OPTIONS]);
  const { sample = [], ...loading } = options;
  const source = await loadTokenizer(from, loading);
  const files = await contentsOf(to, source);
  const toBeGiven = lacking(to, source.toJSON());
  const copy = await readAgain(files, to, toBeGiven);
  compareVocabularies(source, copy, to);
  const texts = [...SAMPLE, ...sample];
  let ids = 0;
  let decodedOtherwise: Conversion['decodedOtherwise'];
  for (const text of texts) {
    for (const same of compareIds(text, source, { copy, to })) {
      ids += same.length;
      const [before, after] = [source.decode(same), copy.decode(same)];
      if (before !== after) decodedOtherwise ??= { before, after };
    }
  }
  for (const { path, content } of files) await writeFileAtomic(path, content);
  return { files: files.map(({ path }) => path), texts: texts.length, ids, decodedOtherwise, toBeGiven };
}

/** What the format at `to` has no place for. */
function lacking(to: string, json: TokenizerJson): TokenizerFileOptions {
  if (to.endsWith('.tiktoken')) {
    const splitting = namedSplitting(json);
    if (splitting === undefined) throw differs(to, 'the file does not say how text is split, and this way has no name here', 'its pattern');
    return { splitting, specialTokens: Object.fromEntries(json.added_tokens.map(({ content, id }) => [content, id])) };
  }
  if (/(?:^|[/\\])vocab\.txt$/.test(to) && json.normalizer?.type === 'BertNormalizer') return { lowercase: json.normalizer.lowercase };
  return {};
}

function namedSplitting({ pre_tokenizer: step }: TokenizerJson): Splitting | undefined {
  if (step?.type === 'ByteLevel') return step.use_regex && !step.add_prefix_space ? 'gpt2' : undefined;
  const [first, second] = step?.type === 'Sequence' ? step.pretokenizers : [];
  if (first?.type !== 'Split' || second?.type !== 'ByteLevel' || !('Regex' in first.pattern)) return undefined;
  return splittingOf(first.pattern.Regex);
}

/** The tokenizer of files that are not written yet; nothing else stands beside them. */
function readAgain(
  files: readonly { readonly path: string; readonly content: string | Uint8Array }[],
  to: string,
  options: TokenizerFileOptions,
): Promise<Tokenizer> {
  const nameOf = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const contents = new Map(
    files.map(({ path, content }) => [nameOf(path), typeof content === 'string' ? new TextEncoder().encode(content) : content]),
  );
  const [name = ''] = contents.keys();
  return loadNamedFile(name, to, async (each) => contents.get(each), options);
}

function compareVocabularies(source: Tokenizer, copy: Tokenizer, to: string): void {
  if (copy.vocabSize !== source.vocabSize) throw differs(to, `the file would have ${copy.vocabSize} ids`, `${source.vocabSize} ids`);
  for (const [token, id] of source.specialTokens) {
    if (copy.specialTokens.get(token) === id) continue;
    throw differs(to, `${token} would be ${copy.specialTokens.get(token) ?? 'no special token'}`, String(id));
  }
}

/** The ids of a text, which are the same with both: special tokens as text, and as tokens. */
function compareIds(text: string, source: Tokenizer, { copy, to }: { readonly copy: Tokenizer; readonly to: string }): Uint32Array[] {
  return (['text', 'allow'] as const).flatMap((specialTokens) => {
    const [theirs, ours] = [source, copy].map((each) => attempt(() => each.encode(text, { specialTokens })));
    if (theirs?.join(' ') === ours?.join(' ')) return theirs ?? [];
    throw differs(to, `${JSON.stringify(text.slice(0, 60))} would be ${excerpt(ours)}`, excerpt(theirs));
  });
}

/** What `encode` gives; undefined where a text can't be encoded, which must be so with both. */
function attempt(encode: () => Uint32Array): Uint32Array | undefined {
  try {
    return encode();
  } catch (error) {
    if (error instanceof WeftError) return undefined;
    throw error;
  }
}

function excerpt(ids: Uint32Array | undefined): string {
  if (ids === undefined) return 'an error';
  const text = ids.join(' ');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function differs(to: string, rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_CONVERT',
    action: `convert the tokenizer to ${to}`,
    rule,
    value: `instead of ${value}`,
    remedy: to.endsWith('.json')
      ? 'Keep the format that it has; nothing was written.'
      : 'Convert it to tokenizer.json, which holds every tokenizer; nothing was written.',
  });
}
