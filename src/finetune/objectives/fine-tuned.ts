/** Which parameters fine-tuning trains where nobody says. */

import type { LanguageModel } from '../../models/index.ts';
import { isAdapterParameter } from '../../nn/index.ts';

/** The adapters' where the model has some, else all. */
export function fineTuned(model: LanguageModel): (parameterName: string) => boolean {
  return model.parameters.some(({ name }) => isAdapterParameter(name)) ? isAdapterParameter : () => true;
}
