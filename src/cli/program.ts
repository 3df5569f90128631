/** The program and its commands. Only flags are defined here; what a command needs is imported when it runs. */

import { Command } from 'commander';

import { addChat } from './commands/chat.ts';
import { addEval } from './commands/eval.ts';
import { addFinetune } from './commands/finetune.ts';
import { addGenerate } from './commands/generate.ts';
import { addKeys } from './commands/keys.ts';
import { addQuickstart } from './commands/quickstart.ts';
import { addServe } from './commands/serve.ts';
import { addSize } from './commands/size.ts';
import { addStudio } from './commands/studio.ts';
import { addTokenizer } from './commands/tokenizer.ts';
import { addTokens } from './commands/tokens.ts';
import { addTrain } from './commands/train.ts';
import { addTune } from './commands/tune.ts';
import type { CliContext } from './context.ts';

/** The program `weft` in the world of `context`; `version` is the package's. */
export function createProgram(context: CliContext, version: string): Command {
  const program = new Command('weft')
    .description('From a text file to a trained, evaluated and served language model.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the program or a command')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      // The error is thrown, too, and shown in our form.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(context.stdout.columns ?? 100, 120),
    })
    .exitOverride()
    .addHelpText('after', '\nStart with: weft quickstart');
  for (const add of [
    addQuickstart,
    addTrain,
    addTune,
    addFinetune,
    addGenerate,
    addChat,
    addEval,
    addServe,
    addKeys,
    addStudio,
    addSize,
    addTokens,
    addTokenizer,
  ])
    add(program, context);
  return program;
}
