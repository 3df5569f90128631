/** Each method as what `train` takes: an objective, batches, held-out batches and how many steps there are. */

import {
  chatSplit,
  dpo,
  grpo,
  packChats,
  preferenceBatches,
  preferenceLength,
  readChats,
  readPreferences,
  readPrompts,
  sampleGroups,
  supervised,
} from '../../finetune/index.ts';
import type { RewardFunction } from '../../finetune/index.ts';
import type { TextModel } from '../../generate/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { chatReplies } from '../../tokenizers/index.ts';
import type { AnyBatch, BatchSource, Objective, Weights } from '../../train/index.ts';
import type { FullOptions } from './options.ts';

/** What is trained on what. */
export interface Method {
  readonly objective: Objective;
  readonly batches: BatchSource;
  readonly heldOut: readonly AnyBatch[] | undefined;
  readonly steps: number;
  /** UTF-8 bytes a target has on average, where targets are tokens of replies. */
  readonly bytesPerToken: number;
  /** What was read, in words. */
  readonly summary: string;
}

/** What methods work on. */
export interface MethodContext {
  /** What is trained. */
  readonly model: LanguageModel;
  /** The model before training, ready to run. */
  readonly reference: TextModel;
  /** All weights as they are now. */
  readonly weights: () => Weights;
  readonly reward: RewardFunction | undefined;
}

/** At most so many held-out batches in an evaluation. */
const EVALUATION_BATCHES = 16;
const LONGEST = 1024;

/** Prepares a method. */
export function prepareMethod(context: MethodContext, options: FullOptions): Promise<Method> {
  if (options.method === 'dpo') return preferences(context, options);
  if (options.method === 'grpo') return rewards(context, options);
  return replies(context, options);
}

function contextOf({ reference }: MethodContext, { contextLength }: FullOptions): number {
  return Math.min(contextLength ?? LONGEST, reference.contextLength);
}

async function replies(context: MethodContext, options: FullOptions): Promise<Method> {
  const { model, reference } = context;
  const { batchSize, seed } = options;
  const contextLength = contextOf(context, options);
  const [learnt, held] = chatSplit(await readChats(options.data), { heldOut: options.heldOut, seed });
  const encode = async (chats: typeof learnt) => (await Promise.all(chats.map(({ messages }) => chatReplies(reference, messages)))).flat();
  const examples = await encode(learnt);
  const batches = packChats(examples, { batchSize, contextLength, seed });
  const heldBatches =
    held.length === 0 ? undefined : packChats(await encode(held), { batchSize, contextLength, seed, order: 'sequential' });
  const targets = examples.map(({ ids, isReply }) => ids.filter((_, index) => isReply[index] === 1));
  const bytes = targets.reduce((total, ids) => total + Buffer.byteLength(reference.tokenizer.decode(ids)), 0);
  const tokens = targets.reduce((total, ids) => total + ids.length, 0);
  const cut = batches.cut === 0 ? '' : `, ${batches.cut} cut to ${contextLength} tokens, ${batches.leftOut} left out`;
  return {
    objective: supervised(model, { contextLength }),
    batches,
    heldOut: heldBatches === undefined ? undefined : firstBatches(heldBatches),
    steps: options.steps ?? Math.max(1, Math.ceil(options.epochs * batches.batchesPerEpoch)),
    bytesPerToken: bytes / Math.max(1, tokens),
    summary: `${learnt.length} chats in ${batches.sequences} sequences, ${held.length} held out${cut}`,
  };
}

async function preferences(context: MethodContext, options: FullOptions): Promise<Method> {
  const { model, reference } = context;
  const { batchSize, seed, beta } = options;
  const pairs = await readPreferences(options.data);
  const [learnt, held] = chatSplit(pairs, { heldOut: options.heldOut, seed });
  const contextLength = options.contextLength ?? (await preferenceLength(pairs, reference));
  const common = { batchSize, seed, contextLength };
  const batches = await preferenceBatches(learnt, reference, common);
  const heldBatches = held.length === 0 ? undefined : await preferenceBatches(held, reference, { ...common, order: 'sequential' });
  return {
    objective: dpo(model, { contextLength, beta }),
    batches,
    heldOut: heldBatches === undefined ? undefined : firstBatches(heldBatches),
    steps: options.steps ?? Math.max(1, Math.ceil(options.epochs * batches.batchesPerEpoch)),
    bytesPerToken: 1,
    summary: `${learnt.length} pairs, ${held.length} held out`,
  };
}

async function rewards(context: MethodContext, options: FullOptions): Promise<Method> {
  const { model, reference, weights, reward } = context;
  const { batchSize, seed, beta, group, threads } = options;
  const contextLength = contextOf(context, options);
  const prompts = await readPrompts(options.data);
  const batches = sampleGroups(
    { model, weights, reference, prompts, reward: reward ?? (() => NaN) },
    { prompts: batchSize, group, contextLength, seed, ...(threads === undefined ? {} : { threads }) },
  );
  return {
    objective: grpo(model, { contextLength, beta }),
    batches,
    heldOut: undefined,
    steps: options.steps ?? 100,
    bytesPerToken: 1,
    summary: `${prompts.length} prompts, ${group} replies to each`,
  };
}

function firstBatches<B extends AnyBatch>(batches: { readonly batchesPerEpoch: number; batch(index: number): B }): readonly B[] {
  return Array.from({ length: Math.min(EVALUATION_BATCHES, batches.batchesPerEpoch) }, (_, index) => batches.batch(index));
}
