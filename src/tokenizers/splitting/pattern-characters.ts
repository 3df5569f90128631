/**
 * What a single character of a regular expression matches: sets of code points, with Oniguruma's meaning of classes.
 *
 * Letters, numbers, marks and white space come from the pinned table; other properties from the JavaScript engine, less the code
 * points that Oniguruma does not know yet. A set is asked once for each page of 128 code points and remembered.
 *
 * Source: kkos/oniguruma 6.9.10, `doc/RE`, `doc/UNICODE_PROPERTIES`.
 */

import type { CharacterClassElementNode, CharacterSetNode } from 'oniguruma-parser/parser';

import { createCodePointSet } from '../pipeline/code-points.ts';
import { UNASSIGNED } from '../pipeline/tables.ts';
import { LETTER, LOWER, MARK, NUMBER, PUNCTUATION, SPACE, classOf } from './unicode-classes.ts';

/** Whether a code point is in a set. */
export type CharacterTest = (codePoint: number) => boolean;

/** What flags change the meaning of characters. */
export interface PatternFlags {
  readonly ignoreCase: boolean;
  readonly dotAll: boolean;
}

/** An element of a pattern that matches one character, or undefined where it is another kind. */
export type SingleCharacter = CharacterClassElementNode | CharacterSetNode;

/** A pattern asks for something that is not known here. */
export class UnknownPattern extends Error {}

/** The test of an element, remembered by pages. */
export function compileCharacter(node: SingleCharacter, flags: PatternFlags): CharacterTest {
  const test = isWordSet(node) ? (node.negate === true ? not(isWordCharacter) : isWordCharacter) : testOf(node, flags);
  const ascii = Uint8Array.from({ length: 0x80 }, (_, code) => (test(code) ? 1 : 0));
  const pages = new Map<number, Uint8Array>();
  let lastPage = -1;
  let last: Uint8Array = ascii;
  return (code) => {
    if (code < 0x80) return ascii[code] === 1;
    const page = code >> 7;
    if (page !== lastPage) {
      let found = pages.get(page);
      if (found === undefined) {
        found = Uint8Array.from({ length: 0x80 }, (_, index) => (test((page << 7) | index) ? 1 : 0));
        pages.set(page, found);
      }
      last = found;
      lastPage = page;
    }
    return last[code & 0x7f] === 1;
  };
}

/** Whether it is `\w` outside of a class. */
function isWordSet(node: SingleCharacter): node is CharacterSetNode {
  return node.type === 'CharacterSet' && (node.kind === 'word' || (node.kind === 'property' && slug(node.value) === 'word'));
}

function testOf(node: SingleCharacter, flags: PatternFlags): CharacterTest {
  switch (node.type) {
    case 'Character': {
      const same = flags.ignoreCase ? foldsOf(node.value) : [node.value];
      return same.length === 1 ? (code) => code === node.value : (code) => same.includes(code);
    }
    case 'CharacterClassRange': {
      const [first, last] = [node.min.value, node.max.value];
      const inside: CharacterTest = (code) => code >= first && code <= last;
      return flags.ignoreCase ? (code) => foldsOf(code).some(inside) : inside;
    }
    case 'CharacterClass': {
      const tests = node.body.map((element) => testOf(element, flags));
      const inside: CharacterTest =
        node.kind === 'intersection' ? (code) => tests.every((test) => test(code)) : (code) => tests.some((test) => test(code));
      return node.negate ? (code) => !inside(code) : inside;
    }
    case 'CharacterSet': {
      const inside = setOf(node, flags);
      return node.negate === true ? (code) => !inside(code) : inside;
    }
  }
}

function setOf({ kind, value }: CharacterSetNode, flags: PatternFlags): CharacterTest {
  switch (kind) {
    case 'any':
      return () => true;
    case 'dot':
      return flags.dotAll ? () => true : (code) => code !== 0x0a;
    case 'newline':
      return (code) => code === 0x0a;
    case 'digit':
      return property('Nd');
    case 'space':
      return isSpace;
    case 'word':
      return isWord;
    case 'hex':
      return (code) => (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);
    case 'posix':
    case 'property': {
      const inside = kind === 'property' && slug(value) === 'punct' ? property('P') : (POSIX[slug(value)] ?? property(value));
      if (!flags.ignoreCase) return inside;
      return (code) => foldsOf(code).some(inside);
    }
    case 'text_segment':
      throw new UnknownPattern(`${kind} is not`);
  }
}

const any =
  (...tests: readonly CharacterTest[]): CharacterTest =>
  (code) =>
    tests.some((test) => test(code));
