/** `weft tokenizer`: train one, and look at what it does to a text. */

import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import type { TokenizerType } from '../../tokenizers/index.ts';
import { printJson, printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { oneOf, wholeNumber } from '../flag-values.ts';
import { SOURCE_HELP, loadSource, splittingFlag } from '../load-source.ts';
import { readAll, untilStop } from '../read-input.ts';
import { printable } from '../terminal/printable.ts';
import { createStyle } from '../terminal/style.ts';
import { addConvert } from './tokenizer-convert.ts';
import { addTrain } from './tokenizer-train.ts';

/** Adds the commands to the program. */
export function addTokenizer(program: Command, context: CliContext): void {
  const tokenizer = program
    .command('tokenizer')
    .helpCommand(false)
    .summary('train a tokenizer, encode, decode, explain, convert')
    .description('Trains tokenizers, and shows what they do to a text.');
  addTrain(tokenizer, context);
  addEncode(tokenizer, context);
  addDecode(tokenizer, context);
  addExplain(tokenizer, context);
  addConvert(tokenizer, context);
}

const SPLITTING_HELP = 'how text is split, for a .tiktoken that does not tell: gpt2, gpt4, o200k, qwen2';

interface CodeFlags {
  readonly tokenizer: string;
  readonly splitting?: 'gpt2' | 'gpt4' | 'o200k' | 'qwen2';
  readonly special?: true;
  readonly json?: true;
}

function addEncode(tokenizer: Command, context: CliContext): void {
  tokenizer
    .command('encode')
    .summary('text to token ids')
    .description('Prints the token ids of a text, one line; with --json each token beside its bytes as text.')
    .argument('[TEXT]', 'text; without it the standard input is read')
    .requiredOption('-t, --tokenizer <path>', SOURCE_HELP)
    .option('--splitting <name>', SPLITTING_HELP, splittingFlag)
    .option('--special', 'read the spelling of special tokens as special tokens')
    .option('--json', 'print one JSON object')
    .action(async (text: string | undefined, { tokenizer: path, splitting, special, json }: CodeFlags) => {
      const loaded = await loadSource(path, context, splitting === undefined ? {} : { splitting });
      const input = text ?? (await readAll(untilStop(context.stdin, context.signal)));
      const ids = loaded.encode(input, { specialTokens: special === true ? 'allow' : 'text' });
      if (json !== true) return printLine(context, ids.join(' '));
      const tokens = Array.from(ids, (id) => new TextDecoder().decode(loaded.tokenBytes(id)));
      printJson(context, { text: input, bytes: new TextEncoder().encode(input).length, count: ids.length, ids: [...ids], tokens });
    });
}

function addDecode(tokenizer: Command, context: CliContext): void {
  tokenizer
    .command('decode')
    .summary('token ids to text')
    .description('Prints the text of token ids.')
    .argument('[IDS...]', 'token ids; without them the standard input is read')
    .requiredOption('-t, --tokenizer <path>', SOURCE_HELP)
    .option('--splitting <name>', SPLITTING_HELP, splittingFlag)
    .option('--json', 'print one JSON object')
    .action(async (words: readonly string[], { tokenizer: path, splitting, json }: CodeFlags) => {
      const loaded = await loadSource(path, context, splitting === undefined ? {} : { splitting });
      const all =
        words.length > 0 ? words : (await readAll(untilStop(context.stdin, context.signal))).split(/[\s,]+/).filter((word) => word !== '');
      const ids = all.map((word) => tokenId(word, loaded.vocabSize));
      const text = loaded.decode(ids);
      if (json === true) printJson(context, { ids, text });
      else context.stdout.write(context.stdout.isTTY === true ? `${printable(text)}\n` : text);
    });
}

function tokenId(word: string, vocabSize: number): number {
  const id = /^\d+$/.test(word) ? Number(word) : Number.NaN;
  if (id < vocabSize) return id;
  throw new UsageError({
    code: 'WEFT_ARGUMENT',
    action: 'decode tokens',
    rule: `token ids are whole numbers from 0 to ${vocabSize - 1}`,
    value: word,
    remedy: 'Give the ids that weft tokenizer encode printed.',
  });
}

interface ExplainFlags {
  readonly tokenizer?: string;
  readonly type?: TokenizerType;
  readonly train?: string;
  readonly merges?: number;
  readonly vocabSize?: number;
  readonly marking?: 'none' | 'space' | 'end';
  readonly bytes?: true;
  readonly rule?: 'count' | 'likelihood';
  readonly json?: true;
}

const TYPES = ['bpe', 'unigram', 'wordpiece', 'words', 'characters'] as const;

function addExplain(tokenizer: Command, context: CliContext): void {
  tokenizer
    .command('explain')
    .summary('how a text becomes ids, step by step')
    .description(
      'Shows step by step how a tokenizer gets from a text to ids. With -t for that tokenizer; without, for one that is trained on the text, or on --train, and the training is shown too.',
    )
    .argument('[TEXT]', 'text; without it the standard input is read')
    .option('--type <name>', `${TYPES.join(', ')} (default: bpe)`, oneOf('--type', TYPES))
    .option('-t, --tokenizer <path>', SOURCE_HELP)
    .option('--train <text|file>', 'what to train on (default: the text)')
    .option('--merges <n>', 'tokens to learn besides the characters (default: 10)', wholeNumber('--merges', { min: 0, max: 500 }))
    .option('--vocab-size <n>', 'tokens in all, instead of --merges', wholeNumber('--vocab-size', { min: 1 }))
    .option(
      '--marking <name>',
      'how a word keeps the space before it: none, space (▁) or end (</w>)',
      oneOf('--marking', ['none', 'space', 'end']),
    )
    .option('--bytes', 'merge bytes, not characters')
    .option(
      '--rule <name>',
      'which pair is merged: count or likelihood, the score of WordPiece (default: count)',
      oneOf('--rule', ['count', 'likelihood']),
    )
    .option('--json', 'print one JSON object')
    .action(async (text: string | undefined, { json, bytes, ...options }: ExplainFlags) => {
      const { explainTokenizer } = await import('../../workflows/index.ts');
      const input = text ?? (await readAll(untilStop(context.stdin, context.signal)));
      const told = await explainTokenizer(input, { ...options, ...(bytes === true ? { unit: 'bytes' as const } : {}) });
      if (json === true) return printJson(context, told);
      const { encodingLines } = await import('../terminal/explanation-lines.ts');
      const { trainingLines } = await import('../terminal/training-lines.ts');
      const page = {
        style: createStyle(context.stdout.isTTY === true, context.env),
        width: Math.min(context.stdout.columns ?? 100, 120),
      };
      const lines = [...(told.training === null ? [] : trainingLines(told.training, page)), ...encodingLines(told.encoding, page)];
      printLine(context, lines.join('\n'));
    });
}
