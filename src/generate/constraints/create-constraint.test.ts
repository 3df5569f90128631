import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { loadEncoding, loadTokenizer, tokenizerFromJson, trainTokenizer } from '../../tokenizers/index.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import { allowedIds, trieOf, writeAtRandom } from './constraints.fixture.ts';
import { createConstraint } from './create-constraint.ts';
import { grammarFromText } from './grammar-from-text.ts';
import { jsonObjectGrammar } from './json-object-grammar.ts';
import { jsonSchemaGrammar } from './json-schema-grammar.ts';
import { regexGrammar } from './regex-grammar.ts';
import { createTokenTrie } from './token-trie.ts';

const shared = fileURLToPath(new URL('../../../../shared/data/tokenizers/', import.meta.url));
const refused = (code: string, reason: string): unknown => expect.objectContaining({ code, message: expect.stringContaining(reason) });

const TEXT = 'the cat sat on the mat, and {"name": "the cat"} sat there [1, 2] too. Is it "so"? Yes: 0123456789';
const MANY = [TEXT, TEXT, TEXT];

describe('a constraint', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const trie = trieOf(['yes', 'no', 'ye', 's!'].map(bytes));
  const end = trie.endTokens[0]!;

  it('allows the end exactly where the text may end', () => {
    const constraint = createConstraint(regexGrammar('yes(?:no)?'), trie);
    expect(constraint.complete).toBe(false);
    expect(constraint.allows(end)).toBe(false);
    expect(allowedIds(constraint.mask())).toEqual(['y'.charCodeAt(0), 256, 258]);
    constraint.accept(256);
    expect(constraint.complete).toBe(true);
    expect(constraint.ended).toBe(false);
    expect(allowedIds(constraint.mask())).toEqual(['n'.charCodeAt(0), 257, end]);
    const other = constraint.clone();
    constraint.accept(end);
    expect(constraint.ended).toBe(true);
    expect(constraint.allows(257)).toBe(false);
    expect(allowedIds(constraint.mask())).toEqual([end]);
    other.accept(257);
    expect(other.ended).toBe(true);
    expect(allowedIds(other.mask())).toEqual([end]);
  });

  it('refuses a token that is not allowed, and stays where it was', () => {
    const constraint = createConstraint(regexGrammar('yes'), trie);
    for (const id of [257, 259, end, -1, 1.5, 10_000]) {
      expect(() => constraint.accept(id)).toThrow(refused('WEFT_GENERATE_CONSTRAINT', `token ${id}`));
    }
    constraint.accept(256);
    expect(constraint.complete).toBe(true);
  });

  it('takes the logits of all other tokens away, those behind the vocabulary too', () => {
    const constraint = createConstraint(regexGrammar('[^a]'), trie);
    const logits = new Float32Array(trie.vocabSize + 40).fill(1);
    constraint.restrict(logits);
    const allowed = new Set(allowedIds(constraint.mask()));
    expect(Array.from(logits)).toEqual(Array.from(logits, (_, id) => (allowed.has(id) ? 1 : -Infinity)));
    expect(allowed.has('a'.charCodeAt(0))).toBe(false);
    expect(allowed.size).toBeGreaterThan(100);
  });

  it('of a vocabulary that lacks characters is never led into a dead end', async () => {
    const tokenizer = await trainTokenizer(['{"abc": 10}'], { type: 'characters' });
    const small = createTokenTrie(tokenizer);
    const grammar = jsonSchemaGrammar({ enum: [{ a: 'abc' }, { b: 'abq' }, { a: 1 }, 2] });
    for (let seed = 0; seed < 20; seed++) {
      expect(['{"a":"abc"}', '{"a": "abc"}', '{"a":1}', '{"a": 1}']).toContain(writeAtRandom(grammar, { tokenizer, trie: small }, seed));
    }
    expect(() => createConstraint(jsonSchemaGrammar({ const: 'xyz' }), small)).toThrow(
      refused('WEFT_GENERATE_CONSTRAINT', 'some are missing'),
    );
    expect(() => createConstraint(regexGrammar('é'), small)).toThrow(refused('WEFT_GENERATE_CONSTRAINT', 'some are missing'));
  });

  it('lets a string have any character that the vocabulary has, of several bytes too', async () => {
    const tokenizer = await trainTokenizer(['"é😀'], { type: 'characters' });
    const constraint = createConstraint(jsonSchemaGrammar({ type: 'string', maxLength: 2 }), createTokenTrie(tokenizer));
    for (const id of tokenizer.encode('"é😀"')) constraint.accept(id);
    expect(constraint.complete).toBe(true);
  });
});

