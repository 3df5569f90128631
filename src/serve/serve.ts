/** The server behind a port: `serve` with a model, `studio` with run folders alone. */

import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { FastifyInstance } from 'fastify';

import { WeftError, checkOptions } from '../core/index.ts';
import { loadTextModel } from '../generate/index.ts';
import type { TextModel } from '../generate/index.ts';
import { APP_OPTIONS, createApp } from './app.ts';
import type { AppOptions } from './app.ts';

/** Options of {@link serve} and {@link studio}. */
export interface ServeOptions extends Omit<AppOptions, 'models'> {
  /** Port; 0 takes any that is free. Default 8080. */
  readonly port?: number;
  /** Host name or address to listen on. Default `localhost`, which other machines do not reach; `0.0.0.0` for all. */
  readonly host?: string;
  /** Of an adapter's folder: its base model; default the one that it names. */
  readonly base?: string;
}

/** A server that runs. */
export interface RunningServer {
  /** Where it answers, e.g. `http://localhost:8080`. */
  readonly url: string;
  readonly app: FastifyInstance;
  /** Takes no more requests, lets the accepted ones finish within `graceSeconds`, then frees port and model. */
  close(): Promise<void>;
}

const SERVE_OPTIONS: readonly string[] = [...APP_OPTIONS.filter((name) => name !== 'models'), 'port', 'host', 'base'];

/**
 * Serves a language model over HTTP: the OpenAI routes under `/v1`, `/health`, `/metrics`, and the page at `/`.
 *
 * @param target - the folder of a model or an adapter, or a model that is open already (and stays open when the server closes)
 * @param options - see {@link ServeOptions}; a folder's own learning curve is on the page unless `runs` names others
 * @returns the server, ready to answer
 * @throws WeftError `WEFT_SERVE_PORT` when the port can't be had, and what opening the folder throws
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
export async function serve(target: string | TextModel, options: ServeOptions = {}): Promise<RunningServer> {
  checkOptions('serve', options, SERVE_OPTIONS);
  const { port, host, base, ...rest } = options;
  if (typeof target !== 'string') return await listen(await createApp({ ...rest, models: [target] }), { port, host });
  // Port first: a port in use is told at once, not after the model was loaded.
  let loaded: (models: readonly TextModel[]) => void = () => undefined;
  const models = new Promise<readonly TextModel[]>((resolve) => {
    loaded = resolve;
  });
  const hasCurve = existsSync(join(target, 'metrics.jsonl'));
  const server = await listen(await createApp({ runs: hasCurve ? [target] : [], ...rest, models }), { port, host });
  try {
    const model = await loadTextModel(target, base === undefined ? {} : { base });
    loaded([model]);
    return {
      ...server,
      async close() {
        await server.close();
        await model.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
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
    SERVE_OPTIONS.filter((name) => name !== 'runs'),
  );
  const { port, host, ...rest } = options;
  return await listen(await createApp({ ...rest, runs }), { port, host });
}

async function listen(
  app: FastifyInstance,
  { port = 8080, host = 'localhost' }: { port: number | undefined; host: string | undefined },
): Promise<RunningServer> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    await app.close();
    throw portError(error, { port, host });
  }
  const address = app.server.address() as AddressInfo;
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shown}:${address.port}`,
    app,
    close: async () => {
      await app.close();
    },
  };
}

function portError(error: unknown, { port, host }: { port: number; host: string }): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reasons: { readonly [code: string]: readonly [string, string] } = {
    EADDRINUSE: [
      'another program uses that port',
      `Stop the other program, or give another port, e.g. --port ${port === 65_535 ? port - 1 : port + 1}.`,
    ],
    EACCES: ['the system does not let you use that port', 'Give a port of 1024 or above.'],
    EADDRNOTAVAIL: ['this machine does not have that address', 'Give an address of this machine, or localhost.'],
    ENOTFOUND: ['there is no such host', 'Give an address of this machine, or localhost.'],
    ERR_SOCKET_BAD_PORT: ['a port is a whole number from 0 to 65535', 'Give a port in that range.'],
  };
  const reason = reasons[code];
  if (reason === undefined) return error;
  return new WeftError({
    code: 'WEFT_SERVE_PORT',
    action: 'serve',
    rule: reason[0],
    value: `${host}:${port}`,
    remedy: reason[1],
    cause: error,
  });
}
