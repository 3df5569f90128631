/**
 * Inputs and outputs that are bound once and run many times: a run is one native call with arguments made beforehand.
 * Measured on a graph of one small operator: see bench/runtime-overhead.ts.
 */

import koffi from 'koffi';

import { UsageError, checkOptions } from '../core/index.ts';
import type { HostTensor } from '../core/index.ts';
import { call, ortApi } from './api.ts';
import type { Address } from './library.ts';
import { checkAlive, checkOverlap, checkTensor, createTensor, live, releaseTensor } from './native-tensor.ts';
import type { NativeTensor } from './native-tensor.ts';
import { busy, runAsync, runSync } from './run.ts';
import type { RunCall } from './run.ts';
import { cStrings } from './session-options.ts';
import { checkOpen } from './session-state.ts';
import type { SessionState } from './session-state.ts';
import type { TensorInfo } from './tensor-info.ts';

/** Inputs and outputs bound to a session: see {@link Session.bind}. */
export interface Binding {
  /**
   * Runs the model on another thread: reads the inputs' arrays, writes the outputs'. Neither may be touched meanwhile.
   * Rejects with `WEFT_RUNTIME_CANCELLED` when `signal` is aborted, `WEFT_RUNTIME_BUSY` while another run of this binding
   * goes on, and `WEFT_RUNTIME_RUN` when the model fails; after each of these the binding can run again.
   */
  run(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Runs the model on this thread, which is faster for runs of a few milliseconds; nothing else happens meanwhile. */
  runSync(): void;
  /** Binds another tensor to an input or output, of another shape where the model lets it vary. */
  set(name: string, tensor: HostTensor): void;
  /** Frees what is bound; the arrays stay. A run that is going on ends first. */
  close(): void;
}

/** Options of {@link Session.bind}. */
export interface BindOptions {
  /**
   * `refused` (default): an output shares memory with nothing, or exactly with one input. `allowed`: also with parts of
   * inputs or with several; the caller answers for it that the graph reads all of them before it writes.
   */
  readonly overlap?: 'refused' | 'allowed';
}

/** One side, inputs or outputs: names and values as C arrays. */
interface Side {
  readonly names: readonly string[];
  readonly infos: readonly TensorInfo[];
  readonly tensors: NativeTensor[];
  /** The addresses of `tensors`' values, as the native call reads them. */
  readonly values: BigUint64Array;
  readonly hold: object;
  readonly namesAddress: Address;
  readonly valuesAddress: Address;
}

/** What a binding owns natively; the finalizer holds it, and it refers to nothing that refers to the binding. */
interface BindingState {
  readonly overlap: 'refused' | 'allowed';
  readonly inputs: Side;
  readonly outputs: Side;
  readonly options: Address;
  released: boolean;
}

/** A binding keeps its session from being collected. */
const owners = new WeakMap<Binding, object>();
const forgottenBindings = new FinalizationRegistry<BindingState>(release);

/** Binds after checking everything; the session, `owner`, is held as long as the binding is. */
export function createBinding(
  owner: { readonly inputs: readonly TensorInfo[]; readonly outputs: readonly TensorInfo[] },
  session: SessionState,
  {
    feeds,
    outputs,
    overlap = 'refused',
  }: BindOptions & { readonly feeds: Readonly<Record<string, HostTensor>>; readonly outputs: Readonly<Record<string, HostTensor>> },
): Binding {
  checkOpen(session);
  checkNames('an input', Object.keys(feeds), owner.inputs);
  const missing = owner.inputs.find(({ name }) => !Object.hasOwn(feeds, name));
  if (missing !== undefined) throw nameError('every input is needed', `${missing.name} is missing`, owner.inputs);
  checkNames('an output', Object.keys(outputs), owner.outputs);
  if (Object.keys(outputs).length === 0) throw nameError('a run needs an output', 'none given', owner.outputs);
  const sides: Side[] = [];
  try {
    const input = createSide(feeds, owner.inputs);
    sides.push(input);
    const output = createSide(outputs, owner.outputs);
    sides.push(output);
    if (overlap === 'refused') checkOverlap(input.tensors, output.tensors);
    return bindingOf(owner, session, { overlap, inputs: input, outputs: output, options: call('CreateRunOptions'), released: false });
  } catch (error) {
    for (const side of sides) side.tensors.forEach(releaseTensor);
    throw error;
  }
}

function bindingOf(owner: object, session: SessionState, state: BindingState): Binding {
  live.runOptions++;
  const { inputs, outputs } = state;
  const native: RunCall = {
    session,
    options: state.options,
    inputNames: inputs.namesAddress,
    inputs: inputs.valuesAddress,
    inputCount: inputs.names.length,
    outputNames: outputs.namesAddress,
    outputs: outputs.valuesAddress,
    outputCount: outputs.names.length,
    terminated: false,
  };
  let running = false;
  let closed = false;
  let changed = false;
  const prepare = (): void => {
    if (running) throw busy('run the model');
    if (closed) throw closedError();
    checkOpen(session);
    checkAlive(inputs.tensors);
    checkAlive(outputs.tensors);
    if (!changed) return;
    if (state.overlap === 'refused') checkOverlap(inputs.tensors, outputs.tensors);
    changed = false;
  };
  const bound = new Map([...sidesOf(outputs), ...sidesOf(inputs)]);
  const binding: Binding = {
    async run(options = {}) {
      checkOptions('run the model', options, ['signal']);
      prepare();
      running = true;
      try {
        await runAsync(native, options.signal);
      } finally {
        running = false;
        // Reached through the binding: it, its arrays and its session cannot be collected before this point.
        if (closed) releaseBinding(binding, state);
      }
    },
    runSync() {
      prepare();
      running = true;
      try {
        runSync(native);
      } finally {
        running = false;
        if (closed) releaseBinding(binding, state);
      }
    },
    set(name, tensor) {
      if (running) throw busy(`bind ${name}`);
      if (closed) throw closedError();
      const place = bound.get(name);
      if (place === undefined) throw nameError('no such input or output is bound', name, [...inputs.infos, ...outputs.infos]);
      checkTensor(place.info, tensor);
      const made = createTensor(tensor);
      const [old] = place.side.tensors.splice(place.index, 1, made);
      place.side.values[place.index] = BigInt(made.value);
      if (old !== undefined) releaseTensor(old);
      changed = true;
    },
    close() {
      closed = true;
      if (!running) releaseBinding(binding, state);
    },
  };
  owners.set(binding, owner);
  forgottenBindings.register(binding, state, binding);
  return binding;
}

/** Where each name is bound. A name may stand for an input and an output: then it means the input. */
function sidesOf(side: Side): [string, { side: Side; index: number; info: TensorInfo }][] {
  return side.infos.map((info, index) => [info.name, { side, index, info }]);
}

function createSide(tensors: Readonly<Record<string, HostTensor>>, known: readonly TensorInfo[]): Side {
  const names = Object.keys(tensors);
  const byName = new Map(known.map((info) => [info.name, info]));
  const infos = names.map((name) => byName.get(name) as TensorInfo);
  for (const info of infos) checkTensor(info, tensors[info.name] as HostTensor);
  const made: NativeTensor[] = [];
  try {
    for (const name of names) made.push(createTensor(tensors[name] as HostTensor));
  } catch (error) {
    made.forEach(releaseTensor);
    throw error;
  }
  const hold = cStrings(names);
  const values = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, names.length)));
  for (const [index, { value }] of made.entries()) values[index] = BigInt(value);
  return {
    names,
    infos,
    tensors: made,
    values,
    hold,
    namesAddress: Number(koffi.address(hold.pointers)),
    valuesAddress: Number(koffi.address(values)),
  };
}

