/**
 * Finds and opens the shared library of ONNX Runtime, which ships inside the package onnxruntime-node, through koffi.
 *
 * The stack sizes: koffi runs native code on stacks of its own, 128 KiB for asynchronous calls by default. ONNX Runtime
 * expects an ordinary thread's stack (its graph optimizers recurse), so both are raised before anything is loaded.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import koffi from 'koffi';
import type { TypeObject } from 'koffi';

import { WeftError } from '../core/index.ts';

/** An address in this process, or an opaque handle: user space is far below 2^53 on every platform that Node runs on. */
export type Address = number;

/** A C type of koffi. */
export type CType = string | TypeObject | ReturnType<typeof koffi.out>;

/** The oldest interface that has every function used here (ONNX Runtime 1.24). */
export const API_VERSION = 24;
const STACK_BYTES = 8 * 1024 * 1024;
const LEAST_STACK_BYTES = 1024 * 1024;
/** Longer than the function table of any version; the entries beyond are not read. */
const TABLE_ENTRIES = 391;

const FILES: { readonly [platform: string]: readonly string[] } = {
  linux: ['libonnxruntime.so.1'],
  darwin: ['libonnxruntime.1.dylib'],
  win32: ['onnxruntime.dll'],
};

/** The opened library. */
export interface Library {
  /** koffi unloads a library that nothing refers to, and functions taken from the table do not refer to it. */
  readonly handle: object;
  /** As the library says it, e.g. `1.30.0`. */
  readonly version: string;
  /** The function at an index of the `OrtApi` table. */
  function(index: number, result: string, parameters: readonly CType[]): NativeFunction;
}

/** A C function; `async` runs it on a thread of Node's pool. */
export interface NativeFunction {
  (...parameters: readonly unknown[]): unknown;
  async(...parametersAndCallback: readonly unknown[]): void;
}

let library: Library | undefined;

/** The library, opened at the first call. Throws `WEFT_RUNTIME_LIBRARY` or `WEFT_RUNTIME_VERSION`. */
export function openLibrary(): Library {
  library ??= load(locateLibrary());
  return library;
}

/** The path of the shared library for this platform. */
export function locateLibrary(platform: string = process.platform, architecture: string = process.arch): string {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  } catch (error) {
    throw libraryError('the package onnxruntime-node is not installed', `${platform} ${architecture}`, error);
  }
  const candidates = (FILES[platform] ?? []).map((file) => join(folder, 'bin', 'napi-v6', platform, architecture, file));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw libraryError('onnxruntime-node has no library for this platform', `${platform} ${architecture}`);
  return found;
}

function libraryError(rule: string, value: string, cause?: unknown): WeftError {
  return new WeftError({
    code: 'WEFT_RUNTIME_LIBRARY',
    action: 'load ONNX Runtime',
    rule,
    value,
    remedy: 'Run npm install again, on Linux (x64, arm64), macOS (arm64) or Windows (x64, arm64).',
    cause,
  });
}

function load(path: string): Library {
  const handle = openShared(path);
  // struct OrtApiBase { const OrtApi* (*GetApi)(uint32_t version); const char* (*GetVersionString)(void); }
  const base = BigInt(handle.func('OrtGetApiBase', 'uintptr_t', [])());
  const [getApi = 0, getVersion = 0] = koffi.decode(base, 'uintptr_t', 2) as Address[];
  const version = koffi.decode(BigInt(getVersion), koffi.proto('str', []))() as string;
  checkVersion(version);
  const table = koffi.decode(BigInt(getApi), koffi.proto('uintptr_t', ['uint32_t']))(API_VERSION) as Address;
  if (table === 0) throw versionError(version);
  const entries = koffi.decode(BigInt(table), 'uintptr_t', TABLE_ENTRIES) as Address[];
  return {
    handle,
    version,
    function: (index, result, parameters) =>
      koffi.decode(BigInt(entries[index] ?? 0), koffi.proto(result, [...parameters])) as NativeFunction,
  };
}

/** Throws when a library of this version lacks the interface that is used here; before it is asked, as it would print. */
export function checkVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== 1 || !(minor >= API_VERSION)) throw versionError(version);
}

function versionError(version: string): WeftError {
  return new WeftError({
    code: 'WEFT_RUNTIME_VERSION',
    action: 'use ONNX Runtime',
    rule: `1.${API_VERSION} or a later 1.x is needed`,
    value: version,
    remedy: 'Install the version of onnxruntime-node that the package asks for.',
  });
}

function openShared(path: string): ReturnType<typeof koffi.load> {
  try {
    koffi.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  } catch (error) {
    // Another user of koffi loaded a library before: its sizes hold.
    const { async_stack_size: bytes = 0 } = koffi.config();
    if (bytes < LEAST_STACK_BYTES) throw libraryError('koffi was set up before with too small a stack', `${bytes} bytes`, error);
  }
  try {
    return koffi.load(path);
  } catch (error) {
    throw libraryError('the system cannot load the library', `${path}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

let trim: ((padding: number) => unknown) | undefined;

/**
 * Gives memory that was freed back to the system, where the C library is glibc, which keeps it otherwise. Measured: after
 * loading 256 MB of weights the process is that much smaller, for 23 ms.
 */
export function trimHeap(): void {
  if (process.platform !== 'linux') return;
  try {
    trim ??= koffi.load(null).func('malloc_trim', 'int', ['size_t']) as (padding: number) => unknown;
  } catch {
    trim = () => undefined; // Another C library.
  }
  trim(0);
}
