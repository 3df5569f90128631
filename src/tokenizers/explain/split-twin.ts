/** The pre-tokenizers of a `tokenizer.json` in their plainest form. Source: huggingface/tokenizers 0.23, `pre_tokenizers/`. */

import { bytesToText } from '../byte-alphabet.ts';
import type { PreTokenizerJson, SplitBehavior } from '../json/tokenizer-json.ts';
import { NotExplained } from './not-explained.ts';
import { toRegExp } from './pattern-twin.ts';

/** The pieces of a text, and the names of what cut it. */
export interface Pieces {
  readonly names: readonly string[];
  readonly pieces: readonly string[];
}

/** Cuts a text; `first` says whether it is the beginning of what is encoded. */
export function splitSlowly(splitter: PreTokenizerJson | null, text: string, first: boolean): Pieces {
  const names: string[] = [];
  let pieces: readonly string[] = [text];
  const visit = (json: PreTokenizerJson): void => {
    if (json.type === 'Sequence') return json.pretokenizers.forEach(visit);
    names.push(json.type);
    pieces = pieces.flatMap((piece, index) => cut(json, piece, first && index === 0)).filter((piece) => piece !== '');
  };
  if (splitter !== null) visit(splitter);
  return { names, pieces: pieces.filter((piece) => piece !== '') };
}

/** GPT-2's pattern, which `ByteLevel` has in it. Source: openai/gpt-2 `src/encoder.py`. */
const GPT2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const PUNCTUATION = /[!-/:-@[-`{-~]|\p{P}/gu;
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

function cut(json: PreTokenizerJson, text: string, first: boolean): readonly string[] {
  switch (json.type) {
    case 'ByteLevel': {
      const marked = json.add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text;
      const parts = json.use_regex ? split(marked, GPT2, 'Isolated') : [marked];
      return parts.map((part) => bytesToText(new TextEncoder().encode(part)));
    }
    case 'Metaspace': {
      const { replacement, prepend_scheme: scheme } = json;
      const spaces = text.replaceAll(' ', () => replacement);
      const prepends = (scheme === 'always' || (scheme === 'first' && first)) && !spaces.startsWith(replacement);
      const marked = prepends ? replacement + spaces : spaces;
      return json.split ? split(marked, replacement, 'MergedWithNext') : [marked];
    }
    case 'Split': {
      const { pattern, behavior, invert } = json;
      return split(text, 'String' in pattern ? pattern.String : toRegExp(pattern.Regex), behavior, invert);
    }
    case 'Whitespace':
      return split(text, WORD, 'Removed', true);
    case 'WhitespaceSplit':
      return split(text, /\p{White_Space}/gu, 'Removed');
    case 'BertPreTokenizer':
      return split(text, /\p{White_Space}/gu, 'Removed').flatMap((word) => split(word, PUNCTUATION, 'Isolated'));
    case 'Punctuation':
      return split(text, PUNCTUATION, json.behavior);
    case 'Digits':
      return split(text, /\p{N}/gu, json.individual_digits ? 'Isolated' : 'Contiguous');
    case 'CharDelimiterSplit':
      return split(text, json.delimiter, 'Removed');
    case 'FixedLength': {
      const characters = [...text];
      return Array.from({ length: Math.ceil(characters.length / json.length) }, (_, index) =>
        characters.slice(index * json.length, (index + 1) * json.length).join(''),
      );
    }
    case 'UnicodeScripts':
      throw new NotExplained('the pre-tokenizer UnicodeScripts');
    case 'Sequence':
      return [text];
  }
}

// eslint-disable-next-line max-params -- as the component has them
function split(text: string, pattern: string | RegExp, behavior: SplitBehavior, invert: boolean = false): string[] {
  const parts: { text: string; match: boolean }[] = [];
  let position = 0;
  const add = (end: number, match: boolean): void => {
    if (end > position) parts.push({ text: text.slice(position, end), match: match !== invert });
    position = end;
  };
  for (const { start, end } of matchesOf(text, pattern)) {
    add(start, false);
    add(end, true);
  }
  add(text.length, false);
  if (behavior === 'Removed') return parts.filter(({ match }) => !match).map((part) => part.text);
  if (behavior === 'Isolated') return parts.map((part) => part.text);
  const joined: { text: string; match: boolean }[] = [];
  if (behavior === 'MergedWithNext') {
    // A match takes what follows it, unless that is a match too.
    for (const part of parts) {
      const before = joined.at(-1);
      if (before?.match === true && !part.match) joined[joined.length - 1] = { text: before.text + part.text, match: false };
      else joined.push(part);
    }
  } else {
    let wasMatch = false;
    for (const part of parts) {
      const before = joined.at(-1);
      const joins = behavior === 'Contiguous' ? wasMatch === part.match : part.match && !wasMatch;
      if (before !== undefined && joins) joined[joined.length - 1] = { text: before.text + part.text, match: part.match };
      else joined.push(part);
      wasMatch = part.match;
    }
  }
  return joined.map((part) => part.text);
}

function* matchesOf(text: string, pattern: string | RegExp): Generator<{ readonly start: number; readonly end: number }> {
  if (typeof pattern !== 'string') {
    for (const match of text.matchAll(pattern)) yield { start: match.index, end: match.index + match[0].length };
    return;
  }
  if (pattern === '') return;
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + pattern.length)) {
    yield { start: at, end: at + pattern.length };
  }
}
