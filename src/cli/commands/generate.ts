/** `weft generate`: a model folder continues a text. */

import type { Command } from 'commander';

import { printJson } from '../context.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from '../flag-values.ts';
import { BASE_HELP, hubOptions } from '../load-source.ts';
import { readAll, untilStop } from '../read-input.ts';
import { addSamplingFlags, samplingOptions } from '../sampling-flags.ts';
import type { SamplingFlags } from '../sampling-flags.ts';
import { printable } from '../terminal/printable.ts';
import { createStyle } from '../terminal/style.ts';

interface Flags extends SamplingFlags {
  readonly prompt?: string;
  readonly base?: string;
  readonly threads?: number;
  readonly json?: true;
}

/** Adds the command to the program. */
export function addGenerate(program: Command, context: CliContext): void {
  const command = program
    .command('generate')
    .summary('continue a text')
    .description('Writes the continuation of a prompt as it comes. Into a pipe goes the continuation alone.')
    .argument('<DIR>', 'folder of a model or an adapter, or hf:org/name')
    .option('-p, --prompt <text>', 'text to continue; - reads it from the standard input (default: none)');
  addSamplingFlags(command)
    .option('--base <dir>', BASE_HELP)
    .option('--threads <n>', 'threads (default: one a core)', wholeNumber('--threads', { min: 1 }))
    .option('--json', 'print one JSON object at the end')
    .action(async (folder: string, flags: Flags) => {
      const { loadTextModel } = await import('../../generate/index.ts');
      const prompt = flags.prompt === '-' ? await readAll(untilStop(context.stdin, context.signal)) : (flags.prompt ?? '');
      const model = await loadTextModel(folder, {
        ...(flags.threads === undefined ? {} : { threads: flags.threads }),
        ...(flags.base === undefined ? {} : { base: flags.base }),
        hub: hubOptions(context),
      });
      try {
        const show = writer(context, flags.json === true);
        show.prompt(prompt);
        const tokens: { readonly id: number; readonly text: string; readonly logProbability: number }[] = [];
        let finishReason: 'stop' | 'length' | undefined;
        for await (const token of model.generate(prompt, { ...samplingOptions(flags), signal: context.signal })) {
          show.text(token.text);
          tokens.push({ id: token.id, text: token.text, logProbability: token.logProbability });
          finishReason = token.finishReason;
        }
        if (flags.json === true)
          printJson(context, { model: folder, prompt, text: tokens.map(({ text }) => text).join(''), finishReason, tokens });
        else show.end();
      } finally {
        await model.close();
      }
    });
}

/** Writes prompt and continuation: both and safely on a terminal, the continuation as it is into a pipe, nothing for JSON. */
function writer({ stdout, env }: CliContext, silent: boolean): { prompt(text: string): void; text(text: string): void; end(): void } {
  const terminal = stdout.isTTY === true;
  const style = createStyle(terminal, env);
  const write = (text: string): void => void (silent || text === '' ? undefined : stdout.write(text));
  return {
    prompt: (text) => (terminal ? write(style.dim(printable(text))) : undefined),
    text: (text) => write(terminal ? printable(text) : text),
    end: () => write('\n'),
  };
}
