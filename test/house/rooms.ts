/** The rooms of `src/`, who may import whom, and which packages a room may know: the table that `architecture.test.ts` enforces. */

/** What each room may import besides `core` and itself; every entry is a room whose `index.ts` alone may be imported. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  hub: [],
  graph: [],
  monitor: [],
  tokenizers: ['hub'],
  data: ['tokenizers', 'hub'],
  autodiff: ['graph'],
  onnx: ['graph'],
  nn: ['graph'],
  runtime: ['graph', 'onnx'],
  models: ['graph', 'nn'],
  formats: ['graph', 'onnx', 'tokenizers', 'nn', 'models', 'hub'],
  cost: ['tokenizers', 'graph', 'models', 'formats'],
  train: ['data', 'graph', 'autodiff', 'nn', 'runtime', 'models', 'formats'],
  generate: ['tokenizers', 'graph', 'nn', 'runtime', 'models', 'formats'],
  finetune: ['tokenizers', 'data', 'graph', 'nn', 'models', 'formats', 'train', 'generate'],
  eval: ['tokenizers', 'data', 'models', 'runtime', 'generate'],
  guard: ['tokenizers', 'generate'],
  compress: ['graph', 'onnx', 'runtime', 'models', 'formats', 'train', 'eval'],
  serve: ['tokenizers', 'generate', 'guard', 'monitor'],
  workflows:
    'hub graph monitor tokenizers data autodiff onnx nn runtime models formats cost train generate finetune eval guard compress serve'.split(
      ' ',
    ),
  cli: 'hub graph monitor tokenizers data autodiff onnx nn runtime models formats cost train generate finetune eval guard compress serve workflows'.split(
    ' ',
  ),
};

/** Rooms that are no door of the package: `core` is `weft` itself, and `cli` is the program. */
export const NOT_EXPORTED: readonly string[] = ['core', 'cli'];

/** Each package and the rooms that may know it. A package that is not here may be imported by none. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  eld: ['workflows'],
  'fast-png': ['data'],
  koffi: ['runtime'],
  'ml-matrix': ['eval'],
  'onnxruntime-node': ['runtime'],
  'oniguruma-parser': ['tokenizers'],
  '@eslint-community/regexpp': ['generate'],
  protobufjs: ['onnx', 'tokenizers'],
  tinyglobby: ['data', 'workflows'],
  zod: ['tokenizers', 'data', 'formats', 'monitor', 'train', 'generate', 'eval', 'serve', 'workflows', 'cli'],
  '@huggingface/jinja': ['tokenizers'],
  fastify: ['serve'],
  '@fastify/cors': ['serve'],
  'prom-client': ['serve', 'monitor'],
  commander: ['cli'],
  'log-update': ['cli'],
  asciichart: ['cli'],
  picocolors: ['cli'],
  jiti: ['cli'],
};

/** Rooms of pure definitions and functions: no package and no module of Node, so that they run in a browser too. */
export const PURE_ROOMS: readonly string[] = ['graph', 'autodiff', 'nn', 'models', 'cost'];
