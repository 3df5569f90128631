/** Distributions of initial weights by the sizes of a layer. */

import type { Initializer } from '../graph/index.ts';

/** U(±√(6 / (in + out))). Glorot and Bengio 2010, equation 16. */
export function xavierUniform(fanIn: number, fanOut: number): Initializer {
  return { kind: 'uniform', bound: Math.sqrt(6 / (fanIn + fanOut)) };
}

/** U(±1/√in), of weights and biases: what PyTorch's `Linear` begins with. */
export function uniformFanIn(fanIn: number): Initializer {
  return { kind: 'uniform', bound: 1 / Math.sqrt(fanIn) };
}
