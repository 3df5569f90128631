/** `POST /api/attention`: what each head of a layer attends to in a text, for the page. */

import type { FastifyInstance } from 'fastify';

import { readAttentionBody } from '../bodies/page-body.ts';
import { requestSignal } from '../request-signal.ts';
import type { PageAttention } from '../page-api.ts';
import { promptTokens } from '../prompt.ts';
import { refuse } from '../request-error.ts';
import type { RequestError } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';
import { tokenText } from '../token-text.ts';

/** Most tokens of an answer: H · T² numbers are to be sent and drawn. */
const MOST_TOKENS = 128;

/** Adds the route. */
export function attentionRoute(app: FastifyInstance, serving: Serving): void {
  app.post('/api/attention', async (request, reply): Promise<PageAttention> => {
    const { model: name, prompt, layer } = readAttentionBody(request.body);
    const model = modelFor(serving, name);
    return await serving.attention.use(
      model,
      async (reader) => {
        if (layer >= reader.layers) throw noLayer(layer, reader.layers);
        const whole = promptTokens(model, prompt);
        const dropped = Math.max(0, whole.length - Math.min(MOST_TOKENS, model.contextLength));
        const ids = whole.subarray(dropped);
        const { shape, data } = (await reader.read(ids))[layer] ?? { shape: [0], data: new Float32Array() };
        return {
          tokens: Array.from(ids, (id) => ({ id, piece: tokenText(model.tokenizer, id) })),
          dropped,
          layers: reader.layers,
          heads: shape[0] ?? 0,
          layer,
          probabilities: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
        };
      },
      requestSignal(request, reply),
    );
  });
}

function noLayer(layer: number, layers: number): RequestError {
  return refuse('WEFT_SERVE_PARAMETER', {
    rule: `the model's layers are 0 to ${layers - 1}`,
    value: String(layer),
    remedy: 'Name one of them.',
    param: 'layer',
  });
}
