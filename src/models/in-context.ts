/** A model in a context of its own: with adapters, say, whoever builds it. Its code is not copied; its layers ask the context. */

import { UsageError } from '../core/index.ts';
import { buildGraph, collectParameters, isKind } from '../graph/index.ts';
import { adapterParameters } from '../nn/index.ts';
import type { AdapterDefinition, BlockMatrix, ForwardContext } from '../nn/index.ts';
import type { LanguageModel } from './index.ts';
import { trace } from './language-model.ts';

/** A linear layer of a model. */
export interface LinearLayer {
  /** Its name, e.g. `blocks.0.attention.query`; its weight is called so, and `.weight`. */
  readonly name: string;
  readonly in: number;
  readonly out: number;
}

/**
 * The linear layers of a model, in the order of their use. A head that is the token embedding is none.
 *
 * @example
 * ```ts
 * import { linearLayers, llama } from 'weft/models';
 *
 * const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * console.log(linearLayers(model).map(({ name }) => name).at(-1)); // head
 * ```
 */
export function linearLayers(model: LanguageModel): readonly LinearLayer[] {
  return buildGraph({ logits: trace(model) }).nodes.flatMap((node) => {
    if (isKind(node, 'blockMatmul')) return [{ name: node.scope, in: node.attributes.in, out: node.attributes.out }];
    const weight = isKind(node, 'matmul') ? node.inputs[1] : undefined;
    if (weight === undefined || !isKind(weight.node, 'input') || weight.node.attributes.name !== `${node.scope}.weight`) return [];
    const [out, width] = weight.shape.map(({ size }) => Number(size)) as [number, number];
    return [{ name: node.scope, in: width, out }];
  });
}

/**
 * A model with adapters: the same definition, to be trained, run or evaluated, whose parameters are the model's and the adapters'.
 *
 * @param model Any language model, also one with adapters.
 * @param adapters Definitions; their names differ.
 * @throws UsageError `WEFT_MODEL_LAYER` when the model has no such layer, or one that takes no adapters.
 *
 * @example
 * ```ts
 * import { llama, withAdapters } from 'weft/models';
 *
 * const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * const layers = new Map([['blocks.0.attention.query', { rank: 2, alpha: 4 }]]);
 * const adapted = withAdapters(model, [{ name: 'poems', layers, rankStabilized: false, dropout: 0 }]);
 * console.log(adapted.parameters.filter(({ name }) => name.includes('.lora.')).map(({ name }) => name)[0]); // blocks.0.attention.query.lora.poems.A
 * ```
 */
export function withAdapters<M extends LanguageModel>(model: M, adapters: readonly AdapterDefinition[]): M {
  const adapted = inContext(model, (context) => ({ ...context, adapters: [...adapters, ...(context.adapters ?? [])] }));
  const known = new Set(adapted.parameters.map(({ name }) => name));
  for (const { name, layers } of adapters)
    for (const layer of layers.keys()) if (!known.has(adapterParameters(name, layer).a)) throw noSuchLayer(model, layer);
  return adapted;
}

/**
 * A model whose linear layers are matrices in 4- or 8-bit blocks: the same definition, to be run, or to be trained with adapters on it.
 * Its parameters lack the weights of those layers. A head that is the token embedding may have a matrix, too, as `head`; the embedding stays.
 *
 * @param blocks By the name of the layer, as `roundWeights` of `weft/formats` makes them.
 * @throws UsageError `WEFT_MODEL_LAYER` when the model has no such layer, or one that takes no matrix in blocks.
 */
export function withBlockWeights<M extends LanguageModel>(model: M, blocks: ReadonlyMap<string, BlockMatrix>): M {
  const rounded = inContext(model, (context) => ({ ...context, blocks: new Map([...(context.blocks ?? []), ...blocks]) }));
  const [before, after] = [model, rounded].map(({ parameters }) => new Set(parameters.map(({ name }) => name)));
  for (const layer of blocks.keys()) {
    if (layer === 'head' && hasTiedHead(model)) continue;
    if (before?.has(`${layer}.weight`) !== true || after?.has(`${layer}.weight`) === true) throw noSuchLayer(model, layer);
  }
  return rounded;
}

/** Whether a model's head is its token embedding. */
export function hasTiedHead({ config }: LanguageModel): boolean {
  return 'tiedHead' in config && config.tiedHead;
}

function noSuchLayer({ architecture }: LanguageModel, layer: string): UsageError {
  return new UsageError({
    code: 'WEFT_MODEL_LAYER',
    action: `change a layer of the ${architecture} model`,
    rule: 'it must be a linear layer of the model that asks its context',
    value: layer,
    remedy: 'Give names that linearLayers lists; a recurrent model or one of a few words (MLP) has no such layers.',
  });
}

/** A model whose context is another than it is built with. */
function inContext<M extends LanguageModel>(model: M, change: (context: ForwardContext) => ForwardContext): M {
  const forward: Pick<M, 'hidden' | 'logits'> = {
    hidden: (ids, context) => model.hidden(ids, change(context)),
    logits: (hidden, context = {}) => model.logits(hidden, change(context)),
  };
  return { ...model, ...forward, parameters: collectParameters([trace(forward)]) };
}
