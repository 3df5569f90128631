/** Tokens and prices of text files, model by model, and from which volume a machine of one's own is cheaper. */

import { UsageError, WeftError, checkOptions } from '../../core/index.ts';
import {
  breakEven,
  countWords,
  estimateTokens,
  hostedPrice,
  machineMonth,
  readPriceTable,
  PRICES,
  HOURS_PER_MONTH,
} from '../../cost/index.ts';
import type { LanguageMeasure, RequestPrice, SelfHostedPrice, TokenEstimate } from '../../cost/index.ts';
import { readText } from '../../data/index.ts';
import type { Document } from '../../data/index.ts';
import type { WorkflowHooks } from '../events.ts';
import { warnOfSkippedFiles } from '../skipped-files.ts';
import { type Calibration, calibratedEstimate, readCalibration } from './calibration.ts';
import { type ChosenModel, chooseModels, createEncodingShelf, isTokenizer } from './choose-models.ts';
import { jsonFromFile } from './json-from-file.ts';
import { type LanguageCutter, createLanguageCutter } from './language-parts.ts';

/** What to count; see {@link countTokens}. */
export interface CountTokensOptions {
  /** Text: files, folders or globs. All of it together is one request. */
  readonly files: readonly string[];
  /** Names of the price table, encodings, or `name=path/to/tokenizer.json`. Default all that have a price. */
  readonly models?: readonly string[];
  /** Tokens of the answer. Default 1000. */
  readonly outputTokens?: number;
  /** A `prices.json` that is laid over the built-in prices. */
  readonly prices?: string;
  /** A calibration that {@link calibrateTokens} wrote. */
  readonly calibration?: string;
  /** Field of a JSON line that holds the text. Default `text`. */
  readonly textField?: string;
}

/** One model. */
export interface TokenRow {
  readonly model: string;
  readonly provider: string | null;
  readonly tokens: number;
  /** How the tokens were estimated; null where its own tokenizer counted them. */
  readonly estimate: string | null;
  /** Null where there are no words. */
  readonly tokensPerWord: number | null;
  readonly tokensPer1000Words: number | null;
  /** Dollars; of a machine of one's own at full use. Null where no price is known. */
  readonly price: (RequestPrice & { readonly asOf: string; readonly source: string }) | null;
}

/** A machine of one's own, beside the hosted models. */
export interface MachineRow extends Pick<
  SelfHostedPrice,
  'model' | 'hardware' | 'dollarsPerHour' | 'inputTokensPerSecond' | 'outputTokensPerSecond' | 'utilisation' | 'asOf' | 'source'
> {
  readonly hoursPerMonth: number;
  readonly dollarsPerMonth: number;
  /** Requests such as this one that it can answer in a month. */
  readonly requestsPerMonth: number;
  /** From which volume a month it is cheaper; null where it never is. Tokens are those that the hosted model counts, read and written. */
  readonly cheaperThan: readonly { readonly model: string; readonly requests: number | null; readonly tokens: number | null }[];
}

/** What {@link countTokens} found. */
export interface TokenReport {
  readonly files: number;
  readonly bytes: number;
  readonly characters: number;
  readonly words: number;
  /** Shares of the words, the largest first; empty where no estimate needs them. */
  readonly languages: readonly { readonly language: string; readonly share: number }[];
  readonly outputTokens: number;
  readonly models: readonly TokenRow[];
  readonly machines: readonly MachineRow[];
}

const OPTIONS = ['files', 'models', 'outputTokens', 'prices', 'calibration', 'textField'];
/** Documents are not cut below this: a cut could part a token. */
const DOCUMENT_LENGTH = 1 << 26;

/**
 * Counts the tokens of files for models, and what reading them and writing an answer costs.
 *
 * @param options - see {@link CountTokensOptions}
 * @param hooks - `signal` stops it; `onEvent` hears of files that were left out
 * @returns rows in the order of `models`; a file without text has no tokens
 * @throws UsageError `WEFT_COST_MODEL` for an unknown model, `WEFT_COST_OPTION` for outputTokens out of range; FormatError
 *   `WEFT_COST_PRICES` and `WEFT_COST_CALIBRATION` for files that are neither; and what reading text and tokenizers throws
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { countTokens } from 'weft/workflows';
 *
 * const file = join(await mkdtemp(join(tmpdir(), 'weft-')), 'a.txt');
 * await writeFile(file, 'The quick brown fox jumps over the lazy dog.');
 * const { words, models } = await countTokens({ files: [file], models: ['gpt-4o'] });
 * console.log(words, models[0]?.tokens, models[0]?.estimate); // 9 10 null
 * ```
 */
