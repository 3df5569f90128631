/** A client of the server: completions as streams of events, over node's own HTTP, and what each event brought when. */

import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** A completion as it came. */
export interface Streamed {
  /** 0 where there was no answer. */
  readonly status: number;
  readonly text: string;
  /** Milliseconds since the request was sent, of each token. */
  readonly times: readonly number[];
  readonly finishReason: string | undefined;
  /** `data: [DONE]` came. */
  readonly done: boolean;
  /** What went wrong, in words. */
  readonly error: string | undefined;
  /** Seconds that the server asks to wait. */
  readonly retryAfter: number | undefined;
}

/** Options of {@link streamCompletion}. */
export interface StreamOptions {
  readonly agent?: Agent;
  /** Hangs up: after so many events, or after so many milliseconds. */
  readonly leave?: { readonly events?: number; readonly milliseconds?: number };
  /** Milliseconds after which it is given up as lost. */
  readonly patience?: number;
}

/** What is asked: a part of the body of `/v1/completions`. */
export interface CompletionRequest {
  readonly prompt: readonly number[];
  readonly max_tokens: number;
  readonly seed?: number;
  readonly temperature?: number;
}

interface Chunk {
  readonly choices?: readonly { readonly text: string; readonly finish_reason: string | null }[];
  readonly error?: { readonly message: string };
}

const PATIENCE = 300_000;

/** An agent with as many connections as are asked for, kept. */
export function createAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: Infinity });
}

/** Asks for a completion and reads it to its end, or leaves early. Never throws. */
export function streamCompletion(url: string, body: CompletionRequest, options: StreamOptions = {}): Promise<Streamed> {
  const { agent, leave, patience = PATIENCE } = options;
  return new Promise((resolve) => {
    const start = performance.now();
    const times: number[] = [];
    let [status, text, events, buffer] = [0, '', 0, ''];
    let [finishReason, error, retryAfter]: [string?, string?, number?] = [];
    let [done, left] = [false, false];
    const timers: NodeJS.Timeout[] = [];
    const finish = (problem?: string): void => {
      for (const timer of timers) clearTimeout(timer);
      error ??= left ? undefined : problem;
      resolve({ status, text, times, finishReason, done, error, retryAfter });
    };
    const payload = JSON.stringify({ ...body, stream: true });
    const sent = request(`${url}/v1/completions`, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
    });
    const hangUp = (): void => {
      left = true;
      sent.destroy();
      finish();
    };
    const take = (event: string): void => {
      const data = event.replace(/^data: /, '');
      if (data === '[DONE]') {
        done = true;
        return;
      }
      const { choices, error: failure } = JSON.parse(data) as Chunk;
      if (failure !== undefined) error ??= failure.message;
      const [choice] = choices ?? [];
      if (choice === undefined) return;
      if (choice.finish_reason !== null) {
        if (finishReason !== undefined) error ??= 'two reasons to finish';
        finishReason = choice.finish_reason;
      }
      text += choice.text;
      const now = performance.now() - start;
      // Every token of the tokenizer ends with a space.
      for (let count = choice.text.split(' ').length - 1; count > 0; count--) times.push(now);
    };
    const read = (answer: IncomingMessage): void => {
      status = answer.statusCode ?? 0;
      retryAfter = answer.headers['retry-after'] === undefined ? undefined : Number(answer.headers['retry-after']);
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        buffer += part;
        if (status !== 200 || left) return;
        for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
          const event = buffer.slice(0, end);
          buffer = buffer.slice(end + 2);
          try {
            take(event);
          } catch {
            error ??= `an event that is none: ${event.slice(0, 100)}`;
          }
          if (++events === leave?.events) hangUp();
        }
      });
      answer.on('end', () => {
        if (status !== 200) finish(buffer.slice(0, 200));
        else finish(buffer === '' ? undefined : `an event without its end: ${buffer.slice(0, 100)}`);
      });
      answer.on('error', ({ message }) => finish(message));
    };
    sent.on('response', read);
    sent.on('error', ({ message }) => finish(message));
    if (leave?.milliseconds !== undefined) timers.push(setTimeout(hangUp, leave.milliseconds));
    timers.push(
      setTimeout(() => {
        error ??= `nothing more came within ${patience / 1000} s`;
        sent.destroy();
        finish();
      }, patience),
    );
    sent.end(payload);
  });
}

/** What is wrong with a completion that was to be read to its end; nothing where it is whole. */
export function flawOf({ status, times, finishReason, done, error }: Streamed, tokens: number): string | undefined {
  if (error !== undefined) return error;
  if (status !== 200) return `status ${status}`;
  if (!done || finishReason === undefined) return 'the stream broke off';
  if (times.length !== tokens) return `${times.length} tokens instead of ${tokens}`;
  return undefined;
}

/** The body of `GET path`, and the milliseconds it took. */
export function get(url: string, agent: Agent): Promise<{ readonly status: number; readonly text: string; readonly milliseconds: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    request(url, { agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, milliseconds: performance.now() - start }));
      answer.on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}
