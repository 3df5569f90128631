/** The peer's files: written once, into `bench/serve/.cache`, which git leaves out. */

import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { GgmlFormat } from './ggml-blocks.ts';
import { benchModel, benchWeights } from './model.ts';
import type { ModelChoice } from './model.ts';
import { writeGguf } from './write-gguf.ts';

const FOLDER = fileURLToPath(new URL('.cache/', import.meta.url));
/** Raised whenever weights or files are made in another way, so that old ones are not taken. */
const VERSION = 1;

/** The path of the model in a format. */
export function ggufFile(choice: ModelChoice, format: GgmlFormat, { pure = false }: { readonly pure?: boolean } = {}): string {
  const model = benchModel(choice);
  const { layers, width } = model.config;
  const path = `${FOLDER}v${VERSION}-${layers}x${width}-${format}${pure && format === 'Q4_0' ? '-pure' : ''}.gguf`;
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  writeGguf(path, { model, weights: benchWeights(model) }, { format, pure });
  return path;
}
