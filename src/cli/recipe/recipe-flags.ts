/** The flags of `weft train`, each the name of a place in a recipe: a flag given overrides what the recipe says there. */

import { Option } from 'commander';
import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import { decimalNumber, oneOf, repeated, wholeNumber } from '../flag-values.ts';
import { TOKENIZER_TYPES } from '../tokenizer-types.ts';

interface RecipeFlag {
  /** As commander reads it, e.g. `--batch-size <n>`. */
  readonly flags: string;
  /** Where the value goes, e.g. `training.batchSize`. */
  readonly path: string;
  readonly help: string;
  readonly read?: (text: string, before: readonly string[] | undefined) => unknown;
}

const count = (flag: string): ((text: string) => number) => wholeNumber(flag, { min: 1 });

const FLAGS: readonly RecipeFlag[] = [
  { flags: '--text <path>', path: 'text', help: 'file, folder or glob to learn from; may be given several times', read: repeated },
  { flags: '--text-field <name>', path: 'textField', help: 'the field of a JSON line that holds the text (default: text)' },
  {
    flags: '--held-out <share>',
    path: 'heldOut',
    help: 'share of the text to evaluate on (default: 0.05)',
    read: decimalNumber('--held-out', { above: 0, below: 1 }),
  },
  { flags: '--tokenizer <path>', path: 'tokenizer', help: 'folder or tokenizer.json to use instead of training one' },
  {
    flags: '--tokenizer-type <name>',
    path: 'tokenizer.type',
    help: `${TOKENIZER_TYPES.join(', ')} (default: bpe)`,
    read: oneOf('--tokenizer-type', TOKENIZER_TYPES),
  },
  {
    flags: '--splitting <name>',
    path: 'tokenizer.splitting',
    help: 'how text is cut before merging: gpt2 or gpt4 (default: gpt4)',
    read: oneOf('--splitting', ['gpt2', 'gpt4']),
  },
  {
    flags: '--vocab-size <n>',
    path: 'tokenizer.vocabSize',
    help: 'tokens of the tokenizer at most (default: 2048)',
    read: count('--vocab-size'),
  },
  {
    flags: '--architecture <name>',
    path: 'model.architecture',
    help: 'llama or gpt (default: llama)',
    read: oneOf('--architecture', ['llama', 'gpt']),
  },
  { flags: '--layers <n>', path: 'model.layers', help: 'blocks of the model (default: 4)', read: count('--layers') },
  { flags: '--heads <n>', path: 'model.heads', help: 'attention heads; divides the width (default: 4)', read: count('--heads') },
  {
    flags: '--kv-heads <n>',
    path: 'model.kvHeads',
    help: 'key-value heads of llama (default: as many as heads)',
    read: count('--kv-heads'),
  },
  { flags: '--width <n>', path: 'model.width', help: 'width of the model (default: 128)', read: count('--width') },
  {
    flags: '--hidden <n>',
    path: 'model.hidden',
    help: "width inside the feed-forward blocks (default: the architecture's)",
    read: count('--hidden'),
  },
  {
    flags: '--context-length <n>',
    path: 'model.contextLength',
    help: 'tokens that the model sees at once (default: 128)',
    read: wholeNumber('--context-length', { min: 2 }),
  },
  {
    flags: '--dropout <share>',
    path: 'model.dropout',
    help: 'dropout of gpt (default: 0)',
    read: decimalNumber('--dropout', { min: 0, below: 1 }),
  },
  { flags: '--steps <n>', path: 'training.steps', help: 'steps in all (default: 2000)', read: count('--steps') },
  {
    flags: '--minutes <n>',
    path: 'training.minutes',
    help: 'end earlier when this much time is over',
    read: decimalNumber('--minutes', { above: 0 }),
  },
  { flags: '--batch-size <n>', path: 'training.batchSize', help: 'sequences in a batch (default: 16)', read: count('--batch-size') },
  { flags: '--accumulate <n>', path: 'training.accumulate', help: 'batches in a step (default: 1)', read: count('--accumulate') },
  {
    flags: '--optimizer <name>',
    path: 'training.optimizer',
    help: 'adamw, muon, lion or sgd (default: adamw)',
    read: oneOf('--optimizer', ['adamw', 'muon', 'lion', 'sgd']),
  },
  {
    flags: '--learning-rate <n>',
    path: 'training.learningRate',
    help: 'peak learning rate (default: 0.001)',
    read: decimalNumber('--learning-rate', { above: 0 }),
  },
  {
    flags: '--matrix-learning-rate <n>',
    path: 'training.matrixLearningRate',
    help: 'muon: peak learning rate of the matrices, 0.02 unless given',
    read: decimalNumber('--matrix-learning-rate', { above: 0 }),
  },
  {
    flags: '--momentum <share>',
    path: 'training.momentum',
    help: 'sgd: momentum, 0.9 unless given',
    read: decimalNumber('--momentum', { min: 0, below: 1 }),
  },
  {
    flags: '--schedule <name>',
    path: 'training.schedule',
    help: 'cosine, linear, warmup-stable-decay, one-cycle or constant (default: cosine)',
    read: oneOf('--schedule', ['cosine', 'linear', 'warmup-stable-decay', 'one-cycle', 'constant']),
  },
  {
    flags: '--warmup <n>',
    path: 'training.warmup',
    help: 'steps of warm-up (default: a twentieth of all)',
    read: wholeNumber('--warmup', { min: 0 }),
  },
  {
    flags: '--weight-decay <n>',
    path: 'training.weightDecay',
    help: 'weight decay of matrices (default: 0.1)',
    read: decimalNumber('--weight-decay', { min: 0 }),
  },
  {
    flags: '--clip-norm <n>',
    path: 'training.clipNorm',
    help: 'largest norm of the gradient; 0 for no limit (default: 1)',
    read: decimalNumber('--clip-norm', { min: 0 }),
  },
  {
    flags: '--label-smoothing <share>',
    path: 'training.labelSmoothing',
    help: 'share of a target that is spread over all tokens (default: 0)',
    read: decimalNumber('--label-smoothing', { min: 0, below: 1 }),
  },
  { flags: '--z-loss <n>', path: 'training.zLoss', help: 'weight of the z-loss (default: 0)', read: decimalNumber('--z-loss', { min: 0 }) },
  {
    flags: '--average <share>',
    path: 'training.average',
    help: 'evaluate and save a running average of the weights that keeps this share of itself at each step, e.g. 0.999',
    read: decimalNumber('--average', { above: 0, below: 1 }),
  },
  {
    flags: '--evaluate-every <n>',
    path: 'training.evaluateEvery',
    help: 'steps between evaluations (default: a tenth of all)',
    read: count('--evaluate-every'),
  },
  {
    flags: '--checkpoint-every <n>',
    path: 'training.checkpointEvery',
    help: 'steps between checkpoints (default: as evaluations)',
    read: count('--checkpoint-every'),
  },
  {
    flags: '--patience <n>',
    path: 'training.patience',
    help: 'stop after so many evaluations that were no better (default: never stop)',
    read: count('--patience'),
  },
  { flags: '--out <folder>', path: 'out', help: 'folder of the run (default: runs/default)' },
  { flags: '--seed <n>', path: 'seed', help: 'seed of everything random (default: 1)', read: wholeNumber('--seed', { min: 0 }) },
  { flags: '--threads <n>', path: 'threads', help: 'threads (default: one a core)', read: count('--threads') },
];

