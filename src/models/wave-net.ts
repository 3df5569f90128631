/**
 * A hierarchical language model: two neighbours are fused at each level, until one vector stands for the whole window. Karpathy's
 * makemore, part 5, after the dilated causal convolutions of van den Oord et al. 2016, "WaveNet", section 2.1: the same tree, computed
 * for one window.
 */

import { checkOptions } from '../core/index.ts';
import { axes, reshape, tanh } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';
import { batchNormalization, embedding, linear } from '../nn/index.ts';
import { requireCounts, requireOption } from './language-model.ts';
import { defineWindowModel, evenHead } from './window-model.ts';
import type { WindowDefinition } from './window-model.ts';

/** Configuration of {@link waveNet}. */
export interface WaveNetConfig {
  readonly vocabSize: number;
  /** Tokens that are seen, a power of two. */
  readonly contextLength: number;
  /** Width of an embedding. */
  readonly width: number;
  /** Width of each level. */
  readonly hidden: number;
  /** Stands for what is before the text begins. */
  readonly padToken: number;
}

/** What {@link waveNet} makes. */
export type WaveNetModel = WindowDefinition<'waveNet', WaveNetConfig>;

/** Options of {@link waveNet}. */
export type WaveNetOptions = Pick<WaveNetConfig, 'vocabSize' | 'contextLength' | 'width' | 'hidden'> & Partial<WaveNetConfig>;

/**
 * A language model that fuses neighbours pair by pair, with batch normalisation at each level.
 *
 * @param options `padToken` defaults to 0
 * @throws UsageError `WEFT_MODEL_SIZE` when a size is no positive whole number, `WEFT_MODEL_OPTION` when the context is no power of two
 *
 * @example
 * ```ts
 * import { waveNet } from 'weft/models';
 *
 * const model = waveNet({ vocabSize: 27, contextLength: 8, width: 24, hidden: 128 });
 * console.log(model.parameters.length); // 12
 * ```
 */
export function waveNet(options: WaveNetOptions): WaveNetModel {
  const action = 'make a WaveNet';
  checkOptions(action, options, ['vocabSize', 'contextLength', 'width', 'hidden', 'padToken']);
  const config: WaveNetConfig = { padToken: 0, ...options };
  const { vocabSize, contextLength, width, hidden, padToken } = config;
  requireCounts(action, { vocabSize, contextLength, width, hidden });
  requireOption(action, ['contextLength', contextLength], {
    rule: 'a power of two, at least 2',
    holds: contextLength >= 2 && Number.isInteger(Math.log2(contextLength)),
  });
  requireOption(action, ['padToken', padToken], {
    rule: 'a token',
    holds: Number.isSafeInteger(padToken) && padToken >= 0 && padToken < vocabSize,
  });
  return defineWindowModel('waveNet', config, {
    hidden: (ids, context) => {
      const batch = Number(ids.shape[0]?.size);
      let x: Tensor = embedding(ids, { name: 'tokens', rows: vocabSize, width, initializer: { kind: 'normal', standardDeviation: 1 } }); // B T C
      let [length, channels] = [contextLength, width];
      for (let level = 0; length > 1; level++) {
        length /= 2;
        const pairs = reshape(x, axes('N C', batch * length, 2 * channels)); // B 2·T C -> B·T 2·C
        const initializer = { kind: 'normal', standardDeviation: 1 / Math.sqrt(2 * channels) } as const;
        const fused = linear(pairs, { name: `levels.${level}.fuse`, in: 2 * channels, out: hidden, initializer }); // B·T 2·C -> B·T F
        x = tanh(batchNormalization(fused, { name: `levels.${level}.norm`, width: hidden }, context));
        channels = hidden;
      }
      return x; // B F
    },
    logits: (x) => evenHead(x, { in: hidden, out: vocabSize }), // B F -> B V
  });
}
