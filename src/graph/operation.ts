/** Making nodes, and the leaves of a graph: what is fed, trained, carried or constant. */

import { hostTensor } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';
import { axes } from './axis.ts';
import type { Shape } from './axis.ts';
import type { Initializer, OpAttributes, OpKind } from './op-kinds.ts';
import { shapeError } from './shape-error.ts';
import { SHAPE_RULES } from './shape-rules.ts';
import { scopedName, segmentNow } from './tensor.ts';
import type { Node, Tensor } from './tensor.ts';

/**
 * Makes a node of any kind and returns its results. The functions named after the kinds are its readable forms.
 *
 * @throws ShapeError when the operands do not fit the operation.
 *
 * @example
 * ```ts
 * import { axes, input, operation } from 'weft/graph';
 *
 * const [y] = operation('gelu', [input('x', 'float32', axes('T', 4))], { form: 'tanh' });
 * console.log(y?.node.kind); // gelu
 * ```
 */
export function operation<K extends OpKind>(kind: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): readonly Tensor[] {
  const outputs = SHAPE_RULES[kind](inputs, attributes);
  const segment = segmentNow();
  const node: Node<K> = { kind, attributes, inputs, outputs, scope: scopedName(), ...(segment === undefined ? {} : { segment }) };
  return outputs.map((type, index) => ({ node: node as Node, index, dtype: type.dtype, shape: type.shape }));
}

/** The first result of {@link operation}. */
export function single<K extends OpKind>(kind: K, inputs: readonly Tensor[], attributes: OpAttributes[K]): Tensor {
  return operation(kind, inputs, attributes)[0] as Tensor;
}

/**
 * A tensor fed at each run.
 *
 * @param name Its name when the graph runs; a scope does not change it.
 * @throws ShapeError `WEFT_SHAPE_SIZE` when a size is no whole number of at least 1.
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 *
 * const ids = input('ids', 'int32', axes('B T', 8, 'T'));
 * console.log(formatShape(ids.shape)); // B T = 8 T
 * ```
 */
export function input(name: string, dtype: DType, shape: Shape): Tensor {
  return { ...single('input', [], { name, dtype, shape, role: 'feed' }), label: name };
}

/**
 * State that is carried from run to run, such as a moment of an optimizer or a cache; dtype float32 unless given.
 *
 * @param initializer How it begins, where it belongs to the model as a parameter does; without one it begins as zeros.
 */
export function state(name: string, shape: Shape, dtype: DType = 'float32', initializer?: Initializer): Tensor {
  const given = initializer === undefined ? {} : { initializer };
  return { ...single('input', [], { name, dtype, shape, role: 'state', ...given }), label: name };
}

/**
 * A trained weight, float32. Called for twice by one name and shape, it is one parameter.
 *
 * @param name Its name behind the scope, see {@link scope}.
 *
 * @example
 * ```ts
 * import { axes, parameter, scope } from 'weft/graph';
 *
 * const bias = scope('head', () => parameter('bias', axes('V', 50), { kind: 'constant', value: 0 }));
 * console.log(bias.label); // head.bias
 * ```
 */
export function parameter(name: string, shape: Shape, initializer: Initializer): Tensor {
  const full = scopedName(name);
  return { ...single('input', [], { name: full, dtype: 'float32', shape, role: 'parameter', initializer }), label: full };
}

/** A constant array, its axes named by `names` (`'T D'`) or not at all. The array must not change afterwards. */
export function constant(value: HostTensor, names = ''): Tensor {
  return single('constant', [], { value, shape: axes(names, ...value.shape) });
}

/**
 * A constant number; dtype float32 unless given.
 *
 * @throws ShapeError `WEFT_SHAPE_DTYPE` when an integer dtype cannot hold it.
 */
export function scalar(value: number, dtype: DType = 'float32'): Tensor {
  if (!dtype.startsWith('float') && !Number.isInteger(value)) {
    throw shapeError(
      'WEFT_SHAPE_DTYPE',
      { action: `make the constant ${value}`, rule: 'the other operand holds whole numbers', value: dtype },
      [],
    );
  }
  const tensor = hostTensor(dtype, []);
  tensor.data[0] = dtype === 'int64' ? BigInt(value) : value;
  return constant(tensor);
}
