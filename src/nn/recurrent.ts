/**
 * Recurrent layers, unrolled over the steps of a text or of any other series: Elman's network, the gated unit and the long short-term
 * memory. Equations, order of the gates and shapes of the parameters are PyTorch's (`torch.nn.RNN`, `GRU`, `LSTM`, batch first).
 *
 * Decided: what a step costs is how many operations it has, not their size. The input's share of all steps is one product, with the
 * biases that can be added there; steps are rows `t·B … (t+1)·B` of one matrix, so that a step takes and gives them without a
 * transpose; and gradients of a weight are joined to one product over all steps (`autodiff`).
 */

import { checkOptions, hostTensor } from '../core/index.ts';
import { add, axes, concat, constant, matmul, parameter, reshape, scope, shapeError, slice, transpose } from '../graph/index.ts';
import type { Initializer, Tensor } from '../graph/index.ts';
import { gruCell, lstmCell, rnnCell } from './recurrent-cells.ts';
import type { Cell } from './recurrent-cells.ts';

/** Options of {@link rnnLayer}, {@link gruLayer} and {@link lstmLayer}. */
export interface RecurrentOptions {
  /** Scope of the parameters: for each layer, `0.input.weight` (G·F C), `0.state.weight` (G·F F) and biases (G·F), G gates. */
  readonly name: string;
  /** Width of what is read at a step. */
  readonly in: number;
  /** Width of the state, F. */
  readonly hidden: number;
  /** Layers, each reading the states of the one below; default 1. */
  readonly layers?: number;
  /** Two biases, of the input's share and of the state's, as PyTorch has; one, which can express the same but for GRU; or none. Default 2. */
  readonly biases?: 0 | 1 | 2;
}

/** Options of {@link gruLayer}. */
export interface GruOptions extends RecurrentOptions {
  /**
   * Where the reset gate acts: `after` the product with the state, as in PyTorch and cuDNN (the default), or `before` it, as in Cho et al. 2014.
   */
  readonly reset?: 'after' | 'before';
}

/** What a recurrent layer remembers of a series, L B F. */
export interface Recurrence<S> {
  /** States of the last layer at each step, B T F. */
  readonly output: Tensor;
  /** Of every layer after the last step. */
  readonly state: S;
}

/** The state of {@link lstmLayer}: what is put out, and what is kept, each L B F. */
export interface LstmState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

const NAMES = ['name', 'in', 'hidden', 'layers', 'biases'];

/**
 * Elman's recurrent network: `h' = tanh(Wx·x + bx + Wh·h + bh)`. Elman 1990, "Finding Structure in Time".
 *
 * @param x A series, B T C, of known sizes.
 * @param state What is remembered before the first step, L B F; default zeros.
 * @returns the states of the last layer, B T F, and those of every layer after the last step, L B F
 * @throws ShapeError `WEFT_SHAPE_RECURRENT` when `x` or the state has other axes
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { rnnLayer } from 'weft/nn';
 *
 * const { output, state } = rnnLayer(input('x', 'float32', axes('B T C', 2, 8, 3)), { name: 'rnn', in: 3, hidden: 5 });
 * console.log(formatShape(output.shape), '|', formatShape(state.shape)); // B T F = 2 8 5 | L B F = 1 2 5
 * ```
 */
export function rnnLayer(x: Tensor, options: RecurrentOptions, state?: Tensor): Recurrence<Tensor> {
  checkOptions('make an RNN', options, NAMES);
  const { output, states } = unroll(x, { ...options, cell: rnnCell }, state === undefined ? [] : [state]);
  return { output, state: states[0] as Tensor };
}

/**
 * The gated recurrent unit, gates in the order reset, update, new: `r = σ(…)`, `z = σ(…)`,
 * `n = tanh(Wx·x + bx + r∘(Wh·h + bh))`, `h' = (1 - z)∘n + z∘h`. Cho et al. 2014, "Learning Phrase Representations", section 2.3.
 *
 * @param x A series, B T C, of known sizes.
 * @param options `reset: 'before'` for `n = tanh(Wx·x + bx + Wh·(r∘h) + bh)`.
 * @param state What is remembered before the first step, L B F; default zeros.
 * @returns the states of the last layer, B T F, and those of every layer after the last step, L B F
 * @throws ShapeError `WEFT_SHAPE_RECURRENT` when `x` or the state has other axes
 *
 * @example
 * ```ts
 * import { axes, collectParameters, formatShape, input } from 'weft/graph';
 * import { gruLayer } from 'weft/nn';
 *
 * const { output } = gruLayer(input('x', 'float32', axes('B T C', 2, 8, 3)), { name: 'gru', in: 3, hidden: 5 });
 * console.log(collectParameters([output]).map(({ name, shape }) => `${name} ${formatShape(shape)}`)[0]); // gru.0.input.weight C C = 15 3
 * ```
 */
export function gruLayer(x: Tensor, options: GruOptions, state?: Tensor): Recurrence<Tensor> {
  checkOptions('make a GRU', options, [...NAMES, 'reset']);
  const { output, states } = unroll(x, { ...options, cell: gruCell(options.reset ?? 'after') }, state === undefined ? [] : [state]);
  return { output, state: states[0] as Tensor };
}

