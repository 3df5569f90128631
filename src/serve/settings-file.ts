/**
 * The file of a server's settings, for `weft serve --config`: what the flags say, and the models with their names and adapters.
 *
 * Decided: JSON, and strict: an unknown name is refused with the nearest known one, as a limit that is misspelt is no limit.
 * Paths are relative to the file.
 */

import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { z } from 'zod';

import { FormatError, nearestTo } from '../core/index.ts';
import type { Speculation } from '../generate/index.ts';
import { innermostIssue, issueWords, valueAt } from './issue-words.ts';
import type { ModelSource } from './model-sources.ts';
import { OPTION_RANGES } from './option-ranges.ts';
import { LOG_LEVELS } from './request-log.ts';
import type { LogLevel } from './request-log.ts';
import type { TlsFiles } from './tls-files.ts';

/** What the file may say; every part may be left out. */
export interface ServeSettings {
  readonly models?: readonly ModelSource[] | undefined;
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly socket?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  readonly cors?: readonly string[] | undefined;
  readonly keys?: string | undefined;
  readonly feedback?: string | undefined;
  readonly runs?: readonly string[] | undefined;
  readonly queue?: number | undefined;
  readonly slots?: number | undefined;
  readonly cacheTokens?: number | undefined;
  readonly bits?: 32 | 8 | 4 | undefined;
  readonly modelMemory?: number | undefined;
  readonly draft?: string | undefined;
  readonly speculation?: Speculation | undefined;
  readonly bodyLimit?: number | undefined;
  readonly requestSeconds?: number | undefined;
  readonly receiveSeconds?: number | undefined;
  readonly maxConnections?: number | undefined;
  readonly graceSeconds?: number | undefined;
  readonly workers?: number | undefined;
  readonly log?: boolean | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly logPrompts?: boolean | undefined;
  readonly otelEndpoint?: string | undefined;
}

/** Most bytes that the file may have. */
const LARGEST = 1 << 20;
/** Most models, adapters among them apart. */
const MOST_MODELS = 100;

/** A number in the range of its option. */
function ranged(name: string): z.ZodOptional<z.ZodNumber> {
  const { min = 0, max = 0, whole } = OPTION_RANGES[name] ?? {};
  const number = z.number().min(min).max(max);
  return (whole === true ? number.int() : number).optional();
}

const path = z.string().min(1).max(4096);
const name = z.string().min(1).max(500).optional();

const model = z.strictObject({
  path,
  name,
  base: path.optional(),
  adapters: z.array(z.strictObject({ path, name })).max(MOST_MODELS).optional(),
});

const settings = z.strictObject({
  models: z.array(model).min(1).max(MOST_MODELS).optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  host: z.string().min(1).optional(),
  socket: path.optional(),
  tls: z.strictObject({ cert: path, key: path }).optional(),
  cors: z.array(z.string()).optional(),
  keys: path.optional(),
  feedback: path.optional(),
  runs: z.array(path).optional(),
  queue: ranged('queue'),
  slots: ranged('slots'),
  cacheTokens: ranged('cacheTokens'),
  bits: z.union([z.literal(32), z.literal(8), z.literal(4)]).optional(),
  modelMemory: ranged('modelMemory'),
  draft: path.optional(),
  speculation: z.enum(['none', 'lookup', 'draft']).optional(),
  bodyLimit: ranged('bodyLimit'),
  requestSeconds: ranged('requestSeconds'),
  receiveSeconds: ranged('receiveSeconds'),
  maxConnections: ranged('maxConnections'),
  graceSeconds: ranged('graceSeconds'),
  workers: ranged('workers'),
  log: z.boolean().optional(),
  logLevel: z.enum(LOG_LEVELS).optional(),
  logPrompts: z.boolean().optional(),
  otelEndpoint: z.url({ protocol: /^https?$/ }).optional(),
});

/** The names that may stand where an unknown one does. */
const NAMES: { readonly [place: string]: readonly string[] } = {
  '': Object.keys(settings.shape),
  models: Object.keys(model.shape),
  adapters: ['path', 'name'],
  tls: ['cert', 'key'],
};

