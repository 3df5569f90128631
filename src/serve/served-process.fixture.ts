/** `weft serve` as a process, and clients that tell how their requests ended. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

/** See {@link startServing}. */
export interface ServedProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it wrote on stderr so far. */
  readonly err: () => string;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts `weft serve` with these arguments on a free port, unless they say where; resolves when it says where. */
export async function startServing(args: readonly string[]): Promise<ServedProcess> {
  const elsewhere = args.includes('--port') || args.includes('--socket');
  const child = spawn(process.execPath, ['--import', tsx, main, 'serve', ...(elsewhere ? [] : ['--port', '0']), ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => child.kill('SIGKILL')); // Also when a test fails.
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('}')) resolve((JSON.parse(out) as { readonly url: string }).url);
    });
    void ended.then((code) => reject(new Error(`weft serve ended with ${code}: ${err}`)));
  });
  return { url, child, err: () => err, ended };
}

/**
 * How a request ended: `done` in full; `refused` with 503; `told` by an error in its stream; `unreached` when no connection
 * was had; `lost` when an answer broke off in silence.
 */
export type RequestEnd = 'done' | 'refused' | 'told' | 'unreached' | 'lost';

/** Asks for a text. */
export function askText(url: string, { tokens, stream }: { readonly tokens: number; readonly stream: boolean }): Promise<RequestEnd> {
  return new Promise((resolve) => {
    const sent = request(`${url}/v1/completions`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'unreached' : 'lost'));
    sent.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (data: string) => (text += data));
      answer.on('error', () => resolve('lost'));
      answer.on('close', () => {
        if (answer.statusCode === 503) resolve('refused');
        else if (stream && text.includes('data: {"error"')) resolve('told');
        else resolve(answer.complete && (stream ? text.endsWith('data: [DONE]\n\n') : text.includes('"usage"')) ? 'done' : 'lost');
      });
    });
    sent.end(JSON.stringify({ prompt: 'to be', max_tokens: tokens, seed: 1, stream }));
  });
}

/** Resolves when so many requests run or wait at a server. */
export async function untilBusy(url: string, requests: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const counts = [...text.matchAll(/^llm_num_requests_(?:running|waiting)\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
    if (counts.reduce((sum, count) => sum + count, 0) >= requests) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
