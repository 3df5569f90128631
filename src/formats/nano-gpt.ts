/**
 * nanoGPT's state dicts as safetensors: GPT-2's names with linear layers stored out × in, biases optional.
 * Source: karpathy/nanoGPT, `model.py`. Sizes are read off the tensors; the number of heads cannot be.
 */

import { FormatError, checkOptions } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { gpt } from '../models/index.ts';
import type { GptModel } from '../models/index.ts';
import { GPT2 } from './hugging-face/gpt2.ts';
import { fromForeignWeights } from './hugging-face/weight-rules.ts';
import type { WeightRule, WeightTable } from './hugging-face/weight-rules.ts';
import { openSafetensors } from './safetensors.ts';

/** GPT-2's table, with linear layers as PyTorch stores them; what is absent is absent, not zero. */
const TABLE: WeightTable = { ...GPT2.weights, rules: GPT2.weights.rules.map(({ foreign, ours }): WeightRule => ({ foreign, ours })) };

/**
 * Loads a nanoGPT state dict.
 *
 * @param path - a safetensors file.
 * @param options - `heads`; `activation`: default `gelu`, the exact form, as in today's nanoGPT; `dropout`: default 0.
 * @returns definition and weights by our names.
 * @throws FormatError `WEFT_FORMAT_WEIGHTS` when the tensors are not those of a nanoGPT; UsageError `WEFT_MODEL_HEADS` when the
 *   heads don't divide the width.
 */
export async function loadNanoGpt(
  path: string,
  options: { readonly heads: number; readonly activation?: 'gelu' | 'geluTanh'; readonly dropout?: number },
): Promise<{ readonly model: GptModel; readonly weights: Map<string, HostTensor<'float32'>> }> {
  checkOptions('load a nanoGPT', options, ['heads', 'activation', 'dropout']);
  const file = await openSafetensors(path);
  try {
    const size = (name: string, axis: number): number => {
      const found = file.entries.get(name)?.shape[axis];
      if (found !== undefined && found > 0) return found;
      throw new FormatError({
        code: 'WEFT_FORMAT_WEIGHTS',
        action: `load the weights of ${path}`,
        rule: 'a nanoGPT has the tensor',
        value: name,
        remedy: 'Give the state dict of a nanoGPT model, saved as safetensors.',
      });
    };
    const layers = new Set([...file.entries.keys()].flatMap((name) => /^transformer\.h\.(\d{1,4})\./.exec(name)?.[1] ?? [])).size;
    const model = gpt({
      layers,
      heads: options.heads,
      width: size('transformer.wte.weight', 1),
      hidden: size('transformer.h.0.mlp.c_fc.weight', 0),
      contextLength: size('transformer.wpe.weight', 0),
      vocabSize: size('transformer.wte.weight', 0),
      bias: file.entries.has('transformer.ln_f.bias'),
      activation: options.activation ?? 'gelu',
      dropout: options.dropout ?? 0,
      // A state dict names the tied head a second time, which the table passes over.
      tiedHead: true,
    });
    return {
      model,
      weights: await fromForeignWeights(model, { origin: path, entries: file.entries, read: (name) => file.read(name) }, TABLE),
    };
  } finally {
    await file.close();
  }
}
