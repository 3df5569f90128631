/**
 * Regular expressions of files, in Oniguruma's syntax: the fallback for splittings that are not known by name.
 *
 * oniguruma-parser reads the pattern; its tree is compiled to functions that know what comes after them and backtrack, as Oniguruma's
 * own engine does. JavaScript's RegExp is not used: its classes differ, it lacks possessive quantifiers, and a catastrophic pattern
 * would hang. Here every step is counted, and a text may take so many for each of its characters.
 *
 * Source: kkos/oniguruma 6.9.10, `doc/RE`; onig 6.5 (Rust), `FindMatches`, for how one match follows another.
 */

import { toOnigurumaAst } from 'oniguruma-parser';
import type { AlternativeElementNode, AlternativeNode, AssertionNode, QuantifierNode } from 'oniguruma-parser/parser';

import { UsageError } from '../../core/index.ts';
import { codePointAt } from '../pipeline/code-points.ts';
import { type CharacterTest, type PatternFlags, UnknownPattern, compileCharacter, isWordCharacter } from './pattern-characters.ts';

/** Steps that every text may take, and more for each of its characters. */
const STEPS = 5_000_000;
const STEPS_PER_CHARACTER = 400;

/** Where matches of a pattern stand in a text without lone surrogates: start, end, start, end, … in UTF-16 units. */
export type PatternFinder = (text: string) => readonly number[];

/** Matches from a place on and returns where the whole match ends, or -1. */
type Matcher = (at: number) => number;

/**
 * Compiles a pattern.
 *
 * @param refuse - called with what is wrong with the pattern
 * @returns a finder, which throws UsageError `WEFT_TOKENIZER_PATTERN` where a text takes too many steps
 */
