import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import { SERVE_OPTIONS } from './serve.ts';
import { readSettings } from './settings-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-settings-'));
});

async function read(content: unknown): Promise<unknown> {
  const file = join(folder, 'serve.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return await readSettings(file);
}

const everything = {
  models: [
    { name: 'tiny', path: 'models/tiny', adapters: [{ name: 'french', path: '/adapters/french' }] },
    { path: 'hf:org/name' },
    { path: 'tuned', base: '../base' },
  ],
  host: '0.0.0.0',
  port: 9000,
  tls: { cert: 'a.crt', key: 'a.key' },
  cors: ['*'],
  keys: 'keys.json',
  feedback: 'feedback.jsonl',
  runs: ['runs'],
  queue: 8,
  slots: 4,
  cacheTokens: 4096,
  bits: 8,
  modelMemory: 1e9,
  draft: 'small',
  speculation: 'draft',
  bodyLimit: 1000,
  requestSeconds: 60,
  receiveSeconds: 10,
  maxConnections: 100,
  graceSeconds: 20,
  workers: 2,
  log: true,
  logLevel: 'warn',
  logPrompts: false,
  otelEndpoint: 'http://collector:4318',
};

describe('the file of settings', () => {
  test('says all that a server can be told, its paths relative to itself', async () => {
    expect(await read(everything)).toEqual({
      ...everything,
      models: [
        { name: 'tiny', path: join(folder, 'models/tiny'), adapters: [{ name: 'french', path: '/adapters/french' }] },
        { path: 'hf:org/name' },
        { path: join(folder, 'tuned'), base: join(folder, '../base') },
      ],
      tls: { cert: join(folder, 'a.crt'), key: join(folder, 'a.key') },
      keys: join(folder, 'keys.json'),
      draft: join(folder, 'small'),
      feedback: join(folder, 'feedback.jsonl'),
      runs: [join(folder, 'runs')],
    });
    expect(await read({ socket: 'a.sock' })).toEqual({ socket: join(folder, 'a.sock') });
    expect(await read({})).toEqual({});
  });

  test('knows every option of serve that a file can hold', () => {
    const notInFiles = ['page', 'clock', 'base']; // A model says its own base.
    const known = [...Object.keys(everything), 'socket'];
    expect(SERVE_OPTIONS.filter((name) => !known.includes(name) && !notInFiles.includes(name))).toEqual([]);
  });

  test('is documented with every name, by an example that can be read', async () => {
    const page = await readFile(fileURLToPath(new URL('../../docs/serving.md', import.meta.url)), 'utf8');
    const section = page.split(/^## /m).find((part) => part.startsWith('A file of settings')) ?? '';
    await read(/```json\n(.*?)```/s.exec(section)?.[1] ?? '');
    const named = [...section.matchAll(/"(\w+)":|`(\w+)`/g)].map(([, inExample, inText]) => inExample ?? inText);
    expect([...Object.keys(everything), 'socket', 'base'].filter((name) => !named.includes(name))).toEqual([]);
  });

  test.for([
    [{ prot: 1 }, 'a name is unknown: prot', 'Did you mean port?'],
    [{ models: [{ path: 'a', adapter: [] }] }, 'a name is unknown: models[0].adapter', 'Did you mean adapters?'],
    [
      { models: [{ path: 'a', adapters: [{ path: 'b', nmae: 'c' }] }] },
      'a name is unknown: models[0].adapters[0].nmae',
      'Did you mean name?',
    ],
    [{ tls: { cert: 'a', key: 'b', ca: 'c' } }, 'a name is unknown: tls.ca', 'Known names: cert, key.'],
    [{ port: 70_000 }, 'port does not fit: expected at most 65535', 'Give port a value that is allowed.'],
    [{ logLevel: 'loud' }, 'logLevel does not fit: expected "debug" or "info" or "warn" or "error"', 'Give logLevel'],
    [{ models: [{ name: 'a' }] }, 'models[0].path is missing', 'Give it.'],
    [{ bits: 7 }, 'bits does not fit: expected 32 or 8 or 4', 'Give bits'],
    [{ models: [] }, 'models does not fit', 'Give models'],
    [{ graceSeconds: -1 }, 'graceSeconds does not fit', 'Give graceSeconds'],
    [
      { otelEndpoint: 'collector' },
      'otelEndpoint does not fit: expected an address that begins with http:// or https://',
      'Give otelEndpoint',
    ],
    [[], 'it holds no object of settings', 'Give an object'],
    ['{', 'it is not JSON', 'Mend the file.'],
  ] as const)('%j is refused by place and rule', async ([content, rule, remedy]) => {
    const error: unknown = await read(content).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'WEFT_SERVE_CONFIG' });
    expect((error as Error).message).toContain(`Cannot read the settings of ${join(folder, 'serve.json')} as ${rule}`);
    expect((error as { remedy: string }).remedy).toContain(remedy);
  });

  test('one that is not there is told', async () => {
    await expect(readSettings(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'WEFT_SERVE_CONFIG' });
  });
});
