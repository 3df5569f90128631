/**
 * The slow, readable twin of the engine: runs a graph in float64, one operation after another, each written as its
 * definition says. Every test of an operation's value and gradient is held against it.
 *
 * Typed by the union of op kinds: an operation without an entry does not compile. It checks on the way that the shape
 * rules told the truth.
 */

import type { DType } from '../../src/core/index.ts';
import type { BlockAttributes, Graph, Node, OpKind, Size, Tensor } from '../../src/graph/index.ts';
import { isKind } from '../../src/graph/index.ts';
import { attend, attendWithCache } from './attention.ts';
import { erf } from './error-function.ts';
import { averagePool, convolve, convolveTransposed, maxPool, maxPoolGradient, normalizeBatch } from './images.ts';
import { fill, fromHost, get, getStretched, places, stretchedShape } from './nd-array.ts';
import type { NdArray, Place } from './nd-array.ts';

/** The number that a size has in this run. */
type SizeOf = (size: Size) => number;

/** From a node and its operands' values to its results' values. */
type Rule<K extends OpKind> = (node: Node<K>, inputs: readonly NdArray[], sizeOf: SizeOf) => readonly NdArray[];

const operand = (inputs: readonly NdArray[], index: number): NdArray => {
  const array = inputs[index];
  if (array === undefined) throw new RangeError(`operand ${index} is missing`);
  return array;
};

/** Element by element, one operand. */
function unary<K extends OpKind>(f: (x: number, node: Node<K>) => number): Rule<K> {
  return (node, inputs) => {
    const x = operand(inputs, 0);
    return [{ ...x, data: x.data.map((value) => f(value, node)) }];
  };
}

/** Element by element, operands stretched to each other. Integers wrap at 32 bits and divisions drop the rest. */
function elementwise(f: (...values: readonly number[]) => number, dtype?: DType): Rule<OpKind> {
  return (_node, inputs) => {
    const result = dtype ?? operand(inputs, inputs.length - 1).dtype;
    const wrap = result === 'int32' ? (value: number): number => value | 0 : (value: number): number => value;
    return [fill(result, stretchedShape(...inputs.map((x) => x.shape)), (at) => wrap(f(...inputs.map((x) => getStretched(x, at)))))];
  };
}

/** Over some axes: `combine` from `start`. */
function reduce(combine: (total: number, value: number) => number, start: number): Rule<'sum' | 'max'> {
  return ({ attributes: { axes, keep } }, inputs) => {
    const x = operand(inputs, 0);
    const totals = new Map<string, number>();
    for (const at of places(x.shape)) {
      const key = at.filter((_, axis) => !axes.includes(axis)).join();
      totals.set(key, combine(totals.get(key) ?? start, get(x, at)));
    }
    const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]));
    const kept = (at: Place): Place => (keep ? at.filter((_, axis) => !axes.includes(axis)) : at);
    return [fill(x.dtype, shape, (at) => totals.get(kept(at).join()) ?? start)];
  };
}

/** The values along the last axis that go with a place. */
function rowAt(x: NdArray, at: Place): readonly number[] {
  return Array.from({ length: x.shape.at(-1) ?? 1 }, (_, index) => get(x, [...at.slice(0, -1), index]));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const logSumExp = (values: readonly number[]): number => {
  const highest = Math.max(...values);
  return highest + Math.log(sum(values.map((value) => Math.exp(value - highest))));
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const replaced = (at: Place, axis: number, position: number): Place => at.map((other, index) => (index === axis ? position : other));
const withLast = (shape: readonly number[], size: number): readonly number[] => [...shape.slice(0, -1), size];

/** GELU and its slope, in its two forms. Hendrycks and Gimpel 2016, section 2. */
const GELU: { readonly [F in 'erf' | 'tanh']: { readonly value: (x: number) => number; readonly slope: (x: number) => number } } = {
  erf: {
    value: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
    slope: (x) => (1 + erf(x / Math.SQRT2)) / 2 + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI),
  },
  tanh: {
    value: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    slope: (x) => {
      const t = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
      return (1 + t) / 2 + (x / 2) * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x ** 2);
    },
  },
};

