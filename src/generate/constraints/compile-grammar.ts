/**
 * From rules to the states of a {@link Grammar}.
 *
 * Decided: counted repetitions count in the stack instead of being written out, so that {1,1000000} costs one state; what can
 * never end is taken out, so that no text leads into a place without a way on; and a rule that begins with itself is refused,
 * as the automaton would call it without end before it takes a byte.
 */

import type { CodePoints } from './code-point-ranges.ts';
import type { Automaton, Expression } from './expression.ts';
import { ACCEPT, type ByteEdge, type Call, type Grammar, type GrammarState } from './grammar.ts';
import { type Rules, createEmptyTexts } from './non-empty.ts';
import { findLeftRecursion, nullableStates, productiveStates } from './state-analysis.ts';
import { type Utf8Edge, utf8Edges } from './utf8-edges.ts';

/** Makes the error of a front end: what rule is broken, and by which value. */
export type Refuse = (rule: string, value: string) => Error;

/** States and edges of a grammar at most: with these, making one takes less than a second. */
const MOST_STATES = 100_000;
const MOST_EDGES = 400_000;

const utf8 = new TextEncoder();

interface State {
  readonly edges: ByteEdge[];
  readonly calls: Call[];
  readonly jumps: number[];
  accepts: boolean;
  body: number;
}

/**
 * The grammar of `rules`, whose texts are those of the rule `root`.
 *
 * @throws what `refuse` makes, when a rule is missing, begins with itself, can never end, or there is too much
 */
