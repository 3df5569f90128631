/** What the tests of constraints share: reading a text byte by byte, vocabularies of given bytes, and a model that writes at random. */

import { createRandom } from '../../core/index.ts';
import type { StreamingDecoder, Tokenizer } from '../../tokenizers/index.ts';
import { createByteTrie } from './byte-trie.ts';
import { type Constraint, createConstraint } from './create-constraint.ts';
import type { Grammar } from './grammar.ts';
import { createMatcher } from './matcher.ts';
import type { TokenTrie } from './token-trie.ts';

const utf8 = new TextEncoder();

/** Whether a text is one of a grammar's. */
export function acceptor(grammar: Grammar): (text: string) => boolean {
  const matcher = createMatcher(grammar, { reach: 1, canEnd: new Uint8Array(grammar.states.length).fill(1) });
  return (text) => {
    matcher.tidy();
    let position = matcher.start();
    for (const byte of utf8.encode(text)) {
      const next = matcher.step(position, byte);
      if (next === null) return false;
      position = next;
    }
    return position.complete;
  };
}

/** A vocabulary of all single bytes, then of `texts`, then of one token that ends. */
export function trieOf(texts: readonly Uint8Array[]): TokenTrie {
  const inside = [...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), ...texts];
  const tree = createByteTrie(inside);
  return {
    vocabSize: inside.length + 1,
    endTokens: [inside.length],
    inside: tree,
    atStart: tree,
    blank: [],
    blankKeepsStart: false,
    texts: { inside, atStart: undefined },
    spells: { everything: true, bytes: new Uint8Array(256).fill(1), characters: [] },
  };
}

/** The ids that a mask allows. */
export function allowedIds(mask: Uint32Array): readonly number[] {
  const ids: number[] = [];
  mask.forEach((word, index) => {
    for (let rest = word; rest !== 0; rest &= rest - 1) ids.push(index * 32 + (31 - Math.clz32(rest & -rest)));
  });
  return ids;
}

/** A vocabulary and who reads it. */
export interface Writing {
  readonly tokenizer: Pick<Tokenizer, 'createDecoder'>;
  readonly trie: TokenTrie;
}

/** Tokens of a random text after which it is only asked to end, and those after which it is given up. */
const LONG = 20;
const TOO_LONG = 150;

/** Tokens that close strings, arrays and objects: whoever writes at random opens more than is closed. */
const closers = new WeakMap<TokenTrie, readonly number[]>();

function closersOf(trie: TokenTrie): readonly number[] {
  let ids = closers.get(trie);
  if (ids === undefined) {
    const isClosing = (bytes: Uint8Array | undefined): boolean =>
      bytes?.every((byte) => byte === 0x22 || byte === 0x5d || byte === 0x7d) ?? false;
    ids = trie.texts.inside.flatMap((bytes, id) => (isClosing(bytes) ? [id] : []));
    closers.set(trie, ids);
  }
  return ids;
}

/** The text of a model whose scores are random, held to a grammar; undefined when it did not come to its end. */
export function writeAtRandom(grammar: Grammar, { tokenizer, trie }: Writing, seed: number): string | undefined {
  const random = createRandom(seed, 'a model');
  const constraint: Constraint = createConstraint(grammar, trie);
  const decoder: StreamingDecoder = tokenizer.createDecoder();
  let text = '';
  for (let count = 0; count < TOO_LONG; count++) {
    if (constraint.ended) return text + decoder.end();
    const mask = constraint.mask();
    if (constraint.complete && (count > LONG || random.uint32() % 4 === 0)) return text + decoder.end();
    const isAllowed = (id: number): boolean => (((mask[id >>> 5] as number) >>> (id & 31)) & 1) === 1 && !trie.endTokens.includes(id);
    const closing = count > LONG || random.uint32() % 4 === 0 ? closersOf(trie).filter(isAllowed) : [];
    let id = closing[random.uint32() % Math.max(1, closing.length)];
    for (let tries = 0; tries < 50 && id === undefined; tries++) {
      const drawn = random.uint32() % trie.vocabSize;
      if (isAllowed(drawn)) id = drawn;
    }
    if (id === undefined) {
      const ids = allowedIds(mask).filter(isAllowed);
      id = ids[random.uint32() % ids.length];
    }
    if (id === undefined) throw new Error(`a dead end behind ${JSON.stringify(text)}`);
    constraint.accept(id);
    text += decoder.push(id);
  }
  return undefined;
}
