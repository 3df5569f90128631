import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { loadTokenizer, trainTokenizer } from '../../tokenizers/index.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import { acceptor, allowedIds, writeAtRandom } from './constraints.fixture.ts';
import { createConstraint } from './create-constraint.ts';
import { jsonObjectGrammar } from './json-object-grammar.ts';
import { jsonSchemaGrammar } from './json-schema-grammar.ts';
import { Entries, entriesOf, schemaCases, textOf } from './schema-cases.fixture.ts';
import { type TokenTrie, createTokenTrie } from './token-trie.ts';

const shared = fileURLToPath(new URL('../../../../shared/data/tokenizers/', import.meta.url));
const hasShared = existsSync(shared);
if (!hasShared) console.warn('JSON is not tested with the vocabularies of GPT-2 and Llama 2: shared/data/tokenizers is not here.');

// Names that every object of JavaScript has are names like any other.
const ajv = new Ajv2020({ strict: false, ownProperties: true });
addFormats.default(ajv);

/** JSON with or without a space behind colons and commas. */
function write(value: unknown, space: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => write(item, space)).join(`,${space}`)}]`;
  if (value instanceof Entries)
    return `{${value.entries.map(([name, inner]) => `${JSON.stringify(name)}:${space}${write(inner, space)}`).join(`,${space}`)}}`;
  if (typeof value === 'object' && value !== null) return write(entriesOf(Object.entries(value)), space);
  return JSON.stringify(value);
}

const TEXTS = [
  '{"name": "Ada Lovelace", "age": 36, "tags": ["x", "y"], "ok": true, "none": null}',
  '[1.5, -2e10, "é 中文 😀", {"id":"a\\"b"}]',
];

const writings: { readonly name: string; readonly tokenizer: Tokenizer; readonly trie: TokenTrie }[] = [];
beforeAll(async () => {
  const many = TEXTS.flatMap((text) => [text, text, text]);
  const tokenizers: Record<string, Tokenizer> = {
    'byte-level': await trainTokenizer(many, { vocabSize: 400 }),
    sentencepiece: await trainTokenizer(many, {
      type: 'sentencepiece-bpe',
      vocabSize: 400,
      byteFallback: true,
      normalization: 'identity',
      removeExtraWhitespaces: false,
    }),
  };
  if (hasShared) {
    tokenizers['Llama 2'] = await loadTokenizer(`${shared}llama2-tokenizer.model`);
    tokenizers['GPT-2'] = await loadTokenizer(`${shared}ggml-vocab-gpt-2.gguf`);
  }
  for (const [name, tokenizer] of Object.entries(tokenizers)) writings.push({ name, tokenizer, trie: createTokenTrie(tokenizer) });
});

describe('a schema', () => {
  it('is fulfilled by all that a random model writes, whatever its tokens', () => {
    let [written, finished] = [0, 0];
    const property = fc.property(schemaCases, fc.nat(), ({ schema }, seed) => {
      const grammar = jsonSchemaGrammar(schema);
      const validate = ajv.compile(schema);
      for (const { name, tokenizer, trie } of writings) {
        // A walk over 50,000 tokens at each new place takes its time.
        if ((name === 'GPT-2' || name === 'Llama 2') && seed % 8 !== 0) continue;
        const text = writeAtRandom(grammar, { tokenizer, trie }, seed);
        written++;
        if (text === undefined) continue;
        finished++;
        const value: unknown = JSON.parse(text);
        expect(validate(value), `${name} wrote ${text}: ${ajv.errorsText(validate.errors)}`).toBe(true);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 150 });
    expect(finished / written).toBeGreaterThan(0.75);
  });

  it('that lists some properties is closed where that is asked for, but not to what another lists beside it', () => {
    const accepts = acceptor(
      jsonSchemaGrammar(
        {
          allOf: [
            { type: 'object', properties: { a: { type: 'integer' } } },
            { properties: { b: { type: 'integer' } }, required: ['b'] },
          ],
        },
        { additionalProperties: false },
      ),
    );
    expect(['{"a":1,"b":2}', '{"b":2}', '{"b":2,"c":3}', '{"a":1}'].map(accepts)).toEqual([true, true, false, false]);
  });

  it('allows every value that fulfils it, token by token', () => {
    const withValues = schemaCases.chain(({ schema, values }) =>
      fc.tuple(fc.constant(schema), fc.array(values, { minLength: 2, maxLength: 2 })),
    );
    const property = fc.property(withValues, fc.constantFrom('', ' '), ([schema, values], space) => {
      const grammar = jsonSchemaGrammar(schema);
      const validate = ajv.compile(schema);
      for (const value of values) {
        const text = write(value, space);
        expect(validate(JSON.parse(text)), text).toBe(true);
        for (const { name, tokenizer, trie } of writings) {
          const constraint = createConstraint(grammar, trie);
          const ids = tokenizer.encode(text);
          if (tokenizer.decode(ids) !== text) continue;
          ids.forEach((id, index) => {
            expect(constraint.allows(id), `${name}: ${text} after ${tokenizer.decode(ids.slice(0, index))}`).toBe(true);
            constraint.accept(id);
          });
          expect(constraint.complete, text).toBe(true);
        }
      }
    });
    fc.assert(property, { seed: 2, numRuns: 150 });
  });

  it('may refer to itself', () => {
    const schema = {
      $defs: {
        node: {
          type: 'object',
          properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['value', 'next'],
          additionalProperties: false,
        },
      },
      $ref: '#/$defs/node',
    };
    const accepts = acceptor(jsonSchemaGrammar(schema));
    const nested = (depth: number): string => (depth === 0 ? 'null' : `{"value":${depth},"next":${nested(depth - 1)}}`);
    expect([1, 2, 50].map((depth) => accepts(nested(depth)))).toEqual([true, true, true]);
    expect(accepts('{"value":1}')).toBe(false);
    expect(accepts('null')).toBe(false);
  });

  it('never gives a further property the name of a declared one, however it is spelled', () => {
    const accepts = acceptor(
      jsonSchemaGrammar({ type: 'object', properties: { name: { type: 'integer' } }, additionalProperties: { type: 'string' } }),
    );
    expect(accepts('{"name":1,"nam":"x","names":"y","":"z"}')).toBe(true);
    expect(accepts('{"name":"x"}')).toBe(false);
    expect(accepts('{"name":1,"name":"x"}')).toBe(false);
    expect(accepts(String.raw`{"\u006eame":"x"}`)).toBe(false);
  });

  it('keeps to what is listed where it is told to', () => {
    const schema = { type: 'object', properties: { a: { type: 'null' } } };
    expect(acceptor(jsonSchemaGrammar(schema))('{"a":null,"b":1}')).toBe(true);
    expect(acceptor(jsonSchemaGrammar(schema, { additionalProperties: false }))('{"a":null,"b":1}')).toBe(false);
    expect(acceptor(jsonSchemaGrammar({ type: 'object' }, { additionalProperties: false }))('{"b":1}')).toBe(true);
  });

  it.each<[string, unknown, readonly string[], readonly string[]]>([
    ['anything', true, ['1', '"x"', '{"a":[{}]}', 'null'], ['', '{', "'x'", '01']],
    ['anything, said otherwise', {}, ['[]'], ['[,]']],
    ['several types', { type: ['string', 'null'], maxLength: 1 }, ['null', '"a"', '""'], ['"ab"', '1']],
    [
      'names that JavaScript knows',
      JSON.parse('{"type":"object","properties":{"__proto__":{"type":"null"},"constructor":{"type":"integer"}},"required":["__proto__"]}'),
      ['{"__proto__":null}', '{"__proto__":null,"constructor":1,"toString":2}'],
      ['{}', '{"__proto__":1}', '{"__proto__":null,"constructor":"x"}'],
    ],
    ['nullable', { type: 'string', nullable: true }, ['null', '"a"'], ['1']],
    ['a type that its keywords mean', { properties: { a: { minimum: 3 } }, required: ['a'] }, ['{"a":3}'], ['1', '{"a":2}', '{}']],
    [
      'what must be there though it is not declared',
      { type: 'object', required: ['a'], additionalProperties: { type: 'null' } },
      ['{"a":null}'],
      ['{}', '{"a":1}'],
    ],
    ['listed values of a type', { type: 'integer', enum: [1, 2.5, 'x', 30], maximum: 20 }, ['1'], ['2.5', '"x"', '30']],
    [
      'what two lists share',
      { allOf: [{ enum: [1, 'a', { x: 1, y: 2 }] }, { enum: [{ y: 2, x: 1 }, 'a'] }] },
      ['"a"', '{"x":1,"y":2}'],
      ['1'],
    ],
    [
      'alternatives beside a base',
      {
        type: 'object',
        properties: { a: { type: 'integer' }, b: { type: 'integer' } },
        additionalProperties: false,
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      ['{"a":1}', '{"b":1}', '{"a":1,"b":2}'],
      ['{}'],
    ],
    [
      'one of several that exclude each other',
      {
        oneOf: [
          { type: 'object', properties: { kind: { const: 'a' }, x: { type: 'integer' } }, required: ['kind', 'x'] },
          { type: 'object', properties: { kind: { enum: ['b', 'c'] } }, required: ['kind'] },
        ],
      },
      ['{"kind":"a","x":1}', '{"kind":"c"}'],
      ['{"kind":"a"}', '{"kind":"d"}'],
    ],
    ['no additional item', { type: 'array', prefixItems: [{ type: 'null' }], items: false }, ['[]', '[null]'], ['[null,null]', '[1]']],
    ['an array of one, each once', { type: 'array', items: { type: 'integer' }, maxItems: 1, uniqueItems: true }, ['[1]'], ['[1,1]']],
    ['a pattern and a length', { type: 'string', pattern: 'ab', maxLength: 3 }, ['"ab"', '"xab"', '"abx"'], ['"xabx"', '"ba"']],
    ['a format and a pattern', { type: 'string', format: 'date', pattern: '^20' }, ['"2024-02-29"'], ['"1999-01-01"', '"2023-02-29"']],
    ['32-bit integers', { type: 'integer', format: 'int32' }, ['2147483647', '-2147483648'], ['2147483648', '-2147483649']],
    ['whole multiples as numbers', { type: 'number', multipleOf: 4 }, ['8', '-4', '0'], ['2', '1.5']],
    [
      'pairs of surrogates only',
      { type: 'string', maxLength: 1 },
      [String.raw`"\ud83d\ude00"`, '"😀"'],
      [String.raw`"\ud83d"`, String.raw`"\ude00"`, String.raw`"\ud83d\ud83d"`],
    ],
    [
      'a small range of decimals',
      { type: 'number', exclusiveMinimum: 0, maximum: 0.25 },
      ['0.25', '0.1', '0.000001'],
      ['0', '0.0', '0.26', '-0.1', '1', '0.251', '1e-3'],
    ],
    [
      'annotations',
      { type: 'null', title: 't', description: 'd', default: 1, examples: [1], $schema: 's', $id: 'i', deprecated: true, 'x-note': 1 },
      ['null'],
      ['1'],
    ],
  ])('follows %s', (_, schema, allowed, refused) => {
    const accepts = acceptor(jsonSchemaGrammar(schema));
    expect(allowed.filter((text) => !accepts(text))).toEqual([]);
    expect(refused.filter((text) => accepts(text))).toEqual([]);
  });
});

describe('what is refused', () => {
  const codeOf = (make: () => unknown): unknown => {
    try {
      make();
    } catch (error) {
      return [(error as { code?: string }).code, (error as Error).message];
    }
    return undefined;
  };
  it.each<[unknown, string]>([
    [{ type: 'object', patternProperties: { a: true } }, '#/patternProperties'],
    [{ type: 'object', properties: { 'a/b': { not: {} } } }, '#/properties/a~1b/not'],
    [{ type: 'object', propertyNames: { maxLength: 2 } }, '#/propertyNames'],
    [{ type: 'object', minProperties: 1 }, '#/minProperties'],
    [{ type: 'object', maxProperties: 1 }, '#/maxProperties'],
    [{ type: 'object', dependentRequired: {} }, '#/dependentRequired'],
    [{ type: 'object', unevaluatedProperties: false }, '#/unevaluatedProperties'],
    [{ if: {}, else: {} }, '#/if'],
    [{ $defs: { a: { contains: {} } }, items: { $ref: '#/$defs/a' } }, '#/$defs/a/contains'],
    [{ type: 'array', items: [{}] }, '#/items'],
    [{ type: 'array', uniqueItems: true }, '#/uniqueItems'],
    [{ oneOf: [{ type: 'string' }, { maxLength: 3, type: 'string' }] }, '#/oneOf'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, '#/oneOf'],
    [{ type: 'string', format: 'regex' }, '#/format'],
    [{ type: 'string', pattern: '(?=a)' }, '#/pattern'],
    [{ type: 'string', pattern: '(' }, '#/pattern'],
    [{ type: 'string', enum: ['a'], pattern: 'a' }, '#/pattern'],
    [{ type: 'number', multipleOf: 0.01 }, '#/multipleOf'],
    [{ type: 'integer', multipleOf: 1e9 }, '#/multipleOf'],
    [{ type: 'number', minimum: 1e-20 }, '#/minimum'],
    [{ type: 'word' }, '#/type'],
    [{ type: 'string', maxLength: -1 }, '#/maxLength'],
    [{ required: 'a' }, '#/required'],
    [{ anyOf: [] }, '#/anyOf'],
    [{ allOf: {} }, '#/allOf'],
    [{ properties: { a: 1 } }, '#/properties/a'],
    [{ $ref: '#/$defs/gone' }, '#/$ref'],
    [{ $ref: 'https://example.com/schema' }, '#/$ref'],
    [{ $ref: '#' }, 'lead to itself'],
    [{ $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] } }, $ref: '#/$defs/a' }, 'lead to itself'],
    [
      { $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { anyOf: [{ $ref: '#/$defs/a' }], type: 'string' } }, $ref: '#/$defs/a' },
      'lead to itself',
    ],
    [false, 'a value that it allows'],
    [{ type: 'string', minLength: 3, maxLength: 2 }, 'none can end'],
    [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, 'none can end'],
    [{ allOf: [{ type: 'string' }, { type: 'null' }] }, 'none can end'],
    ['string', 'must be an object or a boolean'],
    [undefined, 'must be an object or a boolean'],
  ])('%j', (schema, place) => {
    expect(codeOf(() => jsonSchemaGrammar(schema))).toEqual(['WEFT_GENERATE_SCHEMA', expect.stringContaining(place)]);
  });

  it('is what would take too much, and that soon', () => {
    const nested = (depth: number): unknown => {
      let schema: unknown = { type: 'null' };
      for (let count = 0; count < depth; count++) schema = { type: 'array', items: schema };
      return schema;
    };
    const doubling = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `d${index}`,
        { allOf: [{ $ref: `#/$defs/d${index + 1}` }, { $ref: `#/$defs/d${index + 1}` }] },
      ]),
    );
    const alternatives = Array.from({ length: 12 }, (_, group) => ({
      anyOf: Array.from({ length: 6 }, (_, index) => ({ required: [`${group} ${index}`] })),
    }));
    const itself: Record<string, unknown> = { type: 'array' };
    itself['items'] = itself;
    const hostile: Record<string, unknown> = {
      deep: nested(10_000),
      many: { enum: Array.from({ length: 1_000_000 }, (_, index) => index) },
      long: { const: 'x'.repeat(10_000_000) },
      combinations: { type: 'object', allOf: alternatives },
      itself,
      'one of very many': {
        oneOf: Array.from({ length: 5000 }, (_, index) => ({ type: 'object', properties: { k: { const: index } }, required: ['k'] })),
      },
      'a long pattern within bounds': { type: 'string', pattern: '(a|b)*a(a|b){500}', maxLength: 5000 },
    };
    for (const [name, schema] of Object.entries(hostile)) {
      const start = performance.now();
      expect(
        codeOf(() => jsonSchemaGrammar(schema)),
        name,
      ).toEqual(['WEFT_GENERATE_SCHEMA', expect.any(String)]);
      expect(performance.now() - start, name).toBeLessThan(10_000);
    }
    expect(acceptor(jsonSchemaGrammar({ $defs: { ...doubling, d40: { type: 'null' } }, $ref: '#/$defs/d0' }))('null')).toBe(true);
  });
});

