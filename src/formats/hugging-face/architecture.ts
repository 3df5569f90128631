/** What is known of an architecture in Hugging Face's terms; one entry an architecture, held together in `architectures.ts`. */

import type { AnyModel } from '../../models/index.ts';
import type { WeightTable } from './weight-rules.ts';

/** An architecture's `config.json` and weights. */
export interface Architecture<M extends AnyModel = AnyModel> {
  /** Names of its classes in Hugging Face's transformers, under `architectures`. */
  readonly classNames: readonly string[];
  /** Under `model_type`. */
  readonly modelType: string;
  /** From the fields of a `config.json`: the definition, and what the file asks for that Weft cannot compute. */
  readConfig(json: unknown, path: string): { readonly model: M; readonly unsupported: readonly string[] };
  /** The class of a model; default the first. */
  classNameOf?(model: M): string;
  /** The fields of a `config.json` that describe the model. */
  writeConfig(model: M): Readonly<Record<string, unknown>>;
  /** What of a model no file of this architecture can say; default nothing. */
  unsaid?(model: M): readonly string[];
  readonly weights: WeightTable;
  /** Whether the class of a model writes its weights without the table's prefix; default never. */
  isBare?(model: M): boolean;
}