export function compileGrammar(rules: Rules, root: string, refuse: Refuse): Grammar {
  const states: State[] = [{ edges: [], calls: [], jumps: [], accepts: true, body: -1 }];
  const entries = new Map<string, number>();
  const sharedEntries = new Map<Expression, number>();
  const waiting: [entry: number, expression: Expression][] = [];
  const emptyTexts = createEmptyTexts(rules);
  const extra = new Map<string, Expression>();
  const trees = new Map<CodePoints, readonly Utf8Edge[]>();
  const tails = new Map<readonly Utf8Edge[], number>();
  let edgeCount = 0;
  let counts = false;

  const newState = (): number => {
    if (states.length >= MOST_STATES) throw refuse('it must not be too large', `more than ${MOST_STATES} states`);
    return states.push({ edges: [], calls: [], jumps: [], accepts: false, body: -1 }) - 1;
  };
  const at = (id: number): State => states[id] as State;
  const count = (more: number): void => {
    edgeCount += more;
    if (edgeCount > MOST_EDGES) throw refuse('it must not be too large', `more than ${MOST_EDGES} transitions`);
  };
  const entryOf = (name: string): number => {
    const known = entries.get(name);
    if (known !== undefined) return known;
    const expression = rules.get(name) ?? extra.get(name);
    if (expression === undefined) throw refuse('every rule that is used must be there', name);
    const entry = newState();
    entries.set(name, entry);
    waiting.push([entry, expression]);
    return entry;
  };
  const tailState = (tree: readonly Utf8Edge[]): number => {
    let id = tails.get(tree);
    if (id === undefined) {
      id = newState();
      tails.set(tree, id);
      addTree(id, tree, ACCEPT);
    }
    return id;
  };
  const addTree = (from: number, tree: readonly Utf8Edge[], next: number): void => {
    count(tree.length);
    for (const { low, high, tail } of tree) at(from).edges.push({ low, high, next, tail: tail === undefined ? -1 : tailState(tail) });
  };
  const addCharacters = (from: number, set: CodePoints, next: number): void => {
    let tree = trees.get(set);
    if (tree === undefined) trees.set(set, (tree = utf8Edges(set)));
    addTree(from, tree, next);
  };
  const addCall = (from: number, call: Call): void => {
    count(1);
    at(from).calls.push(call);
  };
  const addJump = (from: number, to: number): void => {
    count(1);
    at(from).jumps.push(to);
  };

  /** The state where `expression` begins, after which `next` follows. */
  const enter = (expression: Expression, next: number): number => {
    if (expression.kind === 'sequence') {
      return expression.parts.reduceRight((following, part) => enter(part, following), next);
    }
    const entry = newState();
    lead(entry, expression, next);
    return entry;
  };
  /** Makes `expression` a way from one state to another. */
  const lead = (from: number, expression: Expression, next: number): void => {
    switch (expression.kind) {
      case 'characters':
        addCharacters(from, expression.set, next);
        return;
      case 'literal': {
        const bytes = utf8.encode(expression.text);
        let place = from;
        bytes.forEach((byte, index) => {
          const to = index === bytes.length - 1 ? next : newState();
          addTree(place, [{ low: byte, high: byte, tail: undefined }], to);
          place = to;
        });
        return;
      }
      case 'sequence':
        addJump(from, enter(expression, next));
        return;
      case 'choice':
        for (const option of expression.options) {
          if (option.kind === 'characters') addCharacters(from, option.set, next);
          else addJump(from, enter(option, next));
        }
        return;
      case 'rule':
        addCall(from, { callee: entryOf(expression.name), next, min: 0, max: 0 });
        return;
      case 'shared': {
        let entry = sharedEntries.get(expression);
        if (entry === undefined) {
          entry = newState();
          sharedEntries.set(expression, entry);
          waiting.push([entry, expression.body]);
        }
        addCall(from, { callee: entry, next, min: 0, max: 0 });
        return;
      }
      case 'automaton':
        leadAutomaton(from, expression, next);
        return;
      case 'repeat':
        leadRepeat(from, expression, next);
        return;
    }
  };
  const leadAutomaton = (from: number, automaton: Automaton, next: number): void => {
    const ids = automaton.states.map(() => newState());
    automaton.states.forEach(({ accepts, edges }, index) => {
      const id = ids[index] as number;
      if (accepts) addJump(id, next);
      for (const { on, to } of edges) lead(id, on, ids[to] as number);
    });
    if (ids[0] !== undefined) addJump(from, ids[0]);
  };
  const leadRepeat = (from: number, { body: given, min, max: most }: Expression & { kind: 'repeat' }, next: number): void => {
    let body = emptyTexts.withoutEmpty(given);
    let max = most;
    // One to a of x, up to n times, is up to a n of x; counted twice it would have very many readings.
    while (max > 0 && body.kind === 'repeat' && body.min === 1) [body, max] = [body.body, max * body.max];
    for (const [name, expression] of emptyTexts.extraRules()) extra.set(name, expression);
    const least = emptyTexts.isNullable(given) ? 0 : min;
    if (least === 0) addJump(from, next);
    if (max === 0) return;
    if (max === 1) {
      addJump(from, enter(body, next));
    } else if (max === Infinity && least <= 1) {
      const again = newState();
      const entry = enter(body, again);
      addJump(again, entry);
      addJump(again, next);
      addJump(from, entry);
    } else {
      counts = true;
      const counter = newState();
      at(counter).body = enter(body, ACCEPT);
      addCall(from, { callee: counter, next, min: Math.max(1, least), max });
    }
  };
  const start = entryOf(root);
  for (let rule = waiting.pop(); rule !== undefined; rule = waiting.pop()) lead(rule[0], rule[1], ACCEPT);

  const names = new Map(Array.from(entries, ([name, entry]) => [entry, name]));
  const cycle = findLeftRecursion(states, nullableStates(states));
  if (cycle !== undefined) {
    const named = cycle.flatMap((state) => names.get(state) ?? []);
    throw refuse('a rule must not begin with itself', [...named, named[0]].join(' > '));
  }
  const productive = productiveStates(states);
  if (productive[start] !== 1) throw refuse('there must be a text that it allows', 'none can end');
  return { states: withoutDeadEnds(states, productive), start, counts };
}

/** The states without ways to those that are not `productive`. */
function withoutDeadEnds(states: readonly GrammarState[], productive: Uint8Array): readonly GrammarState[] {
  const isLive = (state: number): boolean => productive[state] === 1;
  return states.map(({ edges, calls, jumps, accepts, body }) => ({
    edges: edges.filter(({ next }) => isLive(next)),
    calls: calls.filter(({ callee, next }) => isLive(callee) && isLive(next)),
    jumps: jumps.filter(isLive),
    accepts,
    body,
  }));
}
