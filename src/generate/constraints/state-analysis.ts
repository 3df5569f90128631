/** What can be told of the states of a grammar before any text is read. Nothing here recurs: a grammar may be a chain of any length. */

import type { GrammarState } from './grammar.ts';

/** 1 for the states from which the end of their rule is reached without a byte. A repetition is never: it takes at least one. */
export function nullableStates(states: readonly GrammarState[]): Uint8Array {
  return fixpoint(states, ({ accepts, jumps, calls }, holds) => {
    return accepts || jumps.some(holds) || calls.some(({ callee, next }) => holds(callee) && holds(next));
  });
}

/**
 * 1 for the states from which the end of their rule can be reached.
 *
 * @param states - of a grammar
 * @param canTake - whether an edge can be taken; by default every one can
 */
export function productiveStates(
  states: readonly GrammarState[],
  canTake: (edge: GrammarState['edges'][number]) => boolean = () => true,
): Uint8Array {
  return fixpoint(states, ({ accepts, edges, jumps, calls, body }, holds) => {
    if (accepts || jumps.some(holds)) return true;
    if (body >= 0) return holds(body);
    return edges.some((edge) => holds(edge.next) && canTake(edge)) || calls.some(({ callee, next }) => holds(callee) && holds(next));
  });
}

/** The least set of states that fulfil a condition which more states in the set can only help to fulfil. */
function fixpoint(states: readonly GrammarState[], test: (state: GrammarState, holds: (state: number) => boolean) => boolean): Uint8Array {
  const found = new Uint8Array(states.length);
  const before = predecessors(states);
  const waiting = states.map((_, id) => id);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found[id] === 1 || !test(states[id] as GrammarState, (other) => found[other] === 1)) continue;
    found[id] = 1;
    for (const earlier of before[id] ?? []) if (found[earlier] === 0) waiting.push(earlier);
  }
  return found;
}

function predecessors(states: readonly GrammarState[]): readonly (readonly number[])[] {
  const before: number[][] = states.map(() => []);
  const add = (to: number, from: number): void => {
    const list = before[to] as number[];
    if (list.at(-1) !== from) list.push(from);
  };
  states.forEach(({ edges, calls, jumps, body }, id) => {
    for (const { next } of edges) add(next, id);
    for (const { callee, next } of calls) {
      add(callee, id);
      add(next, id);
    }
    for (const to of jumps) add(to, id);
    if (body >= 0) add(body, id);
  });
  return before;
}

/** States that lead to each other in a circle without a byte; undefined when there are none. */
export function findLeftRecursion(states: readonly GrammarState[], nullable: Uint8Array): readonly number[] | undefined {
  const leads = states.map(({ calls, jumps, body }) => [
    ...jumps,
    ...calls.flatMap(({ callee, next }) => (nullable[callee] === 1 ? [callee, next] : [callee])),
    ...(body >= 0 ? [body] : []),
  ]);
  const done = new Uint8Array(states.length); // 1 while on the path, 2 behind it
  for (let first = 0; first < states.length; first++) {
    if (done[first] !== 0) continue;
    const path: { readonly state: number; at: number }[] = [{ state: first, at: 0 }];
    done[first] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const to = leads[top.state]?.[top.at++];
      if (to === undefined) {
        done[top.state] = 2;
        path.pop();
      } else if (done[to] === 0) {
        done[to] = 1;
        path.push({ state: to, at: 0 });
      } else if (done[to] === 1) {
        return path.slice(path.findIndex(({ state }) => state === to)).map(({ state }) => state);
      }
    }
  }
  return undefined;
}
