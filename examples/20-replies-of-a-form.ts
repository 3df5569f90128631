/** Replies that must be of a form: several at once, in one batch, from a model that learnt nothing of JSON. */
import { createTextModel, jsonSchemaGrammar, regexGrammar } from 'weft/generate';
import { llama } from 'weft/models';
import { initialize } from 'weft/nn';
import { trainTokenizer } from 'weft/tokenizers';

const tokenizer = await trainTokenizer(['{"name": "Ada", "age": 36, "likes": ["music", "numbers"]}'.repeat(9)], { vocabSize: 300 });
const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 256, vocabSize: tokenizer.vocabSize });
const weights = initialize(model.parameters, { seed: 1 });
const textModel = await createTextModel({ model, weights, tokenizer });

const person = jsonSchemaGrammar({
  type: 'object',
  properties: {
    name: { enum: ['Ada', 'Grace', 'Emmy'] },
    age: { type: 'integer', minimum: 20, maximum: 90 },
    likes: { type: 'array', items: { enum: ['music', 'numbers', 'ships'] }, minItems: 1, maxItems: 2 },
  },
  required: ['name', 'age', 'likes'],
  additionalProperties: false,
});
const reply = async (grammar: typeof person, seed: number): Promise<string> => {
  let text = '';
  for await (const token of textModel.generate('Who? ', { grammar, seed })) text += token.text;
  return text;
};
const people = await Promise.all([1, 2, 3, 4].map((seed) => reply(person, seed)));
for (const text of people) console.log(JSON.parse(text));
console.log('a number plate:', await reply(regexGrammar('[A-Z]{2}-[0-9]{3}'), 1));
await textModel.close();
