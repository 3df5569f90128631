/** The recurrent language model. Mikolov et al. 2010, "Recurrent neural network based language model", with embeddings. */

import { rnnLayer } from '../nn/index.ts';
import type { ModelDefinition } from './language-model.ts';
import { defineRecurrent, recurrentConfig } from './recurrent-language-model.ts';
import type { RecurrentConfig, RecurrentLanguageModelOptions } from './recurrent-language-model.ts';

/** What {@link rnn} makes. */
export type RnnModel = ModelDefinition<'rnn', RecurrentConfig>;

/**
 * A language model of Elman's recurrent network.
 *
 * @param options `layers` defaults to 1, `biases` to 2, `start` to `zeros`
 * @throws UsageError `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option is out of its range
 *
 * @example
 * ```ts
 * import { rnn } from 'weft/models';
 *
 * const model = rnn({ vocabSize: 27, contextLength: 16, width: 64, hidden: 64 });
 * console.log(model.parameters.map(({ name }) => name).slice(0, 3).join(' ')); // tokens.weight layers.0.input.weight layers.0.input.bias
 * ```
 */
export function rnn(options: RecurrentLanguageModelOptions): RnnModel {
  return defineRecurrent('rnn', recurrentConfig('make an RNN', options), {
    states: ['hidden'],
    core: (x, layer, before) => {
      const { output, state } = rnnLayer(x, layer, before?.[0]);
      return { output, after: [state] };
    },
  });
}
