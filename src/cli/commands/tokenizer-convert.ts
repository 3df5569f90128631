/** `weft tokenizer convert`: a tokenizer in another format, with the same ids. */

import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import { type CliContext, printJson, printLine } from '../context.ts';
import { SOURCE_HELP, hubOptions, splittingFlag } from '../load-source.ts';
import { printable } from '../terminal/printable.ts';

interface ConvertFlags {
  readonly splitting?: 'gpt2' | 'gpt4' | 'o200k' | 'qwen2';
  readonly cased?: true;
  readonly sample?: string;
  readonly json?: true;
}

/** Adds the command. */
export function addConvert(tokenizer: Command, context: CliContext): void {
  tokenizer
    .command('convert')
    .summary('write a tokenizer in another format')
    .description(
      'Writes a tokenizer in another format, if that gives the same ids on texts of many kinds; if not, says where they differ and writes nothing.',
    )
    .argument('<FROM>', SOURCE_HELP)
    .argument('<TO>', 'a .json, .model, .tiktoken, vocab.txt or vocab.json to write, or a folder for tokenizer.json')
    .option(
      '--splitting <name>',
      'how FROM splits text, where it is a .tiktoken that does not tell: gpt2, gpt4, o200k, qwen2',
      splittingFlag,
    )
    .option('--cased', 'FROM is a vocab.txt whose texts keep their upper case')
    .option('--sample <path>', 'a text file whose lines are compared too')
    .option('--json', 'print one JSON object')
    .action(async (from: string, to: string, { splitting, cased, sample, json }: ConvertFlags) => {
      const { convertTokenizer } = await import('../../tokenizers/index.ts');
      const conversion = await convertTokenizer(from, to, {
        hub: hubOptions(context),
        ...(splitting === undefined ? {} : { splitting }),
        ...(cased === undefined ? {} : { lowercase: false }),
        ...(sample === undefined ? {} : { sample: await readLines(sample) }),
      });
      if (json === true) return printJson(context, { from, ...conversion });
      printLine(context, `Wrote ${conversion.files.join(' and ')}: ${conversion.texts} texts have the same ${conversion.ids} ids`);
      const { decodedOtherwise: decoded } = conversion;
      if (decoded !== undefined) {
        printLine(
          context,
          printable(`Ids are decoded otherwise: ${JSON.stringify(decoded.after)} instead of ${JSON.stringify(decoded.before)}`),
        );
      }
      const { splitting: lost, specialTokens = {}, lowercase } = conversion.toBeGiven;
      if (lost !== undefined)
        printLine(
          context,
          `The file does not say how text is split (${lost}) nor its ${Object.keys(specialTokens).length} special tokens: whoever loads it must.`,
        );
      if (lowercase === false) printLine(context, 'The file does not say that upper case is kept: whoever loads it must.');
    });
}

async function readLines(path: string): Promise<readonly string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n');
  } catch (error) {
    throw new UsageError({
      code: 'WEFT_ARGUMENT',
      action: `read the sample ${path}`,
      rule: 'the file cannot be opened',
      value: (error as NodeJS.ErrnoException).code ?? String(error),
      remedy: 'Give the path of a text file.',
      cause: error,
    });
  }
}
