/** The flags of `weft serve`, and how they stand beside a file of settings: a flag wins. */

import type { Command } from 'commander';

import { UsageError } from '../core/index.ts';
import type { ModelSource, ServeOptions, ServeSettings } from '../serve/index.ts';
import { decimalNumber, oneOf, repeated, wholeNumber } from './flag-values.ts';
import { BASE_HELP } from './load-source.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
/** A day, as the server has it. */
const LONGEST = 86_400;

/** What the flags say. */
export interface ServeFlags {
  readonly config?: string;
  readonly port?: number;
  readonly host?: string;
  readonly socket?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly corsOrigin?: readonly string[];
  readonly keys?: string;
  readonly feedback?: string;
  readonly base?: string;
  readonly workers?: number;
  readonly queue?: number;
  readonly slots?: number;
  readonly cacheTokens?: number;
  readonly bits?: 32 | 8 | 4;
  readonly modelMemory?: number;
  readonly draft?: string;
  readonly lookup?: true;
  readonly bodyLimit?: number;
  readonly maxConnections?: number;
  readonly requestSeconds?: number;
  readonly graceSeconds?: number;
  readonly log?: true;
  readonly logLevel?: (typeof LEVELS)[number];
  readonly logPrompts?: true;
  readonly otelEndpoint?: string;
  readonly json?: true;
}

/** Adds the flags to a command. */
export function addServeFlags(command: Command): Command {
  const seconds = (flag: string, least: number): ((text: string) => number) => decimalNumber(flag, { min: least, max: LONGEST });
  return command
    .option('--config <file>', 'JSON file of settings and models; flags win over it')
    .option('--port <n>', 'port; 0 takes any that is free (default: 8080)', wholeNumber('--port', { min: 0, max: 65_535 }))
    .option('--host <name>', 'name or address to listen on; 0.0.0.0 for all (default: localhost)')
    .option('--socket <path>', 'Unix socket to listen on instead of a port')
    .option('--tls-cert <file>', 'PEM file of the certificate, to speak https; followed when it is renewed')
    .option('--tls-key <file>', 'PEM file of its key')
    .option('--cors-origin <origin>', 'origin whose pages may ask from a browser, * for all; repeatable', repeated)
    .option('--keys <file>', 'file of API keys, made by weft keys; followed when it changes (default: open to everybody)')
    .option('--feedback <file>', 'file that opinions of answers are appended to (default: they are counted alone)')
    .option('--base <dir>', BASE_HELP)
    .option(
      '--workers <n>',
      'processes behind the one address; each holds the models in memory (default: this one)',
      wholeNumber('--workers', { min: 1, max: 256 }),
    )
    .option('--slots <n>', 'sequences that a model computes at once (default: 8)', wholeNumber('--slots', { min: 1, max: 1024 }))
    .option(
      '--cache-tokens <n>',
      'tokens whose keys and values a model keeps in memory (default: what the slots can hold, within a quarter of the memory)',
      wholeNumber('--cache-tokens', { min: 2, max: 2 ** 40 }),
    )
    .option('--bits <n>', 'round the matrices to 8 or 4 bits: less memory, faster, less exact (default: 32)', bitsOf)
    .option(
      '--model-memory <bytes>',
      'weights in memory at once: models are loaded when asked for, the one longest unused makes room (default: all)',
      wholeNumber('--model-memory', { min: 1, max: 2 ** 50 }),
    )
    .option('--draft <dir>', 'small model of the same tokenizer that guesses tokens: sooner for few clients')
    .option('--lookup', 'guess tokens from what a text repeats: sooner for few clients')
    .option('--queue <n>', 'most requests that wait; more get 429 (default: 64)', wholeNumber('--queue', { min: 0, max: 1_000_000 }))
    .option('--body-limit <n>', 'most bytes of a request (default: 4194304)', wholeNumber('--body-limit', { min: 1, max: 2 ** 30 }))
    .option(
      '--max-connections <n>',
      'most connections at a time (default: 1000)',
      wholeNumber('--max-connections', { min: 1, max: 1_000_000 }),
    )
    .option('--request-seconds <n>', 'time that a request may take, then 504 (default: any)', seconds('--request-seconds', 0.001))
    .option('--grace-seconds <n>', 'time that accepted requests have to finish at the end (default: 25)', seconds('--grace-seconds', 0))
    .option('--log', 'log requests as JSON lines on stderr, without their prompts')
    .option('--log-level <level>', `${LEVELS.join(', ')}; logs, too (default: info)`, oneOf('--log-level', LEVELS))
    .option('--log-prompts', 'log the bodies of requests, prompts among them; logs, too')
    .option('--otel-endpoint <url>', 'send traces there, e.g. http://localhost:4318 (OTLP over HTTP)');
}

/** What a server is told: the file's settings, and over them the flags. */
export function serveSettings(
  folders: readonly string[],
  flags: ServeFlags,
  file: ServeSettings,
): { readonly models: readonly (string | ModelSource)[]; readonly options: ServeOptions; readonly workers: number | undefined } {
  const { models = [], workers, ...settings } = file;
  const { config: _, json: __, tlsCert, tlsKey, corsOrigin, log, logLevel, logPrompts, workers: count, lookup, ...rest } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw half(tlsCert === undefined ? '--tls-cert' : '--tls-key');
  // A place is one thing: a flag for a socket takes back the file's port, and the other way round.
  const { port, host, socket, ...others } = settings;
  const place =
    rest.socket !== undefined ? {} : rest.port !== undefined || rest.host !== undefined ? { port, host } : { port, host, socket };
  const served = folders.length > 0 ? folders : models;
  if (served.length === 0) {
    throw new UsageError({
      code: 'WEFT_ARGUMENT',
      action: 'run weft serve',
      rule: 'an argument is missing',
      value: 'DIR',
      remedy: 'See weft serve --help.',
    });
  }
  const options = {
    ...others,
    ...place,
    ...rest,
    ...(tlsCert === undefined || tlsKey === undefined ? {} : { tls: { cert: tlsCert, key: tlsKey } }),
    ...(lookup === true ? { speculation: 'lookup' as const } : {}),
    ...(corsOrigin === undefined ? {} : { cors: corsOrigin }),
    ...(log === true || logLevel !== undefined || logPrompts === true ? { log: true } : {}),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(logPrompts === undefined ? {} : { logPrompts }),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as ServeOptions;
  return { models: served, options: given, workers: count ?? workers };
}

function bitsOf(text: string): 32 | 8 | 4 {
  return Number(oneOf('--bits', ['32', '8', '4'])(text)) as 32 | 8 | 4;
}

function half(missing: string): UsageError {
  return new UsageError({
    code: 'WEFT_FLAG_VALUE',
    action: 'serve over TLS',
    rule: 'a certificate and its key go together',
    value: `${missing} is missing`,
    remedy: 'Give --tls-cert and --tls-key.',
  });
}
