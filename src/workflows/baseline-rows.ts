/** Baselines as rows to show beside a model. */

/** What the baselines of `weft/eval` are called. */
const NAMES: Readonly<Record<string, string>> = {
  ngramBitsPerByte: 'byte 5-gram',
  gzipBitsPerByte: 'gzip -9',
  brotliBitsPerByte: 'brotli',
};

/**
 * The model's bits per byte and those of the baselines, each with its name, the model first.
 *
 * @example
 * ```ts
 * import { comparisonRows } from 'weft/workflows';
 *
 * console.log(comparisonRows(1.5, { gzipBitsPerByte: 2 })[1]); // { name: 'gzip -9', bitsPerByte: 2 }
 * ```
 */
export function comparisonRows(
  bitsPerByte: number,
  baselines: Readonly<Record<string, number>>,
): { readonly name: string; readonly bitsPerByte: number }[] {
  const others = Object.entries(baselines).map(([key, value]) => ({
    name: NAMES[key] ?? key.replace(/BitsPerByte$/, ''),
    bitsPerByte: value,
  }));
  return [{ name: 'this model', bitsPerByte }, ...others.sort((a, b) => a.bitsPerByte - b.bitsPerByte)];
}
