/** `weft chat`: talk to a model in the terminal. */

import type { Command } from 'commander';

import { printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { readLines, untilStop } from '../read-input.ts';
import { addSamplingFlags, samplingOptions } from '../sampling-flags.ts';
import type { SamplingFlags } from '../sampling-flags.ts';
import { printable } from '../terminal/printable.ts';
import { createStyle } from '../terminal/style.ts';

interface Flags extends SamplingFlags {
  readonly system?: string;
  readonly threads?: number;
}

/** Adds the command to the program. */
export function addChat(program: Command, context: CliContext): void {
  const command = program
    .command('chat')
    .summary('talk to a model in the terminal')
    .description(
      'Talks to a model, a line at a time. A model without a chat template continues your text instead. /reset forgets, /bye ends.',
    )
    .argument('<DIR>', 'model folder')
    .option('--system <text>', 'what the model is told first');
  addSamplingFlags(command)
    .option('--threads <n>', 'threads (default: one a core)', wholeNumber('--threads', { min: 1 }))
    .action(async (folder: string, flags: Flags) => {
      const { loadTextModel } = await import('../../generate/index.ts');
      const { converse } = await import('../../workflows/index.ts');
      const model = await loadTextModel(folder, flags.threads === undefined ? {} : { threads: flags.threads });
      const style = createStyle(context.stdout.isTTY === true, context.env);
      const terminal = context.stdout.isTTY === true && context.stdin.isTTY === true;
      const prompt = (): void => void (terminal ? context.stdout.write(style.accent('> ')) : undefined);
      try {
        const conversation = converse(model, flags.system === undefined ? {} : { system: flags.system });
        if (terminal) {
          printLine(
            context,
            style.dim(
              conversation.chats
                ? `${model.name} · /reset forgets, /bye ends`
                : `${model.name} has no chat template, so it continues your text · /reset forgets, /bye ends`,
            ),
          );
        }
        prompt();
        for await (const line of readLines(untilStop(context.stdin, context.signal))) {
          if (line.trim() === '/bye') break;
          if (line.trim() === '/reset') conversation.reset();
          else if (line.trim() !== '') {
            for await (const { text } of conversation.say(line, { maxTokens: 256, ...samplingOptions(flags), signal: context.signal })) {
              context.stdout.write(terminal ? printable(text) : text);
            }
            context.stdout.write('\n');
          }
          prompt();
        }
      } finally {
        await model.close();
      }
    });
}
