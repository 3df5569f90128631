/**
 * Added tokens: found in a text before the model sees it.
 *
 * Those that are not normalized are found in the text as it is, the others in what the normalizer made of the rest. Where several
 * begin at one place the longest is taken. Source: huggingface/tokenizers 0.23, `tokenizer/added_vocabulary.rs`.
 */

import { isWord } from './characters.ts';
import { codePointAt, isWhiteSpace } from './code-points.ts';

/** An added token. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** How it is spelt in the text in which it is found, and when it is decoded. */
  readonly spelling: string;
  readonly singleWord: boolean;
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A part of a text: start, end, and the id of the added token, or -1 for ordinary text. */
export type Part = readonly [start: number, end: number, id: number];

/** Cuts a text at added tokens. */
export type PartFinder = (text: string) => readonly Part[];

/** A node of a trie over UTF-16 units. */
interface Node {
  readonly children: Map<number, Node>;
  token: AddedToken | undefined;
}

/** A finder of tokens; undefined where there are none. */
export function createPartFinder(tokens: readonly AddedToken[]): PartFinder | undefined {
  if (tokens.length === 0) return undefined;
  const root: Node = { children: new Map(), token: undefined };
  const firsts = new Uint8Array(0x1_0000);
  for (const token of tokens) {
    let node = root;
    for (let at = 0; at < token.spelling.length; at++) {
      const unit = token.spelling.charCodeAt(at);
      let child = node.children.get(unit);
      if (child === undefined) node.children.set(unit, (child = { children: new Map(), token: undefined }));
      node = child;
    }
    node.token = token;
    firsts[token.spelling.charCodeAt(0)] = 1;
  }
  const [first] = tokens;
  const only = tokens.every(({ spelling }) => spelling[0] === first?.spelling[0]) ? (first?.spelling[0] as string) : undefined;

  /** The longest token at a place. */
  const matchAt = (text: string, at: number): AddedToken | undefined => {
    let node: Node | undefined = root;
    let found: AddedToken | undefined;
    for (let end = at; end < text.length; end++) {
      node = node.children.get(text.charCodeAt(end));
      if (node === undefined) break;
      if (node.token !== undefined) found = node.token;
    }
    return found;
  };

  return (text) => {
    const parts: Part[] = [];
    let position = 0;
    for (let at = 0; at < text.length; at++) {
      if (only !== undefined) {
        at = text.indexOf(only, at);
        if (at < 0) break;
      } else if (firsts[text.charCodeAt(at)] === 0) {
        continue;
      }
      const token = matchAt(text, at);
      if (token === undefined) continue;
      let start = at;
      let end = at + token.spelling.length;
      at = end - 1;
      if (token.singleWord && (isWordBefore(text, start) || (end < text.length && isWord(codePointAt(text, end))))) continue;
      if (token.leftStrip) while (start > position && isWhiteSpace(text.charCodeAt(start - 1))) start--;
      if (token.rightStrip) while (end < text.length && isWhiteSpace(text.charCodeAt(end))) end++;
      if (token.leftStrip) start = Math.max(start, position);
      if (position < start) parts.push([position, start, -1]);
      parts.push([start, end, token.id]);
      position = end;
    }
    if (position < text.length) parts.push([position, text.length, -1]);
    return parts;
  };
}

function isWordBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const unit = text.charCodeAt(at - 1);
  return isWord(unit >= 0xdc00 && unit <= 0xdfff ? codePointAt(text, at - 2) : codePointAt(text, at - 1));
}
