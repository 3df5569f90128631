/** `POST /api/explain`: a tokenizer explained for the page, a served model's or one that is trained on a few words. */

import type { FastifyInstance } from 'fastify';

import { explainEncoding, explainTraining } from '../../tokenizers/index.ts';
import { given } from '../bodies/fields.ts';
import { readExplainBody } from '../bodies/page-body.ts';
import type { PageExplanation } from '../page-api.ts';
import { refuse } from '../request-error.ts';
import { modelFor } from '../serving.ts';
import type { Serving } from '../serving.ts';

/** Adds the route. */
export function explainRoute(app: FastifyInstance, serving: Serving): void {
  app.post('/api/explain', async (request): Promise<PageExplanation> => {
    const { text, model, train = text, ...training } = readExplainBody(request.body);
    if (model !== undefined) {
      const beside = Object.keys(given({ ...training, train: train === text ? undefined : train }))[0];
      if (beside !== undefined) {
        throw refuse('WEFT_SERVE_PARAMETER', {
          rule: "a served model's tokenizer is trained already",
          value: beside,
          remedy: 'Leave it out, or leave the model out.',
          param: beside,
        });
      }
      return { training: null, encoding: await explainEncoding(modelFor(serving, model).tokenizer, text) };
    }
    const { encoding, ...told } = await explainTraining([train], { ...given(training), encode: text });
    if (encoding === undefined) throw new TypeError('the text was asked to be encoded');
    return { training: told, encoding };
  });
}
