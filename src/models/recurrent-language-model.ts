/** What the recurrent language models have in common: embeddings, a recurrent layer, logits; and where a text begins. */

import { checkOptions } from '../core/index.ts';
import { axes, expand, parameter, reshape, scope } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { carried, embedding, linear } from '../nn/index.ts';
import type { ForwardContext, RecurrentOptions } from '../nn/index.ts';
import { defineLanguageModel, requireCounts, requireOption } from './language-model.ts';
import type { ModelDefinition } from './language-model.ts';

/** Configuration of a recurrent language model. */
export interface RecurrentConfig {
  readonly vocabSize: number;
  /** Steps that are unrolled at most: tokens of a sequence of training. */
  readonly contextLength: number;
  /** Width of an embedding. */
  readonly width: number;
  /** Width of the state. */
  readonly hidden: number;
  readonly layers: number;
  /** Biases of each layer: two as in PyTorch, one, or none. */
  readonly biases: 0 | 1 | 2;
  /**
   * The state before the first token: `zeros`; a `learned` one; or `carried`, the one after the last token of the same row of the
   * batch before, zeros at first. A text that is read so in order is learned from by truncated back-propagation.
   */
  readonly start: 'zeros' | 'learned' | 'carried';
}

/** Options of a recurrent language model. */
export type RecurrentLanguageModelOptions = Pick<RecurrentConfig, 'vocabSize' | 'contextLength' | 'width' | 'hidden'> &
  Partial<RecurrentConfig>;

/** A recurrent layer over B T C: from the states before (L B F each, or none for zeros) to B T F and the states after. */
export type RecurrentCore = (
  x: Tensor,
  options: RecurrentOptions,
  before: readonly Tensor[] | undefined,
) => { readonly output: Tensor; readonly after: readonly Tensor[] };

/** Defines a recurrent language model whose layer remembers the states named `states`. */
export function defineRecurrent<A extends string, C extends RecurrentConfig>(
  architecture: A,
  config: C,
  { states, core }: { readonly states: readonly string[]; readonly core: RecurrentCore },
): ModelDefinition<A, C> {
  const { vocabSize, width, hidden, layers, biases, start } = config;
  const before = (batch: number, context: ForwardContext): readonly { readonly value: Tensor; set(next: Tensor): void }[] =>
    scope('start', () =>
      states.map((name) => {
        const shape = axes('L B F', layers, batch, hidden);
        if (start === 'carried') return carried(name, { shape }, context);
        const learned = parameter(name, axes('L F', layers, hidden), { kind: 'constant', value: 0 });
        return { value: expand(reshape(learned, axes('L B F', layers, 1, hidden)), shape), set: () => undefined };
      }),
    );
  // PyTorch's initial weights of nn.Linear.
  const initializer: Initializer = { kind: 'uniform', bound: 1 / Math.sqrt(hidden) };
  return defineLanguageModel(architecture, config, {
    hidden: (ids, context) => {
      const embedded = embedding(ids, { name: 'tokens', rows: vocabSize, width, initializer: { kind: 'normal', standardDeviation: 1 } }); // B T C
      const first = start === 'zeros' ? undefined : before(Number(ids.shape[0]?.size), context);
      const options = { name: 'layers', in: width, hidden, layers, biases };
      const { output, after } = core(
        embedded,
        options,
        first?.map(({ value }) => value),
      ); // B T F
      for (const [index, state] of after.entries()) first?.[index]?.set(state);
      return output;
    },
    logits: (x) => linear(x, { name: 'head', in: hidden, out: vocabSize, bias: true, initializer }), // … F -> … V
  });
}

/** The configuration with its defaults, checked; `more` are options that a model has beside the common ones. */
export function recurrentConfig<O extends RecurrentLanguageModelOptions>(
  action: string,
  options: O,
  more: readonly string[] = [],
): O & RecurrentConfig {
  checkOptions(action, options, ['vocabSize', 'contextLength', 'width', 'hidden', 'layers', 'biases', 'start', ...more]);
  const config = { layers: 1, biases: 2, start: 'zeros', ...options } as const;
  const { vocabSize, contextLength, width, hidden, layers, biases, start } = config;
  requireCounts(action, { vocabSize, contextLength, width, hidden, layers });
  requireOption(action, ['biases', biases], { rule: '0, 1 or 2', holds: [0, 1, 2].includes(biases) });
  requireOption(action, ['start', start], { rule: 'zeros, learned or carried', holds: ['zeros', 'learned', 'carried'].includes(start) });
  return config;
}
