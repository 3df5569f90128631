/**
 * Runs a grammar over bytes: where a text may be, as a set of stacks, and where one more byte leads.
 *
 * Decided: stacks and sets of stacks are made once each and compared by identity, and what a byte leads to is remembered with
 * the set, so that a text runs through a deterministic automaton that is made as it is needed. Two texts that leave the same
 * ways on are one position. What is remembered is thrown away when it grows too large, and the work for one call is bounded,
 * so that no grammar takes memory or time without end.
 */

import { UsageError } from '../../core/index.ts';
import { ACCEPT, type ByteEdge, type Grammar, type GrammarState } from './grammar.ts';

/** States that wait for each other, the topmost first; those that count carry how often at least and at most. */
interface Stack {
  readonly id: number;
  /** -1 for the bottom: the text is complete. */
  readonly state: number;
  readonly min: number;
  readonly max: number;
  readonly below: Stack | undefined;
  /** Those with one state more, by it and its counts; made when there is one. */
  above: Map<number | string, Stack> | undefined;
  /** Whether all of it can come to its end. */
  readonly canEnd: boolean;
  blurred: Stack | undefined;
}

/** Where a text may be. Two positions of one generation of a matcher are the same when they are one object. */
export interface Position {
  readonly generation: number;
  /** Stacks whose topmost state takes a byte. */
  readonly stacks: readonly Stack[];
  /** Whether the text may end here. */
  readonly complete: boolean;
  /** Whether there is a way on that the vocabulary can spell, or the text may end here. */
  readonly canEnd: boolean;
  /** Where each byte leads: null for nowhere, undefined where it was not asked yet. */
  readonly next: (Position | null | undefined)[];
  blurred: Position | undefined;
}

/** Runs one grammar. */
export interface Matcher {
  /** Where a text begins. */
  start(): Position;
  /** Where a byte leads from a position; null for nowhere. */
  step(position: Position, byte: number): Position | null;
  /** The same position, after {@link Matcher.tidy}. */
  renew(position: Position): Position;
  /** A position with the same ways on for as many bytes as the matcher was made for, and with few others for all counts that are far from their ends. */
  blur(position: Position): Position;
  /** Frees what is remembered if it is much, and begins to count the work for the next call. Whether something was freed. */
  tidy(): boolean;
}

/** What a matcher is made of besides the grammar. */
export interface MatcherOptions {
  /** Bytes of the longest token. */
  readonly reach: number;
  /** 1 for states from which the vocabulary can spell a way to the end of the rule. */
  readonly canEnd: Uint8Array;
}

/** Steps of one call and stacks of one position, at most. */
const MOST_STEPS = 4_000_000;
const MOST_STACKS_AT_ONCE = 1 << 13;
/** What is kept between calls, and how many times as much there may be within one. */
const KEPT_STACKS: number = 1 << 16;
const KEPT_POSITIONS: number = 1 << 13;
const FULL = 4;

