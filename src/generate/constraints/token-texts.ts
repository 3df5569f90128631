/**
 * What each token adds to a text, found out by asking the tokenizer's decoder, because that is whose text must fit.
 *
 * Decided: tokens are tried, at the beginning of a text and behind another one, instead of deriving from the tokenizer's kind
 * what they mean there: SentencePiece takes a space away at the beginning, WordPiece puts one before a word. Tokens that are no
 * whole characters by themselves stand for their bytes. That the text of a row of tokens is then what they add one after
 * another is checked on rows drawn at random, and a tokenizer whose text is something else is refused.
 */

import { UsageError, createRandom } from '../../core/index.ts';
import type { StreamingDecoder, Tokenizer } from '../../tokenizers/index.ts';

/** The bytes that each token adds, by id; undefined for those that no text may have. */
export interface TokenTexts {
  readonly inside: readonly (Uint8Array | undefined)[];
  /** At the beginning of a text; undefined when that is no different. */
  readonly atStart: readonly (Uint8Array | undefined)[] | undefined;
  /** Tokens that add nothing at the beginning and something elsewhere. */
  readonly blank: readonly number[];
  /** Whether what follows such a token is still at the beginning. */
  readonly blankKeepsStart: boolean;
}

/** Rows of tokens that are checked, and tokens of the longest. */
const ROWS = 256;
const LONGEST_ROW = 6;

/**
 * The texts of all tokens but `excluded`.
 *
 * @throws UsageError `WEFT_GENERATE_CONSTRAINT` when the text of a row of tokens isn't what they add one after another
 */
export function tokenTexts(tokenizer: Tokenizer, excluded: ReadonlySet<number>): TokenTexts {
  const decoder = tokenizer.createDecoder();
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id).filter((id) => !excluded.has(id));
  const bytes: (Uint8Array | undefined)[] = [];
  const whole: (string | undefined)[] = [];
  for (const id of ids) {
    bytes[id] = tokenizer.tokenBytes(id);
    whole[id] = wholeText(tokenizer.tokenBytes(id));
  }
  const anchor = ids.find((id) => /^[a-z]$/i.test(decodeAlone(decoder, id))) ?? ids.find((id) => decodeAlone(decoder, id).trim() !== '');
  if (anchor === undefined) throw refusal('no token adds any text');
  if (decoder.push(anchor) === '') throw refusal('its text is known at its end only');
  decoder.end();

  const inside: (Uint8Array | undefined)[] = [];
  const atStart: (Uint8Array | undefined)[] = [];
  const blank: number[] = [];
  let differs = false;
  decoder.push(anchor);
  for (const id of ids)
    inside[id] = whole[id] === undefined ? bytes[id] : addedBehind(decoder, id, { anchor, expected: whole[id], bytes: bytes[id] });
  decoder.end();
  for (const id of ids) {
    const own = inside[id];
    if (own === undefined || wholeText(own) === undefined) {
      atStart[id] = own;
      continue;
    }
    const text = decodeAlone(decoder, id);
    if (text === wholeText(own)) {
      atStart[id] = own;
      continue;
    }
    differs = true;
    atStart[id] = utf8.encode(text);
    if (text === '') blank.push(id);
  }
  const different = ids.find((id) => atStart[id] !== inside[id] && (atStart[id]?.length ?? 0) > 0);
  const texts: TokenTexts = {
    inside,
    atStart: differs ? atStart : undefined,
    blank,
    blankKeepsStart:
      blank[0] !== undefined && different !== undefined && tokenizer.decode([blank[0], different]) === wholeText(atStart[different]),
  };
  checkRows(tokenizer, ids, texts);
  return texts;
}

const utf8 = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes, or undefined when they are not whole characters. */
function wholeText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  // Most tokens are plain ASCII, and an exception for each of the others would take longer than all the rest.
  if (bytes.length > 0 && ((bytes[0] as number) & 0xc0) === 0x80) return undefined;
  if (bytes.length > 0 && (bytes.at(-1) as number) >= 0xc0) return undefined;
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function decodeAlone(decoder: StreamingDecoder, id: number): string {
  return decoder.push(id) + decoder.end();
}

/** What a token adds to a text that has begun; the decoder stays within one. */
function addedBehind(
  decoder: StreamingDecoder,
  id: number,
  { anchor, expected, bytes }: { readonly anchor: number; readonly expected: string; readonly bytes: Uint8Array | undefined },
): Uint8Array | undefined {
  const text = decoder.push(id);
  if (text === expected) return bytes;
  const rest = decoder.end();
  decoder.push(anchor);
  return utf8.encode(text + rest);
}

function checkRows(tokenizer: Tokenizer, ids: readonly number[], { inside, atStart, blank, blankKeepsStart }: TokenTexts): void {
  const random = createRandom(0, 'rows of tokens');
  const draw = (from: readonly number[]): number => from[random.uint32() % from.length] as number;
  const withText = ids.filter((id) => (inside[id]?.length ?? 0) > 0);
  for (let count = 0; count < ROWS; count++) {
    const row: number[] = count % 4 === 0 && blank.length > 0 ? [draw(blank)] : [];
    for (let length = 1 + (random.uint32() % LONGEST_ROW); length > 0; length--) {
      // The same token twice is a row like any other.
      row.push(random.uint32() % 4 === 0 && row.length > 0 ? (row.at(-1) as number) : draw(withText));
    }
    let isStart = true;
    const parts = row.map((id, index) => {
      const isBlank = index === 0 && blank.includes(id);
      const part = isStart ? (atStart ?? inside)[id] : inside[id];
      isStart = isStart && isBlank && blankKeepsStart;
      return part ?? new Uint8Array(0);
    });
    // A row that begins with two tokens that add nothing is none that is ever allowed.
    if (parts.some((part, index) => part.length === 0 && index > 0)) continue;
    const expected = wholeText(Uint8Array.from(parts.flatMap((part) => [...part])));
    if (expected === undefined) continue;
    const decoder = tokenizer.createDecoder();
    const text = row.map((id) => decoder.push(id)).join('') + decoder.end();
    if (text !== expected) throw refusal(`${JSON.stringify(text)} for ${JSON.stringify(expected)}`);
  }
}

function refusal(value: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_CONSTRAINT',
    action: 'constrain the text of this tokenizer',
    rule: 'every token must add a text of its own',
    value,
    remedy: 'Use a model whose tokenizer decodes token by token: byte-level BPE, SentencePiece, WordPiece or characters.',
  });
}
