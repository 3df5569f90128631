/**
 * Patterns as automata over characters, so that a text can be held to several at once, and to a length.
 *
 * Source: Glushkov, "The abstract theory of automata" (1961): a state for every place of the pattern, and none that takes nothing.
 */

import { ALL_CODE_POINTS, type CodePoints, intersected } from './code-point-ranges.ts';
import type { Automaton, Expression } from './expression.ts';

/** States, the first of which is the beginning, and the characters that lead from one to another. */
export type CharacterAutomaton = readonly CharacterState[];

/** A state of a {@link CharacterAutomaton}. */
export interface CharacterState {
  readonly accepts: boolean;
  readonly edges: readonly { readonly set: CodePoints; readonly to: number }[];
}

/** States, and edges, of an automaton at most. */
const MOST_STATES = 20_000;
const MOST_EDGES = 200_000;

/** Places of a part of a pattern: where it may begin and end, and whether it may be empty. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly nullable: boolean;
}

const NOTHING: Part = { first: [], last: [], nullable: true };

/** The automaton of an expression without rules and automata; undefined when there would be too many states. */
export function characterAutomaton(expression: Expression): CharacterAutomaton | undefined {
  const sets: CodePoints[] = [[]];
  const follows: Set<number>[] = [new Set()];
  let room = MOST_EDGES;
  const place = (set: CodePoints): Part => {
    if (sets.length >= MOST_STATES) throw TOO_MANY;
    const id = sets.push(set) - 1;
    follows.push(new Set());
    return { first: [id], last: [id], nullable: false };
  };
  const link = (from: readonly number[], to: readonly number[]): void => {
    room -= from.length * to.length;
    if (room < 0) throw TOO_MANY;
    for (const id of from) for (const next of to) follows[id]?.add(next);
  };
  const joined = (before: Part, after: Part): Part => {
    link(before.last, after.first);
    return {
      first: before.nullable ? [...before.first, ...after.first] : before.first,
      last: after.nullable ? [...before.last, ...after.last] : after.last,
      nullable: before.nullable && after.nullable,
    };
  };
  const read = (part: Expression): Part => {
    switch (part.kind) {
      case 'characters':
        return place(part.set);
      case 'literal':
        return [...part.text].reduce<Part>((before, character) => {
          const point = character.codePointAt(0) as number;
          return joined(before, place([[point, point]]));
        }, NOTHING);
      case 'sequence':
        return part.parts.reduce<Part>((before, inner) => joined(before, read(inner)), NOTHING);
      case 'choice': {
        const options = part.options.map(read);
        return {
          first: options.flatMap(({ first }) => first),
          last: options.flatMap(({ last }) => last),
          nullable: options.some(({ nullable }) => nullable),
        };
      }
      case 'repeat':
        return readRepeat(part);
      case 'shared':
        return read(part.body);
      case 'rule':
      case 'automaton':
        throw TOO_MANY;
    }
  };
  const readRepeat = ({ body, min, max }: Expression & { kind: 'repeat' }): Part => {
    if (max === 0) return NOTHING;
    const pay = ({ first, last }: Part): void => {
      room -= 1 + first.length + last.length;
      if (room < 0) throw TOO_MANY;
    };
    // What may be left out nests, x(x(x)?)?, so that each copy has one way in: from the one before.
    let whole: Part = NOTHING;
    if (max === Infinity) {
      const again = read(body);
      link(again.last, again.first);
      whole = min === 0 ? { ...again, nullable: true } : again;
    } else {
      for (let copy = max; copy > min; copy--) {
        whole = { ...joined(read(body), whole), nullable: true };
        pay(whole);
      }
    }
    for (let copy = max === Infinity ? 1 : 0; copy < min; copy++) {
      whole = joined(read(body), whole);
      pay(whole);
    }
    return whole;
  };

  try {
    const { first, last, nullable } = read(expression);
    link([0], first);
    const ends = new Set(last);
    return sets.map((_, id) => ({
      accepts: id === 0 ? nullable : ends.has(id),
      edges: Array.from(follows[id] ?? [], (to) => ({ set: sets[to] as CodePoints, to })),
    }));
  } catch (error) {
    if (error === TOO_MANY) return undefined;
    throw error;
  }
}

const TOO_MANY = new Error('too many states');

/** The automaton of texts of so many characters; undefined when there would be too many states. */
export function lengthAutomaton(min: number, max: number): CharacterAutomaton | undefined {
  const last = max === Infinity ? min : max;
  if (last >= MOST_STATES) return undefined;
  return Array.from({ length: last + 1 }, (_, length) => ({
    accepts: length >= min,
    edges: length < last ? [{ set: ALL_CODE_POINTS, to: length + 1 }] : max === Infinity ? [{ set: ALL_CODE_POINTS, to: length }] : [],
  }));
}

/** The automaton of the texts of both; undefined when there would be too many states. */
export function bothAutomata(a: CharacterAutomaton, b: CharacterAutomaton): CharacterAutomaton | undefined {
  const pairs: [number, number][] = [[0, 0]];
  const known = new Map([['0 0', 0]]);
  const states: CharacterState[] = [];
  const common = new Map<CodePoints, Map<CodePoints, CodePoints>>();
  const commonOf = (one: CodePoints, other: CodePoints): CodePoints => {
    if (one === ALL_CODE_POINTS) return other;
    if (other === ALL_CODE_POINTS || one === other) return one;
    let known = common.get(one);
    if (known === undefined) common.set(one, (known = new Map()));
    let set = known.get(other);
    if (set === undefined) known.set(other, (set = intersected(one, other)));
    return set;
  };
  let room = MOST_EDGES;
  for (let id = 0; id < pairs.length; id++) {
    const [i, j] = pairs[id] as [number, number];
    const [left, right] = [a[i] as CharacterState, b[j] as CharacterState];
    const edges: { set: CodePoints; to: number }[] = [];
    for (const one of left.edges) {
      for (const other of right.edges) {
        if (--room < 0) return undefined;
        const set = commonOf(one.set, other.set);
        if (set.length === 0) continue;
        const key = `${one.to} ${other.to}`;
        let to = known.get(key);
        if (to === undefined) {
          if (pairs.length >= MOST_STATES) return undefined;
          to = pairs.push([one.to, other.to]) - 1;
          known.set(key, to);
        }
        edges.push({ set, to });
      }
    }
    states.push({ accepts: left.accepts && right.accepts, edges });
  }
  return states;
}

/** The automaton as an expression. */
export function automatonExpression(automaton: CharacterAutomaton): Automaton {
  return {
    kind: 'automaton',
    states: automaton.map(({ accepts, edges }) => ({
      accepts,
      edges: edges.map(({ set, to }) => ({ on: { kind: 'characters', set }, to })),
    })),
  };
}
