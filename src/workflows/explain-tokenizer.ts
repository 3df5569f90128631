/** A tokenizer explained: one that is loaded, or one that is trained on a little text for the purpose. */

import { stat } from 'node:fs/promises';

import { UsageError, checkOptions } from '../core/index.ts';
import { readText } from '../data/index.ts';
import { explainEncoding, explainTraining, loadEncoding, loadTokenizer } from '../tokenizers/index.ts';
import type { EncodingExplanation, ExplainTrainingOptions, TokenizerType, TrainingExplanation } from '../tokenizers/index.ts';
import { encodingName } from './encoding-name.ts';

/** What to explain; see {@link explainTokenizer}. */
export interface ExplainTokenizerOptions extends Omit<ExplainTrainingOptions, 'encode'> {
  /** A `tokenizer.json`, a folder that has one, or an encoding that is built in; without it a tokenizer is trained. */
  readonly tokenizer?: string;
  /** What to train on: a file, or else the text itself. Default the text that is encoded. */
  readonly train?: string;
}

/** How the tokenizer was trained, where it was, and how the text is encoded. */
export interface TokenizerExplanation {
  readonly training: TrainingExplanation | null;
  readonly encoding: EncodingExplanation;
}

const TRAINING_OPTIONS = ['merges', 'vocabSize', 'marking', 'unit', 'rule'] as const;
/** Characters of a file that is trained on. */
const TRAINING_LENGTH = 20_000;

/**
 * Explains, step by step, how a tokenizer gets from a text to ids; without a tokenizer, first how one is trained.
 *
 * @param text - the text to encode
 * @param options - see {@link ExplainTokenizerOptions}
 * @throws what `explainTraining`, `explainEncoding` and `loadTokenizer` throw; UsageError `WEFT_TOKENIZER_OPTION` when a tokenizer is
 *   given and something to train, or a type that it is not
 *
 * @example
 * ```ts
 * import { explainTokenizer } from 'weft/workflows';
 *
 * const { training, encoding } = await explainTokenizer('lower', { train: 'low lower lowest', merges: 3 });
 * console.log(training?.vocabSize, encoding.tokens.map(({ token }) => token)); // 10 [ 'lowe', 'r' ]
 * ```
 */
export async function explainTokenizer(text: string, options: ExplainTokenizerOptions = {}): Promise<TokenizerExplanation> {
  checkOptions('explain a tokenizer', options, ['tokenizer', 'train', 'type', ...TRAINING_OPTIONS]);
  const { tokenizer: path, train = text, ...training } = options;
  if (path === undefined) {
    const { encoding, ...told } = await explainTraining([await trainingText(train)], { ...training, encode: text });
    if (encoding === undefined) throw new TypeError('the text was asked to be encoded');
    return { training: told, encoding };
  }
  const beside = ['train', ...TRAINING_OPTIONS].find((name) => Object.hasOwn(options, name));
  if (beside !== undefined)
    throw wrongOption('a tokenizer that is loaded is not trained', beside, 'Leave it out, or leave the tokenizer out.');
  const name = encodingName(path);
  const tokenizer = name === undefined || (await exists(path)) ? await loadTokenizer(path) : await loadEncoding(name);
  const encoding = await explainEncoding(tokenizer, text);
  checkType(options.type, encoding.type);
  return { training: null, encoding };
}

async function trainingText(given: string): Promise<string> {
  if (!(await isFile(given))) return given;
  for await (const { text } of readText(given, { documentLength: TRAINING_LENGTH })) return text.slice(0, TRAINING_LENGTH);
  return '';
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function checkType(asked: TokenizerType | undefined, found: TokenizerType): void {
  if (asked === undefined || asked === found) return;
  throw wrongOption(`the tokenizer is of type ${found}`, asked, 'Leave the type out: the tokenizer knows it.');
}

function wrongOption(rule: string, value: string, remedy: string): UsageError {
  return new UsageError({ code: 'WEFT_TOKENIZER_OPTION', action: 'explain a tokenizer', rule, value, remedy });
}