describe('any object', () => {
  it('is what a random model writes, and every object is allowed', () => {
    const accepts = acceptor(jsonObjectGrammar());
    for (const { tokenizer, trie } of writings) {
      for (let seed = 0; seed < 10; seed++) {
        const text = writeAtRandom(jsonObjectGrammar(), { tokenizer, trie }, seed);
        if (text !== undefined) expect(typeof JSON.parse(text)).toBe('object');
      }
    }
    fc.assert(
      fc.property(fc.dictionary(textOf(0, 5), fc.jsonValue({ maxDepth: 4 })), fc.constantFrom('', ' '), (value, space) => {
        expect(accepts(write(value, space))).toBe(true);
      }),
      { seed: 3, numRuns: 200 },
    );
    expect(
      ['1', '[]', '{"a":1,}', '{"a" :1}', '{\n}', '{"a":\u00a01}', '{"a":"\n"}', '{"a":1e999}'].filter((text) => accepts(text)),
    ).toEqual([]);
  });

  it('has one mask for all places that are alike', () => {
    const { tokenizer, trie } = writings[0]!;
    const constraint = createConstraint(jsonObjectGrammar(), trie);
    for (const id of tokenizer.encode('{"a": "')) constraint.accept(id);
    const mask = constraint.mask();
    for (const id of tokenizer.encode('some words of a string')) constraint.accept(id);
    expect(constraint.mask()).toBe(mask);
    expect(allowedIds(mask).length).toBeGreaterThan(150);
  });
});
