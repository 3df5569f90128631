/** What a rule of a grammar may be made of, and the short forms that build it. Characters are code points; the text is UTF-8. */

import type { CodePoints } from './code-point-ranges.ts';

/** A set of texts, as plain data. */
export type Expression =
  /** One character of a set. */
  | { readonly kind: 'characters'; readonly set: CodePoints }
  /** One text, which has no lone surrogate. */
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  /** Any one of them; of none, no text at all. */
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  /** So many in a row; `max` may be Infinity. */
  | { readonly kind: 'repeat'; readonly body: Expression; readonly min: number; readonly max: number }
  | { readonly kind: 'rule'; readonly name: string }
  /** The same as `body`, but compiled once for all places that have this very object. */
  | { readonly kind: 'shared'; readonly body: Expression }
  | Automaton;

/** States and what leads from one to another; the first state is where it begins. */
export interface Automaton {
  readonly kind: 'automaton';
  readonly states: readonly AutomatonState[];
}

/** A place of an {@link Automaton}. */
export interface AutomatonState {
  readonly accepts: boolean;
  readonly edges: readonly { readonly on: Expression; readonly to: number }[];
}

/** The empty text. */
export const EMPTY: Expression = { kind: 'sequence', parts: [] };

/** No text at all. */
export const NEVER: Expression = { kind: 'choice', options: [] };

/** One text. */
export function literal(text: string): Expression {
  return text === '' ? EMPTY : { kind: 'literal', text };
}

/** One character of a set. */
export function characters(set: CodePoints): Expression {
  return set.length === 0 ? NEVER : { kind: 'characters', set };
}

/** One after another. */
export function sequence(...parts: readonly Expression[]): Expression {
  return parts.length === 1 ? (parts[0] as Expression) : { kind: 'sequence', parts };
}

/** Any one of them. */
export function choice(...options: readonly Expression[]): Expression {
  return options.length === 1 ? (options[0] as Expression) : { kind: 'choice', options };
}

/** So many in a row. */
export function repeat(body: Expression, min: number, max: number): Expression {
  return min === 1 && max === 1 ? body : { kind: 'repeat', body, min, max };
}

/** There or not. */
export function optional(body: Expression): Expression {
  return { kind: 'repeat', body, min: 0, max: 1 };
}

/** What the rule of that name says. */
export function rule(name: string): Expression {
  return { kind: 'rule', name };
}

/** `body`, compiled once for all places that have what this returns. */
export function shared(body: Expression): Expression {
  return { kind: 'shared', body };
}

/** Any one of the texts. Beginnings that they share are one path, so that a long list costs no more to follow than a short one. */
export function literals(texts: readonly string[]): Expression {
  interface Node {
    accepts: boolean;
    readonly next: Map<string, number>;
  }
  const nodes: Node[] = [{ accepts: false, next: new Map() }];
  for (const text of texts) {
    let at = nodes[0] as Node;
    for (const character of text) {
      let to = at.next.get(character);
      if (to === undefined) {
        to = nodes.length;
        nodes.push({ accepts: false, next: new Map() });
        at.next.set(character, to);
      }
      at = nodes[to] as Node;
    }
    at.accepts = true;
  }
  return {
    kind: 'automaton',
    states: nodes.map(({ accepts, next }) => ({ accepts, edges: Array.from(next, ([text, to]) => ({ on: literal(text), to })) })),
  };
}