const not =
  (test: CharacterTest): CharacterTest =>
  (code) =>
    !test(code);
const lazyProperty = (name: string): CharacterTest => {
  let test: CharacterTest | undefined;
  return (code) => (test ??= property(name))(code);
};

const alphabetic = lazyProperty('Alphabetic');
const decimal = lazyProperty('Nd');
const connector = lazyProperty('Pc');
const control = lazyProperty('Cc');
const unassigned = lazyProperty('Cn');
const surrogate = lazyProperty('Cs');
const separator = lazyProperty('Zs');
const hasClass =
  (mask: number): CharacterTest =>
  (code) =>
    (classOf(code) & mask) !== 0;

const isWord: CharacterTest = any(alphabetic, hasClass(MARK), decimal, connector);
/** `\w` outside of a class, and what `\b` asks for: Oniguruma takes six signs of Latin 1 along there. */
export const isWordCharacter: CharacterTest = any(isWord, (code) => code < 0x100 && '²³¹¼½¾'.includes(String.fromCodePoint(code)));
const isSpace: CharacterTest = hasClass(SPACE);
const isGraph: CharacterTest = not(any(isSpace, control, unassigned, surrogate));

/** Names that JavaScript lacks or means otherwise. */
const POSIX: Readonly<Record<string, CharacterTest | undefined>> = {
  __proto__: null as never,
  alnum: any(alphabetic, decimal),
  alpha: alphabetic,
  ascii: (code) => code < 0x80,
  blank: any(separator, (code) => code === 9),
  cntrl: control,
  digit: decimal,
  graph: isGraph,
  lower: lazyProperty('Lowercase'),
  print: any(isGraph, separator),
  punct: hasClass(PUNCTUATION),
  space: isSpace,
  upper: lazyProperty('Uppercase'),
  word: isWord,
  xdigit: (code) => code < 0x80 && /[\da-f]/i.test(String.fromCodePoint(code)),
  any: () => true,
  assigned: not(unassigned),
  l: hasClass(LETTER),
  letter: hasClass(LETTER),
  n: hasClass(NUMBER),
  number: hasClass(NUMBER),
  m: hasClass(MARK),
  mark: hasClass(MARK),
  ll: hasClass(LOWER),
  lowercaseletter: hasClass(LOWER),
  whitespace: isSpace,
};

function slug(name: string): string {
  return name.replaceAll(/[- _]+/g, '').toLowerCase();
}

const isNew = createCodePointSet(UNASSIGNED);

/** A Unicode property by its name, as the JavaScript engine knows it. */
function property(name: string): CharacterTest {
  const tries = [name, `Script=${name}`, `Script_Extensions=${name}`];
  for (const source of tries) {
    let pattern: RegExp;
    try {
      pattern = new RegExp(`^\\p{${source}}$`, 'u');
    } catch {
      continue;
    }
    return (code) => {
      // What Oniguruma does not know is as the last plane's unassigned code points are.
      if (isNew(code)) return pattern.test('\u{EFFF0}');
      // Unicode 17.0 made it a letter without case.
      if (code === 0x295) return pattern.test('\u01BA');
      return pattern.test(String.fromCodePoint(code));
    };
  }
  throw new UnknownPattern(`\\p{${name}} is not`);
}

const folds = new Map<number, readonly number[]>();
let groups: Map<string, number[]> | undefined;

/** The code points that are alike but for their case, by simple case folding. */
function foldsOf(code: number): readonly number[] {
  let found = folds.get(code);
  if (found === undefined) {
    groups ??= readGroups();
    found = groups.get(foldKey(code)) ?? [code];
    folds.set(code, found);
  }
  return found;
}

function foldKey(code: number): string {
  const character = String.fromCodePoint(code);
  const upper = character.toUpperCase();
  const lower = (upper.length === character.length ? upper : character).toLowerCase();
  return lower.length === character.length || [...lower].length === 1 ? lower : character;
}

function readGroups(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [first, last] of [
    [0x41, 0x24ff],
    [0x2c00, 0x2dff],
    [0xa640, 0xabff],
    [0xff21, 0xff5a],
    [0x1_0400, 0x1_05ff],
    [0x1_0c80, 0x1_0dff],
    [0x1_18a0, 0x1_18df],
    [0x1_6e40, 0x1_6eff],
    [0x1_e900, 0x1_e943],
  ] as const) {
    for (let code = first; code <= last; code++) {
      const key = foldKey(code);
      const group = found.get(key);
      if (group === undefined) found.set(key, [code]);
      else group.push(code);
    }
  }
  return found;
}
