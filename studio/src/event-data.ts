/** Server-sent events as a stream of their data: https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** The data of each event, as it comes; one that is cut off is none. Whoever stops reading ends the connection. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // Proxies may send other line ends; a carriage return at the end may be half of one.
      const text = rest + decoder.decode(value, { stream: true });
      const whole = text.endsWith('\r') ? text.slice(0, -1) : text;
      const events = whole.replace(/\r\n?/g, '\n').split('\n\n');
      rest = (events.pop() ?? '') + text.slice(whole.length);
      for (const event of events) {
        const lines = event.split('\n').filter((line) => line.startsWith('data:'));
        if (lines.length > 0) yield lines.map((line) => line.replace(/^data: ?/, '')).join('\n');
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