export function createPatternFinder(pattern: string, refuse: (rule: string) => never): PatternFinder {
  let text = '';
  let searchStart = 0;
  let left = 0;
  let keep = -1; // Where `\K` lets the match begin.
  let captures = new Int32Array(0);

  /** What a matcher's first character must be; matchers that may match nothing are not in it. */
  const firsts = new Map<Matcher, CharacterTest>();
  const beginning = (matcher: Matcher, ...tests: readonly (CharacterTest | undefined)[]): Matcher => {
    const known = tests.filter((test) => test !== undefined);
    const [only] = known;
    if (only === undefined || known.length < tests.length) return matcher;
    firsts.set(matcher, known.length === 1 ? only : (code) => known.some((test) => test(code)));
    return matcher;
  };

  const spend = (steps: number): void => {
    left -= steps;
    if (left < 0) throw tooManySteps(pattern);
  };

  const compileAlternatives = (alternatives: readonly AlternativeNode[], flags: PatternFlags, next: Matcher): Matcher => {
    const matchers: Matcher[] = [];
    for (const [index, { body }] of alternatives.entries()) {
      const directive = body.findIndex((node) => node.type === 'Directive' && node.kind === 'flags');
      if (directive < 0) {
        matchers.push(compileSequence(body, flags, next));
        continue;
      }
      // `a(?i)b|c` is `a(?i:b|c)`.
      const node = body[directive] as { readonly flags: FlagChange };
      const rest = [{ type: 'Alternative', body: body.slice(directive + 1) } as AlternativeNode, ...alternatives.slice(index + 1)];
      matchers.push(compileSequence(body.slice(0, directive), flags, compileAlternatives(rest, changedFlags(flags, node.flags), next)));
      break;
    }
    const [first, second] = matchers;
    if (first === undefined) return next;
    if (second === undefined) return first;
    const tests = matchers.map((matcher) => firsts.get(matcher));
    // Which alternatives may begin with each character of ASCII, so that the others are not tried.
    const candidates = Array.from({ length: 0x80 }, (_, code) => matchers.filter((__, index) => tests[index]?.(code) !== false));
    const matcher: Matcher = (at) => {
      const code = at < text.length ? text.charCodeAt(at) : 0x80;
      const tried = code < 0x80 ? (candidates[code] as readonly Matcher[]) : matchers;
      for (let index = 0; index < tried.length; index++) {
        const end = (tried[index] as Matcher)(at);
        if (end >= 0) return end;
      }
      return -1;
    };
    return beginning(matcher, ...tests);
  };

  const compileSequence = (nodes: readonly AlternativeElementNode[], flags: PatternFlags, next: Matcher): Matcher =>
    nodes.reduceRight((after, node) => compileNode(node, flags, after), next);

  const compileNode = (node: AlternativeElementNode, flags: PatternFlags, next: Matcher): Matcher => {
    switch (node.type) {
      case 'Character':
      case 'CharacterClass':
        return one(compileCharacter(node, flags), next);
      case 'CharacterSet':
        if (node.kind === 'newline' && node.negate !== true) return newline(next);
        return one(compileCharacter(node, flags), next);
      case 'Assertion':
        return compileAssertion(node, next);
      case 'Group': {
        const inner = node.flags === undefined ? flags : changedFlags(flags, node.flags);
        if (node.atomic !== true) return compileAlternatives(node.body, inner, next);
        return atomic(compileAlternatives(node.body, inner, accept), next);
      }
      case 'CapturingGroup': {
        const place = node.number * 2;
        const after: Matcher = (at) => {
          const before = captures[place + 1] as number;
          captures[place + 1] = at;
          const end = next(at);
          if (end < 0) captures[place + 1] = before;
          return end;
        };
        const body = compileAlternatives(node.body, flags, after);
        const matcher: Matcher = (at) => {
          const before = captures[place] as number;
          captures[place] = at;
          const end = body(at);
          if (end < 0) captures[place] = before;
          return end;
        };
        return beginning(matcher, firsts.get(body));
      }
      case 'LookaroundAssertion': {
        const found = node.kind === 'lookahead' ? compileAlternatives(node.body, flags, accept) : lookBehind(node.body, flags);
        const matcher: Matcher = (at) => {
          spend(1);
          return found(at) >= 0 === node.negate ? -1 : next(at);
        };
        return beginning(matcher, firsts.get(next));
      }
      case 'Quantifier':
        return compileQuantifier(node, flags, next);
      case 'Backreference': {
        if (typeof node.ref !== 'number' || flags.ignoreCase) throw new UnknownPattern('a backreference by name or in any case is not');
        const place = node.ref * 2;
        return (at) => {
          const [start, end] = [captures[place] as number, captures[place + 1] as number];
          spend(Math.max(1, end - start));
          if (start < 0 || end < 0 || !text.startsWith(text.slice(start, end), at)) return -1;
          return next(at + end - start);
        };
      }
      case 'Directive':
        return (at) => {
          const before = keep;
          keep = at;
          const end = next(at);
          if (end < 0) keep = before;
          return end;
        };
      case 'AbsenceFunction':
      case 'NamedCallout':
      case 'Subroutine':
        throw new UnknownPattern(`${node.type} is not`);
    }
  };

  /** One character of a set. */
  const one = (test: CharacterTest, next: Matcher): Matcher =>
    beginning((at) => {
      if (--left < 0) spend(1);
      if (at >= text.length) return -1;
      const code = codePointAt(text, at);
      return test(code) ? next(code > 0xffff ? at + 2 : at + 1) : -1;
    }, test);

  const newline =
    (next: Matcher): Matcher =>
    (at) => {
      spend(1);
      if (text.startsWith('\r\n', at)) return next(at + 2);
      return at < text.length && /[\n\v\f\r\u0085\u2028\u2029]/.test(text[at] as string) ? next(at + 1) : -1;
    };

  const atomic = (body: Matcher, next: Matcher): Matcher =>
    beginning((at) => {
      const end = body(at);
      return end < 0 ? -1 : next(end);
    }, firsts.get(body));

  const lookBehind = (body: readonly AlternativeNode[], flags: PatternFlags): Matcher => {
    let target = 0;
    const matcher = compileAlternatives(body, flags, (at) => (at === target ? at : -1));
    return (at) => {
      const outer = target;
      target = at;
      let end = -1;
      for (let start = at; start >= 0 && end < 0; start--) {
        spend(1);
        if (start > 0 && start < text.length && isInside(text, start)) continue;
        end = matcher(start);
      }
      target = outer;
      return end;
    };
  };

  const compileAssertion = ({ kind, negate }: AssertionNode, next: Matcher): Matcher => {
    const holds = assertions[kind];
    if (holds === undefined) throw new UnknownPattern(`${kind} is not`);
    const matcher: Matcher = (at) => {
      spend(1);
      return holds(at) === (negate === true) ? -1 : next(at);
    };
    return beginning(matcher, firsts.get(next));
  };
  const assertions: Readonly<Partial<Record<AssertionNode['kind'], (at: number) => boolean>>> = {
    line_start: (at) => at === 0 || (text[at - 1] === '\n' && at < text.length),
    line_end: (at) => at === text.length || text[at] === '\n',
    string_start: (at) => at === 0,
    string_end: (at) => at === text.length,
    string_end_newline: (at) => at === text.length || (at === text.length - 1 && text[at] === '\n'),
    search_start: (at) => at === searchStart,
    word_boundary: (at) => wordBefore(at) !== (at < text.length && isWordCharacter(codePointAt(text, at))),
  };
  const wordBefore = (at: number): boolean => at > 0 && isWordCharacter(codePointAt(text, isInside(text, at - 1) ? at - 2 : at - 1));

  const compileQuantifier = (node: QuantifierNode, flags: PatternFlags, next: Matcher): Matcher => {
    const { kind, min, max: most } = node;
    const body = unwrapped(node.body);
    const max = most ?? Number.POSITIVE_INFINITY; // The tree has null for infinity where it went through JSON.
    if (max < min) throw new UnknownPattern('a quantifier with its numbers in the wrong order is not');
    const isOne =
      body.type === 'Character' || body.type === 'CharacterClass' || (body.type === 'CharacterSet' && body.variableLength !== true);
    if (isOne) return repeatOne(compileCharacter(body, flags), { kind, min, max }, next);
    if (kind === 'possessive') return atomic(repeat(body, flags, { lazy: false, min, max, next: accept }), next);
    const lazy = kind === 'lazy';
    if (min === 0 && max === 1) {
      const once = compileNode(body, flags, next);
      const matcher: Matcher = (at) => {
        spend(1);
        const end = (lazy ? next : once)(at);
        return end >= 0 ? end : (lazy ? once : next)(at);
      };
      return beginning(matcher, firsts.get(once), firsts.get(next));
    }
    return repeat(body, flags, { lazy, min, max, next });
  };

  const repeatOne = (test: CharacterTest, { kind, min, max }: Pick<QuantifierNode, 'kind' | 'min' | 'max'>, next: Matcher): Matcher => {
    /** End of the character at a place if the set has it, or -1. */
    const step = (at: number): number => {
      if (at >= text.length) return -1;
      const unit = text.charCodeAt(at);
      if (unit < 0xd800 || unit > 0xdbff) return test(unit) ? at + 1 : -1;
      return test(codePointAt(text, at)) ? at + 2 : -1;
    };
    const follows = firsts.get(next);
    const tests = min > 0 ? [test] : [test, follows];
    if (kind === 'lazy') {
      const matcher: Matcher = (at) => {
        let end = at;
        for (let count = 0; ; count++) {
          spend(1);
          if (count >= min) {
            const found = next(end);
            if (found >= 0 || count >= max) return found;
          }
          end = step(end);
          if (end < 0) return -1;
        }
      };
      return beginning(matcher, ...tests);
    }
    const matcher: Matcher = (at) => {
      let end = at;
      let count = 0;
      for (let after = step(end); after >= 0 && count < max; after = step(end)) {
        end = after;
        count++;
      }
      spend(count + 1);
      if (count < min) return -1;
      if (kind === 'possessive') return next(end);
      for (;;) {
        if (follows === undefined || (end < text.length && follows(codePointAt(text, end)))) {
          const found = next(end);
          if (found >= 0) return found;
        }
        if (count === min) return -1;
        if (--left < 0) spend(1);
        count--;
        end -= isInside(text, end - 1) ? 2 : 1;
      }
    };
    return beginning(matcher, ...tests);
  };

  interface Repeat {
    readonly lazy: boolean;
    readonly min: number;
    readonly max: number;
    readonly next: Matcher;
  }

  const repeat = (node: AlternativeElementNode, flags: PatternFlags, { lazy, min, max, next }: Repeat): Matcher => {
    let count = 0;
    let start = -1;
    const again: Matcher = (at) => {
      const [countBefore, startBefore] = [count, start];
      count++;
      start = at;
      const end = body(at);
      count = countBefore;
      start = startBefore;
      return end;
    };
    const leave: Matcher = (at) => {
      const [countBefore, startBefore] = [count, start];
      const end = next(at);
      count = countBefore;
      start = startBefore;
      return end;
    };
    const decide: Matcher = (at) => {
      spend(1);
      if (count < min) return again(at);
      if (count >= max) return leave(at);
      const end = (lazy ? leave : again)(at);
      return end >= 0 ? end : (lazy ? again : leave)(at);
    };
    // An iteration that matched nothing is the last one.
    const body = compileNode(node, flags, (at) => (at === start && count >= min ? leave(at) : decide(at)));
    const matcher: Matcher = (at) => {
      const [countBefore, startBefore] = [count, start];
      count = 0;
      start = -1;
      const end = decide(at);
      count = countBefore;
      start = startBefore;
      return end;
    };
    return min > 0 ? beginning(matcher, firsts.get(body)) : beginning(matcher, firsts.get(body), firsts.get(next));
  };

  let matcher: Matcher;
  try {
    const tree = toOnigurumaAst(pattern);
    let groups = 0;
    JSON.stringify(tree, (key, value: unknown) => {
      if (key === 'number') groups = Math.max(groups, value as number);
      return key === 'parent' ? undefined : value;
    });
    captures = new Int32Array((groups + 1) * 2).fill(-1);
    matcher = compileAlternatives(tree.body, { ignoreCase: tree.flags.ignoreCase, dotAll: tree.flags.dotAll }, accept);
  } catch (error) {
    if (error instanceof UnknownPattern || error instanceof SyntaxError || error instanceof RangeError || error instanceof Error) {
      return refuse(error instanceof RangeError ? 'it is nested too deep' : error.message);
    }
    throw error;
  }

  const first = firsts.get(matcher);
  const search = (from: number): readonly [number, number] | undefined => {
    searchStart = from;
    for (let at = from; at <= text.length; at++) {
      if (first !== undefined) {
        while (at < text.length && !first(text.charCodeAt(at)) && !isHigh(text, at)) at++;
        if (at >= text.length) return undefined;
      }
      if (at > 0 && at < text.length && isInside(text, at)) continue;
      if (--left < 0) spend(1);
      keep = -1;
      if (captures.length > 2) captures.fill(-1);
      const end = matcher(at);
      if (end >= 0) return [keep < 0 ? at : keep, end];
    }
    return undefined;
  };

  return (given) => {
    const matches: number[] = [];
    if (given === '') return matches;
    text = given;
    left = STEPS + given.length * STEPS_PER_CHARACTER;
    try {
      let from = 0;
      let lastEnd = -1;
      while (from <= text.length) {
        const found = search(from);
        if (found === undefined) break;
        const [start, end] = found;
        if (start === end && lastEnd === end) {
          // No empty match right behind a match.
          from = end < text.length && codePointAt(text, from) > 0xffff ? from + 2 : from + 1;
          continue;
        }
        from = lastEnd = end;
        matches.push(start, end);
      }
      return matches;
    } catch (error) {
      throw error instanceof RangeError ? tooManySteps(pattern) : error;
    } finally {
      text = '';
    }
  };
}

