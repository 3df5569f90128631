/**
 * Low-rank adapters: which layers, of which rank. Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
 *
 * Decided: all linear layers of the blocks unless told otherwise, as Dettmers et al. 2023 (QLoRA, section 4) found that the number
 * of layers matters more than the rank; the paper itself changed queries and values.
 */

import { UsageError, checkOptions } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { linearLayers, withAdapters } from '../models/index.ts';
import type { LanguageModel } from '../models/index.ts';
import { adapterParameters, initialize } from '../nn/index.ts';
import type { AdapterDefinition, LowRank } from '../nn/index.ts';

/** Short names of layers, as the field calls them, and the ends of our names. */
const TARGETS = {
  q: 'attention.query',
  k: 'attention.key',
  v: 'attention.value',
  o: 'attention.output',
  gate: 'feedForward.gate',
  up: 'feedForward.up',
  down: 'feedForward.down',
} as const;

/** A linear layer by its short name. */
export type LoraTarget = keyof typeof TARGETS;

/** Options of {@link lora}. */
export interface LoraOptions {
  /** Letters, digits, `_` and `-`; adapters that are used together have different names. Default `default`. */
  readonly name?: string;
  /** Default 8. */
  readonly rank?: number;
  /** The update is scaled by alpha/rank; default twice the rank. */
  readonly alpha?: number;
  /** Scale by alpha/√rank instead, which keeps large ranks learning. Kalajdzievski 2023. Default false. */
  readonly rankStabilized?: boolean;
  /** Short names, or expressions for full names such as `blocks.0.attention.query`; default every linear layer of the blocks. */
  readonly targets?: readonly (LoraTarget | RegExp)[];
  /** Rate of dropout on what adapters read, in training; default 0. */
  readonly dropout?: number;
}

/**
 * Defines a low-rank adapter of a model.
 *
 * @returns the definition, for `withAdapters`; it holds no numbers
 * @throws UsageError `WEFT_ADAPTER_OPTION` when an option is out of its range, `WEFT_ADAPTER_TARGETS` when a target matches no layer.
 *
 * @example
 * ```ts
 * import { lora } from 'weft/finetune';
 * import { llama } from 'weft/models';
 *
 * const model = llama({ layers: 2, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * console.log([...lora(model, { rank: 4, targets: ['q', /feedForward\.up$/] }).layers.keys()][1]); // blocks.0.feedForward.up
 * ```
 */
export function lora(model: LanguageModel, options: LoraOptions = {}): AdapterDefinition {
  checkOptions('define an adapter', options, ['name', 'rank', 'alpha', 'rankStabilized', 'targets', 'dropout']);
  const { name = 'default', rank = 8, alpha = 2 * rank, rankStabilized = false, targets, dropout = 0 } = options;
  const known = linearLayers(model).map((layer) => layer.name);
  requireOption(/^[\w-]+$/.test(name), 'name may have letters, digits, _ and -', name);
  requireOption(Number.isSafeInteger(rank) && rank >= 1, 'rank must be a whole number of at least 1', String(rank));
  requireOption(alpha > 0 && Number.isFinite(alpha), 'alpha must be above 0', String(alpha));
  requireOption(dropout >= 0 && dropout < 1, 'dropout must be at least 0 and below 1', String(dropout));
  const low: LowRank = { rank, alpha };
  const chosen = new Set<string>();
  for (const target of targets ?? [/^blocks\./]) {
    const found = known.filter((layer) => (target instanceof RegExp ? target.test(layer) : layer.endsWith(endOf(target))));
    if (found.length === 0) throw noTarget(model, String(target), known);
    for (const layer of found) chosen.add(layer);
  }
  // In the order of the model, whatever the order of the targets.
  return { name, layers: new Map(known.filter((layer) => chosen.has(layer)).map((layer) => [layer, low])), rankStabilized, dropout };
}

/**
 * The numbers that an adapter begins with: A random, B zero, so that it changes nothing yet.
 *
 * @example
 * ```ts
 * import { lora, startAdapter } from 'weft/finetune';
 * import { llama } from 'weft/models';
 *
 * const model = llama({ layers: 1, heads: 2, width: 16, contextLength: 8, vocabSize: 20 });
 * console.log(startAdapter(model, lora(model, { targets: ['q'] }), { seed: 1 }).size); // 2
 * ```
 */
export function startAdapter(
  model: LanguageModel,
  definition: AdapterDefinition,
  { seed }: { readonly seed: number },
): Map<string, HostTensor<'float32'>> {
  const own = new Set([...definition.layers.keys()].flatMap((layer) => Object.values(adapterParameters(definition.name, layer))));
  return initialize(
    withAdapters(model, [definition]).parameters.filter(({ name }) => own.has(name)),
    { seed },
  );
}

function endOf(target: string): string {
  return Object.hasOwn(TARGETS, target) ? `.${TARGETS[target as LoraTarget]}` : `no layer`;
}

function noTarget(model: LanguageModel, target: string, known: readonly string[]): UsageError {
  const names = [...new Set(known.map((layer) => layer.replace(/^blocks\.\d+\./, '')))];
  return new UsageError({
    code: 'WEFT_ADAPTER_TARGETS',
    action: `adapt the ${model.architecture} model`,
    rule: 'each target must match a linear layer',
    value: target.slice(0, 80),
    remedy: `Give ${Object.keys(TARGETS).join(', ')}, or an expression that matches one of ${names.join(', ')}.`,
  });
}

function requireOption(holds: boolean, rule: string, value: string): void {
  if (!holds)
    throw new UsageError({
      code: 'WEFT_ADAPTER_OPTION',
      action: 'define an adapter',
      rule,
      value: value.slice(0, 80),
      remedy: 'Give a value in its range, or leave it out.',
    });
}
