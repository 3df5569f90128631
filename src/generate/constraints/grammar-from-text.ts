/**
 * Grammars written as text: GBNF, as llama.cpp has it.
 *
 * Source: ggml-org/llama.cpp, `grammars/README.md` and `src/llama-grammar.cpp`. How we differ: an alternative may also stand on the
 * next line when that begins with `|`; a rule that is written twice is refused, as are tokens by their number (`<[12]>`).
 */

import { UsageError } from '../../core/index.ts';
import { ALL_CODE_POINTS, type CodePointRange, codePoints, complemented } from './code-point-ranges.ts';
import { compileGrammar } from './compile-grammar.ts';
import { type Expression, characters, choice, literal, repeat, rule, sequence } from './expression.ts';
import type { Grammar } from './grammar.ts';

/** Characters of a grammar, its rules, and groups within each other, at most. */
const LONGEST = 200_000;
const MOST_RULES = 4096;
const DEEPEST = 100;

/**
 * The grammar that a text in GBNF describes; its rule `root` is the whole reply.
 *
 * Known are `name ::= …`, literals `"…"`, classes `[a-z]` and `[^a-z]`, `.`, groups, `|`, `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}` and comments
 * from `#` to the end of the line. Escapes are `\n \r \t \\ \" \[ \]`, `\xHH`, `\uHHHH` and `\UHHHHHHHH`.
 *
 * @throws UsageError `WEFT_GENERATE_GRAMMAR` when it is no such text, too large, has no rule `root`, a rule that is missing or begins
 *   with itself, or allows no text
 *
 * @example
 * ```ts
 * import { createConstraint, createTokenTrie, grammarFromText } from 'weft/generate';
 * import { trainTokenizer } from 'weft/tokenizers';
 *
 * const grammar = grammarFromText(`
 *   root ::= move (" " move)*
 *   move ::= [a-h] [1-8] # a field of the board
 * `);
 * const tokenizer = await trainTokenizer(['e4 e5'], { vocabSize: 257 });
 * const constraint = createConstraint(grammar, createTokenTrie(tokenizer));
 * for (const id of tokenizer.encode('e4 c5')) constraint.accept(id);
 * console.log(constraint.complete); // true
 * ```
 */
export function grammarFromText(text: string): Grammar {
  if (text.length > LONGEST) throw refusal(`it must not be longer than ${LONGEST} characters`, `${text.length} characters`);
  return compileGrammar(createReader(text).rules(), 'root', refusal);
}

function refusal(broken: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_GENERATE_GRAMMAR',
    action: 'read a grammar',
    rule: broken,
    value,
    remedy: 'Write rules as `name ::= …`; the rule `root` is the whole reply.',
  });
}

interface Reader {
  rules(): ReadonlyMap<string, Expression>;
}