/**
 * The long short-term memory, gates in the order input, forget, cell, output: `c' = σ(f)∘c + σ(i)∘tanh(g)`, `h' = σ(o)∘tanh(c')`.
 * Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
 *
 * @param x A series, B T C, of known sizes.
 * @param state What is remembered before the first step, L B F each; default zeros.
 * @returns the states of the last layer, B T F, and those of every layer after the last step, L B F each
 * @throws ShapeError `WEFT_SHAPE_RECURRENT` when `x` or the state has other axes
 *
 * @example
 * ```ts
 * import { axes, formatShape, input } from 'weft/graph';
 * import { lstmLayer } from 'weft/nn';
 *
 * const { state } = lstmLayer(input('x', 'float32', axes('B T C', 2, 8, 3)), { name: 'lstm', in: 3, hidden: 5, layers: 2 });
 * console.log(formatShape(state.cell.shape)); // L B F = 2 2 5
 * ```
 */
export function lstmLayer(x: Tensor, options: RecurrentOptions, state?: LstmState): Recurrence<LstmState> {
  checkOptions('make an LSTM', options, NAMES);
  const { output, states } = unroll(x, { ...options, cell: lstmCell }, state === undefined ? [] : [state.hidden, state.cell]);
  return { output, state: { hidden: states[0] as Tensor, cell: states[1] as Tensor } };
}

/** Runs the cells of all layers over all steps. */
function unroll(
  x: Tensor,
  { name, in: width, hidden, layers = 1, biases = 2, cell }: RecurrentOptions & { readonly cell: Cell },
  before: readonly Tensor[],
): { readonly output: Tensor; readonly states: readonly Tensor[] } {
  const [batch, time] = requireSeries(x, width);
  for (const state of before) requireState(state, [layers, batch, hidden]);
  const initializer: Initializer = { kind: 'uniform', bound: 1 / Math.sqrt(hidden) };
  const rows = cell.gates * hidden;
  let series = reshape(transpose(x, [1, 0, 2]), axes('N C', time * batch, width)); // B T C -> T·B C
  const after: Tensor[][] = Array.from({ length: cell.states }, () => []);
  for (let layer = 0; layer < layers; layer++) {
    scope(`${name}.${layer}`, () => {
      const weights = (part: string, columns: number): Tensor =>
        scope(part, () => parameter('weight', axes('C C', rows, columns), initializer));
      const bias = (part: string): Tensor => scope(part, () => parameter('bias', axes('C', rows), initializer));
      const { step, shared } = cell.build(weights('state', hidden), biases === 2 ? bias('state') : undefined, hidden);
      let projected = matmul(series, weights('input', layer === 0 ? width : hidden), { transposeB: true }); // T·B C -> T·B G·F
      const both = [...(biases > 0 ? [bias('input')] : []), ...(shared === undefined ? [] : [shared])];
      if (both.length > 0) projected = add(projected, both.reduce(add));
      let states: readonly Tensor[] = Array.from({ length: cell.states }, (_, index) => {
        const given = before[index];
        return given === undefined ? zeros(batch, hidden) : layerOf(given, layer, [batch, hidden]);
      });
      const parts = cell.cut(projected, hidden);
      const outputs = Array.from({ length: time }, (_, index) => {
        const range = { start: index * batch, end: (index + 1) * batch };
        states = step(
          parts.map((part) => slice(part, 0, range)), // T·B … -> B …
          states,
        );
        return states[0] as Tensor;
      });
      for (const [index, state] of states.entries()) after[index]?.push(reshape(state, axes('L B F', 1, batch, hidden)));
      series = concat(outputs, 0); // T·B F
    });
  }
  return {
    output: transpose(reshape(series, axes('T B F', time, batch, hidden)), [1, 0, 2]), // T·B F -> B T F
    states: after.map((list) => (list.length === 1 ? (list[0] as Tensor) : concat(list, 0))), // L B F
  };
}

function zeros(...shape: readonly number[]): Tensor {
  return constant(hostTensor('float32', shape));
}

/** One layer's state: L B F -> B F. */
function layerOf(state: Tensor, layer: number, [batch, hidden]: readonly [number, number]): Tensor {
  const own = state.shape[0]?.size === 1 ? state : slice(state, 0, { start: layer, end: layer + 1 });
  return reshape(own, axes('B F', batch, hidden));
}

function requireSeries(x: Tensor, width: number): readonly [batch: number, time: number] {
  const [batch, time, last] = x.shape.map(({ size }) => size);
  if (x.shape.length === 3 && typeof batch === 'number' && typeof time === 'number' && last === width) return [batch, time];
  throw shapeError(
    'WEFT_SHAPE_RECURRENT',
    {
      action: 'unroll a recurrent layer',
      rule: `a series has the axes B T C, sizes known and C = ${width}`,
      remedy: 'Give a series of a fixed number of steps, whose width is the option `in`.',
    },
    [['x', x]],
  );
}

function requireState(state: Tensor, sizes: readonly number[]): void {
  if (state.shape.map(({ size }) => size).join() === sizes.join()) return;
  throw shapeError(
    'WEFT_SHAPE_RECURRENT',
    {
      action: 'unroll a recurrent layer',
      rule: `a state has the axes L B F = ${sizes.join(' ')}`,
      remedy: 'Give the state that the same layer put out for as many series.',
    },
    [['state', state]],
  );
}
