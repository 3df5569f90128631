/**
 * Names of weights, ours and foreign, as tables that read in both directions; the only code that knows how foreign
 * tensors are laid out. A table lists rules; the rest is here, once.
 */

import { FormatError, elementCount, hostTensor } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import type { ParameterSpec } from '../../graph/index.ts';

/** Weights by our parameter names. */
export type Weights = ReadonlyMap<string, HostTensor<'float32'>>;

/** One foreign tensor and what it is for us. `*` stands for the number of a layer. */
export interface WeightRule {
  readonly foreign: string;
  /** Our parameters, stacked along their first axis where there are several. */
  readonly ours: readonly string[];
  /** The foreign tensor is stored in × out; ours are out × in. */
  readonly transposed?: boolean;
  /** Models without these parameters of ours are written with zeros in their place, as the format has no model without. */
  readonly zeros?: boolean;
}

/** How an architecture's weights are called elsewhere. */
export interface WeightTable {
  readonly rules: readonly WeightRule[];
  /** Beginning of foreign names that some files leave out. */
  readonly prefix?: string;
  /** Foreign tensors that hold nothing a model learnt, or a second copy. */
  readonly ignored: readonly RegExp[];
  /** Endings of foreign names that some files write otherwise. */
  readonly aliases?: readonly (readonly [ending: RegExp, other: string])[];
  /** Foreign names of what stands upon the model, which a reader may replace. */
  readonly heads?: RegExp;
}

/** What has weights: a model of any kind. */
export interface Weighted {
  readonly architecture: string;
  readonly parameters: readonly ParameterSpec[];
}

/** Foreign tensors to read from: what there is, and the means to read one. */
export interface WeightSource {
  /** What the messages call it, e.g. the folder. */
  readonly origin: string;
  readonly entries: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>;
  read(name: string): Promise<HostTensor>;
}

/** A rule for one layer of one model. */
export interface Placement {
  readonly foreign: string;
  readonly parts: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly shape: readonly number[];
  readonly transposed: boolean;
  /** Our model has these parameters not: zeros elsewhere. */
  readonly zeros: boolean;
}

/** Our weights under their foreign names and in the foreign layout. */
export function toForeignWeights(
  model: Weighted,
  weights: Weights,
  table: WeightTable & { readonly bare?: boolean },
): Map<string, HostTensor> {
  requireWeights(model, weights);
  const { prefix = '', bare = false } = table;
  const foreign = new Map<string, HostTensor>();
  for (const { foreign: full, parts, shape, transposed, zeros } of placements(model, table)) {
    const name = bare && full.startsWith(prefix) ? full.slice(prefix.length) : full;
    const data = new Float32Array(elementCount(shape));
    if (!zeros)
      stack(
        parts.map((part) => weights.get(part.name)?.data ?? new Float32Array(0)),
        data,
      );
    foreign.set(name, hostTensor('float32', shape, transposed ? transpose(data, shape[1] ?? 1, shape[0] ?? 1) : data));
  }
  return foreign;
}

/**
 * Reads a model's weights from foreign tensors, each once.
 *
 * @throws FormatError `WEFT_FORMAT_WEIGHTS` that names every weight which is missing, in excess, or of another shape or dtype,
 *   before any of them is read.
 */
export async function fromForeignWeights(
  model: Weighted,
  source: WeightSource,
  table: WeightTable & { readonly otherHeads?: boolean },
): Promise<Map<string, HostTensor<'float32'>>> {
  const bare = table.prefix !== undefined && ![...source.entries.keys()].some((name) => name.startsWith(table.prefix ?? ''));
  const nameThere = (name: string): string => {
    const own = bare && name.startsWith(table.prefix ?? '') ? name.slice(table.prefix?.length) : name;
    const others = (table.aliases ?? []).map(([ending, other]) => own.replace(ending, other));
    return source.entries.has(own) ? own : (others.find((other) => other !== own && source.entries.has(other)) ?? own);
  };
  const wanted = placements(model, table);
  // What stands upon the model may be missing, or be another's.
  const heads = table.otherHeads === true ? table.heads : undefined;
  requireEntries(source, wanted, { nameThere, ignored: [...table.ignored, ...(heads === undefined ? [] : [heads])], heads });
  const weights = new Map<string, HostTensor<'float32'>>();
  for (const { foreign, parts, shape, transposed, zeros } of wanted) {
    const name = nameThere(foreign);
    if (!source.entries.has(name)) continue;
    const { data: read } = await source.read(name);
    if (!(read instanceof Float32Array)) throw new TypeError(`${name} was announced as floats`);
    if (zeros) {
      if (read.some((value) => value !== 0)) throw unexpectedBias(source.origin, name);
      continue;
    }
    const data = transposed ? transpose(read, shape[0] ?? 1, shape[1] ?? 1) : read;
    let offset = 0;
    for (const part of parts) {
      const length = elementCount(part.shape);
      weights.set(part.name, hostTensor('float32', part.shape, parts.length === 1 ? data : data.slice(offset, offset + length)));
      offset += length;
    }
  }
  return new Map(
    model.parameters
      .flatMap(({ name }) => [[name, weights.get(name)] as const])
      .filter((entry): entry is [string, HostTensor<'float32'>] => entry[1] !== undefined),
  );
}

