/**
 * The functions of ONNX Runtime's C interface that are used here, and what becomes of their statuses.
 *
 * Source: onnxruntime_c_api.h of ONNX Runtime (struct OrtApi). The order of the table is fixed and it is only appended
 * to, so an index is stable; each of these is proven by a test that calls it. `OrtStatus*` is 0 for success.
 */

import koffi from 'koffi';

import { WeftError } from '../core/index.ts';
import { openLibrary } from './library.ts';
import type { Address, CType, NativeFunction } from './library.ts';

const POINTER = 'uintptr_t';

type Signature = readonly [index: number, result: 'status' | 'void' | 'int' | 'bool' | 'str', ...parameters: readonly string[]];

/** Names of functions, as in the header. */
export type ApiName =
  | 'GetErrorCode'
  | 'GetErrorMessage'
  | 'CreateEnv'
  | 'CreateSession'
  | 'CreateSessionFromArray'
  | 'Run'
  | 'CreateSessionOptions'
  | 'EnableProfiling'
  | 'EnableMemPattern'
  | 'DisableMemPattern'
  | 'EnableCpuMemArena'
  | 'DisableCpuMemArena'
  | 'SetSessionGraphOptimizationLevel'
  | 'SetIntraOpNumThreads'
  | 'SessionGetInputCount'
  | 'SessionGetOutputCount'
  | 'SessionGetInputTypeInfo'
  | 'SessionGetOutputTypeInfo'
  | 'SessionGetInputName'
  | 'SessionGetOutputName'
  | 'CreateRunOptions'
  | 'RunOptionsSetTerminate'
  | 'RunOptionsUnsetTerminate'
  | 'CreateTensorWithDataAsOrtValue'
  | 'GetTensorMutableData'
  | 'CastTypeInfoToTensorInfo'
  | 'GetOnnxTypeFromTypeInfo'
  | 'GetTensorElementType'
  | 'GetDimensionsCount'
  | 'GetDimensions'
  | 'GetSymbolicDimensions'
  | 'GetTensorTypeAndShape'
  | 'GetValueType'
  | 'CreateCpuMemoryInfo'
  | 'AllocatorFree'
  | 'GetAllocatorWithDefaultOptions'
  | 'ReleaseStatus'
  | 'ReleaseSession'
  | 'ReleaseValue'
  | 'ReleaseRunOptions'
  | 'ReleaseTypeInfo'
  | 'ReleaseTensorTypeAndShapeInfo'
  | 'ReleaseSessionOptions'
  | 'SessionEndProfiling'
  | 'AddSessionConfigEntry'
  | 'AddExternalInitializers'
  | 'TensorTypeAndShape_HasShape';

/**
 * Index in the table, result, and parameters; `out` is where a pointer or size is written, `outInt` an
 * enumeration's value, `path` a file name as the system takes it.
 */
const SIGNATURES: { readonly [Name in ApiName]: Signature } = {
  GetErrorCode: [1, 'int', POINTER],
  GetErrorMessage: [2, 'str', POINTER],
  CreateEnv: [3, 'status', 'int', 'str', 'out'],
  CreateSession: [7, 'status', POINTER, 'path', POINTER, 'out'],
  CreateSessionFromArray: [8, 'status', POINTER, 'void *', 'size_t', POINTER, 'out'],
  Run: [9, 'status', POINTER, POINTER, POINTER, POINTER, 'size_t', POINTER, 'size_t', POINTER],
  CreateSessionOptions: [10, 'status', 'out'],
  EnableProfiling: [14, 'status', POINTER, 'path'],
  EnableMemPattern: [16, 'status', POINTER],
  DisableMemPattern: [17, 'status', POINTER],
  EnableCpuMemArena: [18, 'status', POINTER],
  DisableCpuMemArena: [19, 'status', POINTER],
  SetSessionGraphOptimizationLevel: [23, 'status', POINTER, 'int'],
  SetIntraOpNumThreads: [24, 'status', POINTER, 'int'],
  SessionGetInputCount: [30, 'status', POINTER, 'out'],
  SessionGetOutputCount: [31, 'status', POINTER, 'out'],
  SessionGetInputTypeInfo: [33, 'status', POINTER, 'size_t', 'out'],
  SessionGetOutputTypeInfo: [34, 'status', POINTER, 'size_t', 'out'],
  SessionGetInputName: [36, 'status', POINTER, 'size_t', POINTER, 'out'],
  SessionGetOutputName: [37, 'status', POINTER, 'size_t', POINTER, 'out'],
  CreateRunOptions: [39, 'status', 'out'],
  RunOptionsSetTerminate: [46, 'status', POINTER],
  RunOptionsUnsetTerminate: [47, 'status', POINTER],
  CreateTensorWithDataAsOrtValue: [49, 'status', POINTER, POINTER, 'size_t', 'void *', 'size_t', 'int', 'out'],
  GetTensorMutableData: [51, 'status', POINTER, 'out'],
  CastTypeInfoToTensorInfo: [55, 'status', POINTER, 'out'],
  GetOnnxTypeFromTypeInfo: [56, 'status', POINTER, 'outInt'],
  GetTensorElementType: [60, 'status', POINTER, 'outInt'],
  GetDimensionsCount: [61, 'status', POINTER, 'out'],
  GetDimensions: [62, 'status', POINTER, 'void *', 'size_t'],
  GetSymbolicDimensions: [63, 'status', POINTER, 'void *', 'size_t'],
  GetTensorTypeAndShape: [65, 'status', POINTER, 'out'],
  GetValueType: [67, 'status', POINTER, 'outInt'],
  CreateCpuMemoryInfo: [69, 'status', 'int', 'int', 'out'],
  AllocatorFree: [76, 'status', POINTER, POINTER],
  GetAllocatorWithDefaultOptions: [78, 'status', 'out'],
  ReleaseStatus: [93, 'void', POINTER],
  ReleaseSession: [95, 'void', POINTER],
  ReleaseValue: [96, 'void', POINTER],
  ReleaseRunOptions: [97, 'void', POINTER],
  ReleaseTypeInfo: [98, 'void', POINTER],
  ReleaseTensorTypeAndShapeInfo: [99, 'void', POINTER],
  ReleaseSessionOptions: [100, 'void', POINTER],
  SessionEndProfiling: [110, 'status', POINTER, POINTER, 'out'],
  AddSessionConfigEntry: [130, 'status', POINTER, 'str', 'str'],
  AddExternalInitializers: [210, 'status', POINTER, 'void *', 'void *', 'size_t'],
  TensorTypeAndShape_HasShape: [390, 'bool', POINTER],
};