/** See {@link Matcher}. */
export function createMatcher(grammar: Grammar, { reach, canEnd }: MatcherOptions): Matcher {
  const { states } = grammar;
  let generation = 0;
  let steps = 0;
  let stackCount = 0;
  let bottom = newBottom();
  let positions = new Map<string, Position>();

  const push = (state: number, below: Stack, counts?: { readonly min: number; readonly max: number }): Stack => {
    const [min, max] = [counts?.min ?? 0, counts?.max ?? 0];
    const key = max === 0 ? state : `${state} ${min} ${max}`;
    const known = below.above?.get(key);
    if (known !== undefined) return known;
    if (stackCount >= FULL * KEPT_STACKS) throw tooMuch(`more than ${FULL * KEPT_STACKS} stacks`);
    const ends = below.canEnd && (canEnd[state] === 1 || (max > 0 && min === 0));
    const stack: Stack = { id: ++stackCount, state, min, max, below, above: undefined, canEnd: ends, blurred: undefined };
    below.above ??= new Map();
    below.above.set(key, stack);
    return stack;
  };
  const work = (more: number): void => {
    steps += more;
    if (steps > MOST_STEPS) throw tooMuch(`more than ${MOST_STEPS} steps for one token`);
  };

  /** The position of all stacks that are reached from `seeds` without a byte. */
  const settle = (seeds: readonly Stack[]): Position | null => {
    const seen = new Set(seeds);
    const tops: Stack[] = [];
    let complete = false;
    for (const stack of seen) {
      const below = stack.below;
      if (below === undefined) {
        complete = true;
        continue;
      }
      const { edges, calls, jumps, accepts, body } = states[stack.state] as GrammarState;
      if (body >= 0) {
        if (stack.min === 0) seen.add(below);
        const rest = stack.max === 1 ? below : push(stack.state, below, { min: Math.max(0, stack.min - 1), max: stack.max - 1 });
        seen.add(push(body, rest));
        continue;
      }
      if (edges.length > 0) tops.push(stack);
      for (const to of jumps) seen.add(push(to, below));
      for (const { callee, next, min, max } of calls) {
        const rest = next === ACCEPT ? below : push(next, below);
        seen.add(max === 0 ? push(callee, rest) : push(callee, rest, { min, max }));
      }
      if (accepts) seen.add(below);
    }
    work(seen.size);
    if (tops.length === 0 && !complete) return null;
    if (tops.length > MOST_STACKS_AT_ONCE) throw tooMuch(`more than ${MOST_STACKS_AT_ONCE} readings of one text`);
    return intern(tops, complete);
  };
  const intern = (stacks: Stack[], complete: boolean): Position => {
    stacks.sort((a, b) => a.id - b.id);
    const key = `${complete ? '!' : ''}${stacks.map(({ id }) => id).join(' ')}`;
    const known = positions.get(key);
    if (known !== undefined) return known;
    const position: Position = {
      generation,
      stacks,
      complete,
      canEnd: complete || stacks.some((stack) => stack.canEnd),
      next: new Array<undefined>(256).fill(undefined),
      blurred: undefined,
    };
    positions.set(key, position);
    if (positions.size > FULL * KEPT_POSITIONS) throw tooMuch(`more than ${FULL * KEPT_POSITIONS} positions`);
    return position;
  };
  const take = ({ next, tail }: ByteEdge, { below }: Stack): Stack => {
    const rest = next === ACCEPT ? (below as Stack) : push(next, below as Stack);
    return tail < 0 ? rest : push(tail, rest);
  };
  /** A stack again, or one with other counts, from the bottom up. */
  const rebuild = (stack: Stack, change: (count: number) => number): Stack => {
    const path: Stack[] = [];
    for (let at = stack; at.below !== undefined; at = at.below) path.push(at);
    return path.reduceRight<Stack>((below, { state, min, max }) => {
      return max === 0 ? push(state, below) : push(state, below, { min: change(min), max: change(max) });
    }, bottom);
  };

  return {
    start: () => settle([push(grammar.start, bottom)]) as Position,
    step(position, byte) {
      const known = position.next[byte];
      if (known !== undefined) return known;
      const seeds: Stack[] = [];
      for (const stack of position.stacks) {
        const { edges } = states[stack.state] as GrammarState;
        work(edges.length);
        for (const edge of edges) if (byte >= edge.low && byte <= edge.high) seeds.push(take(edge, stack));
      }
      const next = seeds.length === 0 ? null : settle(seeds);
      position.next[byte] = next;
      return next;
    },
    renew(position) {
      if (position.generation === generation) return position;
      return intern(
        position.stacks.map((stack) => rebuild(stack, (count) => count)),
        position.complete,
      );
    },
    blur(position) {
      if (!grammar.counts) return position;
      if (position.blurred !== undefined) return position.blurred;
      // Every time that something is repeated takes a byte: a count above the reach can't come to its end within it.
      const far = (count: number): number => (count > reach ? Infinity : count);
      const stacks = new Set(position.stacks.map((stack) => (stack.blurred ??= rebuild(stack, far))));
      const blurred = intern([...stacks], position.complete);
      blurred.blurred = blurred;
      position.blurred = blurred;
      return blurred;
    },
    tidy() {
      steps = 0;
      if (stackCount < KEPT_STACKS && positions.size < KEPT_POSITIONS) return false;
      generation++;
      stackCount = 0;
      bottom = newBottom();
      positions = new Map();
      return true;
    },
  };
}

function newBottom(): Stack {
  return { id: 0, state: -1, min: 0, max: 0, below: undefined, above: undefined, canEnd: true, blurred: undefined };
}

function tooMuch(value: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_CONSTRAINT',
    action: 'follow a grammar',
    rule: 'a text must not have too many readings',
    value,
    remedy: 'Write the grammar so that what comes next tells which alternative is meant.',
  });
}
