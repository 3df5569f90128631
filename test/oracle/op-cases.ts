/** The cases of every kind of operation. Typed by the union of kinds: one without a case does not compile. */

import { ELEMENTWISE_CASES } from './elementwise-cases.ts';
import { IMAGE_CASES } from './image-cases.ts';
import { NEURAL_CASES } from './neural-cases.ts';
import type { OpCases } from './op-case.ts';
import { SHAPE_CASES } from './shape-cases.ts';

export const OP_CASES: OpCases = { ...ELEMENTWISE_CASES, ...SHAPE_CASES, ...NEURAL_CASES, ...IMAGE_CASES };
