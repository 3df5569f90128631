/** Adapters as part of the weights: `W + scale·B·A`, and back. Hu et al. 2021, section 4.1, "no additional inference latency". */

import { UsageError, hostTensor } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { adapterParameters, adapterScale } from '../nn/index.ts';
import type { LowRank } from '../nn/index.ts';
import type { Adapter } from './adapter-folder.ts';

type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/**
 * The weights of the base model with an adapter merged into them. Products are summed in float64 and rounded once, so that logits
 * change by rounding alone.
 *
 * @param weights of the base model, by its parameter names; those that the adapter does not change are shared, not copied
 * @returns weights of the base model's names and shapes
 * @throws UsageError `WEFT_ADAPTER_MERGE` when a layer that the adapter changes is missing or of another size
 *
 * @example
 * ```ts
 * import { lora, startAdapter } from 'weft/finetune';
 * import { mergeAdapter } from 'weft/formats';
 * import { llama } from 'weft/models';
 * import { initialize } from 'weft/nn';
 *
 * const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * const weights = initialize(model.parameters, { seed: 1 });
 * const definition = lora(model);
 * const merged = mergeAdapter(weights, { definition, weights: startAdapter(model, definition, { seed: 2 }) });
 * console.log(merged.size === weights.size); // true
 * ```
 */
export function mergeAdapter(weights: Weights, adapter: Adapter): Map<string, HostTensor<'float32'>> {
  return addUpdates(weights, adapter, 1);
}

/** The weights before {@link mergeAdapter}, to rounding. */
export function unmergeAdapter(weights: Weights, adapter: Adapter): Map<string, HostTensor<'float32'>> {
  return addUpdates(weights, adapter, -1);
}

function addUpdates(weights: Weights, { definition, weights: updates }: Adapter, sign: number): Map<string, HostTensor<'float32'>> {
  const merged = new Map(weights);
  for (const [layer, low] of definition.layers) {
    const names = adapterParameters(definition.name, layer);
    const [weight, a, b] = [weights.get(`${layer}.weight`), updates.get(names.a), updates.get(names.b)];
    const [out = 0, width = 0] = weight?.shape ?? [];
    const fits = a?.shape.join() === [low.rank, width].join() && b?.shape.join() === [out, low.rank].join();
    if (weight === undefined || a === undefined || b === undefined || !fits) throw misfit(layer, { weight, a, b });
    merged.set(`${layer}.weight`, updated(weight, { a: a.data, b: b.data, low, scale: sign * adapterScale(definition, low) }));
  }
  return merged;
}

function updated(
  weight: HostTensor<'float32'>,
  { a, b, low: { rank }, scale }: { readonly a: Float32Array; readonly b: Float32Array; readonly low: LowRank; readonly scale: number },
): HostTensor<'float32'> {
  const [out = 0, width = 0] = weight.shape;
  const data = new Float32Array(weight.data.length);
  const row = new Float64Array(width);
  for (let i = 0; i < out; i++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b[i * rank + r] as number);
      for (let j = 0; j < width; j++) row[j] = (row[j] as number) + factor * (a[r * width + j] as number);
    }
    for (let j = 0; j < width; j++) data[i * width + j] = (weight.data[i * width + j] as number) + (row[j] as number);
  }
  return hostTensor('float32', weight.shape, data);
}

function misfit(layer: string, given: Readonly<Record<string, HostTensor | undefined>>): UsageError {
  const shapes = Object.entries(given).map(
    ([name, tensor]) => `${name} ${tensor === undefined ? 'missing' : `[${tensor.shape.join(', ')}]`}`,
  );
  return new UsageError({
    code: 'WEFT_ADAPTER_MERGE',
    action: `merge an adapter into ${layer}`,
    rule: 'weight, A and B must be out × in, rank × in and out × rank',
    value: shapes.join(', '),
    remedy: 'Merge it into the weights of the model that it was trained on.',
  });
}
