/** `weft chat`: talk to a model in the terminal. */

import type { Command } from 'commander';

import { WeftError } from '../../core/index.ts';
import type { Conversation } from '../../workflows/index.ts';
import { printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { BASE_HELP, hubOptions } from '../load-source.ts';
import { readLines, untilStop } from '../read-input.ts';
import { reportError } from '../report-error.ts';
import { addSamplingFlags, samplingOptions } from '../sampling-flags.ts';
import type { SamplingFlags } from '../sampling-flags.ts';
import { editLines } from '../terminal/line-editor.ts';
import { printable } from '../terminal/printable.ts';
import { createStyle } from '../terminal/style.ts';

interface Flags extends SamplingFlags {
  readonly system?: string;
  readonly base?: string;
  readonly threads?: number;
}

const MOST_TOKENS = 256; // Of an answer, unless --max-tokens says otherwise.

/** Adds the command to the program. */
export function addChat(program: Command, context: CliContext): void {
  const command = program
    .command('chat')
    .summary('talk to a model in the terminal')
    .description(
      'Talks to a model, a line at a time; a line that ends with \\ goes on. A model without a chat template continues your text instead. Ctrl-C stops an answer, /reset forgets, /bye ends.',
    )
    .argument('<DIR>', 'folder of a model or an adapter, or hf:org/name')
    .option('--system <text>', 'what the model is told first');
  addSamplingFlags(command)
    .option('--base <dir>', BASE_HELP)
    .option('--threads <n>', 'threads (default: one a core)', wholeNumber('--threads', { min: 1 }))
    .action(async (folder: string, flags: Flags) => {
      const { loadTextModel } = await import('../../generate/index.ts');
      const { converse } = await import('../../workflows/index.ts');
      const model = await loadTextModel(folder, {
        ...(flags.threads === undefined ? {} : { threads: flags.threads }),
        ...(flags.base === undefined ? {} : { base: flags.base }),
        hub: hubOptions(context),
      });
      try {
        const conversation = converse(model, flags.system === undefined ? {} : { system: flags.system });
        const sampling = { maxTokens: MOST_TOKENS, ...samplingOptions(flags) };
        if (context.stdout.isTTY === true && context.stdin.isTTY === true) await talk(model.name, { conversation, sampling, context });
        else {
          for await (const line of said(readLines(untilStop(context.stdin, context.signal)), conversation)) {
            for await (const { text } of conversation.say(line, { ...sampling, signal: context.signal })) context.stdout.write(text);
            context.stdout.write('\n');
          }
        }
      } finally {
        await model.close();
      }
    });
}

/** The lines that are for the model; the others are carried out. */
async function* said(lines: AsyncGenerator<string>, conversation: Conversation): AsyncGenerator<string> {
  for await (const line of lines) {
    if (line.trim() === '/bye') return;
    if (line.trim() === '/reset') conversation.reset();
    else if (line.trim() !== '') yield line;
  }
}

interface Talk {
  readonly conversation: Conversation;
  readonly sampling: SamplingFlags;
  readonly context: CliContext;
}

/** A conversation with a person at the terminal: Ctrl-C stops an answer, and what goes wrong does not end the talk. */
async function talk(name: string, { conversation, sampling, context }: Talk): Promise<void> {
  const style = createStyle(true, context.env);
  if (!conversation.chats) printLine(context, style.dim(`${name} has no chat template, so it continues your text`));
  printLine(context, style.dim(`${conversation.chats ? `${name} · ` : ''}Ctrl-C stops an answer · /reset forgets · /bye ends`));
  let answering = new AbortController();
  const interrupt = (): boolean => {
    if (answering.signal.aborted) return false;
    answering.abort(new DOMException('The answer was stopped.', 'AbortError'));
    return true;
  };
  for await (const line of said(editLines(context, { prompt: style.accent('> '), goesOn: style.accent('… '), interrupt }), conversation)) {
    answering = new AbortController();
    const { forgotten } = conversation;
    try {
      const signal = AbortSignal.any([context.signal, answering.signal]);
      for await (const { text } of conversation.say(line, { ...sampling, signal })) context.stdout.write(printable(text));
    } catch (error) {
      if (error instanceof WeftError) reportError(error, context);
      else if (context.signal.aborted || !answering.signal.aborted) throw error;
    }
    context.stdout.write('\n');
    if (forgotten === 0 && conversation.forgotten > 0)
      printLine(context, style.dim('(The conversation is longer than the model can see: it forgets the beginning.)'));
  }
}