/** What each kind of operation means. */
const MEANING: { readonly [K in OpKind]: Rule<K> } = {
  input: () => {
    throw new RangeError('inputs are fed');
  },
  constant: (node) => [fromHost(node.attributes.value)],
  negate: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  reciprocal: unary((x) => 1 / x),
  abs: unary(Math.abs),
  tanh: unary(Math.tanh),
  sigmoid: unary(sigmoid),
  erf: unary(erf),
  relu: unary((x) => Math.max(x, 0)),
  gelu: unary((x, node) => GELU[node.attributes.form].value(x)),
  silu: unary((x) => x * sigmoid(x)),
  cast: ({ attributes: { to } }, inputs) => {
    const { shape, data } = operand(inputs, 0);
    const convert =
      to === 'bool' ? (x: number): number => (x === 0 ? 0 : 1) : to.startsWith('float') ? (x: number): number => x : Math.trunc;
    return [{ dtype: to, shape, data: data.map(convert) }];
  },
  add: elementwise((a = 0, b = 0) => a + b),
  subtract: elementwise((a = 0, b = 0) => a - b),
  multiply: elementwise((a = 0, b = 0) => (Math.abs(a * b) > Number.MAX_SAFE_INTEGER && Number.isInteger(a) ? Math.imul(a, b) : a * b)),
  divide: elementwise((a = 0, b = 0) => a / b),
  maximum: elementwise((a = 0, b = 0) => Math.max(a, b)),
  minimum: elementwise((a = 0, b = 0) => Math.min(a, b)),
  less: elementwise((a = 0, b = 0) => Number(a < b), 'bool'),
  equal: elementwise((a = 0, b = 0) => Number(a === b), 'bool'),
  where: elementwise((condition, yes = 0, no = 0) => (condition === 0 ? no : yes)),
  reshape: ({ attributes: { shape } }, inputs, sizeOf) => [{ ...operand(inputs, 0), shape: shape.map(({ size }) => sizeOf(size)) }],
  expand: ({ attributes: { shape } }, inputs, sizeOf) => {
    const x = operand(inputs, 0);
    const target = stretchedShape(
      x.shape,
      shape.map(({ size }) => sizeOf(size)),
    );
    return [fill(x.dtype, target, (at) => getStretched(x, at))];
  },
  transpose: ({ attributes: { permutation } }, inputs) => {
    const x = operand(inputs, 0);
    const shape = permutation.map((from) => x.shape[from] ?? 0);
    const source = (at: Place): Place => x.shape.map((_, axis) => at[permutation.indexOf(axis)] ?? 0);
    return [fill(x.dtype, shape, (at) => get(x, source(at)))];
  },
  slice: ({ attributes: { axis, start, end } }, inputs) => {
    const x = operand(inputs, 0);
    return [fill(x.dtype, replaced(x.shape, axis, end - start), (at) => get(x, replaced(at, axis, (at[axis] ?? 0) + start)))];
  },
  pad: ({ attributes: { axis, before, after } }, inputs) => {
    const x = operand(inputs, 0);
    const size = x.shape[axis] ?? 0;
    const value = (at: Place): number => {
      const from = (at[axis] ?? 0) - before;
      return from < 0 || from >= size ? 0 : get(x, replaced(at, axis, from));
    };
    return [fill(x.dtype, replaced(x.shape, axis, before + size + after), value)];
  },
  concat: ({ attributes: { axis } }, inputs) => {
    const first = operand(inputs, 0);
    const total = sum(inputs.map((x) => x.shape[axis] ?? 0));
    const value = (at: Place): number => {
      let position = at[axis] ?? 0;
      for (const part of inputs) {
        const size = part.shape[axis] ?? 0;
        if (position < size) return get(part, replaced(at, axis, position));
        position -= size;
      }
      throw new RangeError('past the last operand');
    };
    return [fill(first.dtype, replaced(first.shape, axis, total), value)];
  },
  sum: reduce((total, value) => total + value, 0),
  max: reduce(Math.max, -Infinity),
  sumOfSquares: (_node, inputs) => {
    const x = operand(inputs, 0);
    return [{ dtype: x.dtype, shape: [], data: Float64Array.of(sum([...x.data].map((value) => value * value))) }];
  },
  matmul: ({ attributes: { transposeA, transposeB, alpha } }, inputs) => {
    const swap = (x: NdArray): NdArray => {
      const [rows, columns] = x.shape.slice(-2) as [number, number];
      return fill(x.dtype, [...x.shape.slice(0, -2), columns, rows], (at) => get(x, [...at.slice(0, -2), at.at(-1) ?? 0, at.at(-2) ?? 0]));
    };
    const a = transposeA ? swap(operand(inputs, 0)) : operand(inputs, 0);
    const b = transposeB ? swap(operand(inputs, 1)) : operand(inputs, 1);
    const inner = a.shape.at(-1) ?? 0;
    const batch = stretchedShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [
      fill(a.dtype, [...batch, a.shape.at(-2) ?? 0, b.shape.at(-1) ?? 0], (at) => {
        const [row, column] = at.slice(-2) as [number, number];
        const before = at.slice(0, -2);
        let total = 0;
        for (let k = 0; k < inner; k++) total += getStretched(a, [...before, row, k]) * getStretched(b, [...before, k, column]);
        return alpha * total;
      }),
    ];
  },
  gather: (_node, inputs) => {
    const [table, ids] = [operand(inputs, 0), operand(inputs, 1)];
    const rank = ids.shape.length;
    return [
      fill(table.dtype, [...ids.shape, ...table.shape.slice(1)], (at) => get(table, [get(ids, at.slice(0, rank)), ...at.slice(rank)])),
    ];
  },
  scatterRows: ({ attributes: { rows } }, inputs) => {
    const [updates, ids] = [operand(inputs, 0), operand(inputs, 1)];
    const rank = ids.shape.length;
    const hits = places(ids.shape);
    return [
      fill(updates.dtype, [rows, ...updates.shape.slice(rank)], ([row, ...inside]) =>
        sum(hits.filter((at) => get(ids, at) === row).map((at) => get(updates, [...at, ...inside]))),
      ),
    ];
  },
  softmax: (_node, inputs) => {
    const x = operand(inputs, 0);
    return [fill(x.dtype, x.shape, (at) => Math.exp(get(x, at) - logSumExp(rowAt(x, at))))];
  },
  logSoftmax: (_node, inputs) => {
    const x = operand(inputs, 0);
    return [fill(x.dtype, x.shape, (at) => get(x, at) - logSumExp(rowAt(x, at)))];
  },
  layerNorm: ({ attributes: { epsilon } }, inputs) => {
    const [x, weight, bias] = [operand(inputs, 0), operand(inputs, 1), inputs[2]];
    const mean = fill(x.dtype, withLast(x.shape, 1), (at) => sum(rowAt(x, at)) / rowAt(x, at).length);
    const inverse = fill(x.dtype, withLast(x.shape, 1), (at) => {
      const row = rowAt(x, at);
      return 1 / Math.sqrt(sum(row.map((value) => (value - get(mean, at)) ** 2)) / row.length + epsilon);
    });
    const y = fill(x.dtype, x.shape, (at) => {
      const normal = (get(x, at) - getStretched(mean, at)) * getStretched(inverse, at);
      return normal * getStretched(weight, at) + (bias === undefined ? 0 : getStretched(bias, at));
    });
    return [y, mean, inverse];
  },
  rmsNorm: ({ attributes: { epsilon } }, inputs) => {
    const [x, weight] = [operand(inputs, 0), operand(inputs, 1)];
    const inverse = fill(x.dtype, withLast(x.shape, 1), (at) => {
      const row = rowAt(x, at);
      return 1 / Math.sqrt(sum(row.map((value) => value * value)) / row.length + epsilon);
    });
    return [fill(x.dtype, x.shape, (at) => get(x, at) * getStretched(inverse, at) * getStretched(weight, at)), inverse];
  },
  rotary: ({ attributes: { inverse } }, inputs) => {
    const [x, cos, sin] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    const half = (x.shape.at(-1) ?? 0) / 2;
    return [
      fill(x.dtype, x.shape, (at) => {
        // Pairs are (i, i + D/2): turned by the angle of the position, as a complex number.
        const [position, d] = at.slice(-2) as [number, number];
        const [first, second] = [get(x, [...at.slice(0, -1), d % half]), get(x, [...at.slice(0, -1), (d % half) + half])];
        const [c, s] = [get(cos, [position, d % half]), (inverse ? -1 : 1) * get(sin, [position, d % half])];
        return d < half ? first * c - second * s : second * c + first * s;
      }),
    ];
  },
  attention: ({ attributes }, inputs) => attend(inputs, attributes),
  blockMatmul: ({ attributes }, inputs) => {
    const x = operand(inputs, 0);
    const matrix = blockMatrix(attributes, inputs.slice(1));
    return [
      fill(x.dtype, [...x.shape.slice(0, -1), attributes.out], (at) =>
        sum(
          Array.from(
            { length: attributes.in },
            (_, column) => get(x, [...at.slice(0, -1), column]) * get(matrix, [at.at(-1) ?? 0, column]),
          ),
        ),
      ),
    ];
  },
  dequantizeBlocks: ({ attributes }, inputs) => [blockMatrix(attributes, inputs)],
  cachedAttention: ({ attributes }, inputs) => attendWithCache(inputs, attributes),
  crossEntropy: (_node, inputs) => {
    const [logits, targets] = [operand(inputs, 0), operand(inputs, 1)];
    const logProbabilities = fill(logits.dtype, logits.shape, (at) => get(logits, at) - logSumExp(rowAt(logits, at)));
    const losses = fill(logits.dtype, targets.shape, (at) => {
      const target = get(targets, at);
      return target < 0 ? 0 : -get(logProbabilities, [...at, target]);
    });
    return [losses, logProbabilities];
  },
  conv2d: ({ attributes }, inputs) => [convolve([operand(inputs, 0), operand(inputs, 1), inputs[2]], attributes)],
  convTranspose2d: ({ attributes }, inputs) => [convolveTransposed([operand(inputs, 0), operand(inputs, 1), inputs[2]], attributes)],
  maxPool2d: ({ attributes }, inputs) => [maxPool(operand(inputs, 0), attributes)],
  averagePool2d: ({ attributes }, inputs) => [averagePool(operand(inputs, 0), attributes)],
  batchNorm: ({ attributes: { epsilon } }, inputs) => normalizeBatch([operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)], epsilon),
  maxPool2dGradient: ({ attributes }, inputs) => [
    maxPoolGradient([operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)], attributes),
  ],
  geluGradient: (node, inputs) => {
    const { form } = node.attributes;
    return elementwise((x = 0, g = 0) => GELU[form].slope(x) * g)(node, inputs, Number);
  },
  crossEntropyGradient: (_node, inputs) => {
    const [logProbabilities, targets, g] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    return [
      fill(logProbabilities.dtype, logProbabilities.shape, (at) => {
        const [row, column] = at as [number, number];
        const target = get(targets, [row]);
        return target < 0 ? 0 : (Math.exp(get(logProbabilities, at)) - Number(column === target)) * get(g, [row]);
      }),
    ];
  },
  dropoutMask: ({ attributes: { rate } }, inputs) => {
    // Seeds xor each other, square, times 2³²/golden ratio, all modulo 2³²; as a signed number it is dropped below -2³¹ + rate·2³².
    const threshold = Math.min(2 ** 31 - 1, Math.round(-(2 ** 31) + rate * 2 ** 32));
    const hash = (row: number, column: number): number => Math.imul(Math.imul(row ^ column, row ^ column), 0x9e3779b1);
    const [rows, columns] = [operand(inputs, 0), operand(inputs, 1)];
    return [
      fill('float32', stretchedShape(rows.shape, columns.shape), (at) =>
        hash(getStretched(rows, at), getStretched(columns, at)) < threshold ? 0 : 1 / (1 - rate),
      ),
    ];
  },
};

