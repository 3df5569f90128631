/**
 * The examples in docblocks and on pages: finds each ```ts block after an @example, and makes a module of it that reports what its
 * console.log calls print, so that the comment behind a call can be held against it.
 */

import { Visitor, parseSync } from 'oxc-parser';

/** One ```ts block of a docblock. */
export interface DocExample {
  /** `src/data/split.ts:12`: the line of the block's first line of code. */
  readonly name: string;
  readonly code: string;
}

/** What a line says that it prints. */
export interface Expectation {
  /** 1-based line of the example's code. */
  readonly line: number;
  readonly output: string;
}

/** The examples of one source file, in order. */
export function docExamples(path: string, source: string): DocExample[] {
  const found: DocExample[] = [];
  for (const { type, value, start } of parseSync(path, source).comments) {
    if (type !== 'Block' || !value.startsWith('*')) continue;
    const firstLine = source.slice(0, start).split('\n').length;
    const lines = value.split('\n').map((line) => line.replace(/^\s*\* ?/, ''));
    let inExample = false;
    let block: string[] | undefined;
    let blockLine = 0;
    for (const [index, line] of lines.entries()) {
      if (block !== undefined) {
        if (line.trim() === '```') {
          found.push({ name: `${path}:${blockLine}`, code: block.join('\n') });
          block = undefined;
        } else block.push(line);
      } else if (/^@\w+/.test(line)) inExample = line.startsWith('@example');
      else if (inExample && /^```(?:ts|typescript)\s*$/.test(line)) {
        block = [];
        blockLine = firstLine + index + 1;
      }
    }
  }
  return found;
}

/** The ```ts blocks of a page of documentation, in order. */
export function pageExamples(path: string, text: string): DocExample[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ 1: code = '', index }) => ({
    name: `${path}:${text.slice(0, index).split('\n').length + 1}`,
    code,
  }));
}

/** The name that an instrumented example calls instead of `console.log`. */
export const LOG = '__weftLog';

/**
 * The example with each `console.log(…)` that has a comment behind it replaced by `__weftLog(line)(…)`, and what those
 * comments promise. Lines keep their numbers.
 */
export function instrument(code: string): { readonly code: string; readonly expectations: readonly Expectation[] } {
  const { program, comments, errors } = parseSync('example.ts', code);
  if (errors.length > 0) throw new SyntaxError(errors.map(({ message }) => message).join('; '));
  const lineOf = (offset: number): number => code.slice(0, offset).split('\n').length;
  const trailing = new Map(comments.filter(({ type }) => type === 'Line').map((comment) => [lineOf(comment.start), comment]));
  const calls: { readonly start: number; readonly end: number; readonly line: number }[] = [];
  const expectations: Expectation[] = [];
  new Visitor({
    CallExpression: ({ callee, end: callEnd }) => {
      if (callee.type !== 'MemberExpression' || code.slice(callee.start, callee.end) !== 'console.log') return;
      const line = lineOf(callEnd);
      const comment = trailing.get(line);
      if (comment === undefined || comment.start < callEnd) return;
      calls.push({ start: callee.start, end: callee.end, line });
      expectations.push({ line, output: comment.value.trim() });
    },
  }).visit(program);
  let instrumented = code;
  for (const { start, end, line } of calls.sort((a, b) => b.start - a.start)) {
    instrumented = `${instrumented.slice(0, start)}globalThis.${LOG}(${line})${instrumented.slice(end)}`;
  }
  return { code: instrumented, expectations };
}

/**
 * Whether what was printed is what the comment promised: the same but for white space; `…` at the end of the promise
 * stands for anything.
 */
export function keepsPromise(promised: string, printed: string): boolean {
  const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
  const [promise, output] = [plain(promised), plain(printed)];
  return promise.endsWith('…') ? output.startsWith(plain(promise.slice(0, -1))) : output === promise;
}
