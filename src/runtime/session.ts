/** Sessions: a model loaded into ONNX Runtime, ready to run. */

import koffi from 'koffi';

import { ShapeError, UsageError, allocate, checkOptions, elementCount } from '../core/index.ts';
import type { HostTensor, TypedArray } from '../core/index.ts';
import { call, ortApi, takeError } from './api.ts';
import type { Attempt } from './api.ts';
import { checkNames, createBinding, nameError } from './binding.ts';
import type { BindOptions, Binding } from './binding.ts';
import { trimHeap } from './library.ts';
import type { Address } from './library.ts';
import { checkAlive, checkTensor, createTensor, live, releaseTensor } from './native-tensor.ts';
import type { NativeTensor } from './native-tensor.ts';
import { runAsync } from './run.ts';
import { checkSessionOptions, createOptions, cStrings } from './session-options.ts';
import type { SessionOptions } from './session-options.ts';
import { checkOpen, closeSession, forgottenSessions } from './session-state.ts';
import type { SessionState } from './session-state.ts';
import { readTensorInfos, readValueType } from './tensor-info.ts';
import type { TensorInfo } from './tensor-info.ts';
import { giveThread, takeThread } from './threads.ts';

/** Loading less than this leaves little behind. */
const TRIM_BYTES = 2 ** 23;

/** A model that is loaded and can run. Several runs may go on at once. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Where the profile was written, once the session is closed; undefined without the option `profile`. */
  readonly profilePath: string | undefined;
  /**
   * Runs the model once, on another thread. Outputs (all, or those named) come in fresh arrays, of the shapes that the
   * run gave them. The arrays of `feeds` are read in place: leave them alone until the promise settles.
   * Rejects with `WEFT_RUNTIME_CANCELLED` when `signal` is aborted and `WEFT_RUNTIME_RUN` when the model fails.
   */
  run(feeds: Readonly<Record<string, HostTensor>>, options?: RunOptions): Promise<Record<string, HostTensor>>;
  /**
   * Binds every input, and the outputs that are wanted, to memory of the caller: for runs without copies and with hardly
   * any work before them. The same array may stand in both: the model then updates it in place, which is right only if
   * the graph reads it before it writes it.
   */
  bind(feeds: Readonly<Record<string, HostTensor>>, outputs: Readonly<Record<string, HostTensor>>, options?: BindOptions): Binding;
  /** Refuses further runs and frees the model, after runs that are going on. */
  close(): void;
}

