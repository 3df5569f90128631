/** The server behind a port or a socket: `serve` with models, `studio` with run folders alone. */

import type { FastifyInstance } from 'fastify';

import { checkOptions } from '../core/index.ts';
import { createResidency } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import { APP_OPTIONS, buildApp } from './app.ts';
import type { AppInside, AppOptions } from './app.ts';
import { checkPlace, listen } from './listening.ts';
import type { Place } from './listening.ts';
import { curvesOf, loadModels, modelSources } from './model-sources.ts';
import type { ModelRunning, ModelSource } from './model-sources.ts';
import { checkServing } from './option-ranges.ts';

/** Options of {@link serve} and {@link studio}. */
export interface ServeOptions extends Omit<AppOptions, 'models'>, Place {
  /** Of an adapter's folder: its base model; default the one that it names. */
  readonly base?: string;
  /** Sequences that a model computes at once; more wait. Default 8. */
  readonly slots?: number;
  /** Tokens whose keys and values a model keeps in memory at once; default what the slots can hold, within a quarter of the memory. */
  readonly cacheTokens?: number;
  /** Rounds the models' matrices to so many bits. Default 32: as they are. */
  readonly bits?: 32 | 8 | 4;
  /** Bytes of weights in memory at once: models are loaded when they are asked for, and the one longest unused makes room. Default all. */
  readonly modelMemory?: number;
  /** Folder of a small model of the same tokenizer that guesses tokens for all others. Default none. */
  readonly draft?: string;
}

/** What is served: the folder of a model or an adapter, several of them, or a model that is open already. */
export type ServeTarget = string | TextModel | readonly (string | ModelSource)[];

/** A server that runs. */
export interface RunningServer {
  /** Where it answers, e.g. `http://localhost:8080`, or `unix:/run/weft.sock`. */
  readonly url: string;
  readonly app: FastifyInstance;
  /** Takes no more requests, lets the accepted ones finish within `graceSeconds`, then frees port and models. */
  close(): Promise<void>;
}

/** The names of {@link ServeOptions}. */
export const SERVE_OPTIONS: readonly string[] = [
  ...APP_OPTIONS.filter((name) => name !== 'models'),
  'port',
  'host',
  'socket',
  'base',
  'slots',
  'cacheTokens',
  'bits',
  'modelMemory',
  'draft',
];

/**
 * Serves language models over HTTP: the OpenAI routes under `/v1`, `/health`, `/metrics`, and the page at `/`.
 *
 * @param target - the folder of a model or an adapter, several of them in order (the first answers requests that name none), or
 *   a model that is open already (and stays open when the server closes)
 * @param options - see {@link ServeOptions}; a folder's own learning curve is on the page unless `runs` names others
 * @returns the server, ready to answer
 * @throws WeftError `WEFT_SERVE_PORT` or `WEFT_SERVE_SOCKET` when the place can't be had, `WEFT_SERVE_TLS` and `WEFT_SERVE_KEYS` for
 *   files that can't be used, `WEFT_SERVE_OPTION`, `WEFT_SERVE_MODEL_NAME`, and what opening the folder throws
 *
 * @example
 * ```ts
 * import { createTextModel } from 'weft/generate';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 * import { serve } from 'weft/serve';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
 * const definition = llama({ layers: 1, heads: 2, width: 32, contextLength: 16, vocabSize: tokenizer.vocabSize });
 * const model = await createTextModel({ model: definition, weights: initialize(definition.parameters, { seed: 1 }), tokenizer });
 * const server = await serve(model, { port: 0 });
 * const payload = { prompt: 'to be', max_tokens: 4, seed: 1 };
 * const answer = await server.app.inject({ method: 'POST', url: '/v1/completions', payload });
 * console.log(answer.json().usage.prompt_tokens); // 5
 * await server.close();
 * await model.close();
 * ```
 */
export async function serve(target: ServeTarget, options: ServeOptions = {}): Promise<RunningServer> {
  return await serveInside(target, options, {});
}

/** What a process that serves beside others does otherwise. */
export interface ServeInside extends AppInside {
  /** Load the models before the place is taken: others answer there meanwhile. */
  readonly loadFirst?: boolean;
  /** Another process looks after the socket's file. */
  readonly sharedSocket?: boolean;
  /** Threads of each model; default the runtime's. */
  readonly threads?: number;
}

/** {@link serve}, for a process that serves beside others. */
export async function serveInside(target: ServeTarget, options: ServeOptions, inside: ServeInside): Promise<RunningServer> {
  checkOptions('serve', options, SERVE_OPTIONS);
  const { port, host, socket, base, slots, cacheTokens, bits, modelMemory, draft, ...app } = options;
  checkServing(options);
  const rest = { ...app, ...(draft === undefined || app.speculation !== undefined ? {} : { speculation: 'draft' as const }) };
  const residency = modelMemory === undefined ? undefined : createResidency(modelMemory);
  const given = { threads: inside.threads, slots, cacheTokens, bits, draft, residency };
  const running = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as ModelRunning;
  const place = {
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(socket === undefined ? {} : { socket }),
  };
  checkPlace(place);
  const start = async (app: FastifyInstance): Promise<RunningServer> => {
    const url = await listen(app, place, { tls: rest.tls !== undefined, shared: inside.sharedSocket ?? false });
    return {
      url,
      app,
      close: async () => {
        await app.close();
      },
    };
  };
  if (isOpen(target)) return await start(await buildApp({ ...rest, models: [target] }, inside));
  const sources = modelSources(target, base);
  const before = inside.loadFirst === true ? await loadModels(sources, { running }) : undefined;
  // Else the port first: a port in use is told at once, not after the models were loaded.
  let loaded: (models: readonly TextModel[]) => void = () => undefined;
  const models = before?.models ?? new Promise<readonly TextModel[]>((resolve) => (loaded = resolve));
  const server = await start(await buildApp({ runs: curvesOf(sources), ...rest, models }, inside));
  try {
    const opened = before ?? (await loadModels(sources, { running }));
    loaded(opened.models);
    return {
      ...server,
      async close() {
        await server.close();
        await opened.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

function isOpen(target: ServeTarget): target is TextModel {
  return typeof target === 'object' && 'generate' in target;
}

/**
 * Serves the page for run folders alone, also while a training is writing into them; no model is needed.
 *
 * @param runs - run folders, or folders that hold some; runs that begin later appear by themselves
 * @throws WeftError `WEFT_SERVE_PORT` when the port can't be had, `WEFT_RUN_MISSING` when a run is no folder
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { studio } from 'weft/serve';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'run-'));
 * await writeFile(join(folder, 'metrics.jsonl'), '{"kind":"step","step":1,"loss":4.25}\n');
 * const server = await studio([folder], { port: 0 });
 * const runs = await server.app.inject('/api/runs');
 * console.log(runs.json().data[0].lastStep.loss); // 4.25
 * await server.close();
 * ```
 */
export async function studio(runs: readonly string[], options: Omit<ServeOptions, 'runs'> = {}): Promise<RunningServer> {
  checkOptions(
    'open the studio',
    options,
    SERVE_OPTIONS.filter((name) => !['runs', 'slots', 'cacheTokens', 'bits', 'modelMemory', 'draft', 'speculation'].includes(name)),
  );
  const { port, host, socket, base: _, ...rest } = options;
  const place = {
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(socket === undefined ? {} : { socket }),
  };
  checkPlace(place);
  const app = await buildApp({ ...rest, runs }, {});
  const url = await listen(app, place, { tls: rest.tls !== undefined });
  return {
    url,
    app,
    close: async () => {
      await app.close();
    },
  };
}
