/** The language model of long short-term memories. Sundermeyer et al. 2012, "LSTM Neural Networks for Language Modeling". */

import { lstmLayer } from '../nn/index.ts';
import type { ModelDefinition } from './language-model.ts';
import { defineRecurrent, recurrentConfig } from './recurrent-language-model.ts';
import type { RecurrentConfig, RecurrentLanguageModelOptions } from './recurrent-language-model.ts';

/** What {@link lstm} makes. */
export type LstmModel = ModelDefinition<'lstm', RecurrentConfig>;

/**
 * A language model of long short-term memories.
 *
 * @param options `layers` defaults to 1, `biases` to 2, `start` to `zeros`
 * @throws UsageError `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option is out of its range
 *
 * @example
 * ```ts
 * import { lstm } from 'weft/models';
 *
 * const model = lstm({ vocabSize: 65, contextLength: 64, width: 64, hidden: 128, layers: 2, start: 'carried' });
 * console.log(model.parameters.length); // 11
 * ```
 */
export function lstm(options: RecurrentLanguageModelOptions): LstmModel {
  return defineRecurrent('lstm', recurrentConfig('make an LSTM', options), {
    states: ['hidden', 'cell'],
    core: (x, layer, before) => {
      const [hidden, cell] = before ?? [];
      const { output, state } = lstmLayer(x, layer, hidden === undefined || cell === undefined ? undefined : { hidden, cell });
      return { output, after: [state.hidden, state.cell] };
    },
  });
}
