/** Tokenizers by name from a hub on this machine. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type FakeHub, startHub } from '../../src/hub/hub.fixture.ts';
import { type LoadTokenizerOptions, loadTokenizer, trainTokenizer } from '../../src/tokenizers/index.ts';

let hub: FakeHub;
let cache = '';
let options: LoadTokenizerOptions;
beforeAll(async () => {
  hub = await startHub({});
  cache = mkdtempSync(join(tmpdir(), 'weft-hub-tokenizer-'));
  options = { hub: { endpoint: hub.endpoint, cache } };
});
afterAll(async () => {
  await hub.close();
  rmSync(cache, { recursive: true, force: true });
});

test('the tokenizer alone is downloaded, and is there without a network', async () => {
  const trained = await trainTokenizer(['hello there, hello you'], { vocabSize: 280 });
  hub.files = { 'model.safetensors': 'large', 'sub/vocab.txt': 'no', 'tokenizer.json': JSON.stringify(trained), 'x.gguf': 'large' };
  const loaded = await loadTokenizer('hf:org/name', options);
  expect(JSON.stringify(loaded)).toBe(JSON.stringify(trained));
  expect(hub.seen.filter(({ host }) => host === 'cdn').map(({ path }) => path)).toEqual(['/tokenizer.json']);
  const offline = await loadTokenizer('hf:org/name', { hub: { endpoint: 'http://127.0.0.1:9', cache } });
  expect(JSON.stringify(offline)).toBe(JSON.stringify(trained));
});

test('what stands beside a vocabulary is downloaded with it', async () => {
  hub.commit = 'b'.repeat(40);
  hub.files = { 'vocab.txt': '[UNK]\nLow\nlow', 'tokenizer_config.json': '{"do_lower_case":false}', 'config.json': '{}' };
  const loaded = await loadTokenizer('hf:org/name', options);
  expect([...loaded.encode('Low low')]).toEqual([1, 2]);
});

test('a repository without a tokenizer, none at all, and no network', async () => {
  hub.commit = 'c'.repeat(40);
  hub.files = { 'model.gguf': 'large' };
  await expect(loadTokenizer('hf:org/name', options)).rejects.toMatchObject({ code: 'WEFT_TOKENIZER_MISSING' });
  await expect(loadTokenizer('hf:org/nothing', options)).rejects.toMatchObject({ code: 'WEFT_HUB_MISSING' });
  await expect(loadTokenizer('hf:../name', options)).rejects.toMatchObject({ code: 'WEFT_HUB_NAME' });
  const unreachable = { hub: { endpoint: 'http://127.0.0.1:9', cache } };
  await expect(loadTokenizer('hf:org/other', unreachable)).rejects.toMatchObject({ code: 'WEFT_HUB_OFFLINE' });
});
