export { BYTES_PER_ELEMENT, allocate, elementCount, hostTensor } from './dtype.ts';
export type { DType, HostTensor, TypedArray } from './dtype.ts';
export { FormatError, ShapeError, UsageError, WeftError, checkOptions, nearestTo } from './errors.ts';
export type { ErrorReport } from './errors.ts';
export { makeFolder, sweepUnfinished, writeError, writeFileAtomic } from './files.ts';
export { findNodeModule, nodeModule } from './node-modules.ts';
export { createRandom, hash32, randomFromState } from './random.ts';
export type { Random, RandomState } from './random.ts';