function releaseBinding(binding: object, state: BindingState): void {
  forgottenBindings.unregister(binding);
  release(state);
}

function release(state: BindingState): void {
  if (state.released) return;
  state.released = true;
  for (const tensor of [...state.inputs.tensors, ...state.outputs.tensors]) releaseTensor(tensor);
  ortApi().ReleaseRunOptions(state.options);
  live.runOptions--;
}

/** Throws when one of `names` is not among `known`. */
export function checkNames(what: string, names: readonly string[], known: readonly TensorInfo[]): void {
  const knownNames = new Set(known.map(({ name }) => name));
  const unknown = names.find((name) => !knownNames.has(name));
  if (unknown !== undefined) throw nameError(`the model has no such ${what.split(' ').at(-1)}`, unknown, known);
}

export function nameError(rule: string, value: string, known: readonly TensorInfo[]): UsageError {
  return new UsageError({
    code: 'WEFT_RUNTIME_NAME',
    action: 'run the model',
    rule,
    value,
    remedy: `The model has: ${known.map(({ name }) => name).join(', ')}.`,
  });
}

function closedError(): UsageError {
  return new UsageError({
    code: 'WEFT_RUNTIME_CLOSED',
    action: 'run the model',
    rule: 'its binding was closed',
    value: 'close was called',
    remedy: 'Close a binding after its last run, or make another.',
  });
}
