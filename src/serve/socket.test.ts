/** What only a real socket shows: streaming as it happens, a client that leaves, a port in use. */

import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { createApp } from './app.ts';
import { fakeModel } from './fake-model.fixture.ts';
import { serve, studio } from './serve.ts';
import { createGate } from './serving.fixture.ts';

function post(url: string, body: object): { readonly sent: ClientRequest; readonly answer: Promise<IncomingMessage> } {
  const sent = request(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' } });
  const answer = new Promise<IncomingMessage>((resolve, reject) => sent.on('response', resolve).on('error', reject));
  sent.end(JSON.stringify(body));
  return { sent, answer };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('over a socket', () => {
  test('tokens arrive one by one, before the text is complete', async () => {
    const gate = createGate();
    const model = fakeModel({ beforeToken: (index) => (index < 3 ? undefined : gate.wait()) });
    const server = await serve(model, { port: 0, graceSeconds: 0 });
    const answer = await post(server.url, { prompt: 'a', max_tokens: 6, stream: true }).answer;
    let text = '';
    answer.setEncoding('utf8').on('data', (data: string) => (text += data));
    await until(() => text.split('\n\n').length > 3);
    await gate.reached;
    expect(text).not.toContain('[DONE]');
    gate.open();
    await until(() => text.endsWith('data: [DONE]\n\n'));
    expect(text.split('\n\n')).toHaveLength(6 + 1 + 1 + 1);
    await server.close();
    expect(model.log.closed).toBe(0);
  });

  test('a client that goes away ends its generation, streamed or not, and the next is served', async () => {
    let waiting: (() => void) | undefined;
    const model = fakeModel({
      beforeToken: (index) =>
        index < 2
          ? undefined
          : new Promise<void>((resolve) => {
              waiting = resolve;
            }),
    });
    const server = await serve(model, { port: 0, graceSeconds: 0 });
    for (const stream of [true, false]) {
      waiting = undefined;
      const { sent, answer } = post(server.url, { prompt: 'a', max_tokens: 50, n: 3, stream });
      answer.catch(() => undefined);
      if (stream) (await answer).resume();
      await until(() => waiting !== undefined);
      const ended = model.log.aborted;
      sent.destroy();
      // The server hears of it in its own time; the model is let go on until it was told.
      await until(() => {
        waiting?.();
        return model.log.aborted > ended;
      });
    }
    expect([model.log.aborted, model.log.finished]).toEqual([2, 2]);
    const next = await post(server.url, { prompt: 'a', max_tokens: 1 }).answer;
    expect(next.statusCode).toBe(200);
    next.resume();
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('llm_request_success_total{model_name="fake",finished_reason="abort"} 6'); // The choices that never began, too.
    await server.close();
  });

  test('a client that goes away while it waits leaves the queue at once', async () => {
    const gate = createGate();
    const model = fakeModel({ beforeToken: gate.wait });
    const server = await serve(model, { port: 0, graceSeconds: 0 });
    const first = post(server.url, { prompt: 'a', max_tokens: 1 });
    await gate.reached;
    const second = post(server.url, { prompt: 'b', max_tokens: 1 });
    second.answer.catch(() => undefined);
    const waits = async (count: number): Promise<boolean> =>
      (await (await fetch(`${server.url}/metrics`)).text()).includes(`llm_num_requests_waiting{model_name="fake"} ${count}`);
    await until(() => waits(1));
    second.sent.destroy();
    await until(() => waits(0));
    gate.open();
    (await first.answer).resume();
    await server.close();
    expect(model.log.prompts).toHaveLength(1);
  });

  test('a client that goes away is no fault of the server', async () => {
    const gate = createGate();
    const app = await createApp({ models: [fakeModel({ beforeToken: gate.wait })], graceSeconds: 0 });
    const statuses: number[] = [];
    app.addHook('onSend', async (_, reply) => void statuses.push(reply.statusCode));
    const { sent, answer } = post(await app.listen({ port: 0 }), { prompt: 'a', max_tokens: 1 });
    answer.catch(() => undefined);
    await gate.reached;
    sent.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    gate.open();
    await until(() => statuses.length > 0);
    expect(statuses).toEqual([499]);
    await app.close();
  });

  const POST = 'POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
  const unread = JSON.stringify({ prompt: 'a', n: 60, logprobs: 20, stream: true, max_tokens: 200 });
  test.for([
    ['a connection without a request, as browsers open in advance', ''],
    ['half a head', POST],
    ['half a body', `${POST}content-length: 1000\r\n\r\n{"prompt"`],
    ['an answer that is not read', `${POST}content-length: ${unread.length}\r\n\r\n${unread}`],
  ] as const)('closing is not held up by %s', async ([, sent]) => {
    const server = await serve(fakeModel(), { port: 0, graceSeconds: 0.2 });
    const socket = connect(Number(new URL(server.url).port), 'localhost')
      .on('error', () => undefined)
      .pause();
    await new Promise((resolve) => socket.on('connect', resolve));
    await new Promise((resolve) => socket.write(sent, resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.close();
    socket.destroy();
    expect(server.app.server.listening).toBe(false);
  });

  test('a request has to arrive within some time, and closing may take longer than Fastify would let it', async () => {
    const app = await createApp({ graceSeconds: 60 });
    expect(app.server.requestTimeout).toBeGreaterThan(0);
    expect(app.initialConfig.pluginTimeout).toBe(0);
    await app.close();
  });

  test('a port in use is told with a remedy', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const error: unknown = await serve(fakeModel(), { port, host: '127.0.0.1' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'WEFT_SERVE_PORT', message: `Cannot serve as another program uses that port: 127.0.0.1:${port}` });
    expect((error as { remedy: string }).remedy).toContain('--port');
    await new Promise((resolve) => other.close(resolve));
  });

  test('an unknown option and a port out of range are refused', async () => {
    await expect(serve(fakeModel(), { prt: 1 } as object)).rejects.toMatchObject({
      code: 'WEFT_OPTION_UNKNOWN',
      remedy: 'Did you mean port?',
    });
    await expect(serve(fakeModel(), { port: 70_000 })).rejects.toMatchObject({ code: 'WEFT_SERVE_PORT' });
    await expect(studio([], { runs: [] } as object)).rejects.toMatchObject({ code: 'WEFT_OPTION_UNKNOWN' });
  });

  test('the studio serves runs without a model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weft-studio-'));
    const server = await studio([folder], { port: 0 });
    expect(server.url).toMatch(/^http:\/\/localhost:\d+$/);
    expect(await (await fetch(`${server.url}/health`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${server.url}/api/models`)).json()).toMatchObject({ data: [] });
    const asked = await fetch(`${server.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"prompt":"a"}',
    });
    expect([asked.status, ((await asked.json()) as { error: { code: string } }).error.code]).toEqual([404, 'model_not_found']);
    await server.close();
  });
});
