/**
 * Checkpoints: everything that a training needs to go on bit for bit, in one safetensors file, written atomically.
 *
 * Tensors: `weight/…`, `optimizer/…`, and `carried/…` for what a model carries from batch to batch. Metadata: `weft`, JSON of {@link CheckpointState}. Random state needs no room of
 * its own: every draw is a function of the seed and the step.
 */

import { FormatError, WeftError } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { readSafetensors, writeSafetensors } from '../formats/index.ts';
import type { Trainer } from './trainer.ts';

/** Where a training stands. */
export interface CheckpointState {
  /** Steps done; the next one has this index. */
  readonly step: number;
  /** Small batches taken from the data: the index of the next one. */
  readonly batchIndex: number;
  readonly tokensSeen: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** The best held-out loss so far. */
  readonly bestLoss?: number;
  /** Evaluations since then. */
  readonly evaluationsSinceBest: number;
  /** What the run was asked to do, as JSON. */
  readonly recipe: unknown;
}

const VERSION = 1;

/** Writes a checkpoint to a file. A crash leaves the file before it in place. */
export async function writeCheckpoint(path: string, trainer: Trainer, state: CheckpointState): Promise<void> {
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of trainer.weights) tensors.set(`weight/${name}`, tensor);
  for (const [name, tensor] of trainer.optimizerState) tensors.set(`optimizer/${name}`, tensor);
  for (const [name, tensor] of trainer.carried) tensors.set(`carried/${name}`, tensor);
  await writeSafetensors(path, tensors, { weft: JSON.stringify({ version: VERSION, ...state }) });
}

/** Reads a checkpoint's state and copies its tensors into a trainer of the same model. */
export async function restoreCheckpoint(path: string, trainer: Trainer): Promise<CheckpointState> {
  const { tensors, metadata } = await readSafetensors(path);
  const state = parseState(path, metadata.get('weft'));
  for (const [prefix, group] of [
    ['weight', trainer.weights],
    ['optimizer', trainer.optimizerState],
    ['carried', trainer.carried],
  ] as const) {
    for (const [name, target] of group) {
      const source = tensors.get(`${prefix}/${name}`);
      if (source === undefined || source.shape.join() !== target.shape.join() || source.dtype !== 'float32') {
        throw new WeftError({
          code: 'WEFT_TRAIN_CHECKPOINT',
          action: `resume from ${path}`,
          rule: 'it belongs to another model or optimizer',
          value: `${name} is ${source === undefined ? 'missing' : `[${source.shape.join(', ')}]`}, this model needs [${target.shape.join(', ')}]`,
          remedy: 'Resume with the model and optimizer that the run was started with, or start a new run in another folder.',
        });
      }
    }
  }
  for (const [prefix, group] of [
    ['weight', trainer.weights],
    ['optimizer', trainer.optimizerState],
    ['carried', trainer.carried],
  ] as const) {
    for (const [name, target] of group) target.data.set(tensors.get(`${prefix}/${name}`)?.data as Float32Array);
  }
  return state;
}

/** Reads a checkpoint's state alone. */
export async function readCheckpointState(path: string): Promise<CheckpointState> {
  const { metadata } = await readSafetensors(path, { names: [] });
  return parseState(path, metadata.get('weft'));
}

function parseState(path: string, text: string | undefined): CheckpointState {
  const foreign = (value: string): FormatError =>
    new FormatError({
      code: 'WEFT_TRAIN_CHECKPOINT',
      action: `resume from ${path}`,
      rule: 'it is not a checkpoint of a training',
      value,
      remedy: 'Give a run folder that `weft train` made.',
    });
  if (text === undefined) throw foreign('no state in its metadata');
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    throw foreign('its state is not JSON');
  }
  const { version, ...rest } = (state ?? {}) as CheckpointState & { readonly version?: unknown };
  if (version !== VERSION) throw foreign(`version ${String(version)}`);
  const { step, batchIndex, tokensSeen, seconds, evaluationsSinceBest, bestLoss = 0 } = rest;
  for (const value of [step, batchIndex, tokensSeen, seconds, evaluationsSinceBest, bestLoss])
    if (typeof value !== 'number' || !(value >= 0)) throw foreign('its state is damaged');
  return rest;
}
