/**
 * Cuts the text of a file into documents: at lines that are `<|endoftext|>`, and where a document grows beyond a limit, at a blank
 * line, or else a line end, a space, a character.
 */

const SEPARATOR = '<|endoftext|>';

/** Cuts a stream of text. Apart from the separating lines no text is lost. */
export async function* cutDocuments(chunks: AsyncIterable<string>, limit: number): AsyncGenerator<string> {
  let pending = '';
  let searched = 0;
  for await (const chunk of chunks) {
    pending += chunk;
    for (;;) {
      const separator = findSeparator(pending, searched, false);
      if (separator === undefined) break;
      yield* cutToLimit(pending.slice(0, separator.start), limit);
      pending = pending.slice(separator.end);
      searched = 0;
    }
    searched = Math.max(0, pending.lastIndexOf('\n') + 1);
    // Not before a separator that begins within the limit would have come to its end.
    while (pending.length > limit + SEPARATOR.length + 2) {
      const end = cutPosition(pending, limit);
      yield pending.slice(0, end);
      pending = pending.slice(end);
      searched = Math.max(0, searched - end);
    }
  }
  const last = findSeparator(pending, searched, true);
  yield* cutToLimit(last === undefined ? pending : pending.slice(0, last.start), limit);
}

/** Cuts one text into parts of at most `limit` UTF-16 units. */
export function* cutToLimit(text: string, limit: number): Generator<string> {
  let rest = text;
  while (rest.length > limit) {
    const end = cutPosition(rest, limit);
    yield rest.slice(0, end);
    rest = rest.slice(end);
  }
  yield rest;
}

/** The first line from `from` on that is the separator; at the end of the file it needs no line end. */
function findSeparator(text: string, from: number, isEnd: boolean): { readonly start: number; readonly end: number } | undefined {
  let start = text.indexOf(SEPARATOR, from);
  while (start >= 0) {
    const after = start + SEPARATOR.length;
    const lineEnd = text.startsWith('\r\n', after) ? 2 : text[after] === '\n' ? 1 : 0;
    const isWhole = lineEnd > 0 || (isEnd && after === text.length);
    if (isWhole && (start === 0 || text[start - 1] === '\n')) return { start, end: after + lineEnd };
    start = text.indexOf(SEPARATOR, after);
  }
  return undefined;
}

/** Where to cut a text that is longer than `limit`: after the last blank line, line end or space within it. */
function cutPosition(text: string, limit: number): number {
  for (const boundary of ['\n\n', '\n', ' ']) {
    const at = text.lastIndexOf(boundary, limit - boundary.length);
    if (at > 0) return at + boundary.length;
  }
  const unit = text.charCodeAt(limit - 1);
  return unit >= 0xd800 && unit < 0xdc00 && limit > 1 ? limit - 1 : limit;
}
