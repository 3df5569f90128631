/** The standard input as text. */

/** Everything on the standard input, as UTF-8. */
export async function readAll(stdin: AsyncIterable<string | Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
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
