/** Random JSON schemas with values that fulfil them, for tests. */

import fc from 'fast-check';

/** A schema, and values that fulfil it. */
export interface SchemaCase {
  readonly schema: Record<string, unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
export const textOf = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.oneof(character, fc.constantFrom('a', '"', '\\', '\n', 'é')), minLength: min, maxLength: max });
const nameArbitrary = fc.oneof(fc.constantFrom('a', 'b', 'id', 'name', 'na', 'x"y', 'é', 'toString'), textOf(0, 3));
const decimalArbitrary = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.nat(3)).map(([digits, places]) => digits / 10 ** places);

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  'date-time': ['2024-02-29T23:59:59Z', '1999-12-31T00:00:00.123+05:30'],
  date: ['2000-02-29', '2023-04-30'],
  time: ['12:00:00Z', '23:59:59.5-01:00'],
  duration: ['P1Y2M3DT4H5M6S', 'PT36H', 'P2W'],
  uuid: ['123e4567-e89b-12d3-a456-426614174000'],
  email: ['ada.lovelace+x@example.co.uk', 'a@b.de'],
  hostname: ['example.com', 'localhost', 'a-b.c1.d.e.f.example'],
  ipv4: ['127.0.0.1', '255.255.255.255'],
  ipv6: ['::', '::1', '2001:db8::8a2e:370:7334', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.1', '1:2:3:4:5:6:7::'],
  uri: ['https://example.com/a?b=c#d', 'mailto:a@b.de', 'urn:isbn:0451450523', 'file:///x/y'],
};

const scalarArbitrary: fc.Arbitrary<SchemaCase> = fc.oneof(
  fc.tuple(fc.nat(4), fc.nat(6)).map(([min, more]): SchemaCase => ({
    schema: { type: 'string', minLength: min, maxLength: min + more },
    values: textOf(min, min + more),
  })),
  fc.constant<SchemaCase>({ schema: { type: 'string' }, values: textOf(0, 12) }),
  fc
    .constantFrom(...Object.entries(FORMATS))
    .map(([format, texts]): SchemaCase => ({ schema: { type: 'string', format }, values: fc.constantFrom(...texts) })),
  fc
    .constantFrom('^[a-c"]{2,4}\\d+$', 'b.*c', '^é|\\n$', '^(?:x|yz)*\\s$', '^[^a-z]{0,3}$')
    .map((pattern): SchemaCase => ({ schema: { type: 'string', pattern }, values: fc.stringMatching(new RegExp(pattern, 'u')) })),
  fc.constant<SchemaCase>({ schema: { type: 'integer' }, values: fc.maxSafeInteger() }),
  fc.constant<SchemaCase>({
    schema: { type: 'number' },
    values: fc.double({ noNaN: true, noDefaultInfinity: true, min: -9e307, max: 9e307 }),
  }),
  fc.tuple(fc.integer(), fc.nat(5000), fc.boolean()).map(([min, more, exclusive]): SchemaCase => ({
    schema: {
      type: 'integer',
      ...(exclusive ? { exclusiveMinimum: min - 1, exclusiveMaximum: min + more + 1 } : { minimum: min, maximum: min + more }),
    },
    values: fc.integer({ min, max: min + more }),
  })),
  fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: -500, max: 500 })).map(([factor, min]): SchemaCase => ({
    schema: { type: 'integer', multipleOf: factor, minimum: min },
    values: fc.nat(1e6).map((count) => (Math.ceil(min / factor) + count) * factor + 0),
  })),
  fc.tuple(decimalArbitrary, decimalArbitrary).map(([a, b]): SchemaCase => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    return {
      schema: { type: 'number', minimum: low, maximum: high },
      values: decimalArbitrary.map((value) => Math.min(high, Math.max(low, value))),
    };
  }),
  fc.constant<SchemaCase>({ schema: { type: 'boolean' }, values: fc.boolean() }),
  fc
    .uniqueArray(fc.jsonValue({ maxDepth: 2 }), { minLength: 1, maxLength: 5, selector: (value) => JSON.stringify(value) })
    .map((values): SchemaCase => ({ schema: { enum: values }, values: fc.constantFrom(...values) })),
  textOf(0, 5).map((value): SchemaCase => ({ schema: { const: value, title: 'ignored' }, values: fc.constant(value) })),
);

