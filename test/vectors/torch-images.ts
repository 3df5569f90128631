/** The numbers that PyTorch gave for images (see make-torch-images.py); their operands come from `numbers` of torch-vectors.ts. */

import { readFileSync } from 'node:fs';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Loss and gradients of a whole model on one batch. Parameter number i in the order of `gradients` is `numbers(100 + i, …)`. */
export interface TorchImageModel {
  readonly loss: number;
  readonly outputs: Readonly<Record<string, Plain>>;
  readonly gradients: Readonly<Record<string, Plain>>;
}

/** The whole file. */
export interface TorchImages {
  readonly provenance: string;
  readonly cases: readonly { readonly name: string; readonly result: Plain; readonly gradients: Readonly<Record<string, Plain>> }[];
  readonly cnn: TorchImageModel;
  readonly vae: TorchImageModel;
}

/** Reads torch-images.json. */
export function torchImages(): TorchImages {
  return JSON.parse(readFileSync(new URL('torch-images.json', import.meta.url), 'utf8')) as TorchImages;
}