/** Options of {@link Session.run}. */
export interface RunOptions {
  /** Default: all outputs. */
  readonly outputs?: readonly string[];
  /** Cancels the run. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a model from the bytes of an `.onnx` file or from its path. Loading happens on another thread.
 *
 * @param model bytes, which must not change until the promise settles, or the path of a file.
 * @throws WeftError `WEFT_RUNTIME_MODEL` when ONNX Runtime refuses the model, `WEFT_RUNTIME_LIBRARY` or
 * `WEFT_RUNTIME_VERSION` when it can't be used itself; UsageError `WEFT_RUNTIME_OPTION` for an option out of range.
 * @example
 * ```ts
 * import { encodeModel } from 'weft/onnx';
 * import { createSession } from 'weft/runtime';
 * import { hostTensor } from 'weft';
 *
 * const model = encodeModel({
 *   irVersion: 10, producerName: '', producerVersion: '', opsets: [{ domain: '', version: 21 }], metadata: new Map(),
 *   graph: {
 *     name: 'negate', initializers: [],
 *     nodes: [{ name: '', opType: 'Neg', domain: '', inputs: ['x'], outputs: ['y'], attributes: [] }],
 *     inputs: [{ name: 'x', dataType: 1, shape: ['N'] }],
 *     outputs: [{ name: 'y', dataType: 1, shape: ['N'] }],
 *   },
 * });
 * const session = await createSession(model);
 * const { y } = await session.run({ x: hostTensor('float32', [3], new Float32Array([1, 2, 3])) });
 * console.log(y?.data); // Float32Array(3) [ -1, -2, -3 ]
 *
 * const x = hostTensor('float32', [2]);
 * const binding = session.bind({ x }, { y: x }); // In place.
 * x.data.set([4, 5]);
 * binding.runSync();
 * console.log(x.data); // Float32Array(2) [ -4, -5 ]
 * session.close();
 * ```
 */
export async function createSession(model: Uint8Array | string, options: SessionOptions = {}): Promise<Session> {
  checkSessionOptions(options);
  const named = typeof model === 'string';
  if (!named && Object.prototype.toString.call(model) !== '[object Uint8Array]')
    throw modelError('a model is a path or bytes', Object.prototype.toString.call(model).slice(8, -1));
  if (!named && model.length === 0) throw modelError('its bytes are empty or taken away', '0 bytes');
  const { environment, CreateSession, CreateSessionFromArray, ReleaseSessionOptions } = ortApi();
  const native = createOptions(options);
  const attempt: Attempt = {
    code: 'WEFT_RUNTIME_MODEL',
    action: named ? `load the model ${model}` : 'load the model',
    remedy: 'Give a complete ONNX model whose operators and external data are at hand.',
  };
  try {
    const handle = await new Promise<Address>((resolve, reject) => {
      const out = [0];
      const done = (failure: unknown, status: unknown): void => {
        giveThread();
        const error = failure === null || failure === undefined ? takeError(status, attempt) : failure;
        if (error === undefined) resolve(Number(out[0]));
        else reject(error);
      };
      takeThread(() => {
        try {
          if (named) CreateSession.async(environment, model, native.handle, out, done);
          else CreateSessionFromArray.async(environment, model, model.length, native.handle, out, done);
        } catch (error) {
          giveThread();
          reject(error);
        }
      });
    });
    hold(model); // koffi does not: read on another thread, the bytes must outlive the call.
    live.sessions++;
    return sessionOf({
      handle,
      profiling: options.profile !== undefined,
      running: 0,
      closed: false,
      released: false,
      profilePath: undefined,
    });
  } finally {
    ReleaseSessionOptions(native.handle);
    native.initializers.forEach(releaseTensor);
    // What ONNX Runtime copied and then packed anew it has freed, but the system has not got it back.
    if (native.initializerBytes + (named ? 0 : model.length) > TRIM_BYTES) trimHeap();
  }
}

function modelError(rule: string, value: string): UsageError {
  return new UsageError({
    code: 'WEFT_RUNTIME_MODEL',
    action: 'load the model',
    rule,
    value,
    remedy: 'Give the path of an .onnx file, or its bytes.',
  });
}

function sessionOf(state: SessionState): Session {
  const inputs = readTensorInfos(state.handle, 'Input');
  const outputs = readTensorInfos(state.handle, 'Output');
  const session: Session = {
    inputs,
    outputs,
    get profilePath() {
      return state.profilePath;
    },
    run: (feeds, options = {}) => runOnce(session, state, { feeds, options }),
    bind: (feeds, bound, options = {}) => createBinding(session, state, { feeds, outputs: bound, ...options }),
    close() {
      forgottenSessions.unregister(session);
      closeSession(state);
    },
  };
  forgottenSessions.register(session, state, session);
  return session;
}

async function runOnce(
  { inputs, outputs }: Session,
  state: SessionState,
  { feeds, options }: { readonly feeds: Readonly<Record<string, HostTensor>>; readonly options: RunOptions },
): Promise<Record<string, HostTensor>> {
  checkOptions('run the model', options, ['outputs', 'signal']);
  checkOpen(state);
  checkNames('an input', Object.keys(feeds), inputs);
  const missing = inputs.find(({ name }) => !Object.hasOwn(feeds, name));
  if (missing !== undefined) throw nameError('every input is needed', `${missing.name} is missing`, inputs);
  const wanted = options.outputs ?? outputs.map(({ name }) => name);
  checkNames('an output', wanted, outputs);
  const opaque = outputs.find(({ name, dtype }) => dtype === undefined && wanted.includes(name));
  if (opaque !== undefined)
    throw new ShapeError({
      code: 'WEFT_RUNTIME_DTYPE',
      action: `fetch ${opaque.name}`,
      rule: 'no typed array holds its elements',
      value: opaque.name,
      remedy: 'Name the outputs that are wanted.',
    });
  if (wanted.length === 0) return {};
  for (const info of inputs) checkTensor(info, feeds[info.name] as HostTensor);

  const { ReleaseRunOptions, ReleaseValue } = ortApi();
  const tensors: NativeTensor[] = [];
  const results = new BigUint64Array(new ArrayBuffer(8 * wanted.length));
  let runOptions = 0;
  try {
    for (const { name } of inputs) tensors.push(createTensor(feeds[name] as HostTensor));
    runOptions = call('CreateRunOptions');
    const inputNames = cStrings(inputs.map(({ name }) => name));
    const outputNames = cStrings(wanted);
    const values = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, tensors.length)));
    for (const [index, { value }] of tensors.entries()) values[index] = BigInt(value);
    const address = (array: BigUint64Array): Address => Number(koffi.address(array));
    await runAsync(
      {
        session: state,
        options: runOptions,
        inputNames: address(inputNames.pointers),
        inputs: address(values),
        inputCount: tensors.length,
        outputNames: address(outputNames.pointers),
        outputs: address(results),
        outputCount: wanted.length,
        terminated: false,
      },
      options.signal,
    );
    hold(inputNames, outputNames, values);
    checkAlive(tensors);
    return Object.fromEntries(wanted.map((name, index) => [name, copyOut(Number(results[index]))]));
  } finally {
    for (const value of results) if (value !== 0n) ReleaseValue(Number(value));
    tensors.forEach(releaseTensor);
    if (runOptions !== 0) ReleaseRunOptions(runOptions);
  }
}

/** Marks the end of what native code may read: what is named here is not collected before. */
function hold(...memory: readonly (object | string)[]): void {
  void memory;
}

/** A copy of an OrtValue's elements, as the value itself goes with the run. */
function copyOut(value: Address): HostTensor {
  const info = call('GetTensorTypeAndShape', value);
  try {
    const { dtype, shape } = readValueType(info);
    if (dtype === undefined)
      throw new ShapeError({
        code: 'WEFT_RUNTIME_DTYPE',
        action: 'fetch an output',
        rule: 'no typed array holds its elements',
        value: 'another element type',
        remedy: 'Name the outputs that are wanted.',
      });
    const copy = allocate(dtype, elementCount(shape));
    if (copy.byteLength > 0) {
      const bytes: TypedArray = new Uint8Array(koffi.view(BigInt(call('GetTensorMutableData', value)), copy.byteLength));
      new Uint8Array(copy.buffer).set(bytes);
    }
    return { dtype, shape, data: copy };
  } finally {
    ortApi().ReleaseTensorTypeAndShapeInfo(info);
  }
}
