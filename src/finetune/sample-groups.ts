/**
 * Replies of the model itself, judged by a function: the batches of group-relative policy optimisation.
 *
 * Decided: they are made when the step asks for them, by the weights as they are then. Which prompts, and every draw, follow from the
 * seed and the number of the batch; so a run that goes on from a checkpoint samples what it would have sampled.
 */

import { UsageError, checkOptions, createRandom } from '../core/index.ts';
import { createTextModel } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { chatTokens } from '../tokenizers/index.ts';
import type { ChatMessage, ChatModel } from '../tokenizers/index.ts';
import type { BatchSource, Weights } from '../train/index.ts';
import { requireReward } from './objectives/reward-weighted.ts';
import { shuffled } from './shuffled.ts';

/** A reply to be judged. */
export interface SampledReply {
  readonly prompt: readonly ChatMessage[];
  /** Its text, without what ends it. */
  readonly text: string;
  /** Whether it came to an end, or ran out of tokens. */
  readonly ended: boolean;
}

/** Judges a reply: the larger the better. */
export type RewardFunction = (reply: SampledReply) => number | Promise<number>;

/** What replies are sampled from and judged by. */
export interface GroupSource {
  /** What is trained. */
  readonly model: LanguageModel;
  /** Its weights at the time of the call. */
  readonly weights: () => Weights;
  /** The model before training: its tokenizer and template, and its `score`. */
  readonly reference: ChatModel & Pick<TextModel, 'score' | 'contextLength'>;
  readonly prompts: readonly (readonly ChatMessage[])[];
  readonly reward: RewardFunction;
}

/** Options of {@link sampleGroups}. */
export interface SampleGroupsOptions {
  /** Prompts of a batch. */
  readonly prompts: number;
  /** Replies to each; the batch has prompts · group sequences. */
  readonly group: number;
  /** Tokens of a prompt and its reply. */
  readonly contextLength: number;
  readonly seed: number;
  /** Most tokens of a reply; default what the context has room for. */
  readonly maxTokens?: number;
  /** Batches, one behind the other, that are of the same replies; default 1. The ratio of the objective is 1 in the first alone. */
  readonly updates?: number;
  /** Threads of ONNX Runtime. */
  readonly threads?: number;
}

/** A batch of `grpo`. */
export interface GroupBatch {
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly old: Float32Array;
  readonly reference: Float32Array;
  readonly shares: Float32Array;
  readonly advantages: Float32Array;
  readonly rewards: Float32Array;
  /** Replies. */
  readonly kept: number;
}

/** Rewards are divided by their deviation and this. */
const SMALL = 1e-4;

/**
 * Batches of replies that the model writes as training goes on, for the objective `grpo`.
 *
 * @throws UsageError `WEFT_CHAT_OPTION` when an option is out of its range, `WEFT_REWARD`, while training, when a reward is no number.
 */
export function sampleGroups(source: GroupSource, options: SampleGroupsOptions): BatchSource<GroupBatch> {
  checkOptions('sample groups of replies', options, ['prompts', 'group', 'contextLength', 'seed', 'maxTokens', 'updates', 'threads']);
  const { updates = 1, group, contextLength } = options;
  const counts = { prompts: options.prompts, group, contextLength, updates, maxTokens: options.maxTokens ?? 1 };
  for (const [name, value] of Object.entries(counts))
    if (!Number.isSafeInteger(value) || value < 1) throw optionError(`${name} must be a whole number of at least 1`, String(value));
  if (group < 2) throw optionError('a group has two replies or more, as they are compared with each other', String(group));
  if (source.prompts.length === 0) throw optionError('there must be a prompt', 'none');
  let made: { readonly round: number; readonly batch: Promise<GroupBatch> } | undefined;
  return {
    batchSize: options.prompts * group,
    batch(index) {
      const round = Math.floor(index / updates);
      if (made?.round !== round) made = { round, batch: sampleRound(source, options, round) };
      return made.batch;
    },
  };
}

interface Judged {
  readonly prompt: Uint32Array;
  readonly reply: readonly number[];
  readonly old: readonly number[];
  readonly reward: number;
}

