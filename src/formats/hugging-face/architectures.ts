/** Every architecture that model folders are read and written for, one a model of `models`, so that none can be forgotten. */

import { FormatError } from '../../core/index.ts';
import type { AnyModel } from '../../models/index.ts';
import type { Architecture } from './architecture.ts';
import { BERT } from './bert.ts';
import { GPT2 } from './gpt2.ts';
import { LLAMA } from './llama.ts';
import { MISTRAL } from './mistral.ts';
import { QWEN2, QWEN3 } from './qwen.ts';
import { TRANSFORMER } from './transformer.ts';

type ArchitectureTable = { readonly [M in AnyModel as M['architecture']]: Architecture<M> };

const ARCHITECTURES: ArchitectureTable = {
  gpt: GPT2,
  llama: LLAMA,
  qwen2: QWEN2,
  qwen3: QWEN3,
  mistral: MISTRAL,
  bert: BERT,
  seq2seq: TRANSFORMER,
};

/** The foreign side of a model. */
export function architectureOf(model: AnyModel): Architecture {
  return ARCHITECTURES[model.architecture];
}

/**
 * The architecture that a `config.json` names, by `architectures` or `model_type`.
 *
 * @throws FormatError `WEFT_FORMAT_ARCHITECTURE` for one that is not known.
 */
export function findArchitecture(json: unknown, path: string): Architecture {
  const { architectures, model_type: modelType } = (typeof json === 'object' && json !== null ? json : {}) as {
    architectures?: unknown;
    model_type?: unknown;
  };
  const className: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const known = Object.values(ARCHITECTURES) as readonly Architecture[];
  const found = known.find(({ classNames, modelType: type }) =>
    className === undefined ? type === modelType : (classNames as readonly unknown[]).includes(className),
  );
  if (found !== undefined) return found;
  throw new FormatError({
    code: 'WEFT_FORMAT_ARCHITECTURE',
    action: `load ${path}`,
    rule: `the architectures known here are ${known.flatMap(({ classNames }) => classNames).join(', ')}`,
    value: (JSON.stringify(className ?? modelType) ?? 'none named').slice(0, 80),
    remedy: 'Give the folder of a model of one of these architectures.',
  });
}
