/** One step of each recurrent network; what can be done for all steps at once is not here but in `recurrent.ts`. */

import { add, matmul, multiply, pad, sigmoid, slice, subtract, tanh } from '../graph/index.ts';
import type { Tensor } from '../graph/index.ts';

/** A recurrent network's step. F is the width of its state. */
export interface Cell {
  /** Blocks of F rows in its weights. */
  readonly gates: number;
  /** Tensors (B F) that it remembers. */
  readonly states: number;
  /** The input's share (N G·F) in the parts that a step takes. */
  cut(projected: Tensor, hidden: number): readonly Tensor[];
  /** From the state's weight (G·F F) and bias (G·F): the step, and the share of the bias that may be added for all steps at once. */
  build(weight: Tensor, bias: Tensor | undefined, hidden: number): { readonly step: Step; readonly shared: Tensor | undefined };
}

/** From the input's share of a step, by parts, and the states before it to the states after; the first of them is put out. */
type Step = (input: readonly Tensor[], states: readonly Tensor[]) => readonly Tensor[];

/** The columns, or the elements of the last axis, of some gates. */
function gates(x: Tensor, hidden: number, [first, end]: readonly [number, number]): Tensor {
  return slice(x, -1, { start: first * hidden, end: end * hidden });
}

/** The rows of some gates. */
function gateRows(weight: Tensor, hidden: number, [first, end]: readonly [number, number]): Tensor {
  return slice(weight, 0, { start: first * hidden, end: end * hidden });
}

const byRows = { transposeB: true };

/** See `rnnLayer`. */
export const rnnCell: Cell = {
  gates: 1,
  states: 1,
  cut: (projected) => [projected],
  build: (weight, bias) => ({
    shared: bias,
    step: ([input], [h]) => [tanh(add(input as Tensor, matmul(h as Tensor, weight, byRows)))],
  }),
};

/** See `gruLayer`. */
export function gruCell(reset: 'after' | 'before'): Cell {
  return {
    gates: 3,
    states: 1,
    cut: (projected, hidden) => [gates(projected, hidden, [0, 2]), gates(projected, hidden, [2, 3])],
    build(weight, bias, hidden) {
      const [gateWeight, newWeight] = [gateRows(weight, hidden, [0, 2]), gateRows(weight, hidden, [2, 3])];
      // What the reset gate multiplies cannot be added before it.
      const newBias = bias === undefined || reset === 'before' ? undefined : gates(bias, hidden, [2, 3]);
      const shared = bias === undefined || reset === 'before' ? bias : pad(gates(bias, hidden, [0, 2]), -1, { before: 0, after: hidden });
      const step: Step = ([gateInput, newInput], [h]) => {
        const [state, own] = [h as Tensor, newInput as Tensor];
        const both = sigmoid(add(gateInput as Tensor, matmul(state, gateWeight, byRows))); // B 2F
        const [r, z] = [gates(both, hidden, [0, 1]), gates(both, hidden, [1, 2])];
        const product = matmul(reset === 'before' ? multiply(r, state) : state, newWeight, byRows);
        const share = newBias === undefined ? product : add(product, newBias);
        const n = tanh(add(own, reset === 'before' ? share : multiply(r, share)));
        return [add(n, multiply(z, subtract(state, n)))]; // (1 - z)∘n + z∘h
      };
      return { step, shared };
    },
  };
}

/** See `lstmLayer`. */
export const lstmCell: Cell = {
  gates: 4,
  states: 2,
  cut: (projected) => [projected],
  build: (weight, bias, hidden) => ({
    shared: bias,
    step([input], [h, c]) {
      const all = add(input as Tensor, matmul(h as Tensor, weight, byRows)); // B 4F
      const both = sigmoid(gates(all, hidden, [0, 2]));
      const [i, f] = [gates(both, hidden, [0, 1]), gates(both, hidden, [1, 2])];
      const cell = add(multiply(f, c as Tensor), multiply(i, tanh(gates(all, hidden, [2, 3]))));
      return [multiply(sigmoid(gates(all, hidden, [3, 4])), tanh(cell)), cell];
    },
  }),
};
