/** Every architecture that model folders are read and written for, one a `LanguageModel`, so that none can be forgotten. */

import { FormatError } from '../../core/index.ts';
import type { LanguageModel } from '../../models/index.ts';
import type { Architecture } from './architecture.ts';
import { GPT2 } from './gpt2.ts';
import { LLAMA } from './llama.ts';

type ArchitectureTable = { readonly [M in LanguageModel as M['architecture']]: Architecture<M> };

const ARCHITECTURES: ArchitectureTable = { gpt: GPT2, llama: LLAMA };

/** The foreign side of a model. */
export function architectureOf(model: LanguageModel): Architecture {
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
  const found = known.find((architecture) =>
    className === undefined ? architecture.modelType === modelType : architecture.className === className,
  );
  if (found !== undefined) return found;
  throw new FormatError({
    code: 'WEFT_FORMAT_ARCHITECTURE',
    action: `load ${path}`,
    rule: `the architectures known here are ${known.map((architecture) => architecture.className).join(' and ')}`,
    value: (JSON.stringify(className ?? modelType) ?? 'none named').slice(0, 80),
    remedy: 'Give the folder of a model of one of these architectures.',
  });
}
