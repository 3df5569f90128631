/** A model folder behind OpenAI's API. */
import { textCorpus } from 'weft/data';
import { saveModel } from 'weft/formats';
import { llama } from 'weft/models';
import { initialize } from 'weft/nn';
import { serve } from 'weft/serve';
import { trainTokenizer } from 'weft/tokenizers';

const tokenizer = await trainTokenizer(textCorpus(['an untrained model babbles, but it answers. '.repeat(20)]), { vocabSize: 280 });
const model = llama({ layers: 1, heads: 2, width: 32, contextLength: 64, vocabSize: tokenizer.vocabSize });
await saveModel('babbler', { model, weights: initialize(model.parameters, { seed: 1 }), tokenizer });

const server = await serve('babbler', { port: 0 });
const response = await fetch(`${server.url}/v1/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'babbler', prompt: 'an untrained', max_tokens: 8, seed: 1 }),
});
const { usage } = (await response.json()) as { readonly usage: object };
console.log(response.status, usage);
await server.close();
