/** The standard input as text. */

import { UsageError } from '../core/index.ts';

/**
 * Everything on the standard input.
 *
 * @throws UsageError `WEFT_DATA_ENCODING` when it is not UTF-8: replaced bytes would be another text.
 */
export async function readAll(stdin: AsyncIterable<string | Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk: Uint8Array, stream: boolean): string => {
    try {
      return decoder.decode(chunk, { stream });
    } catch (error) {
      throw new UsageError({
        code: 'WEFT_DATA_ENCODING',
        action: 'read the standard input',
        rule: 'text must be UTF-8',
        remedy: 'Convert it to UTF-8, e.g. with iconv.',
        cause: error,
      });
    }
  };
  let text = '';
  for await (const chunk of stdin) text += typeof chunk === 'string' ? chunk : decode(chunk, true);
  return text + decode(new Uint8Array(0), false);
}

/** The lines of the standard input, without their ends, as they come. */
export async function* readLines(stdin: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stdin) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/**
 * The standard input until the program is stopped: who waits for a line hears of Ctrl-C too.
 *
 * @throws the signal's reason.
 */
export async function* untilStop(stdin: AsyncIterable<string | Uint8Array>, signal: AbortSignal): AsyncGenerator<string | Uint8Array> {
  const chunks = stdin[Symbol.asyncIterator]();
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  stopped.catch(() => undefined);
  for (;;) {
    const next = await Promise.race([stopped, chunks.next()]);
    if (next.done === true) return;
    yield next.value;
  }
}