export async function countTokens(options: CountTokensOptions, { onEvent, signal }: WorkflowHooks = {}): Promise<TokenReport> {
  checkOptions('count tokens', options, OPTIONS);
  const { files, models: asked, outputTokens = 1000, prices: pricesFile, calibration: calibrationFile, textField } = options;
  if (!Number.isSafeInteger(outputTokens) || outputTokens < 0) throw wrongOutput(outputTokens);
  const prices =
    pricesFile === undefined
      ? PRICES
      : readPriceTable(await jsonFromFile(pricesFile, { code: 'WEFT_COST_PRICES', what: 'prices' }), { origin: pricesFile });
  const calibration =
    calibrationFile === undefined
      ? undefined
      : readCalibration(await jsonFromFile(calibrationFile, { code: 'WEFT_COST_CALIBRATION', what: 'calibration' }), calibrationFile);
  const shelf = createEncodingShelf();
  const models = (await chooseModels(asked, prices, shelf)).map((chosen) => withCalibration(chosen, calibration));
  const counters: Counter[] = [];
  for (const { counts } of models) {
    if (isTokenizer(counts)) {
      if (!counters.some(({ key }) => key === counts)) counters.push({ key: counts, count: (text) => counts.count(text), tokens: 0 });
    } else if ('like' in counts && !counters.some(({ key }) => key === counts.like)) {
      const base = await shelf.get(counts.like);
      counters.push({ key: counts.like, count: (text) => base.count(text), tokens: 0, parts: new Map() });
    }
  }
  const languagesMatter = models.some(({ counts }) => !isTokenizer(counts) && 'like' in counts && Object.keys(counts.factors).length > 1);
  const cut = languagesMatter ? await createLanguageCutter() : undefined;
  const text = { files: new Set<string>(), bytes: 0, characters: 0, words: 0, languages: new Map<string, number>() };
  const corpus = readText([...files], {
    keepDuplicates: true,
    documentLength: DOCUMENT_LENGTH,
    ...(textField === undefined ? {} : { textField }),
  });
  for await (const document of withoutText(corpus)) {
    signal?.throwIfAborted();
    text.files.add(document.origin.replace(/[:#]\d+$/, ''));
    text.bytes += document.bytes;
    text.characters += codePoints(document.text);
    for (const counter of counters) counter.tokens += counter.count(document.text);
    if (cut === undefined) text.words += countWords(document.text);
    else measureLanguages(document, { cut, counters, text });
  }
  warnOfSkippedFiles(corpus, onEvent);

  const rows = models.map((chosen): Row => {
    const tokens = tokensOf(chosen, counters, text.characters);
    return { chosen, tokens, request: { inputTokens: tokens, outputTokens } };
  });
  return {
    files: text.files.size,
    bytes: text.bytes,
    characters: text.characters,
    words: text.words,
    languages: [...text.languages]
      .map(([language, words]) => ({ language, share: text.words === 0 ? 0 : words / text.words }))
      .sort((a, b) => b.share - a.share),
    outputTokens,
    models: rows.map((row) => tokenRow(row, text.words)),
    machines: rows.flatMap((row) => machineRows(row, rows)),
  };
}

interface Counter {
  /** The tokenizer, or the encoding that estimates name. */
  readonly key: unknown;
  readonly count: (text: string) => number;
  tokens: number;
  /** Tokens and characters by language. */
  readonly parts?: Map<string, { tokens: number; characters: number }>;
}

interface Row {
  readonly chosen: ChosenModel;
  readonly tokens: number;
  readonly request: { readonly inputTokens: number; readonly outputTokens: number };
}

function measureLanguages(
  document: Document,
  { cut, counters, text }: { cut: LanguageCutter; counters: readonly Counter[]; text: { words: number; languages: Map<string, number> } },
): void {
  for (const { language, text: part } of cut(document)) {
    const words = countWords(part);
    text.words += words;
    text.languages.set(language, (text.languages.get(language) ?? 0) + words);
    for (const { parts, count } of counters) {
      if (parts === undefined) continue;
      const before = parts.get(language) ?? { tokens: 0, characters: 0 };
      parts.set(language, { tokens: before.tokens + count(part), characters: before.characters + part.length });
    }
  }
}

function tokensOf({ counts }: ChosenModel, counters: readonly Counter[], characters: number): number {
  if (isTokenizer(counts)) return counters.find(({ key }) => key === counts)?.tokens ?? 0;
  if (!('like' in counts)) return estimateTokens(counts, [{ language: 'und', tokens: 0, characters }]);
  const base = counters.find(({ key }) => key === counts.like);
  const parts = [...(base?.parts ?? [])].map(([language, part]): LanguageMeasure => ({ language, ...part }));
  const sum = parts.reduce((total, { tokens }) => total + tokens, 0);
  if (base === undefined || sum === 0) return estimateTokens(counts, [{ language: 'und', tokens: base?.tokens ?? 0, characters }]);
  // Cut into paragraphs the text has a few tokens more than as a whole: their shares count, not their sum.
  return estimateTokens(
    counts,
    parts.map((part) => ({ ...part, tokens: (part.tokens / sum) * base.tokens })),
  );
}

function withCalibration(chosen: ChosenModel, calibration: Calibration | undefined): ChosenModel {
  if (calibration === undefined || isTokenizer(chosen.counts)) return chosen;
  return { ...chosen, counts: calibratedEstimate(calibration, chosen.model) ?? chosen.counts };
}

function tokenRow({ chosen, tokens, request }: Row, words: number): TokenRow {
  const { model, hosted, selfHosted, counts } = chosen;
  const price =
    hosted === undefined
      ? selfHosted === undefined
        ? undefined
        : machineMonth(selfHosted, request).perRequest
      : hostedPrice(hosted, request);
  const entry = hosted ?? selfHosted;
  return {
    model,
    provider: hosted?.provider ?? selfHosted?.hardware ?? null,
    tokens,
    estimate: isTokenizer(counts) ? null : estimateText(counts),
    tokensPerWord: words === 0 ? null : tokens / words,
    tokensPer1000Words: words === 0 ? null : (1000 * tokens) / words,
    price: price === undefined || entry === undefined ? null : { ...price, asOf: entry.asOf, source: entry.source },
  };
}

/** How an estimate was made, in words. */
function estimateText(estimate: TokenEstimate): string {
  if (!('like' in estimate)) return `${estimate.charactersPerToken} characters a token (${estimate.source})`;
  const factors = Object.entries(estimate.factors).map(
    ([language, factor]) => `${language === 'default' ? '' : `${language} `}${Number(factor.toFixed(3))}`,
  );
  return `${estimate.like} × ${factors.join(', ')} (${estimate.source})`;
}

function machineRows({ chosen: { selfHosted }, request }: Row, rows: readonly Row[]): MachineRow[] {
  if (selfHosted === undefined) return [];
  const { tokenizer: _, ...machine } = selfHosted;
  const month = machineMonth(selfHosted, request);
  return [
    {
      ...machine,
      hoursPerMonth: HOURS_PER_MONTH,
      dollarsPerMonth: month.dollars,
      requestsPerMonth: Math.floor(month.requests),
      cheaperThan: rows.flatMap(({ chosen: { model, hosted }, request: other }) => {
        if (hosted === undefined) return [];
        const requests = breakEven(hostedPrice(hosted, other).total, month) ?? null;
        return [{ model, requests, tokens: requests === null ? null : requests * (other.inputTokens + other.outputTokens) }];
      }),
    },
  ];
}

/** The documents; none where the files are empty, which is no error of who counts. */
async function* withoutText(corpus: AsyncIterable<Document>): AsyncGenerator<Document> {
  try {
    yield* corpus;
  } catch (error) {
    // Its details are the files that were left out as they are no text.
    if (!(error instanceof WeftError) || error.code !== 'WEFT_DATA_EMPTY' || error.details.length > 0) throw error;
  }
}

function codePoints(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    const isPair = (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
    if (isPair) count--;
  }
  return count;
}

function wrongOutput(value: number): UsageError {
  return new UsageError({
    code: 'WEFT_COST_OPTION',
    action: 'count tokens',
    rule: 'outputTokens is an integer from 0',
    value: String(value),
    remedy: 'Correct it, or leave it out.',
  });
}