/** A matrix from its blocks, one element at a time. */
function blockMatrix({ bits, blockSize, in: width, out }: BlockAttributes, [values, scales, zeroPoints]: readonly NdArray[]): NdArray {
  const [numbers, perBlock] = [values as NdArray, scales as NdArray];
  /** The number at a place of a row of packed numbers: with 4 bits, the lower half of a byte comes first. */
  const unpack = (array: NdArray, row: number, place: number): number => {
    const perRow = array.data.length / out;
    const byte = array.data[row * perRow + Math.floor((place * bits) / 8)] ?? NaN;
    return bits === 8 ? byte : place % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
  };
  return fill('float32', [out, width], ([row = 0, column = 0]) => {
    const block = Math.floor(column / blockSize);
    const zero = zeroPoints === undefined ? 2 ** (bits - 1) : unpack(zeroPoints, row, block);
    return get(perBlock, [row, block]) * (unpack(numbers, row, column) - zero);
  });
}

/** Runs a graph; gives the value of each output. Feeds are checked against the declared inputs. */
export function evaluateGraph(graph: Graph, feeds: Readonly<Record<string, NdArray>>): Map<string, NdArray> {
  const symbols = new Map<string, number>();
  const sizeOf: SizeOf = (size) => {
    if (typeof size === 'number') return size;
    const known = (part: string): number => {
      const value = symbols.get(part) ?? Number(part);
      if (Number.isNaN(value)) throw new RangeError(`no input says how large ${part} is`);
      return value;
    };
    return sum(size.split('+').map((term) => term.split('·').reduce((product, part) => product * known(part), 1)));
  };
  const values = new Map<Node, readonly NdArray[]>();
  const valueOf = (tensor: Tensor): NdArray => {
    const value = values.get(tensor.node)?.[tensor.index];
    if (value === undefined) throw new RangeError(`${tensor.node.kind} was not computed before its use`);
    return value;
  };
  for (const { attributes } of graph.inputs) {
    const feed = feeds[attributes.name];
    if (feed === undefined) throw new RangeError(`nothing is fed to ${attributes.name}`);
    for (const [axis, { size }] of attributes.shape.entries())
      if (typeof size === 'string' && !/[+·]/.test(size)) symbols.set(size, feed.shape[axis] ?? 0);
  }
  for (const node of graph.nodes) {
    const results = isKind(node, 'input')
      ? [feeds[node.attributes.name] as NdArray]
      : (MEANING[node.kind] as Rule<OpKind>)(node, node.inputs.map(valueOf), sizeOf);
    requireTypes(node, results, sizeOf);
    values.set(node, results);
  }
  return new Map([...graph.outputs].map(([name, tensor]) => [name, valueOf(tensor)]));
}

/** Throws when a shape rule said something else than what was computed. */
function requireTypes(node: Node, results: readonly NdArray[], sizeOf: SizeOf): void {
  if (results.length !== node.outputs.length)
    throw new RangeError(`${node.kind} announced ${node.outputs.length} results, gave ${results.length}`);
  for (const [index, { dtype, shape }] of results.entries()) {
    const announced = node.outputs[index];
    const sizes = announced?.shape.map(({ size }) => sizeOf(size)) ?? [];
    if (announced?.dtype !== dtype || sizes.join() !== shape.join()) {
      throw new RangeError(
        `result ${index} of ${node.kind} was announced as ${announced?.dtype} [${sizes.join(', ')}], came as ${dtype} [${shape.join(', ')}]`,
      );
    }
  }
}