const NAME = /[a-zA-Z0-9_-]+/y;
const COUNTS = /\{[ \t]*(\d{1,9})[ \t]*(?:(,)[ \t]*(\d{1,9})?[ \t]*)?\}/y;
const ESCAPE = /\\(?:([nrt"\\[\]])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/y;
const PLAIN_ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

function createReader(text: string): Reader {
  let at = 0;
  const fail = (expected: string): UsageError => {
    const before = text.slice(0, at).split('\n');
    const rest = JSON.stringify(text.slice(at, at + 20));
    return refusal(`there must be ${expected}`, `${rest} at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  const skip = (overLines: boolean): void => {
    for (;;) {
      const character = text[at];
      if (character === ' ' || character === '\t' || (overLines && (character === '\n' || character === '\r'))) at++;
      else if (character === '#') while (at < text.length && text[at] !== '\n') at++;
      else return;
    }
  };
  const point = (): number => {
    if (text[at] === '\\') {
      const escape = match(ESCAPE);
      if (escape === null) throw fail('a known escape');
      const [, plain, ...hex] = escape;
      if (plain !== undefined) return PLAIN_ESCAPES[plain] ?? (plain.codePointAt(0) as number);
      return Number.parseInt(hex.find((digits) => digits !== undefined) as string, 16);
    }
    const code = text.codePointAt(at);
    if (code === undefined || code === 10) throw fail('an end of the literal or class on the same line');
    at += code > 0xffff ? 2 : 1;
    return code;
  };

  const alternatives = (depth: number): Expression => {
    const options = [elements(depth)];
    for (;;) {
      // At the end of a line a rule ends, unless the next one goes on.
      const here = at;
      skip(true);
      if (text[at] !== '|') {
        at = here;
        return choice(...options);
      }
      at++;
      skip(true);
      options.push(elements(depth));
    }
  };
  const elements = (depth: number): Expression => {
    const parts: Expression[] = [];
    for (;;) {
      skip(depth > 0);
      const part = element(depth);
      if (part === undefined) return sequence(...parts);
      parts.push(repeated(part));
    }
  };
  const element = (depth: number): Expression | undefined => {
    const character = text[at];
    if (character === '"') return textLiteral();
    if (character === '[') return characterClass();
    if (character === '.') {
      at++;
      return characters(ALL_CODE_POINTS);
    }
    if (character === '(') {
      if (depth >= DEEPEST) throw fail(`no more than ${DEEPEST} groups within each other`);
      at++;
      skip(true);
      const inner = alternatives(depth + 1);
      skip(true);
      if (text[at] !== ')') throw fail('a closing parenthesis');
      at++;
      return inner;
    }
    const name = match(NAME);
    return name === null ? undefined : rule(name[0]);
  };
  const repeated = (part: Expression): Expression => {
    let whole = part;
    for (let times = 0; ; times++) {
      if (times > DEEPEST) throw fail(`no more than ${DEEPEST} repetitions of each other`);
      const character = text[at];
      if (character === '*' || character === '+' || character === '?') {
        at++;
        whole = repeat(whole, character === '+' ? 1 : 0, character === '?' ? 1 : Infinity);
      } else if (character === '{') {
        const counts = match(COUNTS);
        if (counts === null) throw fail('counts such as {2}, {2,} or {2,5}');
        const min = Number(counts[1]);
        const max = counts[2] === undefined ? min : counts[3] === undefined ? Infinity : Number(counts[3]);
        if (min > max) throw fail('counts in order before this');
        whole = repeat(whole, min, max);
      } else {
        return whole;
      }
    }
  };
  const textLiteral = (): Expression => {
    at++;
    const points: number[] = [];
    while (text[at] !== '"') points.push(point());
    at++;
    if (points.every((code) => code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff))) {
      return literal(points.map((code) => String.fromCodePoint(code)).join(''));
    }
    throw fail('only characters that Unicode has before this');
  };
  const characterClass = (): Expression => {
    at++;
    const isNegated = text[at] === '^';
    if (isNegated) at++;
    const ranges: CodePointRange[] = [];
    while (text[at] !== ']') {
      const first = point();
      if (text[at] === '-' && text[at + 1] !== ']') {
        at++;
        ranges.push([first, point()]);
      } else {
        ranges.push([first, first]);
      }
    }
    at++;
    const set = codePoints(ranges);
    return characters(isNegated ? complemented(set) : set);
  };

  return {
    rules() {
      const rules = new Map<string, Expression>();
      skip(true);
      while (at < text.length) {
        const name = match(NAME)?.[0];
        if (name === undefined) throw fail('the name of a rule');
        skip(false);
        if (!text.startsWith('::=', at)) throw fail('::= behind the name of a rule');
        at += 3;
        skip(true);
        if (rules.has(name)) throw refusal('a rule must be written once', name);
        if (rules.size >= MOST_RULES) throw refusal('there must not be too many rules', `more than ${MOST_RULES}`);
        rules.set(name, alternatives(0));
        skip(false);
        if (at < text.length && text[at] !== '\n' && text[at] !== '\r') throw fail('the end of a rule');
        skip(true);
      }
      return rules;
    },
  };
}
