/** The options of a session, and ONNX Runtime's object for them. */

import koffi from 'koffi';

import { UsageError, checkOptions } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { call, check, ortApi } from './api.ts';
import type { Address } from './library.ts';
import { checkTensor, createTensor, releaseTensor } from './native-tensor.ts';
import type { NativeTensor } from './native-tensor.ts';
import { defaultThreads } from './threads.ts';

/** Options of {@link createSession}. */
export interface SessionOptions {
  /** Threads that share the work of one operator; default: the physical cores that this process may use. */
  readonly threads?: number;
  /** Rewriting of the graph when it is loaded; default `all`. `none` runs it as it is written. */
  readonly graphOptimization?: 'none' | 'basic' | 'extended' | 'all';
  /** Values of initializers that the model declares with external data, by name. They are copied while the model is loaded, and may be dropped then. */
  readonly initializers?: ReadonlyMap<string, HostTensor>;
  /** Keep freed memory for the next operator (ONNX Runtime's arena); default true: the system's allocator is slower and, for large tensors on Linux, more than twice as large. */
  readonly memoryArena?: boolean;
  /** Plan all memory of a run in one block, after the first run of a shape; default false: it gains no time and costs half as much memory again. */
  readonly memoryPattern?: boolean;
  /** Idle threads wait busily for the next operator, for a moment; default true: faster, at the price of processor time. */
  readonly spinning?: boolean;
  /** Write a profile of every operator to a file with this prefix; its path is `profilePath` once the session is closed. */
  readonly profile?: string;
  /** Further entries of ONNX Runtime's configuration (`session.…`), as its header `onnxruntime_session_options_config_keys.h` lists them. */
  readonly config?: Readonly<Record<string, string>>;
}

/** GraphOptimizationLevel. */
const OPTIMIZATION = { none: 0, basic: 1, extended: 2, all: 99 } as const;
const MAX_THREADS = 1024;
/** Sets the mode of the thread that loads the model and of the session's own, not of the one that runs it: measured, see docs/decisions/012. */
const DENORMAL = 'session.set_denormal_as_zero';

/** The native options, and the values of initializers, which ONNX Runtime copies when it creates the session. */
export interface NativeOptions {
  readonly handle: Address;
  readonly initializers: readonly NativeTensor[];
  readonly initializerBytes: number;
}

/** Throws when an option is unknown or out of its range. */
export function checkSessionOptions(options: SessionOptions): void {
  checkOptions('create a session', options, [
    'threads',
    'graphOptimization',
    'initializers',
    'memoryArena',
    'memoryPattern',
    'spinning',
    'profile',
    'config',
  ]);
  const fail = (rule: string, value: unknown, remedy: string): UsageError =>
    new UsageError({ code: 'WEFT_RUNTIME_OPTION', action: 'create a session', rule, value: String(value), remedy });
  const { threads = 1, graphOptimization = 'all', config = {} } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw fail(`threads are a whole number from 1 to ${MAX_THREADS}`, threads, 'Leave threads out to use every core.');
  if (!Object.hasOwn(OPTIMIZATION, graphOptimization))
    throw fail('the graph optimization is not known', graphOptimization, `Give one of ${Object.keys(OPTIMIZATION).join(', ')}.`);
  if (Object.hasOwn(config, DENORMAL))
    throw fail(
      'denormal numbers would be flushed on some threads only, and results differ from run to run',
      DENORMAL,
      'Leave the entry out.',
    );
}

/** The native options; to be freed, with the values, once the session is created. */
export function createOptions(options: SessionOptions): NativeOptions {
  const {
    threads = defaultThreads(),
    graphOptimization = 'all',
    memoryArena = true,
    memoryPattern = false,
    spinning = true,
    profile,
    config = {},
    initializers = new Map<string, HostTensor>(),
  } = options;
  const api = ortApi();
  const handle = call('CreateSessionOptions');
  const values: NativeTensor[] = [];
  try {
    check(api.SetIntraOpNumThreads(handle, threads));
    check(api.SetSessionGraphOptimizationLevel(handle, OPTIMIZATION[graphOptimization]));
    check(memoryArena ? api.EnableCpuMemArena(handle) : api.DisableCpuMemArena(handle));
    check(memoryPattern ? api.EnableMemPattern(handle) : api.DisableMemPattern(handle));
    if (profile !== undefined) check(api.EnableProfiling(handle, profile));
    const entries = { 'session.intra_op.allow_spinning': spinning ? '1' : '0', ...config };
    for (const [key, value] of Object.entries(entries)) check(api.AddSessionConfigEntry(handle, key, value));
    for (const [name, tensor] of initializers) {
      checkTensor({ name, dtype: tensor.dtype }, tensor);
      values.push(createTensor(tensor));
    }
    if (values.length > 0) {
      const names = cStrings([...initializers.keys()]);
      const addresses = BigUint64Array.from(values, ({ value }) => BigInt(value));
      check(api.AddExternalInitializers(handle, names.pointers, addresses, values.length));
      void names.bytes;
    }
    return { handle, initializers: values, initializerBytes: values.reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (error) {
    api.ReleaseSessionOptions(handle);
    values.forEach(releaseTensor);
    throw error;
  }
}

/** Names as C strings and the array of pointers to them; both to be held as long as they are used. */
export interface CStrings {
  readonly bytes: Uint8Array;
  readonly pointers: BigUint64Array;
}

export function cStrings(texts: readonly string[]): CStrings {
  const encoded = texts.map((text) => Buffer.from(`${text}\0`));
  const bytes = new Uint8Array(new ArrayBuffer(encoded.reduce((sum, text) => sum + text.length, 0)));
  const pointers = new BigUint64Array(new ArrayBuffer(texts.length * 8));
  const start = koffi.address(bytes);
  let offset = 0;
  for (const [index, text] of encoded.entries()) {
    bytes.set(text, offset);
    pointers[index] = start + BigInt(offset);
    offset += text.length;
  }
  return { bytes, pointers };
}
