import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { trainTokenizer } from '../../tokenizers/index.ts';
import type { Tokenizer } from '../../tokenizers/index.ts';
import { acceptor, writeAtRandom } from './constraints.fixture.ts';
import { jsonSchemaGrammar } from './json-schema-grammar.ts';
import { STRING_FORMATS } from './string-formats.ts';
import { type TokenTrie, createTokenTrie } from './token-trie.ts';

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

let tokenizer: Tokenizer;
let trie: TokenTrie;
beforeAll(async () => {
  tokenizer = await trainTokenizer(['2024-02-29T12:30:45Z https://example.com/a?b=c'], { vocabSize: 270 });
  trie = createTokenTrie(tokenizer);
});

describe('a format', () => {
  it.each(STRING_FORMATS)('%s is what ajv-formats takes, whatever is drawn', (format) => {
    const schema = { type: 'string', format };
    const validate = ajv.compile(schema);
    const grammar = jsonSchemaGrammar(schema);
    let finished = 0;
    for (let seed = 0; seed < 150; seed++) {
      const text = writeAtRandom(grammar, { tokenizer, trie }, seed);
      if (text === undefined) continue;
      finished++;
      expect(validate(JSON.parse(text)), text).toBe(true);
    }
    expect(finished).toBeGreaterThan(100);
  });

  it('date has every day that there is, and no other', () => {
    const accepts = acceptor(jsonSchemaGrammar({ type: 'string', format: 'date' }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.nat(13), fc.nat(32), (year, month, day) => {
        const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
        const date = new Date(`${text}T00:00:00Z`);
        const exists = !Number.isNaN(date.getTime()) && date.getUTCDate() === day && date.getUTCMonth() === month - 1;
        expect(accepts(JSON.stringify(text)), text).toBe(exists);
      }),
      { seed: 1, numRuns: 3000 },
    );
  });

  it('ipv4 has every address, and ipv6 every way to leave groups out', () => {
    const four = acceptor(jsonSchemaGrammar({ type: 'string', format: 'ipv4' }));
    for (let byte = 0; byte < 300; byte++) expect(four(`"1.${byte}.0.${byte}"`)).toBe(byte < 256);
    const six = acceptor(jsonSchemaGrammar({ type: 'string', format: 'ipv6' }));
    const validate = ajv.compile({ type: 'string', format: 'ipv6' });
    for (let before = 0; before <= 8; before++) {
      for (let after = 0; after <= 8; after++) {
        const groups = (count: number): string[] => Array.from({ length: count }, () => 'a1');
        const texts = [
          `${groups(before).join(':')}::${groups(after).join(':')}`,
          `${groups(before).join(':')}::${[...groups(after), '1.2.3.4'].join(':')}`,
          groups(before).join(':'),
        ];
        for (const text of texts) expect(six(JSON.stringify(text)), text).toBe(validate(text));
      }
    }
  });
});