interface FlagChange {
  readonly enable?: { readonly ignoreCase?: boolean; readonly dotAll?: boolean };
  readonly disable?: { readonly ignoreCase?: boolean; readonly dotAll?: boolean };
}

function changedFlags(flags: PatternFlags, { enable, disable }: FlagChange): PatternFlags {
  const value = (name: 'ignoreCase' | 'dotAll'): boolean => (disable?.[name] === true ? false : enable?.[name] === true || flags[name]);
  return { ignoreCase: value('ignoreCase'), dotAll: value('dotAll') };
}

const accept: Matcher = (at) => at;

function isHigh(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** What a group without effects of its own holds, where it is one thing. */
function unwrapped(node: QuantifierNode['body']): QuantifierNode['body'] {
  if (node.type !== 'Group' || node.flags !== undefined || node.atomic === true || node.body.length !== 1) return node;
  const [only, more] = node.body[0]?.body ?? [];
  const isOne = only?.type === 'Character' || only?.type === 'CharacterClass' || only?.type === 'CharacterSet';
  return isOne && more === undefined ? only : node;
}

/** Whether a place is between the two halves of a character. */
function isInside(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function tooManySteps(pattern: string): UsageError {
  return new UsageError({
    code: 'WEFT_TOKENIZER_PATTERN',
    action: 'split a text',
    rule: 'its splitting pattern takes too many steps on it',
    value: pattern.slice(0, 200),
    remedy: 'Write the pattern without nested or overlapping repetitions, or split the text before it is encoded.',
  });
}