/** The rules of a table that apply to a model, for each of its layers. */
export function placements(model: Weighted, table: WeightTable): readonly Placement[] {
  const shapes = new Map(model.parameters.map(({ name, shape }) => [name, shape.map(({ size }) => Number(size))]));
  const found: Placement[] = [];
  for (const rule of table.rules) {
    const layers = rule.foreign.includes('*') ? layersOf(model, rule.ours[0] ?? '') : 1;
    for (let layer = 0; layer < layers; layer++) {
      const at = (name: string): string => name.replace('*', String(layer));
      // Where a bias is absent its size is that of its weight's first axis.
      const ours = rule.ours.map((name) => ({
        name: at(name),
        shape: shapes.get(at(name)),
        rows: shapes.get(at(name).replace(/bias$/, 'weight'))?.[0],
      }));
      const absent = ours.some(({ shape }) => shape === undefined);
      if (absent && rule.zeros !== true) continue;
      const parts = ours.map(({ name, shape, rows }) => ({ name, shape: shape ?? [rows ?? 0] }));
      const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
      const stacked = [rows, ...(parts[0]?.shape.slice(1) ?? [])];
      const transposed = rule.transposed === true;
      found.push({ foreign: at(rule.foreign), parts, shape: transposed ? stacked.toReversed() : stacked, transposed, zeros: absent });
    }
  }
  return found;
}

/** How many layers a model has where our name has its `*`. */
function layersOf({ parameters }: Weighted, ours: string): number {
  const before = ours.slice(0, ours.indexOf('*'));
  const numbers = parameters.flatMap(({ name }) => (name.startsWith(before) ? [Number.parseInt(name.slice(before.length), 10)] : []));
  return Math.max(-1, ...numbers) + 1;
}

function stack(parts: readonly Float32Array[], into: Float32Array): void {
  let offset = 0;
  for (const part of parts) {
    into.set(part, offset);
    offset += part.length;
  }
}

/** A matrix of `rows` × `columns`, turned. */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = data[row * columns + column] ?? 0;
  }
  return turned;
}

/** Foreign dtypes that are read as float32, exactly. */
const FLOATS: readonly string[] = ['F32', 'F16', 'BF16'];

function requireEntries(
  { origin, entries }: WeightSource,
  wanted: readonly Placement[],
  {
    nameThere,
    ignored,
    heads,
  }: { readonly nameThere: (name: string) => string; readonly ignored: readonly RegExp[]; readonly heads: RegExp | undefined },
): void {
  const wrong: string[] = [];
  const known = new Set(wanted.map(({ foreign }) => nameThere(foreign)));
  for (const { foreign, shape, zeros } of wanted) {
    const name = nameThere(foreign);
    const entry = entries.get(name);
    if (entry === undefined) {
      if (!zeros && heads?.test(foreign) !== true) wrong.push(`${name} is missing`);
    } else if (entry.shape.join() !== shape.join()) {
      wrong.push(`${name} is [${entry.shape.join(', ')}], [${shape.join(', ')}] expected`);
    } else if (!FLOATS.includes(entry.dtype)) {
      wrong.push(`${name} has the dtype ${entry.dtype}, ${FLOATS.join(', ')} expected`);
    }
  }
  for (const name of entries.keys()) {
    if (!known.has(name) && !ignored.some((pattern) => pattern.test(name))) wrong.push(`${name.slice(0, 120)} is unknown`);
  }
  if (wrong.length > 0)
    throw weightsError(
      `load the weights of ${origin}`,
      wrong,
      'Give the weights that belong to this config.json: download both again from one place.',
    );
}

/** Throws unless `weights` are exactly the model's parameters. */
function requireWeights(model: Weighted, weights: Weights): void {
  const wrong: string[] = [];
  const known = new Set<string>();
  for (const { name, shape } of model.parameters) {
    known.add(name);
    const expected = shape.map(({ size }) => size).join(', ');
    const given = weights.get(name)?.shape.join(', ');
    if (given === undefined) wrong.push(`${name} is missing`);
    else if (given !== expected) wrong.push(`${name} is [${given}], [${expected}] expected`);
  }
  for (const name of weights.keys()) if (!known.has(name)) wrong.push(`${name} is unknown`);
  if (wrong.length > 0)
    throw weightsError(`save a ${model.architecture} model`, wrong, 'Give the weights that were trained with this model.');
}

/** Weights and a model that do not agree: the first fault, and the next few. */
export function weightsError(action: string, wrong: readonly string[], remedy: string): FormatError {
  const shown = wrong.slice(0, 8);
  return new FormatError({
    code: 'WEFT_FORMAT_WEIGHTS',
    action,
    rule: 'weights and model must agree',
    value: `${wrong[0]}${wrong.length > 1 ? `, and ${wrong.length - 1} more do not` : ''}`,
    remedy,
    details: wrong.length > shown.length ? [...shown, `and ${wrong.length - shown.length} more`] : shown,
  });
}

function unexpectedBias(origin: string, name: string): FormatError {
  return new FormatError({
    code: 'WEFT_FORMAT_WEIGHTS',
    action: `load the weights of ${origin}`,
    rule: 'config.json says that the model has no biases',
    value: `${name} is not zero`,
    remedy: 'Set "bias" to true in config.json.',
  });
}
