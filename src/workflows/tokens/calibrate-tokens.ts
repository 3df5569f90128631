/** Measures tokens per word on the user's own text, language by language. */

import { UsageError, checkOptions, writeFileAtomic } from '../../core/index.ts';
import { PRICES, countWords } from '../../cost/index.ts';
import { readText } from '../../data/index.ts';
import type { WorkflowHooks } from '../events.ts';
import { warnOfSkippedFiles } from '../skipped-files.ts';
import { BASE, type Calibration, type CalibratedLanguage } from './calibration.ts';
import { chooseModels, createEncodingShelf, isTokenizer } from './choose-models.ts';
import { createLanguageCutter } from './language-parts.ts';

/** What to measure; see {@link calibrateTokens}. */
export interface CalibrateOptions {
  /** Text: files, folders or globs. */
  readonly files: readonly string[];
  /** Encodings, or `name=path/to/tokenizer.json`. Default `o200k_base` and `cl100k_base`. */
  readonly models?: readonly string[];
  /** Field of a JSON line that holds the text. Default `text`. */
  readonly textField?: string;
  /** File to write the calibration to. */
  readonly out?: string;
  /** The time that the calibration carries, in milliseconds since 1970. */
  readonly now: number;
}

/**
 * Measures how many tokens a word has, by language, for tokenizers that are at hand, beside `o200k_base`.
 *
 * @param options - see {@link CalibrateOptions}
 * @param hooks - `signal` stops it; `onEvent` hears of files that were left out
 * @throws UsageError `WEFT_COST_MODEL` for a model that has no tokenizer at hand, and what reading text throws
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { calibrateTokens } from 'weft/workflows';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'weft-'));
 * await writeFile(join(folder, 'a.txt'), 'The quick brown fox jumps over the lazy dog.');
 * const { languages } = await calibrateTokens({ files: [folder], now: 0 });
 * console.log(languages.map(({ language, words, tokens }) => [language, words, tokens['o200k_base']])); // [ [ 'en', 9, 10 ] ]
 * ```
 */
export async function calibrateTokens(options: CalibrateOptions, { onEvent, signal }: WorkflowHooks = {}): Promise<Calibration> {
  checkOptions('calibrate', options, ['files', 'models', 'textField', 'out', 'now']);
  const { files, models = ['o200k_base', 'cl100k_base'], textField, out, now } = options;
  const shelf = createEncodingShelf();
  const base = await shelf.get(BASE);
  const counters = [{ model: BASE, count: (text: string) => base.count(text) }];
  for (const { model, counts } of await chooseModels(models, PRICES, shelf)) {
    if (!isTokenizer(counts)) throw withoutTokenizer(model);
    if (model !== BASE) counters.push({ model, count: (text) => counts.count(text) });
  }
  const cut = await createLanguageCutter();
  const found = new Map<string, { words: number; characters: number; tokens: Map<string, number> }>();
  const corpus = readText([...files], { keepDuplicates: true, ...(textField === undefined ? {} : { textField }) });
  for await (const document of corpus) {
    for (const { language, text } of cut(document)) {
      signal?.throwIfAborted();
      const part = found.get(language) ?? { words: 0, characters: 0, tokens: new Map<string, number>() };
      part.words += countWords(text);
      part.characters += text.length;
      for (const { model, count } of counters) part.tokens.set(model, (part.tokens.get(model) ?? 0) + count(text));
      found.set(language, part);
    }
  }
  warnOfSkippedFiles(corpus, onEvent);
  const languages = [...found]
    .map(([language, { words, characters, tokens }]): CalibratedLanguage => ({
      language,
      words,
      characters,
      tokens: Object.fromEntries(tokens),
    }))
    .sort((a, b) => b.words - a.words);
  const calibration: Calibration = {
    kind: 'weft-calibration',
    madeAt: new Date(now).toISOString(),
    files: [...files],
    base: BASE,
    languages,
  };
  if (out !== undefined) await writeFileAtomic(out, `${JSON.stringify(calibration, null, 2)}\n`);
  return calibration;
}

function withoutTokenizer(model: string): UsageError {
  return new UsageError({
    code: 'WEFT_COST_MODEL',
    action: 'calibrate',
    rule: 'its tokens can only be estimated',
    value: model,
    remedy: `Give a tokenizer that is like it: ${model}=path/to/tokenizer.json.`,
  });
}
