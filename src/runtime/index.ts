export { runtimeVersion } from './api.ts';
export { compileGraph, encodeGraph } from './compile.ts';
export type { CompileOptions } from './compile.ts';
export type { BindOptions, Binding } from './binding.ts';
export type { SessionOptions } from './session-options.ts';
export { createSession } from './session.ts';
export type { RunOptions, Session } from './session.ts';
export type { TensorInfo } from './tensor-info.ts';
export { defaultThreads } from './threads.ts';
