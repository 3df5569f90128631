/** The server that is measured: `serve()` with a model of random weights. Started by `startChild`. */

import { TEXT_MODEL_OPTIONS } from '../../src/generate/create-text-model.ts';
import { createTextModel } from '../../src/generate/index.ts';
import type { EngineStatus, TextModel, TextModelOptions } from '../../src/generate/index.ts';
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
  /** Decodes by looking up what came before in the text, where there is such an option. */
  readonly lookup?: boolean;
}

/** What it can be asked. */
export type ServerRequests = {
  /** The address, or nothing where something of the choice is not available. */
  readonly start: { readonly request: ServerChoice; readonly answer: string | undefined };
  readonly status: { readonly request: undefined; readonly answer: EngineStatus };
  /** Resident bytes. */
  readonly memory: { readonly request: undefined; readonly answer: number };
};

/** The option of `createTextModel` that lookup decoding is asked for with, once there is one. */
const LOOKUP = 'lookup';

let textModel: TextModel | undefined;

async function start({ choice, threads, slots, queue, lookup = false }: ServerChoice): Promise<string | undefined> {
  if (lookup && !(TEXT_MODEL_OPTIONS as readonly string[]).includes(LOOKUP)) return undefined;
  const model = benchModel(choice);
  const options: TextModelOptions = { threads, slots, ...(lookup ? { [LOOKUP]: true } : {}) };
  textModel = await createTextModel({ model, weights: benchWeights(model), tokenizer: numberTokenizer(model.vocabSize) }, options);
  const { url } = await serve(textModel, { port: 0, host: '127.0.0.1', queue });
  return url;
}

async function status(): Promise<EngineStatus> {
  const now = textModel?.status?.();
  if (now === undefined) throw new Error('no server runs');
  return now;
}

answerParent<ServerRequests>({ start, status, memory: () => Promise.resolve(process.memoryUsage.rss()) });
