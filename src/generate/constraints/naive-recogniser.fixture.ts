/**
 * The slow twin of compiler and matcher: reads bytes by trying everything that an expression says, place by place.
 *
 * It takes every part of an expression to have a text, and no rule to begin with itself.
 */

import type { CodePoints } from './code-point-ranges.ts';
import type { Expression } from './expression.ts';
import type { Rules } from './non-empty.ts';

/** Where an expression that begins at a place may end, and whether it may reach beyond the last byte. */
interface Ends {
  readonly ends: ReadonlySet<number>;
  readonly isOpen: boolean;
}

const utf8 = new TextEncoder();

/** Whether `bytes` are a text of the rule `root`, and whether they are the beginning of one or all of it. */
export function recogniseNaively(rules: Rules, bytes: Uint8Array): { readonly isComplete: boolean; readonly isBeginning: boolean } {
  const { ends, isOpen } = read({ kind: 'rule', name: 'root' }, 0, { rules, bytes });
  return { isComplete: ends.has(bytes.length), isBeginning: isOpen || ends.has(bytes.length) };
}

interface Input {
  readonly rules: Rules;
  readonly bytes: Uint8Array;
}

function read(expression: Expression, at: number, input: Input): Ends {
  switch (expression.kind) {
    case 'characters':
      return readCharacter(expression.set, at, input.bytes);
    case 'literal':
      return readBytes(utf8.encode(expression.text), at, input.bytes);
    case 'sequence':
      return expression.parts.reduce<Ends>((before, part) => then(before, part, input), { ends: new Set([at]), isOpen: false });
    case 'choice':
      return union(expression.options.map((option) => read(option, at, input)));
    case 'rule':
      return read(input.rules.get(expression.name) as Expression, at, input);
    case 'shared':
      return read(expression.body, at, input);
    case 'repeat': {
      const ends = new Set<number>();
      let isOpen = false;
      let here: ReadonlySet<number> = new Set([at]);
      for (let count = 0; count <= expression.max && here.size > 0; count++) {
        const known = ends.size;
        if (count >= expression.min) for (const end of here) ends.add(end);
        // What is empty could go on without end.
        if (count > expression.min && ends.size === known) break;
        if (count === expression.max) break;
        const next = then({ ends: here, isOpen: false }, expression.body, input);
        isOpen ||= next.isOpen;
        here = next.ends;
      }
      return { ends, isOpen };
    }
    case 'automaton': {
      const seen = new Set<string>();
      const ends = new Set<number>();
      let isOpen = false;
      const walk = (state: number, place: number): void => {
        if (seen.has(`${state} ${place}`)) return;
        seen.add(`${state} ${place}`);
        if (expression.states[state]?.accepts === true) ends.add(place);
        for (const { on, to } of expression.states[state]?.edges ?? []) {
          const found = read(on, place, input);
          isOpen ||= found.isOpen;
          for (const end of found.ends) walk(to, end);
        }
      };
      walk(0, at);
      return { ends, isOpen };
    }
  }
}

function then(before: Ends, part: Expression, input: Input): Ends {
  const after = union([...before.ends].map((end) => read(part, end, input)));
  return { ends: after.ends, isOpen: before.isOpen || after.isOpen };
}

function union(all: readonly Ends[]): Ends {
  return { ends: new Set(all.flatMap(({ ends }) => [...ends])), isOpen: all.some(({ isOpen }) => isOpen) };
}

function readBytes(wanted: Uint8Array, at: number, bytes: Uint8Array): Ends {
  for (let index = 0; index < wanted.length; index++) {
    if (at + index === bytes.length) return { ends: new Set(), isOpen: true };
    if (bytes[at + index] !== wanted[index]) return { ends: new Set(), isOpen: false };
  }
  return { ends: new Set([at + wanted.length]), isOpen: false };
}

/** The sets of the tests are small. */
function readCharacter(set: CodePoints, at: number, bytes: Uint8Array): Ends {
  const points = set.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
  return union(points.map((point) => readBytes(utf8.encode(String.fromCodePoint(point)), at, bytes)));
}
