/** `weft tokenizer train`: a tokenizer from files. */

import type { Command } from 'commander';

import { type CliContext, printJson } from '../context.ts';
import { decimalNumber, oneOf, repeated, wholeNumber } from '../flag-values.ts';
import { TOKENIZER_TYPES } from '../tokenizer-types.ts';

const SPLITTINGS = ['gpt2', 'gpt4', 'o200k', 'qwen2'] as const;
const NORMALIZATIONS = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf', 'identity'] as const;
const MARKINGS = ['metaspace', 'end-of-word'] as const;

/** Flags whose values are lists, and the options that they become. */
const LISTS = { specialToken: 'specialTokens', controlSymbol: 'controlSymbols', userDefinedSymbol: 'userDefinedSymbols' } as const;

interface TrainFlags {
  readonly out: string;
  readonly textField?: string;
  readonly json?: true;
}

/** Adds the command. */
export function addTrain(tokenizer: Command, context: CliContext): void {
  tokenizer
    .command('train')
    .summary('train a tokenizer on text')
    .description(
      'Trains a tokenizer on text and saves it: as tokenizer.json in the Hugging Face schema, or, if --out ends in .model, as a SentencePiece model. Flags that a type does not have are errors.',
    )
    .argument('<FILES...>', 'files, folders or globs of text')
    .requiredOption('--out <path>', 'folder, .json or .model file to save to')
    .option('--text-field <name>', 'the field of a JSON line that holds the text (default: text)')
    .option('--type <name>', `${TOKENIZER_TYPES.join(', ')} (default: bpe)`, oneOf('--type', TOKENIZER_TYPES))
    .option('--vocab-size <n>', 'tokens in all, special ones included', wholeNumber('--vocab-size', { min: 1 }))
    .option('--min-frequency <n>', 'what occurs less often gets no token', wholeNumber('--min-frequency', { min: 1 }))
    .option('--special-token <text>', 'a special token; may be given several times', repeated)
    .option('--splitting <name>', `bpe: how text is cut before merging: ${SPLITTINGS.join(', ')}`, oneOf('--splitting', SPLITTINGS))
    .option('--pattern <regex>', 'bpe: a regular expression instead of a splitting; each match, and what stands between two, is a piece')
    .option('--marking <name>', `character-bpe: what marks words: ${MARKINGS.join(', ')}`, oneOf('--marking', MARKINGS))
    .option('--alphabet-limit <n>', 'character-bpe, wordpiece: characters at most', wholeNumber('--alphabet-limit', { min: 1 }))
    .option('--unknown-token <text>', 'words, character-bpe, wordpiece: the special token for what is unknown')
    .option('--lowercase', 'words, character-bpe, wordpiece: make text lower case')
    .option('--no-lowercase', 'wordpiece: leave case and accents')
    .option('--continuing-prefix <text>', 'wordpiece: what marks tokens inside a word (default: ##)')
    .option('--normalization <name>', `SentencePiece: ${NORMALIZATIONS.join(', ')}`, oneOf('--normalization', NORMALIZATIONS))
    .option(
      '--character-coverage <share>',
      'SentencePiece: share of the characters that get a token',
      decimalNumber('--character-coverage'),
    )
    .option('--byte-fallback', 'SentencePiece: unknown characters become bytes')
    .option('--control-symbol <text>', 'SentencePiece: a special token; may be given several times', repeated)
    .option('--user-defined-symbol <text>', 'SentencePiece: a token found in every text; may be given several times', repeated)
    .option('--no-dummy-prefix', 'SentencePiece: put no space before a text')
    .option('--no-remove-extra-whitespaces', 'SentencePiece: keep all spaces')
    .option('--max-piece-length <n>', 'SentencePiece: characters of a token at most', wholeNumber('--max-piece-length', { min: 1 }))
    .option('--no-split-by-script', 'SentencePiece: tokens may mix scripts')
    .option('--no-split-by-number', 'SentencePiece: tokens may mix digits and letters')
    .option('--split-digits', 'SentencePiece: every digit is a token')
    .option('--seed-size <n>', 'unigram: tokens to begin with', wholeNumber('--seed-size', { min: 1 }))
    .option('--shrinking-factor <share>', 'unigram: share of the tokens that a pruning leaves', decimalNumber('--shrinking-factor'))
    .option('--sub-iterations <n>', 'unigram: iterations between prunings', wholeNumber('--sub-iterations', { min: 1 }))
    .option('--seed <n>', 'chooses which rare words are forgotten when memory is full', wholeNumber('--seed', { min: 0 }))
    .option('--json', 'print one JSON object')
    .action(async (files: readonly string[], { out, textField, json }: TrainFlags, command: Command) => {
      const { trainTokenizerRun } = await import('../../workflows/index.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      const view = renderEvents(json === true ? context.stderr : context.stdout, context);
      let result;
      try {
        result = await trainTokenizerRun(
          { files, out, ...(textField === undefined ? {} : { textField }), training: trainingOf(command) },
          { onEvent: view.show, signal: context.signal },
        );
      } finally {
        view.end();
      }
      if (json === true) printJson(context, result);
    });
}

/** The options of training that were given; `trainTokenizer` checks whether they go together. */
function trainingOf(command: Command): object {
  const given = Object.entries(command.opts()).filter(
    ([name]) => !['out', 'textField', 'json'].includes(name) && command.getOptionValueSource(name) === 'cli',
  );
  return Object.fromEntries(given.map(([name, value]) => [LISTS[name as keyof typeof LISTS] ?? name, value as unknown]));
}
