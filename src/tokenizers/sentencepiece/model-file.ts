/**
 * SentencePiece's `.model` files, read and written: a protobuf message of the fields in `model-fields.ts`.
 *
 * What has no name there, has another wire type, is no UTF-8 or is an unknown member of an enumeration is kept as it stands and
 * written behind the other fields, so that nothing is lost; a file whose fields are in the order of their numbers, as protobuf's own
 * libraries write them, is written again byte for byte. The protobuf library is loaded when it is first needed.
 */

import type * as protobufjs from 'protobufjs';
import type { Reader, Writer } from 'protobufjs';

import { FormatError } from '../../core/index.ts';
import { LARGEST_VOCABULARY } from '../tokenizer.ts';
import { type FieldKind, type Fields, MODEL } from './model-fields.ts';
import type { SentencePieceModel } from './sentencepiece-model.ts';

/** A message as its fields' names have it; `unknownFields` are the bytes of the others. */
type Message = Record<string, unknown>;

const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * Reads a `.model` file; see {@link sentencePieceFromBytes} for the tokenizer of it.
 *
 * @param bytes - the whole file
 * @param origin - what errors call it
 * @returns all that is in it
 * @throws FormatError `WEFT_TOKENIZER_FORMAT` when it is no such file
 */
export async function readSentencePieceModel(bytes: Uint8Array, origin = 'a SentencePiece model'): Promise<SentencePieceModel> {
  const { Reader } = await loadProtobuf();
  const message: Message = { pieces: [], trainer: {}, normalizer: {} };
  try {
    // Not the reader for Node's buffers: `bytes` may be any array, and what it gives are copies or views of that.
    readFields(new Reader(bytes), bytes.length, { fields: MODEL, message });
  } catch (cause) {
    throw new FormatError({
      code: 'WEFT_TOKENIZER_FORMAT',
      action: `read ${origin}`,
      rule: 'a SentencePiece model is a protobuf message, whole and undamaged',
      value: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Copy the file again from where it came from.',
      cause,
    });
  }
  return message as unknown as SentencePieceModel;
}

/**
 * Writes a `.model` file, which SentencePiece loads.
 *
 * @param model - all that is to be in it
 * @returns the whole file
 */
export async function writeSentencePieceModel(model: SentencePieceModel): Promise<Uint8Array> {
  const { Writer } = await loadProtobuf();
  const writer = new Writer();
  writeFields(writer, MODEL, model as unknown as Message);
  return writer.finish();
}

async function loadProtobuf(): Promise<typeof protobufjs> {
  const { default: library } = (await import('protobufjs/minimal.js')) as unknown as { readonly default: typeof protobufjs };
  return library;
}

const byNumber = new WeakMap<Fields, ReadonlyMap<number, readonly [string, FieldKind]>>();

function numbersOf(fields: Fields): ReadonlyMap<number, readonly [string, FieldKind]> {
  let numbers = byNumber.get(fields);
  if (numbers === undefined) {
    numbers = new Map(Object.entries(fields).map(([name, [number, kind]]) => [number, [name, kind]]));
    byNumber.set(fields, numbers);
  }
  return numbers;
}

function readFields(reader: Reader, end: number, { fields, message }: { readonly fields: Fields; readonly message: Message }): void {
  const numbers = numbersOf(fields);
  const others: Uint8Array[] = message['unknownFields'] === undefined ? [] : [message['unknownFields'] as Uint8Array];
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.uint32();
    const [name, kind] = numbers.get(tag >>> 3) ?? [];
    if (name === undefined || kind === undefined || (tag & 7) !== wireType(kind) || !readField(reader, message, { name, kind })) {
      reader.pos = start;
      reader.skipType(reader.uint32() & 7);
      others.push(reader.buf.slice(start, reader.pos));
    }
  }
  if (reader.pos !== end) throw new RangeError(`a message ends within its last field, at byte ${end}`);
  if (others.length > 0) message['unknownFields'] = concatenated(others);
}

/** Whether the field could be read as its kind. */
function readField(reader: Reader, message: Message, { name, kind }: { readonly name: string; readonly kind: FieldKind }): boolean {
  if (typeof kind === 'object' && 'fields' in kind) {
    const end = reader.uint32() + reader.pos;
    if (end > reader.len) throw new RangeError(`a message of ${end - reader.pos} bytes at byte ${reader.pos} of ${reader.len}`);
    const inner = kind.repeated ? {} : ((message[name] ??= {}) as Message);
    readFields(reader, end, { fields: kind.fields, message: inner });
    if (kind.repeated) {
      const list = (message[name] ??= []) as Message[];
      if (list.push(inner) > LARGEST_VOCABULARY) throw new RangeError(`more than ${LARGEST_VOCABULARY} ${name}`);
    }
    return true;
  }
  const value = readScalar(reader, kind);
  if (value === undefined) return false;
  if (kind === 'strings') ((message[name] ??= []) as unknown[]).push(value);
  else message[name] = value;
  return true;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readScalar(reader: Reader, kind: Exclude<FieldKind, { readonly fields: Fields }>): unknown {
  switch (kind) {
    case 'string':
    case 'strings':
      return textOf(reader.bytes());
    case 'bytes':
      return reader.bytes().slice();
    case 'float':
      return reader.float();
    case 'bool':
      return reader.bool();
    case 'int32':
      return reader.int32();
    case 'uint64': {
      const read = reader.uint64() as unknown as number | { toNumber(): number };
      const value = typeof read === 'number' ? read : read.toNumber();
      return Number.isSafeInteger(value) ? value : undefined;
    }
    default:
      return kind[reader.int32()] || undefined;
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function writeFields(writer: Writer, fields: Fields, message: Message): void {
  for (const [name, [number, kind]] of Object.entries(fields)) {
    const value = message[name];
    if (value === undefined) continue;
    const tag = ((number << 3) | wireType(kind)) >>> 0;
    if (typeof kind === 'object' && 'fields' in kind) {
      for (const inner of kind.repeated ? (value as readonly Message[]) : [value as Message]) {
        writer.uint32(tag).fork();
        writeFields(writer, kind.fields, inner);
        writer.ldelim();
      }
    } else if (kind === 'strings') for (const text of value as readonly string[]) writer.uint32(tag).string(text);
    else writeScalar(writer.uint32(tag), kind, value);
  }
  if (message['unknownFields'] !== undefined) writer.raw(message['unknownFields'] as Uint8Array);
}

function writeScalar(writer: Writer, kind: Exclude<FieldKind, { readonly fields: Fields }>, value: unknown): void {
  if (kind === 'string') writer.string(value as string);
  else if (kind === 'bytes') writer.bytes(value as Uint8Array);
  else if (kind === 'float') writer.float(value as number);
  else if (kind === 'bool') writer.bool(value as boolean);
  else if (kind === 'int32') writer.int32(value as number);
  else if (kind === 'uint64') writer.uint64(value as number);
  else writer.int32(kind.indexOf(value as string));
}

function wireType(kind: FieldKind): number {
  if (kind === 'float') return FIXED32;
  if (kind === 'string' || kind === 'strings' || kind === 'bytes' || (typeof kind === 'object' && 'fields' in kind)) return LENGTH;
  return VARINT;
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    all.set(part, position);
    position += part.length;
  }
  return all;
}
