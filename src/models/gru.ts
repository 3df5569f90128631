/** The language model of gated recurrent units. Cho et al. 2014; Chung et al. 2014, "Empirical Evaluation of Gated Recurrent Neural Networks". */

import { gruLayer } from '../nn/index.ts';
import { requireOption } from './language-model.ts';
import type { ModelDefinition } from './language-model.ts';
import { defineRecurrent, recurrentConfig } from './recurrent-language-model.ts';
import type { RecurrentConfig, RecurrentLanguageModelOptions } from './recurrent-language-model.ts';

/** Configuration of {@link gru}. */
export interface GruConfig extends RecurrentConfig {
  /** Where the reset gate acts: `after` the product with the state, as in PyTorch, or `before` it, as in the paper. */
  readonly reset: 'after' | 'before';
}

/** What {@link gru} makes. */
export type GruModel = ModelDefinition<'gru', GruConfig>;

/**
 * A language model of gated recurrent units.
 *
 * @param options `layers` defaults to 1, `biases` to 2, `start` to `zeros`, `reset` to `after`
 * @throws UsageError `WEFT_MODEL_SIZE` and `WEFT_MODEL_OPTION` when an option is out of its range
 *
 * @example
 * ```ts
 * import { gru } from 'weft/models';
 *
 * const model = gru({ vocabSize: 27, contextLength: 16, width: 64, hidden: 64, biases: 1, start: 'learned', reset: 'before' });
 * console.log(model.parameters.length); // 7
 * ```
 */
export function gru(options: RecurrentLanguageModelOptions & Partial<GruConfig>): GruModel {
  const config: GruConfig = { reset: 'after', ...recurrentConfig('make a GRU', options, ['reset']) };
  const { reset } = config;
  requireOption('make a GRU', ['reset', reset], { rule: 'after or before', holds: ['after', 'before'].includes(reset) });
  return defineRecurrent('gru', config, {
    states: ['hidden'],
    core: (x, layer, before) => {
      const { output, state } = gruLayer(x, { ...layer, reset }, before?.[0]);
      return { output, after: [state] };
    },
  });
}
