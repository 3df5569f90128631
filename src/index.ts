/** `weft`: what every room shares. The rooms are subpaths: `weft/tokenizers`, `weft/train`, … */
export {
  BYTES_PER_ELEMENT,
  FormatError,
  ShapeError,
  UsageError,
  WeftError,
  allocate,
  checkOptions,
  createRandom,
  elementCount,
  hash32,
  hostTensor,
  randomFromState,
} from './core/index.ts';
export type { DType, ErrorReport, HostTensor, Random, RandomState, TypedArray } from './core/index.ts';
