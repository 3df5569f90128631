import { describe, expect, it } from 'vitest';

import { acceptor } from './constraints.fixture.ts';
import { grammarFromText } from './grammar-from-text.ts';

/** As in `grammars/json.gbnf` of ggml-org/llama.cpp, shortened. */
const JSON_GRAMMAR = String.raw`
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws

array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws

string ::=
  "\"" (
    [^"\\\x7F\x00-\x1F] |
    "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\"" ws

number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

# Optional space: by convention, applied in this grammar after literal chars when allowed
ws ::= | " " | "\n" [ \t]{0,20}
`;

describe('a grammar as text', () => {
  it('is read as llama.cpp reads it', () => {
    const accepts = acceptor(grammarFromText(JSON_GRAMMAR));
    for (const value of [{}, { a: [1, -2.5, 'x"\\é\n', null, true, { b: [] }] }]) {
      expect(accepts(JSON.stringify(value))).toBe(true);
      expect(accepts(JSON.stringify(value, null, '\t'))).toBe(true);
    }
    expect(['', '1', '{', '{"a":}', '{"a":1,}', '{"a":"\u007f"}'].filter((text) => accepts(text))).toEqual([]);
  });

  it.each([
    ['root ::= "a"', ['a'], ['', 'aa']],
    ['root ::= "a" | "b" "c"', ['a', 'bc'], ['b']],
    ['root ::= "a"\n  | "b" # and\n  | "c"', ['a', 'b', 'c'], []],
    ['root ::= ("a" | "b")+ x?\nx ::= [x-z]', ['ab', 'bz'], ['z', 'azz']],
    ['root ::= "a"{2} "b"{1,} "c"{0,2}', ['aab', 'aabbcc'], ['ab', 'aabccc']],
    ['root ::= [^a-c\\]] .', ['d\n', 'é中'], ['aa', ']a']],
    [String.raw`root ::= "\x41\u00e9\U0001F600\t\"" [\[\]\\-]`, ['Aé😀\t"[', 'Aé😀\t"\\', 'Aé😀\t"-'], ['A']],
    ['root ::= a-b_1\na-b_1 ::= "x" a-b_1 | ""', ['', 'xxx'], ['y']],
    ['root ::= "a"*?', ['', 'aa'], ['b']],
    ['\r\nroot ::= "a"\r\n\r\nother ::= "b"\r\n', ['a'], ['b']],
    ['root ::= root2 # says nothing "x"\nroot2 ::= "q"', ['q'], []],
  ] as const)('%j', (text, allowed, refused) => {
    const accepts = acceptor(grammarFromText(text));
    expect(allowed.filter((given) => !accepts(given))).toEqual([]);
    expect(refused.filter((given) => accepts(given))).toEqual([]);
  });

  it.each([
    ['', 'root'],
    ['x ::= "a"', 'root'],
    ['root ::= gone', 'gone'],
    ['root ::= root "a" | "b"', 'root > root'],
    ['root ::= x "a"\nx ::= "y"? root | "z"', 'root > x > root'],
    ['root ::= "a" root', 'none can end'],
    ['root ::= "a', 'line 1, column 12'],
    ['root ::= [a', 'an end of the literal or class'],
    ['root ::= ("a"', 'closing parenthesis'],
    ['root ::= "a" )', 'the end of a rule'],
    ['root = "a"', '::='],
    ['root ::= "a"{2,1}', 'counts in order'],
    ['root ::= "a"{,2}', 'counts such as'],
    [String.raw`root ::= "\q"`, 'a known escape'],
    [String.raw`root ::= "\ud800"`, 'characters that Unicode has'],
    ['root ::= "a"\nroot ::= "b"', 'written once: root'],
    ['root ::= <[12]>', 'the end of a rule'],
    [`root ::= ${'('.repeat(101)}"a"${')'.repeat(101)}`, 'groups within each other'],
  ])('%j is refused', (text, reason) => {
    expect(() => grammarFromText(text)).toThrow(
      expect.objectContaining({ code: 'WEFT_GENERATE_GRAMMAR', message: expect.stringContaining(reason) }),
    );
  });

  it('that is very long, or has very many rules, is refused', () => {
    expect(() => grammarFromText(`root ::= "${'a'.repeat(300_000)}"`)).toThrow('longer');
    expect(() => grammarFromText(Array.from({ length: 5000 }, (_, index) => `r${index} ::= "a"`).join('\n'))).toThrow('too many rules');
  });
});
