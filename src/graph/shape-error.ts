/** The form of shape errors: operands with axes, sizes and origin, then one remedy. */

import { ShapeError } from '../core/index.ts';
import { formatShape } from './axis.ts';
import type { Tensor } from './tensor.ts';

const REMEDY: { readonly [code: string]: string } = {
  WEFT_SHAPE_MATMUL: 'Give both sides the same size on that axis, or transpose one of them.',
  WEFT_SHAPE_BROADCAST: 'Sizes must be equal or 1, counted from the last axis: reshape one of them.',
  WEFT_SHAPE_RESHAPE: 'Give a shape with the same number of elements.',
  WEFT_SHAPE_DTYPE: 'Cast one of them with cast(tensor, dtype).',
};

/** What a tensor is called in a message. */
export function describe(tensor: Tensor, fallback: string): string {
  return tensor.label ?? fallback;
}

/** A {@link ShapeError} about `operands`, `[name, tensor]` each. */
export function shapeError(code: string, parts: { readonly action: string; readonly rule: string; readonly value?: string; readonly remedy?: string }, operands: readonly (readonly [string, Tensor])[]): ShapeError {
  const width = Math.max(0, ...operands.map(([name]) => name.length));
  const shapes = operands.map(([, tensor]) => formatShape(tensor.shape));
  const shapeWidth = Math.max(0, ...shapes.map((shape) => shape.length));
  const details = operands.map(([name, tensor], index) => `${name.padEnd(width)}  ${(shapes[index] ?? '').padEnd(shapeWidth)}  ${tensor.dtype}  from ${origin(tensor)}`);
  return new ShapeError({
    code,
    action: parts.action,
    rule: parts.rule,
    ...(parts.value === undefined ? {} : { value: parts.value }),
    remedy: parts.remedy ?? REMEDY[code] ?? 'Check the shapes above.',
    details,
  });
}

function origin(tensor: Tensor): string {
  return tensor.node.scope === '' ? tensor.node.kind : `${tensor.node.kind}  (${tensor.node.scope})`;
}
