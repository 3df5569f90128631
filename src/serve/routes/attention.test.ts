import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { saveModel } from '../../formats/index.ts';
import { createAttentionReader, loadTextModel } from '../../generate/index.ts';
import type { AttentionReader, TextModel } from '../../generate/index.ts';
import { llama } from '../../models/index.ts';
import { initialize } from '../../nn/index.ts';
import { trainTokenizer } from '../../tokenizers/index.ts';
import { createApp } from '../app.ts';
import type { PageAttention, PageList, PageModel } from '../page-api.ts';
import { serving } from '../serving.fixture.ts';
import type { Answer } from '../serving.fixture.ts';

const code = (answer: Pick<Answer, 'json'>): unknown => (answer.json()['error'] as { readonly code: string }).code;

describe('POST /api/attention', () => {
  const LENGTH = 150;
  let folder = '';
  let model: TextModel;
  let reader: AttentionReader;
  let ask: (body: unknown) => Promise<Answer>;
  let close: () => Promise<void>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-attention-'));
    const tokenizer = await trainTokenizer(['to be or not to be'], { type: 'characters' });
    const definition = llama({ layers: 2, heads: 4, kvHeads: 2, width: 32, contextLength: LENGTH, vocabSize: tokenizer.vocabSize });
    const weights = initialize(definition.parameters, { seed: 1 });
    await saveModel(folder, { model: definition, weights, tokenizer });
    reader = createAttentionReader({ model: definition, weights }, { threads: 1 });
    model = await loadTextModel(folder, { threads: 1 });
    const app = await createApp({ models: [model] });
    ask = async (body) => {
      const payload = typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await app.inject({
        method: 'POST',
        url: '/api/attention',
        payload,
        headers: { 'content-type': 'application/json' },
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.body,
        json: () => answer.json(),
        events: () => [],
      };
    };
    close = async () => {
      await app.close();
    };
    expect((await app.inject('/api/models')).json<PageList<PageModel>>().data[0]?.hasAttention).toBe(true);
  });
  afterAll(async () => {
    await close();
    await Promise.all([model.close(), reader.close()]);
    await rm(folder, { recursive: true });
  });

  const numbersOf = ({ probabilities }: PageAttention): Float32Array => {
    const bytes = Uint8Array.from(Buffer.from(probabilities, 'base64'));
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
  };

  test.each([0, 1])('the tokens, and what the heads of layer %i give to each', async (layer) => {
    const answer = await ask({ prompt: 'to be', layer, model: model.name });
    expect(answer.status).toBe(200);
    const told = answer.json() as unknown as PageAttention;
    const ids = model.tokenizer.encode('to be');
    expect(told).toMatchObject({ dropped: 0, layers: 2, heads: 4, layer });
    expect(told.tokens).toEqual([...'to be'].map((piece, index) => ({ id: ids[index], piece })));
    expect(numbersOf(told)).toEqual((await reader.read(ids))[layer]?.data);
  });

  test('of a long prompt the last 128 tokens', async () => {
    const prompt = 'to be or not to be '.repeat(9);
    const told = (await ask({ prompt, layer: 1 })).json() as unknown as PageAttention;
    const ids = model.tokenizer.encode(prompt);
    expect([told.dropped, told.tokens.length]).toEqual([ids.length - 128, 128]);
    expect(numbersOf(told)).toEqual((await reader.read(ids.subarray(-128)))[1]?.data);
  });

  test('an empty prompt begins a document', async () => {
    const told = (await ask({ prompt: '', layer: 0 })).json() as unknown as PageAttention;
    expect(told.tokens.map(({ id }) => id)).toEqual([model.tokenizer.endOfText]);
    expect([...numbersOf(told)]).toEqual([1, 1, 1, 1]);
  });

  test('requests at once are answered one after another, each with its own', async () => {
    const prompts = ['to', 'be or', 'not to be', 'or'];
    const answers = await Promise.all(prompts.map((prompt, index) => ask({ prompt, layer: index % 2 })));
    expect(answers.map((answer) => (answer.json() as unknown as PageAttention).tokens.map(({ piece }) => piece).join(''))).toEqual(prompts);
  });

  test.each([
    [400, 'WEFT_SERVE_PARAMETER', 'prompt', {}],
    [400, 'WEFT_SERVE_PARAMETER', 'layer', { prompt: 'to' }],
    [400, 'WEFT_SERVE_PARAMETER', 'layer', { prompt: 'to', layer: 2 }],
    [400, 'WEFT_SERVE_PARAMETER', 'layer', { prompt: 'to', layer: -1 }],
    [400, 'WEFT_SERVE_PARAMETER', 'layer', { prompt: 'to', layer: 0.5 }],
    [400, 'WEFT_SERVE_PARAMETER', 'layer', { prompt: 'to', layer: '0' }],
    [400, 'WEFT_SERVE_PARAMETER', 'prompt', { prompt: ['to'], layer: 0 }],
    [400, 'WEFT_SERVE_PARAMETER', 'prompt', { prompt: 'o'.repeat(20_001), layer: 0 }],
    [400, 'WEFT_SERVE_PARAMETER_UNKNOWN', 'head', { prompt: 'to', layer: 0, head: 1 }],
    [404, 'model_not_found', 'model', { prompt: 'to', layer: 0, model: 'other' }],
    [400, 'WEFT_SERVE_BODY', null, '{"prompt":'],
    [400, 'WEFT_SERVE_BODY', null, '[]'],
  ])('%i %s, of %s (%#)', async (status, expected, param, body) => {
    const answer = await ask(body);
    expect([answer.status, answer.json()['error']]).toMatchObject([status, { code: expected, param }]);
    expect((await ask({ prompt: 'to', layer: 0 })).status).toBe(200);
  });

  test('a model without a folder has none, and the page is told', async () => {
    const server = await serving();
    const answer = await server.post('/api/attention', { prompt: 'a', layer: 0 });
    expect([answer.status, code(answer)]).toEqual([404, 'WEFT_SERVE_ATTENTION']);
    expect((answer.json()['error'] as { readonly message: string }).message).toContain('not loaded from a folder');
    expect((await server.get('/api/models')).json()).toMatchObject({ data: [{ hasAttention: false }] });
    await server.close();
  });

  test('a folder that is gone is a fault of the server, told without its place', async () => {
    const gone = join(folder, 'gone');
    const server = await serving({
      openAttention: () => Promise.reject(new Error(`There is no ${gone}`)),
    });
    const answer = await server.post('/api/attention', { prompt: 'a', layer: 0 });
    expect([answer.status, code(answer)]).toEqual([500, 'WEFT_SERVE_ATTENTION']);
    expect(answer.text).not.toContain(folder);
    await server.close();
  });
});
