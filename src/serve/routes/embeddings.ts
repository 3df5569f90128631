/**
 * `POST /v1/embeddings`: https://platform.openai.com/docs/api-reference/embeddings
 *
 * Decided: a text's embedding is the mean of the last layer's outputs over its tokens, at length 1 as OpenAI's are. A model that was not
 * trained for it gives embeddings that tell topics apart, not more.
 */

import type { FastifyInstance } from 'fastify';

import type { TextModel } from '../../generate/index.ts';
import { MOST_INPUTS, readEmbeddingBody } from '../bodies/text-body.ts';
import type { EmbeddingBody } from '../bodies/text-body.ts';
import { promptTokens } from '../prompt.ts';
import { sourceOf } from '../request-source.ts';
import { refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';

interface Embedding {
  readonly object: 'embedding';
  readonly index: number;
  /** Numbers, or their float32 bytes as base64. */
  readonly embedding: readonly number[] | string;
}

/** Adds the route. */
export function embeddingsRoute(app: FastifyInstance, serving: Serving): void {
  app.post('/v1/embeddings', async (request, reply) => {
    const body = readEmbeddingBody(request.body);
    const model = modelFor(serving, body.model);
    const inputs = inputsOf(body.input).map((input) => requireFitting(model, promptTokens(model, input, { param: 'input' })));
    const base64 = body.encoding_format === 'base64';
    const vectors = await serving.engine.embed(model, inputs, sourceOf(request, reply));
    const tokens = inputs.reduce((sum, { length }) => sum + length, 0);
    return {
      object: 'list',
      model: model.name,
      data: vectors.map((vector, index): Embedding => {
        const unit = atLength1(vector, body.dimensions);
        return { object: 'embedding', index, embedding: base64 ? Buffer.from(unit.buffer).toString('base64') : [...unit] };
      }),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  });
}

function inputsOf(input: EmbeddingBody['input']): readonly (string | readonly number[])[] {
  if (input === '' || (typeof input !== 'string' && (input as readonly unknown[]).includes('')))
    throw refuse('WEFT_SERVE_PARAMETER', { rule: 'an input is empty', remedy: 'Leave it out.', param: 'input' });
  const inputs =
    typeof input === 'string'
      ? [input]
      : typeof input[0] === 'number'
        ? [input as readonly number[]]
        : (input as readonly (string | readonly number[])[]);
  if (inputs.length <= MOST_INPUTS) return inputs;
  throw refuse('WEFT_SERVE_SEQUENCES', {
    rule: `one request may ask for ${MOST_INPUTS} embeddings at most`,
    value: String(inputs.length),
    remedy: 'Send several requests.',
    param: 'input',
  });
}

/** The tokens, unless they are too many. */
function requireFitting(model: TextModel, ids: Uint32Array): Uint32Array {
  if (ids.length < model.contextLength) return ids;
  throw refuse('WEFT_SERVE_CONTEXT', {
    rule: `an input may have at most ${model.contextLength - 1} tokens`,
    value: String(ids.length),
    remedy: 'Split the text.',
    param: 'input',
    wireCode: 'context_length_exceeded',
  });
}

/** The first numbers of a vector, at length 1. */
function atLength1(vector: Float32Array, dimensions: number = vector.length): Float32Array {
  if (dimensions > vector.length) {
    throw refuse('WEFT_SERVE_PARAMETER', {
      rule: `the model's embeddings have ${vector.length} numbers`,
      value: String(dimensions),
      remedy: 'Ask for fewer dimensions, or leave dimensions out.',
      param: 'dimensions',
    });
  }
  const kept = vector.slice(0, dimensions);
  const length = Math.hypot(...kept);
  return length === 0 ? kept : kept.map((number) => number / length);
}
