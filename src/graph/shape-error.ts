/** The form of shape errors: operands with axes, sizes and origin (dtypes where they differ), then one remedy. */

import { ShapeError } from '../core/index.ts';
import { formatShape } from './axis.ts';
import type { Tensor } from './tensor.ts';

const REMEDY: { readonly [code: string]: string } = {
  WEFT_SHAPE_MATMUL: 'Give both sides the same size on that axis, or transpose one of them.',
  WEFT_SHAPE_BROADCAST: 'Sizes must be equal or 1, counted from the last axis: reshape one of them.',
  WEFT_SHAPE_RESHAPE: 'Give a shape with the same number of elements.',
  WEFT_SHAPE_AXIS: 'Axes count from 0, or backwards from -1.',
  WEFT_SHAPE_ROWS: 'Give an integer id for each row, and a table of rows.',
  WEFT_SHAPE_SIZE: 'Give whole numbers of at least 1, or a name for an axis whose size is known at run time only.',
  WEFT_SHAPE_DTYPE: 'Cast one of them with cast(tensor, dtype).',
};

/** What a tensor is called in a message. */
export function describe(tensor: Tensor, fallback: string): string {
  return tensor.label ?? fallback;
}

/** A {@link ShapeError} about `operands`, `[name, tensor]` each. */
export function shapeError(
  code: string,
  parts: { readonly action: string; readonly rule: string; readonly value?: string; readonly remedy?: string },
  operands: readonly (readonly [string, Tensor])[],
): ShapeError {
  const mixed = new Set(operands.map(([, tensor]) => tensor.dtype)).size > 1;
  const table = operands.map(([name, { node, shape, dtype }]) => [
    name,
    formatShape(shape),
    ...(mixed ? [dtype] : []),
    ` from ${node.kind}`,
    place(node.scope),
  ]);
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const details = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return new ShapeError({
    code,
    action: parts.action,
    rule: parts.rule,
    ...(parts.value === undefined ? {} : { value: parts.value }),
    remedy: parts.remedy ?? REMEDY[code] ?? 'Check the shapes above.',
    details,
  });
}

/** Where a tensor was made, as it reads: `blocks.3.attention` is `(block 3, attention)`. */
function place(scope: string): string {
  return scope === '' ? '' : `(${scope.replace(/(\w+)s\.(\d+)/g, '$1 $2').replaceAll('.', ', ')})`;
}
