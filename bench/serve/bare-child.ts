/** A decoding step as a bare run of the graph, without engine, sampling and server. Started by `startChild`. */

import { createBatchRunner } from '../../src/generate/batching/batch-runner.ts';
import type { BatchRunner } from '../../src/generate/batching/batch-runner.ts';
import { answerParent } from './child.ts';
import { benchModel, benchWeights } from './model.ts';
import type { ModelChoice } from './model.ts';

/** What it can be asked. */
export type BareRequests = {
  readonly load: {
    readonly request: { readonly choice: ModelChoice; readonly threads: number; readonly slots: number };
    readonly answer: undefined;
  };
  /** Milliseconds of each step of so many rows, with `from` up to `to` tokens before. */
  readonly steps: {
    readonly request: { readonly rows: number; readonly from: number; readonly to: number };
    readonly answer: readonly number[];
  };
};

let runner: BatchRunner | undefined;

async function load({ choice, threads, slots }: BareRequests['load']['request']): Promise<undefined> {
  const model = benchModel(choice);
  runner = await createBatchRunner(model, benchWeights(model), { slots, longest: model.contextLength, threads });
}

async function steps({ rows, from, to }: BareRequests['steps']['request']): Promise<readonly number[]> {
  if (runner === undefined) throw new Error('no model is loaded');
  const times: number[] = [];
  for (let past = from; past < to; past++) {
    const batch = Array.from({ length: rows }, (_, row) => ({ token: (past * 31 + row * 7) % runner!.vocabSize, past }));
    const start = performance.now();
    await runner.step(batch);
    times.push(performance.now() - start);
  }
  return times;
}

answerParent<BareRequests>({ load, steps });