async function sampleRound(source: GroupSource, options: SampleGroupsOptions, round: number): Promise<GroupBatch> {
  const { model, reference } = source;
  const { contextLength, group, seed, threads } = options;
  const policy = await createTextModel(
    { model, weights: source.weights(), tokenizer: reference.tokenizer, chatTemplate: reference.chatTemplate },
    threads === undefined ? {} : { threads },
  );
  const batchSize = options.prompts * group;
  const floats = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count);
  const size = batchSize * contextLength;
  const batch = {
    inputs: new Int32Array(size),
    targets: new Int32Array(size).fill(-1),
    old: floats(size),
    reference: floats(size),
    shares: floats(size),
    advantages: floats(batchSize),
    rewards: floats(batchSize),
    kept: batchSize,
  };
  try {
    for (let number = 0; number < options.prompts; number++) {
      const prompt = promptOf(source.prompts, seed, round * options.prompts + number);
      const ids = await chatTokens(reference, prompt);
      if (ids.length >= contextLength) throw promptTooLong(ids.length, contextLength);
      const replies: Judged[] = [];
      for (let member = 0; member < group; member++) {
        const draw = createRandom(seed, `reply ${round} ${number} ${member}`).uint32();
        replies.push(await sampleReply({ policy, prompt, ids, reward: source.reward }, options, draw));
      }
      const advantages = normalised(replies.map(({ reward }) => reward));
      for (const [member, judged] of replies.entries()) {
        const row = number * group + member;
        batch.rewards[row] = judged.reward;
        batch.advantages[row] = advantages[member] as number;
        await fillRow(batch, judged, { row, contextLength, reference });
      }
    }
  } finally {
    await policy.close();
  }
  return batch;
}

/** The prompts in an order of their own in each epoch, by number. */
function promptOf(prompts: GroupSource['prompts'], seed: number, number: number): readonly ChatMessage[] {
  const epoch = Math.floor(number / prompts.length);
  const order = shuffled(prompts.length, { seed, purpose: `prompts ${epoch}` });
  return prompts[order[number % prompts.length] as number] as readonly ChatMessage[];
}

async function sampleReply(
  {
    policy,
    prompt,
    ids,
    reward: judge,
  }: { readonly policy: TextModel; readonly prompt: readonly ChatMessage[]; readonly ids: Uint32Array; readonly reward: RewardFunction },
  { contextLength, maxTokens = Infinity }: SampleGroupsOptions,
  seed: number,
): Promise<Judged> {
  const [reply, old]: [number[], number[]] = [[], []];
  let text = '';
  let ended = false;
  // A prompt and its reply have one token more than inputs: the last is a target alone.
  for await (const token of policy.generate(ids, { seed, maxTokens: Math.min(maxTokens, contextLength + 1 - ids.length) })) {
    reply.push(token.id);
    old.push(token.logProbability);
    text += token.text;
    ended = token.finishReason === 'stop';
  }
  const reward = await judge({ prompt, text, ended });
  requireReward(reward, JSON.stringify(text.slice(0, 40)));
  return { prompt: ids, reply, old, reward };
}

/** Rewards less their mean, by their deviation: Shao et al. 2024, section 4.1.2. */
function normalised(rewards: readonly number[]): readonly number[] {
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  const deviation = Math.sqrt(rewards.reduce((total, reward) => total + (reward - mean) ** 2, 0) / rewards.length);
  return rewards.map((reward) => (reward - mean) / (deviation + SMALL));
}

async function fillRow(
  batch: GroupBatch,
  { prompt, reply, old }: Judged,
  { row, contextLength, reference }: { readonly row: number; readonly contextLength: number; readonly reference: Pick<TextModel, 'score'> },
): Promise<void> {
  const ids = Uint32Array.from([...prompt, ...reply]);
  const scores = await reference.score(ids);
  for (let index = 0; index + 1 < ids.length; index++) {
    const at = row * contextLength + index;
    batch.inputs[at] = ids[index] as number;
    const place = index + 1 - prompt.length;
    if (place < 0) continue;
    batch.targets[at] = ids[index + 1] as number;
    batch.old[at] = old[place] as number;
    batch.reference[at] = scores[index + 1] as number;
    batch.shares[at] = 1 / reply.length;
  }
}

function promptTooLong(length: number, contextLength: number): UsageError {
  return new UsageError({
    code: 'WEFT_CHAT_TOO_LONG',
    action: 'sample replies',
    rule: `a prompt must leave room for a reply in ${contextLength} tokens`,
    value: `it has ${length}`,
    remedy: 'Give a larger contextLength, or shorter prompts.',
  });
}

function optionError(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_CHAT_OPTION',
    action: 'sample groups of replies',
    rule,
    value,
    remedy: 'Give a value in its range.',
  });
}
