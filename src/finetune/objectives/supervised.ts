/** Supervised fine-tuning: the cross-entropy of what the model is to write, over packed texts. */

import { axes, crossEntropy, reshape, sum } from '../../graph/index.ts';
import type { Tensor } from '../../graph/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import { defineObjective } from '../../train/index.ts';
import type { Objective } from '../../train/index.ts';
import { fineTuned } from './fine-tuned.ts';

/** Options of the objectives of fine-tuning. */
export interface FineTuneOptions {
  /** Tokens of a sequence, T. */
  readonly contextLength: number;
  /** Which parameters are trained, by name; default the adapters' where the model has some, else all. */
  readonly trains?: (parameterName: string) => boolean;
}

/**
 * The objective of learning replies, on the batches of `packChats`: mean loss of the targets, in nats a token.
 *
 * @param model with adapters to train those alone, see `withAdapters`; without, all of its parameters
 *
 * @example
 * ```ts
 * import { lora, packChats, startAdapter, supervised } from 'weft/finetune';
 * import { llama, withAdapters } from 'weft/models';
 * import { initialize } from 'weft/nn';
 * import { adamw, train } from 'weft/train';
 *
 * const base = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * const adapter = lora(base);
 * const model = withAdapters(base, [adapter]);
 * const weights = new Map([...initialize(base.parameters, { seed: 1 }), ...startAdapter(base, adapter, { seed: 1 })]);
 * const chat = { ids: Int32Array.of(5, 6, 7), isReply: Uint8Array.of(0, 1, 1) };
 * const batches = packChats([chat], { batchSize: 1, contextLength: 8, seed: 1 });
 * const run = train(supervised(model, { contextLength: 8 }), batches, { optimizer: adamw({ learningRate: 0.1 }), steps: 20, weights });
 * const losses: number[] = [];
 * for await (const step of run) losses.push(step.loss);
 * console.log(losses[19]! < losses[0]!, run.weights.size); // true 14
 * ```
 */
export function supervised(
  model: LanguageModel,
  { contextLength, trains }: FineTuneOptions,
): Objective<'inputs' | 'targets' | 'segments' | 'positions'> {
  return defineObjective({
    tokensPerExample: contextLength,
    feeds: (batchSize) => {
      const spec = { dtype: 'int32', shape: axes('B T', batchSize, contextLength) } as const;
      return { inputs: spec, targets: spec, segments: spec, positions: spec };
    },
    losses: ({ inputs, targets, segments: ids, positions }, context) => {
      const hidden = model.hidden(inputs, { ...context, segments: { ids, positions } }); // B T C
      const rows = { name: 'N', size: targets.shape.reduce((product, { size }) => product * Number(size), 1) };
      const logits = model.logits(reshape(hidden, [rows, ...hidden.shape.slice(-1)]), context); // N V
      const total = sum(crossEntropy(logits, reshape(targets, [rows]))[0] as Tensor);
      return { losses: [{ total, trains: trains ?? fineTuned(model) }] };
    },
  });
}
