/** `weft/tokenizers` as a bundler makes it for browsers: its size, and that it does the same in a page and in a worker as in Node. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import type { Rolldown } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadEncoding, trainTokenizer } from '../src/tokenizers/index.ts';
import { CHROMIUM, CHROMIUM_ARGUMENTS } from './house/chromium.ts';

if (CHROMIUM === undefined) console.warn('Browsers are not tested: no Chromium was found. Install one, or name it in WEFT_CHROMIUM.');

const LARGEST = 40 * 1024;

const TEXTS = ['low lower lowest', 'naïve café 中文 😀', 'fn main() { println!("{}", 42); }'];

/** What runs in the page and in the worker; `weft` is the whole of `weft/tokenizers`. */
const SCRIPT = `
async (weft, texts) => {
  const trained = await weft.trainTokenizer(texts, { vocabSize: 300 });
  const tokenizer = await weft.tokenizerFromJson(JSON.parse(JSON.stringify(trained)));
  const ids = texts.map((text) => [...tokenizer.encode(text)]);
  const encoding = await weft.loadEncoding('o200k_base');
  for (const text of texts) ids.push([...encoding.encode(text)]);
  const refused = await weft.loadTokenizer('folder').catch((error) => error.code);
  return { ids, texts: ids.map((list, index) => (index < texts.length ? tokenizer : encoding).decode(list)), refused };
}`;

let folder: string;
let chunks: readonly Rolldown.OutputChunk[] = [];
const ofNode: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-bundle-'));
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    plugins: [{ name: 'find-node', resolveId: { order: 'pre', handler: (id) => void (id.startsWith('node:') && ofNode.push(id)) } }],
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: {
        input: { tokenizers: fileURLToPath(new URL('../src/tokenizers/index.ts', import.meta.url)) },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  })) as Rolldown.RolldownOutput;
  chunks = output.filter((part) => part.type === 'chunk');
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** The entry with what it imports statically. */
function loadedAtOnce(name = 'tokenizers.js'): ReadonlySet<string> {
  const found = new Set([name]);
  for (const file of found) for (const next of chunks.find(({ fileName }) => fileName === file)?.imports ?? []) found.add(next);
  return found;
}

test('no module of Node is imported', () => {
  expect(ofNode).toEqual([]);
});

test(`minified and gzipped it has ${LARGEST} bytes or fewer, without what is loaded lazily`, () => {
  const bytes = [...loadedAtOnce()].reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file)), { level: 9 }).length, 0);
  console.info(`weft/tokenizers, minified and gzipped: ${(bytes / 1024).toFixed(1)} KB`);
  expect(bytes).toBeLessThanOrEqual(LARGEST);
});

test('o200k is loaded, and the whole process has 130 MB at its peak', async () => {
  const script = join(folder, 'load.mjs');
  await writeFile(
    script,
    `import { existsSync, readFileSync } from 'node:fs';
     import { loadEncoding } from './tokenizers.js';
     const before = process.cpuUsage();
     const ids = (await loadEncoding('o200k_base')).encode('hello world').join(' ');
     const { user, system } = process.cpuUsage(before);
     // resourceUsage counts what the process had before it became this program too.
     const status = existsSync('/proc/self/status') ? /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) : null;
     const kilobytes = Number(status?.[1] ?? process.resourceUsage().maxRSS);
     console.log(JSON.stringify({ ids, milliseconds: (user + system) / 1000, megabytes: kilobytes / 1024 }));`,
  );
  // The best of three, as others use the machine too.
  const runs = Array.from({ length: 3 }, () => JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as LoadReport);
  const milliseconds = Math.min(...runs.map((run) => run.milliseconds));
  const megabytes = Math.max(...runs.map((run) => run.megabytes));
  console.info(`o200k: ${milliseconds.toFixed(0)} ms of CPU time, ${megabytes.toFixed(0)} MB`);
  expect(runs[0]?.ids).toBe('24912 2375');
  expect(megabytes).toBeLessThanOrEqual(130);
});

interface LoadReport {
  readonly ids: string;
  readonly milliseconds: number;
  readonly megabytes: number;
}

describe.skipIf(CHROMIUM === undefined)('in Chromium (skipped without one)', () => {
  let browser: Browser;
  let server: Server;
  let url: string;
  let expected: unknown;

  beforeAll(async () => {
    await writeFile(join(folder, 'page.html'), '<!doctype html><title>page</title>');
    await writeFile(
      join(folder, 'worker.js'),
      `import * as weft from './tokenizers.js';
       const run = ${SCRIPT};
       self.onmessage = async ({ data }) => self.postMessage(await run(weft, data).catch((error) => String(error)));`,
    );
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      response.setHeader('content-type', path.endsWith('.html') ? 'text/html' : 'text/javascript');
      try {
        response.end(readFileSync(join(folder, path)));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: [...CHROMIUM_ARGUMENTS] });
    const tokenizer = await trainTokenizer(TEXTS, { vocabSize: 300 });
    const encoding = await loadEncoding('o200k_base');
    expected = {
      ids: [tokenizer, encoding].flatMap((each) => TEXTS.map((text) => [...each.encode(text)])),
      texts: [...TEXTS, ...TEXTS],
      refused: 'WEFT_TOKENIZER_PLATFORM',
    };
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test('a page', async () => {
    const page = await browser.newPage();
    await page.goto(`${url}/page.html`);
    expect(await page.evaluate(`import('/tokenizers.js').then((weft) => (${SCRIPT})(weft, ${JSON.stringify(TEXTS)}))`)).toEqual(expected);
  });

  test('a worker', async () => {
    const page = await browser.newPage();
    await page.goto(`${url}/page.html`);
    const answer = await page.evaluate(`new Promise((resolve, reject) => {
      const worker = new Worker('/worker.js', { type: 'module' });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (error) => reject(new Error(error.message));
      worker.postMessage(${JSON.stringify(TEXTS)});
    })`);
    expect(answer).toEqual(expected);
  });
});
