/** `weft keys`: makes, lists and revokes the API keys of a server. */

import type { Command } from 'commander';

import { UsageError } from '../../core/index.ts';
import type { KeyRecord, KeyRights, Scope } from '../../serve/index.ts';
import { printJson, printLine } from '../context.ts';
import type { CliContext } from '../context.ts';
import { oneOf, repeated, wholeNumber } from '../flag-values.ts';

const SCOPES = ['generate', 'embeddings', 'read', 'metrics', 'admin'] as const satisfies readonly Scope[];
const FILE_HELP = 'file of keys; weft serve takes it as --keys, and follows its changes';

/** Adds the commands to the program. */
export function addKeys(program: Command, context: CliContext): void {
  const keys = program
    .command('keys')
    .helpCommand(false)
    .summary('make, list and revoke the API keys of a server')
    .description('Makes, lists and revokes the API keys of a server. The file holds a digest of each key, never the key.');
  addAdd(keys, context);
  addList(keys, context);
  addRevoke(keys, context);
}

interface AddFlags extends Omit<KeyRights, 'scopes' | 'models'> {
  readonly keys: string;
  readonly scope?: readonly Scope[];
  readonly model?: readonly string[];
  readonly json?: true;
}

function addAdd(keys: Command, context: CliContext): void {
  const scope = oneOf('--scope', SCOPES);
  keys
    .command('add')
    .summary('make a key and print it, once')
    .description('Makes a key and prints it. It is written nowhere: whoever loses it needs another.')
    .argument('<NAME>', 'what the log calls it')
    .requiredOption('--keys <file>', FILE_HELP)
    .option(
      '--scope <name>',
      `${SCOPES.join(', ')}; repeatable (default: generate, embeddings, read)`,
      (text, before?: readonly Scope[]) => [...(before ?? []), scope(text)],
    )
    .option(
      '--requests-per-minute <n>',
      'most requests in a minute (default: any number)',
      wholeNumber('--requests-per-minute', { min: 1 }),
    )
    .option('--tokens-per-minute <n>', 'most tokens in a minute, of prompts and answers', wholeNumber('--tokens-per-minute', { min: 1 }))
    .option('--priority <n>', 'whoever has more goes first (default: 0)', wholeNumber('--priority', { min: -1000, max: 1000 }))
    .option('--expires <date>', 'when it ends, e.g. 2030-01-31 or 2030-01-31T18:00:00Z (default: never)', date)
    .option('--model <name>', 'a model that it is for; repeatable (default: all)', repeated)
    .option('--json', 'print one JSON object')
    .action(async (name: string, { keys: file, scope: scopes, model: models, json, ...limits }: AddFlags) => {
      const { addKey } = await import('../../serve/index.ts');
      const key = await addKey(file, name, {
        ...limits,
        ...(scopes === undefined ? {} : { scopes }),
        ...(models === undefined ? {} : { models }),
      });
      if (json === true) printJson(context, { name, key });
      else printLine(context, key);
    });
}

function addList(keys: Command, context: CliContext): void {
  keys
    .command('list')
    .summary('what each key may')
    .description('Lists the keys of a file: name, scopes, limits. The keys themselves are in no file.')
    .requiredOption('--keys <file>', FILE_HELP)
    .option('--json', 'print one JSON object')
    .action(async ({ keys: file, json }: { readonly keys: string; readonly json?: true }) => {
      const { readKeys } = await import('../../serve/index.ts');
      const found = await readKeys(file);
      if (json === true) return printJson(context, { keys: found.map(({ sha256: _, ...key }) => key) });
      for (const key of found) printLine(context, describe(key));
    });
}

function addRevoke(keys: Command, context: CliContext): void {
  keys
    .command('revoke')
    .summary('take a key out of the file')
    .description('Takes a key out of the file; servers that follow the file refuse it within seconds.')
    .argument('<NAME>', 'name of the key')
    .requiredOption('--keys <file>', FILE_HELP)
    .action(async (name: string, { keys: file }: { readonly keys: string }) => {
      const { revokeKey } = await import('../../serve/index.ts');
      await revokeKey(file, name);
      printLine(context, `Revoked ${name}`);
    });
}

function describe({ name, scopes, requestsPerMinute, tokensPerMinute, priority, expires, models }: KeyRecord): string {
  return [
    name,
    scopes.join(',') || 'nothing',
    ...(requestsPerMinute === undefined ? [] : [`${requestsPerMinute} requests/min`]),
    ...(tokensPerMinute === undefined ? [] : [`${tokensPerMinute} tokens/min`]),
    ...(priority === undefined ? [] : [`priority ${priority}`]),
    ...(expires === undefined ? [] : [`until ${expires}`]),
    ...(models === undefined ? [] : [`for ${models.join(',')}`]),
  ].join('  ');
}

/** A day, which begins in UTC, or a moment, as ISO 8601 in UTC. */
function date(text: string): string {
  const time = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new UsageError({
      code: 'WEFT_FLAG_VALUE',
      action: 'use --expires',
      rule: 'it takes a date, or a date and a time with its zone',
      value: text,
      remedy: 'Give it as 2030-01-31 or 2030-01-31T18:00:00Z.',
    });
  }
  if (time <= Date.now()) {
    throw new UsageError({
      code: 'WEFT_FLAG_VALUE',
      action: 'use --expires',
      rule: 'a key ends in the future',
      value: text,
      remedy: 'Give a later date, or revoke a key that is to end now: `weft keys revoke NAME`.',
    });
  }
  return new Date(time).toISOString();
}