/**
 * The settings of a file, its paths made absolute.
 *
 * @param file - path of a JSON file
 * @throws FormatError `WEFT_SERVE_CONFIG` that names the place in the file, what may stand there, and the nearest name to an unknown one
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { readSettings } from 'weft/serve';
 *
 * await writeFile('serve.json', '{ "models": [{ "name": "tiny", "path": "models/tiny" }], "port": 9000 }');
 * const { port, models } = await readSettings('serve.json');
 * console.log(port, models?.[0]?.name); // 9000 tiny
 * await writeFile('serve.json', '{ "prot": 9000 }');
 * const error = await readSettings('serve.json').catch((reason: Error) => reason);
 * console.log(String(error).includes('Did you mean port?')); // true
 * ```
 */
export async function readSettings(file: string): Promise<ServeSettings> {
  const content = await readJson(file);
  const result = settings.safeParse(content);
  if (!result.success) throw misfit(file, content, result.error.issues[0]);
  const folder = dirname(resolve(file));
  const at = (given: string): string => (given.startsWith('hf:') ? given : resolve(folder, given));
  const { models, draft, feedback, socket, tls, keys, runs, ...others } = result.data;
  return {
    ...others,
    ...(models === undefined
      ? {}
      : {
          models: models.map(({ path: own, base, adapters, ...named }) => ({
            ...named,
            path: at(own),
            ...(base === undefined ? {} : { base: at(base) }),
            ...(adapters === undefined ? {} : { adapters: adapters.map((adapter) => ({ ...adapter, path: at(adapter.path) })) }),
          })),
        }),
    ...(feedback === undefined ? {} : { feedback: at(feedback) }),
    ...(draft === undefined ? {} : { draft: at(draft) }),
    ...(socket === undefined ? {} : { socket: at(socket) }),
    ...(tls === undefined ? {} : { tls: { cert: at(tls.cert), key: at(tls.key) } }),
    ...(keys === undefined ? {} : { keys: at(keys) }),
    ...(runs === undefined ? {} : { runs: runs.map(at) }),
  };
}

async function readJson(file: string): Promise<unknown> {
  const unreadable = (rule: string, remedy: string, cause?: unknown): FormatError =>
    new FormatError({ code: 'WEFT_SERVE_CONFIG', action: `read the settings of ${file}`, rule, remedy, cause });
  try {
    if ((await stat(file)).size > LARGEST) throw unreadable('the file is too large', 'Give a file of settings.');
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (error instanceof SyntaxError) throw unreadable(`it is not JSON (${error.message})`, 'Mend the file.', error);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(missing ? 'there is no such file' : 'the system refuses to read it', 'Check the path.', error);
  }
}

function misfit(file: string, content: unknown, first: z.core.$ZodIssue | undefined): FormatError {
  const issue = first === undefined ? undefined : innermostIssue(first);
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const place = [...(issue?.path ?? []), ...keys.slice(0, 1)]
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
    .join('');
  const report = { code: 'WEFT_SERVE_CONFIG', action: `read the settings of ${file}` };
  const [unknown] = keys;
  if (unknown !== undefined) {
    const known = NAMES[issue?.path.filter((part) => typeof part === 'string').at(-1) ?? ''] ?? [];
    const nearest = nearestTo(unknown, known);
    const remedy = nearest === undefined ? `Known names: ${known.join(', ')}.` : `Did you mean ${nearest}?`;
    return new FormatError({ ...report, rule: 'a name is unknown', value: place, remedy });
  }
  if (place !== '' && valueAt(content, issue?.path ?? []) === undefined)
    return new FormatError({ ...report, rule: `${place} is missing`, remedy: 'Give it.' });
  return new FormatError({
    ...report,
    rule: place === '' ? 'it holds no object of settings' : `${place} does not fit`,
    value: issue === undefined ? '' : issueWords(issue),
    remedy: `Give ${place === '' ? 'an object' : place} a value that is allowed.`,
  });
}