describe('a vocabulary', () => {
  it('never has special tokens, nor end tokens but at the end', async () => {
    const tokenizer = await trainTokenizer(MANY, { vocabSize: 300, specialTokens: ['<|endoftext|>', '<|user|>'] });
    const end = tokenizer.specialTokens.get('<|user|>')!;
    const constraint = createConstraint(regexGrammar('[^]*'), createTokenTrie(tokenizer, { endTokens: [end] }));
    expect(constraint.allows(end)).toBe(true);
    expect(constraint.allows(tokenizer.endOfText!)).toBe(false);
    expect(() => createTokenTrie(tokenizer, { endTokens: [100_000] })).toThrow(refused('WEFT_GENERATE_CONSTRAINT', '100000'));
  });

  const KINDS: readonly (readonly [string, () => Promise<Tokenizer>])[] = [
    ['byte-level', () => trainTokenizer(MANY, { vocabSize: 300 })],
    ['characters', () => trainTokenizer(MANY, { type: 'characters' })],
    ['unigram', () => trainTokenizer(MANY, { type: 'unigram', vocabSize: 330, byteFallback: true })],
    [
      'sentencepiece that keeps spaces',
      () => trainTokenizer(MANY, { type: 'sentencepiece-bpe', vocabSize: 100, removeExtraWhitespaces: false }),
    ],
    [
      'sentencepiece without a space before the text',
      () => trainTokenizer(MANY, { type: 'sentencepiece-bpe', vocabSize: 100, dummyPrefix: false }),
    ],
    ['metaspace', () => trainTokenizer(MANY, { type: 'character-bpe', vocabSize: 100 })],
  ];
  it.each(KINDS)('of kind %s writes what its decoder shows', async (_, make) => {
    const tokenizer = await make();
    const trie = createTokenTrie(tokenizer);
    const grammars = [
      [grammarFromText('root ::= ("the" | "cat" | "mat") (" " ("the" | "sat" | "on"))*'), /^(?:the|cat|mat)(?: (?:the|sat|on))*$/],
      [regexGrammar('[a-z]{1,3},? ?[0-9]{2}'), /^[a-z]{1,3},? ?[0-9]{2}$/],
      [
        jsonSchemaGrammar({
          type: 'object',
          properties: { name: { type: 'string', maxLength: 8 }, n: { type: 'integer' } },
          required: ['name'],
          additionalProperties: false,
        }),
        /^\{"name": ?"[^]{0,60}"(?:, ?"n": ?-?\d+)?\}$/,
      ],
    ] as const;
    for (const [grammar, pattern] of grammars) {
      for (let seed = 0; seed < 15; seed++) expect(writeAtRandom(grammar, { tokenizer, trie }, seed)).toMatch(pattern);
    }
  });

  it('of WordPiece writes words, and is refused where a space must stand by itself', async () => {
    const tokenizer = await trainTokenizer(MANY, { type: 'wordpiece', vocabSize: 120, lowercase: false });
    const trie = createTokenTrie(tokenizer);
    for (let seed = 0; seed < 15; seed++)
      expect(writeAtRandom(regexGrammar('[a-z]{2,9}'), { tokenizer, trie }, seed)).toMatch(/^[a-z]{2,9}$/);
    expect(() => createConstraint(regexGrammar('the cat'), trie)).toThrow(refused('WEFT_GENERATE_CONSTRAINT', 'some are missing'));
  });

  it('may begin a text with a token that adds nothing, once', async () => {
    const tokenizer = await trainTokenizer(['{} {} {}'], { type: 'sentencepiece-bpe', vocabSize: 12, byteFallback: false });
    const trie = createTokenTrie(tokenizer);
    const blank = tokenizer.vocabulary.get('▁')!;
    expect(trie.blank).toEqual([blank]);
    const constraint = createConstraint(grammarFromText('root ::= "{} {}"'), trie);
    constraint.accept(blank);
    expect(constraint.allows(blank)).toBe(false);
    for (const id of tokenizer.encode('{} {}')) if (id !== blank || constraint.allows(id)) constraint.accept(id);
    expect(constraint.complete).toBe(true);
  });

  it('whose text is not what its tokens add is refused', async () => {
    const tokenizer = await trainTokenizer(MANY, { type: 'character-bpe', marking: 'end-of-word', vocabSize: 100 });
    expect(() => createTokenTrie(tokenizer)).toThrow(refused('WEFT_GENERATE_CONSTRAINT', 'constrain the text of this tokenizer'));
    const stuttering = await tokenizerFromJson({
      ...(await trainTokenizer(MANY, { type: 'wordpiece', vocabSize: 120 })).toJSON(),
      decoder: { type: 'CTC', pad_token: '[UNK]', word_delimiter_token: '|', cleanup: false },
    });
    expect(() => createTokenTrie(stuttering)).toThrow(refused('WEFT_GENERATE_CONSTRAINT', 'constrain the text of this tokenizer'));
  });

  it('of 100,000 tokens is prepared once, and its masks cost nothing the second time', async () => {
    const tokenizer = existsSync(shared) ? await loadTokenizer(`${shared}ggml-vocab-gpt-2.gguf`) : await loadEncoding('cl100k_base');
    const trie = createTokenTrie(tokenizer);
    const write = (): number => {
      const constraint = createConstraint(jsonObjectGrammar(), trie);
      const times: number[] = [];
      for (const id of tokenizer.encode('{"name": "Ada Lovelace", "tags": ["x", "y"], "age": 36}')) {
        const start = performance.now();
        constraint.mask();
        times.push(performance.now() - start);
        constraint.accept(id);
      }
      expect(constraint.complete).toBe(true);
      return times.sort((a, b) => a - b)[times.length >> 1]!;
    };
    write();
    // Measured: 0.001 ms.
    expect(write()).toBeLessThan(1);
  });
});
