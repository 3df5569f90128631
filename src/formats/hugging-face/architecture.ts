/** What is known of an architecture in Hugging Face's terms; one entry an architecture, held together in `architectures.ts`. */

import type { LanguageModel } from '../../models/index.ts';
import type { WeightTable } from './weight-rules.ts';

/** An architecture's `config.json` and weights. */
export interface Architecture<M extends LanguageModel = LanguageModel> {
  /** Name of its class in Hugging Face's transformers, under `architectures`. */
  readonly className: string;
  /** Under `model_type`. */
  readonly modelType: string;
  /** From the fields of a `config.json`: the definition, and what the file asks for that Weft cannot compute. */
  readConfig(json: unknown, path: string): { readonly model: M; readonly unsupported: readonly string[] };
  /** The fields of a `config.json` that describe the model. */
  writeConfig(model: M): Readonly<Record<string, unknown>>;
  readonly weights: WeightTable;
}
