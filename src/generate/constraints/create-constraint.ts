/**
 * Which tokens may come next, so that the text is one of a grammar's.
 *
 * Decided: a mask is worked out once for each position and kept, as many replies pass the same ones: inside a string nothing
 * changes from token to token. Grammar, vocabulary and what was learnt of them are shared by all constraints made of the two.
 * Masks are of whole tokens by the bytes that they add, so that it does not matter where tokens begin and end.
 */

import { UsageError } from '../../core/index.ts';
import type { Grammar } from './grammar.ts';
import { type Matcher, type Position, createMatcher } from './matcher.ts';
import { spelledEnds } from './spelled-ends.ts';
import { maskTokens } from './token-mask.ts';
import type { TokenTrie } from './token-trie.ts';

/** Follows one text, and says what may come next. */
export interface Constraint {
  /** Whether the text so far is one of the grammar's: end tokens are allowed exactly then. */
  readonly complete: boolean;
  /** Whether nothing may follow: the text is complete and no token continues it, or an end token was accepted. */
  readonly ended: boolean;
  /**
   * The allowed tokens: bit `id % 32` of word `id / 32`. It is shared and must not be changed; it holds until the next token.
   *
   * @throws UsageError `WEFT_GENERATE_CONSTRAINT` when a text has too many readings at once
   */
  mask(): Uint32Array;
  /** Sets the logits of tokens that are not allowed to -Infinity; those behind the vocabulary too. */
  restrict(logits: Float32Array): void;
  /** Whether a token may come next. */
  allows(id: number): boolean;
  /**
   * Takes the next token of the text.
   *
   * @throws UsageError `WEFT_GENERATE_CONSTRAINT` when it is not allowed
   */
  accept(id: number): void;
  /** Another constraint, which has taken the same tokens. */
  clone(): Constraint;
}

/** Where a text is in the matter of tokens that mean something else at its beginning. */
type Phase = 'start' | 'blank' | 'inside' | 'ended';

interface Place {
  readonly position: Position;
  readonly phase: Phase;
}

/** What constraints of one grammar and one vocabulary share. */
interface Shared {
  readonly matcher: Matcher;
  readonly trie: TokenTrie;
  /** The mask that allows the end alone. */
  readonly ends: Uint32Array;
  /** The mask of a position; at the beginning of a text, of each of the two phases. */
  maskOf(place: Place): Uint32Array;
}

/** Bytes of masks that are kept for one grammar. */
const KEPT_BYTES: number = 1 << 25;

const known = new WeakMap<Grammar, WeakMap<TokenTrie, Shared>>();

/**
 * A constraint at the beginning of a text.
 *
 * @param grammar - what the text must be
 * @param trie - the vocabulary that it is written with
 * @throws UsageError `WEFT_GENERATE_CONSTRAINT` when the vocabulary can't write any text of the grammar, character by character
 *
 * @example
 * ```ts
 * import { createConstraint, createTokenTrie, regexGrammar } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const tokenizer = await trainTokenizer(['yes no yes no'], { vocabSize: 264 });
 * const constraint = createConstraint(regexGrammar('yes|no'), createTokenTrie(tokenizer));
 * const [id = 0] = tokenizer.encode('no');
 * console.log(constraint.allows(id), constraint.complete); // true false
 * for (const token of tokenizer.encode('yes')) constraint.accept(token);
 * console.log(constraint.complete, constraint.ended); // true true
 * ```
 */
export function createConstraint(grammar: Grammar, trie: TokenTrie): Constraint {
  let byTrie = known.get(grammar);
  if (byTrie === undefined) known.set(grammar, (byTrie = new WeakMap()));
  let shared = byTrie.get(trie);
  if (shared === undefined) byTrie.set(trie, (shared = createShared(grammar, trie)));
  shared.matcher.tidy();
  const position = shared.matcher.start();
  if (!position.canEnd) {
    throw refusal('write a text of the grammar', 'the vocabulary must have its characters', {
      value: 'some are missing',
      remedy: 'Use a model with a byte-level tokenizer, or ask for a text of the characters that its tokenizer has.',
    });
  }
  return constraintAt(shared, { position, phase: 'start' });
}

