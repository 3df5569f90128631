/** `weft finetune`: a model folder and chats, pairs or a reward to an adapter or another model. */

import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import type { FineTuneHooks, FineTuneResult, FineTuneRunOptions } from '../../workflows/index.ts';
import { printJson, printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { decimalNumber, oneOf, repeated, wholeNumber } from '../flag-values.ts';

type Flags = Omit<FineTuneRunOptions, 'data' | 'targets' | 'bits'> & {
  readonly data?: readonly string[];
  readonly targets?: string;
  readonly bits?: '4' | '8';
  readonly reward?: string;
  readonly resume?: string;
  readonly json?: true;
};

/** Adds the command to the program. */
export function addFinetune(program: Command, context: CliContext): void {
  program
    .command('finetune')
    .summary('fine-tune a model on chats, preferences or a reward')
    .description(
      'Fine-tunes the model in a folder. --data is JSON lines: chats for lora and full ({"messages": …} or ShareGPT\'s {"conversations": …}),\n' +
        'pairs for dpo ({"prompt": …, "chosen": …, "rejected": …}), prompts for grpo.\n' +
        "What comes of it is an adapter's folder as PEFT has it, or a model folder with full, --rank 0 and --merge.\n" +
        'Ctrl-C saves a checkpoint; weft finetune --resume FOLDER continues bit for bit.',
    )
    .argument('[DIR]', 'model folder')
    .option('--data <path>', 'file, folder or glob of JSON lines; may be given several times', repeated)
    .option('--method <name>', 'lora, full, dpo or grpo (default: lora)', oneOf('--method', ['lora', 'full', 'dpo', 'grpo']))
    .option('--out <folder>', 'folder of the run and its result (default: finetuned)')
    .option('--rank <n>', 'rank of the adapter; 0 trains all weights (default: 8)', wholeNumber('--rank', { min: 0 }))
    .option('--alpha <x>', 'scale of the adapter (default: twice the rank)', decimalNumber('--alpha', { above: 0 }))
    .option('--targets <list>', 'layers to adapt, of q,k,v,o,gate,up,down (default: all)')
    .option('--dropout <x>', 'rate of dropout in the adapter (default: 0)', decimalNumber('--dropout', { min: 0, below: 1 }))
    .option('--bits <n>', 'round the base model to 4 or 8 bits under the adapter (default: not)', oneOf('--bits', ['4', '8']))
    .option('--learning-rate <x>', 'highest learning rate (default: by the method)', decimalNumber('--learning-rate', { above: 0 }))
    .option('--epochs <x>', 'times that all data is seen (default: 3; dpo 1)', decimalNumber('--epochs', { above: 0 }))
    .option('--steps <n>', 'steps in all, instead of epochs (default: 100 for grpo)', wholeNumber('--steps', { min: 1 }))
    .option('--batch-size <n>', 'sequences, pairs or prompts of a step (default: 8; grpo 2)', wholeNumber('--batch-size', { min: 1 }))
    .option(
      '--context-length <n>',
      "tokens of a sequence (default: the model's, at most 1024)",
      wholeNumber('--context-length', { min: 2 }),
    )
    .option('--held-out <x>', 'share of the data that is held out (default: 0.05)', decimalNumber('--held-out', { min: 0, below: 1 }))
    .option('--beta <x>', 'hold on what the model was, for dpo and grpo (default: 0.1; grpo 0.04)', decimalNumber('--beta', { above: 0 }))
    .option('--group <n>', 'replies to each prompt, for grpo (default: 8)', wholeNumber('--group', { min: 2 }))
    .option('--reward <file>', 'TypeScript file whose default export judges a reply, for grpo')
    .option('--template <file>', 'chat template (Jinja) for a model that has none (default: a plain one)')
    .option('--merge', 'save a model with the adapter merged into it')
    .option('--seed <n>', 'seed of order and start (default: 1)', wholeNumber('--seed', { min: 0 }))
    .option('--threads <n>', 'threads (default: one a core)', wholeNumber('--threads', { min: 1 }))
    .option('--resume <folder>', 'continue the run in a folder from its last checkpoint')
    .option('--json', 'print one JSON object at the end')
    .action(async (folder: string | undefined, { json, resume, reward, targets, bits, data, ...flags }: Flags) => {
      const { fineTuneRun, readPlan, resumeFineTune } = await import('../../workflows/index.ts');
      const { renderEvents } = await import('../terminal/render-events.ts');
      const rewardFile = reward ?? (resume === undefined ? undefined : (await readPlan(resume)).options.rewardFile);
      const view = renderEvents(json === true ? context.stderr : context.stdout, context);
      let result: FineTuneResult;
      try {
        const hooks: FineTuneHooks = {
          onEvent: view.show,
          signal: context.signal,
          ...(rewardFile === undefined ? {} : { reward: await loadReward(rewardFile) }),
        };
        if (resume !== undefined) result = await resumeFineTune(resume, hooks);
        else {
          const options = {
            ...flags,
            data: data ?? [],
            ...(targets === undefined ? {} : { targets: targets.split(',') as NonNullable<FineTuneRunOptions['targets']> }),
            ...(bits === undefined ? {} : { bits: bits === '4' ? (4 as const) : (8 as const) }),
            ...(rewardFile === undefined ? {} : { rewardFile }),
          };
          result = await fineTuneRun(requireGiven(folder, data), options, hooks);
        }
      } finally {
        view.end();
      }
      if (json === true) printJson(context, result);
      else for (const line of resultLines(result)) printLine(context, line);
    });
}

function requireGiven(folder: string | undefined, data: readonly string[] | undefined): string {
  if (folder !== undefined && data !== undefined) return folder;
  throw new UsageError({
    code: 'WEFT_FLAG_VALUE',
    action: 'fine-tune',
    rule: 'a model folder and --data are needed',
    value: folder === undefined ? 'no model folder' : 'no --data',
    remedy: 'weft finetune DIR --data chats.jsonl, or --resume FOLDER to continue a run.',
  });
}

/** The function that a file exports, which is asked for each reply. */
async function loadReward(path: string): Promise<NonNullable<FineTuneHooks['reward']>> {
  const { loadFunction } = await import('../recipe/load-recipe.ts');
  return (await loadFunction(path)) as NonNullable<FineTuneHooks['reward']>;
}

function resultLines({ folder, kind, heldOut, heldOutBefore }: FineTuneResult): readonly string[] {
  const numbers = (values: Readonly<Record<string, number>>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value.toFixed(4)}`)
      .join(', ');
  return [
    ...(heldOut === undefined || heldOutBefore === undefined ? [] : [`held out: ${numbers(heldOut)} (before: ${numbers(heldOutBefore)})`]),
    `${kind} in ${folder}`,
  ];
}