/** Names, what they hold, and whether they must be there; then what further ones hold. */
const objectOf = (inner: fc.Arbitrary<SchemaCase>): fc.Arbitrary<SchemaCase> =>
  fc
    .tuple(
      fc.uniqueArray(fc.tuple(nameArbitrary, inner, fc.boolean()), { maxLength: 5, selector: ([name]) => name }),
      fc.option(inner),
      fc.constantFrom(true, false, undefined),
    )
    .map(([properties, further, isOpen]) => {
      const required = properties.filter(([, , isRequired]) => isRequired).map(([name]) => name);
      const names = properties.map(([name]) => name);
      const additional = further === null ? isOpen : further.schema;
      const others =
        further === null
          ? isOpen === false
            ? fc.constant([])
            : fc.array(fc.tuple(nameArbitrary, fc.jsonValue({ maxDepth: 1 })), { maxLength: 2 })
          : fc.array(fc.tuple(nameArbitrary, further.values), { maxLength: 2 });
      return {
        schema: {
          type: 'object',
          properties: Object.fromEntries(properties.map(([name, { schema }]) => [name, schema])),
          ...(required.length > 0 ? { required } : {}),
          ...(additional === undefined ? {} : { additionalProperties: additional }),
        },
        values: fc
          .tuple(
            ...properties.map(([name, { values }, isRequired]) =>
              fc.tuple(fc.constant(name), isRequired ? fc.constant(true) : fc.boolean(), values),
            ),
          )
          .chain((given) =>
            others.map((more) =>
              entriesOf([
                ...given.filter(([, isThere]) => isThere).map(([name, , value]) => [name, value] as const),
                ...more.filter(([name]) => !names.includes(name)),
              ]),
            ),
          ),
      };
    });

/** An object that keeps its order: JavaScript puts names that are numbers first. */
export class Entries {
  readonly entries: readonly (readonly [string, unknown])[];
  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.entries = entries;
  }
}
export const entriesOf = (entries: readonly (readonly [string, unknown])[]): Entries => new Entries(entries);

const tied = fc.letrec<{ schema: SchemaCase }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalarArbitrary,
    objectOf(tie('schema')),
    fc.tuple(tie('schema'), fc.nat(2), fc.nat(3)).map(([item, min, more]): SchemaCase => ({
      schema: { type: 'array', items: item.schema, minItems: min, maxItems: min + more },
      values: fc.array(item.values, { minLength: min, maxLength: min + more }),
    })),
    fc
      .tuple(fc.array(tie('schema'), { minLength: 1, maxLength: 3 }), fc.option(tie('schema')), fc.nat(2))
      .map(([firsts, rest, min]): SchemaCase => ({
        schema: {
          type: 'array',
          prefixItems: firsts.map(({ schema }) => schema),
          items: rest === null ? false : rest.schema,
          minItems: Math.min(min, firsts.length),
        },
        values: fc
          .tuple(...firsts.map(({ values }) => values))
          .chain((given) =>
            rest === null ? fc.constant(given) : fc.array(rest.values, { maxLength: 2 }).map((more) => [...given, ...more]),
          ),
      })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((options): SchemaCase => ({
      schema: { anyOf: options.map(({ schema }) => schema) },
      values: fc.oneof(...options.map(({ values }) => values)),
    })),
    fc.tuple(tie('schema'), tie('schema'), fc.boolean()).map(([a, b, isRequired]): SchemaCase => ({
      schema: {
        allOf: [
          { type: 'object', properties: { first: a.schema }, ...(isRequired ? { required: ['first'] } : {}) },
          { properties: { first: true, second: b.schema }, required: ['second'], additionalProperties: false },
        ],
      },
      values: fc.tuple(a.values, b.values).map(([first, second]) =>
        entriesOf([
          ['first', first],
          ['second', second],
        ]),
      ),
    })),
  ),
}));

/** Schemas of all kinds that are followed. */
export const schemaCases: fc.Arbitrary<SchemaCase> = tied.schema;
