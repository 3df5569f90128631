/** Finds calls of functions in a text as it comes: what is text is passed on at once, what may be a call is held back until it is clear. */

import { CALL_CLOSE, CALL_OPEN } from './tools.ts';

/** A call that the model wrote. */
export interface ToolCall {
  readonly name: string;
  /** JSON of an object. */
  readonly arguments: string;
}

/** What a piece of text settled. */
export interface Settled {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

/** See {@link createCallReader}. */
export interface CallReader {
  push(piece: string): Settled;
  /** What was held back when the text is over; a call that is not finished is text. */
  end(): Settled;
}

/**
 * A reader of calls of the functions of these names.
 *
 * @param bare The text is calls alone, without `<tool_call>` around them, one behind the other.
 */
export function createCallReader(names: ReadonlySet<string>, bare = false): CallReader {
  let held = '';
  let passed = false;
  const settle = (over: boolean): Settled => {
    let text = '';
    const calls: ToolCall[] = [];
    while (held !== '') {
      const start = held.indexOf(CALL_OPEN);
      if (start < 0) {
        const kept = over ? 0 : longestBeginning(held, CALL_OPEN);
        text += held.slice(0, held.length - kept);
        held = held.slice(held.length - kept);
        break;
      }
      const end = held.indexOf(CALL_CLOSE, start);
      if (end < 0 && !over) {
        text += held.slice(0, start);
        held = held.slice(start);
        break;
      }
      const inside = held.slice(start + CALL_OPEN.length, end < 0 ? undefined : end);
      const call = parseCall(inside, names);
      const next = end < 0 ? held.length : end + CALL_CLOSE.length;
      text += call === undefined ? held.slice(0, next) : held.slice(0, start);
      if (call !== undefined) calls.push(call);
      held = held.slice(next);
    }
    // White space between calls, and before the first, is nobody's text.
    return { text: calls.length > 0 && text.trim() === '' ? '' : text, calls };
  };
  return {
    push(piece) {
      held += piece;
      // A reply that begins as an object may be a call as a whole.
      if (bare || (!passed && /^\s*(\{|$)/.test(held))) return { text: '', calls: [] };
      passed = true;
      return settle(false);
    },
    end() {
      const whole = held;
      // Llama's form: the reply is a call and nothing else.
      const alone = passed ? undefined : parseCall(whole, names);
      if (alone !== undefined) {
        held = '';
        return { text: '', calls: [alone] };
      }
      return settle(true);
    },
  };
}

/** The call that a JSON text is, if it is one. */
function parseCall(text: string, names: ReadonlySet<string>): ToolCall | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { name, arguments: given, parameters } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const made = given ?? parameters ?? {};
  if (typeof name !== 'string' || !names.has(name) || typeof made !== 'object') return undefined;
  return { name, arguments: JSON.stringify(made) };
}

/** Length of the longest end of `text` that `word` begins with. */
function longestBeginning(text: string, word: string): number {
  for (let length = Math.min(word.length - 1, text.length); length > 0; length--) if (text.endsWith(word.slice(0, length))) return length;
  return 0;
}