/** The C interface, by the names of its header, and what every session shares. */
export type Api = { readonly [Name in ApiName]: NativeFunction } & {
  readonly version: string;
  readonly environment: Address;
  readonly cpuMemory: Address;
  readonly allocator: Address;
};

/** Errors and the run's own warnings arrive as statuses; nothing is printed by the library. */
const LOG_FATAL = 4;
const DEVICE_ALLOCATOR = 0;
const DEFAULT_MEMORY = 0;

let api: Api | undefined;

/** The interface, set up at the first call; it lives as long as the process. */
export function ortApi(): Api {
  if (api !== undefined) return api;
  const library = openLibrary();
  const types: { readonly [name: string]: CType } = {
    out: koffi.out(koffi.pointer(POINTER)),
    outInt: koffi.out(koffi.pointer('int')),
    path: process.platform === 'win32' ? 'str16' : 'str',
    status: POINTER,
  };
  const functions = Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, [index, result, ...parameters]]) => {
      return [
        name,
        library.function(
          index,
          result === 'status' ? POINTER : result,
          parameters.map((parameter) => types[parameter] ?? parameter),
        ),
      ];
    }),
  ) as { readonly [Name in ApiName]: NativeFunction };
  const setUp: Api = { ...functions, version: library.version, environment: 0, cpuMemory: 0, allocator: 0 };
  api = {
    ...setUp,
    environment: out1(setUp, 'CreateEnv', LOG_FATAL, 'weft'),
    cpuMemory: out1(setUp, 'CreateCpuMemoryInfo', DEVICE_ALLOCATOR, DEFAULT_MEMORY),
    allocator: out1(setUp, 'GetAllocatorWithDefaultOptions'),
  };
  return api;
}

/** What went wrong, for the error that a failed status becomes. */
export interface Attempt {
  readonly code: string;
  readonly action: string;
  readonly remedy: string;
}

const INTERNAL: Attempt = {
  code: 'WEFT_RUNTIME_CALL',
  action: 'call ONNX Runtime',
  remedy: 'This is a fault of Weft or of the model: report it with the model.',
};

/** The error of a failed status, which is freed; undefined for success. */
export function takeError(status: unknown, attempt: Attempt = INTERNAL): WeftError | undefined {
  if (status === 0) return undefined;
  const { GetErrorMessage, ReleaseStatus } = ortApi();
  const message = String(GetErrorMessage(status));
  ReleaseStatus(status);
  return new WeftError({ ...attempt, rule: 'ONNX Runtime refused', value: message.replaceAll(/\s+/g, ' ').trim() });
}

/** Throws the error of a failed status. */
export function check(status: unknown, attempt?: Attempt): void {
  const error = takeError(status, attempt);
  if (error !== undefined) throw error;
}

/** Calls a function whose last parameter receives a pointer or number, and returns that. */
export function call(name: ApiName, ...parameters: readonly unknown[]): Address {
  return out1(ortApi(), name, ...parameters);
}

function out1(functions: Api, name: ApiName, ...parameters: readonly unknown[]): Address {
  const out = [0];
  const status = functions[name](...parameters, out);
  // During set-up there is no interface yet to read a message from; it cannot fail but for want of memory.
  if (status !== 0 && api === undefined) throw new WeftError({ ...INTERNAL, rule: 'it could not be set up', value: name });
  check(status);
  return Number(out[0]);
}

/**
 * The version of the ONNX Runtime library in use. Throws `WEFT_RUNTIME_LIBRARY` where there is none.
 *
 * @example
 * ```ts
 * import { runtimeVersion } from 'weft/runtime';
 *
 * console.log(runtimeVersion().split('.')[0]); // 1
 * ```
 */
export function runtimeVersion(): string {
  return openLibrary().version;
}
