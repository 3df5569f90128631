/** The server that is measured: `serve()` with a model of random weights. Started by `startChild`. */

import { createTextModel } from '../../src/generate/index.ts';
import type { EngineStatus, TextModel } from '../../src/generate/index.ts';
import { serve } from '../../src/serve/index.ts';
import { answerParent } from './child.ts';
import { benchModel, benchWeights, numberTokenizer } from './model.ts';
import type { ModelChoice } from './model.ts';

/** What the server is. */
export interface ServerChoice {
  readonly choice: ModelChoice;
  readonly threads: number;
  readonly slots: number;
  readonly queue: number;
  /** Guesses tokens by looking up what came before in the text. */
  readonly lookup?: boolean;
}

/** What it can be asked. */
export type ServerRequests = {
  /** Answers the address. */
  readonly start: { readonly request: ServerChoice; readonly answer: string };
  readonly status: { readonly request: undefined; readonly answer: EngineStatus };
  /** Resident bytes. */
  readonly memory: { readonly request: undefined; readonly answer: number };
};

let textModel: TextModel | undefined;

async function start({ choice, threads, slots, queue, lookup = false }: ServerChoice): Promise<string> {
  const model = benchModel(choice);
  textModel = await createTextModel(
    { model, weights: benchWeights(model), tokenizer: numberTokenizer(model.vocabSize) },
    { threads, slots },
  );
  const { url } = await serve(textModel, { port: 0, host: '127.0.0.1', queue, speculation: lookup ? 'lookup' : 'none' });
  return url;
}

async function status(): Promise<EngineStatus> {
  const now = textModel?.status?.();
  if (now === undefined) throw new Error('no server runs');
  return now;
}

answerParent<ServerRequests>({ start, status, memory: () => Promise.resolve(process.memoryUsage.rss()) });
