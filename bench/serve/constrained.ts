/**
 * Replies by random JSON schemas from models of random weights, over the API: does every one that ends with `stop` parse and validate?
 *
 *   npx tsx bench/serve/constrained.ts [SCHEMAS] [SEED]
 */

import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';

import { schemaCases } from '../../src/generate/constraints/schema-cases.fixture.ts';
import { createTextModel } from '../../src/generate/index.ts';
import type { TextModel } from '../../src/generate/index.ts';
import { llama } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { createApp } from '../../src/serve/index.ts';
import { trainTokenizer } from '../../src/tokenizers/index.ts';

const [count = '500', seed = '1'] = process.argv.slice(2);
const MODELS = 4;
const TOKENS = 400;

const ajv = new Ajv2020({ strict: false, ownProperties: true });
addFormats.default(ajv);
const texts = ['{"name": "Ada Lovelace", "age": 36, "tags": ["x", "y"], "ok": true, "none": null}', '[1.5, -2e10, "é 中文 😀"]'];
const models: TextModel[] = [];
for (let index = 0; index < MODELS; index++) {
  const tokenizer = await trainTokenizer(
    texts.flatMap((text) => Array<string>(5).fill(text)),
    { vocabSize: 300 + 40 * index },
  );
  const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 1024, vocabSize: tokenizer.vocabSize });
  const weights = initialize(model.parameters, { seed: index });
  const chatTemplate = '{% for m in messages %}{{ m.content }}\n{% endfor %}';
  models.push(await createTextModel({ model, weights, tokenizer, name: `random-${index}`, chatTemplate }));
}
const app = await createApp({ models, queue: 1000, graceSeconds: 0 });

const tally = { stop: 0, length: 0, refused: 0, wrong: 0 };
const cases = fc.sample(schemaCases, { numRuns: Number(count), seed: Number(seed) });
await Promise.all(
  Array.from({ length: MODELS }, async (_, own) => {
    for (let index = own; index < cases.length; index += MODELS) {
      const { schema } = cases[index] as (typeof cases)[number];
      const payload = {
        model: `random-${own}`,
        messages: [{ role: 'user', content: 'Go' }],
        max_tokens: TOKENS,
        seed: index,
        response_format: { type: 'json_schema', json_schema: { name: 'random', schema } },
      };
      const answer = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload });
      if (answer.statusCode === 400) {
        tally.refused++;
        console.log(
          'refused',
          JSON.stringify(schema).slice(0, 200),
          answer.json<{ error: { message: string } }>().error.message.slice(0, 200),
        );
        continue;
      }
      const [choice] = answer.json<{ choices: { message: { content: string }; finish_reason: 'stop' | 'length' }[] }>().choices;
      if (choice === undefined) throw new Error(answer.body);
      tally[choice.finish_reason]++;
      if (choice.finish_reason === 'length') continue;
      const validate = ajv.compile(schema);
      try {
        if (validate(JSON.parse(choice.message.content))) continue;
      } catch {
        // It does not parse.
      }
      tally.wrong++;
      console.log('wrong', JSON.stringify(schema), choice.message.content);
    }
  }),
);
console.log(`${cases.length} schemas, ${MODELS} models, seed ${seed}: ${JSON.stringify(tally)}`);
await app.close();
for (const model of models) await model.close();
process.exitCode = tally.wrong === 0 ? 0 : 1;