/** Adds the flags to a command. */
export function addRecipeFlags(command: Command): Command {
  for (const { flags, help, read } of FLAGS) {
    const option = new Option(flags, help);
    command.addOption(
      read === undefined ? option : option.argParser<unknown>((text, before) => read(text, before as readonly string[] | undefined)),
    );
  }
  return command;
}

/** `recipe` with the values of the flags that were given in their places; what is no object stays as it is. */
export function withFlags(recipe: unknown, values: Readonly<Record<string, unknown>>): unknown {
  if (typeof recipe !== 'object' || recipe === null || Array.isArray(recipe)) return recipe;
  const merged: Record<string, unknown> = { ...recipe };
  const shaping = ['tokenizerType', 'vocabSize', 'splitting'].find((name) => values[name] !== undefined);
  if (values['tokenizer'] !== undefined && shaping !== undefined) {
    throw new UsageError({
      code: 'WEFT_FLAG_VALUE',
      action: 'use --tokenizer',
      rule: 'a tokenizer that is there already is used as it is',
      value: `--${shaping.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} describes one to train`,
      remedy: 'Give one of the two flags.',
    });
  }
  for (const { flags, path } of FLAGS) {
    const value = values[attributeName(flags)];
    if (value === undefined) continue;
    const [first = '', second] = path.split('.');
    if (second === undefined) merged[first] = value;
    else merged[first] = { ...(isRecord(merged[first]) ? merged[first] : {}), [second]: value };
  }
  return merged;
}

/** The flags of a recipe that were given, e.g. `--steps`. */
export function recipeFlagsIn(values: Readonly<Record<string, unknown>>): readonly string[] {
  return FLAGS.filter(({ flags }) => values[attributeName(flags)] !== undefined).map(({ flags }) => flags.split(' ')[0] ?? '');
}

/** commander's name for a flag's value: `--batch-size <n>` -> `batchSize`. */
function attributeName(flags: string): string {
  return (flags.split(' ')[0] ?? '').slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