function createShared(grammar: Grammar, trie: TokenTrie): Shared {
  const reach = Math.max(trie.inside.longest, trie.atStart.longest);
  const matcher = createMatcher(grammar, { reach, canEnd: spelledEnds(grammar, trie.spells) });
  const words = Math.ceil(trie.vocabSize / 32);
  const ends = new Uint32Array(words);
  for (const id of trie.endTokens) setBit(ends, id);
  const most = Math.max(16, Math.floor(KEPT_BYTES / (words * 4)));
  const masks = {
    start: new Map<Position, Uint32Array>(),
    blank: new Map<Position, Uint32Array>(),
    inside: new Map<Position, Uint32Array>(),
  };
  const free = (): void => Object.values(masks).forEach((map) => map.clear());
  return {
    trie,
    ends,
    matcher: {
      ...matcher,
      tidy() {
        const isFreed = matcher.tidy();
        if (isFreed) free();
        return isFreed;
      },
    },
    maskOf({ position: exact, phase }) {
      if (phase === 'ended') return ends;
      const position = matcher.blur(exact);
      const map = masks[phase === 'inside' || trie.atStart === trie.inside ? 'inside' : phase];
      const kept = map.get(position);
      if (kept !== undefined) return kept;
      const into = new Uint32Array(words);
      const startsText = phase === 'start' || (phase === 'blank' && trie.blankKeepsStart);
      maskTokens(matcher, position, { trie: startsText ? trie.atStart : trie.inside, into });
      if (phase === 'start') for (const id of trie.blank) setBit(into, id);
      if (position.complete) for (const id of trie.endTokens) setBit(into, id);
      if (masks.inside.size + masks.start.size + masks.blank.size >= most) free();
      map.set(position, into);
      return into;
    },
  };
}

function constraintAt(shared: Shared, first: Place): Constraint {
  const { matcher, trie, ends } = shared;
  let place = first;
  let mask: Uint32Array | undefined;

  const current = (): Place => {
    matcher.tidy();
    place = { ...place, position: matcher.renew(place.position) };
    return place;
  };
  /** Where a token leads, or undefined where it may not come. */
  const placeAfter = ({ position, phase }: Place, id: number): Place | undefined => {
    if (trie.endTokens.includes(id)) return position.complete ? { position, phase: 'ended' } : undefined;
    if (phase === 'ended') return undefined;
    if (phase === 'start' && trie.blank.includes(id)) return { position, phase: 'blank' };
    const isStart = phase === 'start' || (phase === 'blank' && trie.blankKeepsStart);
    const bytes = (isStart ? (trie.texts.atStart ?? trie.texts.inside) : trie.texts.inside)[id];
    if (bytes === undefined || bytes.length === 0) return undefined;
    let at: Position | null = position;
    for (const byte of bytes) {
      at = matcher.step(at, byte);
      if (at === null) return undefined;
    }
    return at.canEnd ? { position: at, phase: 'inside' } : undefined;
  };
  const readMask = (): Uint32Array => {
    if (mask !== undefined) return mask;
    const allowed = shared.maskOf(current());
    if (!place.position.complete && allowed.every((word) => word === 0)) {
      throw refusal('continue the text', 'the vocabulary must have a token that continues it', {
        value: 'it has none',
        remedy: 'Use a model with a byte-level tokenizer.',
      });
    }
    mask = allowed;
    return mask;
  };

  return {
    get complete() {
      return place.position.complete;
    },
    get ended() {
      if (place.phase === 'ended') return true;
      return place.position.complete && readMask().every((word, index) => word === ends[index]);
    },
    mask: readMask,
    restrict(logits) {
      const allowed = readMask();
      for (let first = 0; first < logits.length; first += 32) {
        const word = allowed[first >>> 5] ?? 0;
        const end = Math.min(first + 32, logits.length);
        if (word === 0) logits.fill(-Infinity, first, end);
        else if (word !== 0xffff_ffff) for (let id = first; id < end; id++) if (((word >>> (id & 31)) & 1) === 0) logits[id] = -Infinity;
      }
    },
    allows: (id) => placeAfter(current(), id) !== undefined,
    accept(id) {
      const next = placeAfter(current(), id);
      if (next === undefined) {
        throw refusal('accept a token', 'the grammar allows no such text', {
          value: `token ${id}`,
          remedy: 'Choose among the tokens that the mask allows.',
        });
      }
      if (next.position !== place.position || next.phase !== place.phase) mask = undefined;
      place = next;
    },
    clone: () => constraintAt(shared, place),
  };
}

function setBit(words: Uint32Array, id: number): void {
  words[id >>> 5] = (words[id >>> 5] as number) | (1 << (id & 31));
}

function refusal(action: string, rule: string, { value, remedy }: { readonly value: string; readonly remedy: string }): UsageError {
  return new UsageError({ code: 'WEFT_GENERATE_CONSTRAINT', action, rule, value, remedy });
}
