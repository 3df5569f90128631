import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { FormatError, UsageError, allocate, elementCount, hostTensor } from '../core/index.ts';
import type { DType, HostTensor } from '../core/index.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import { WRITTEN_BY_PYTHON } from './safetensors.fixture.ts';

const PARITY = join(process.cwd(), '../shared/data/parity/nanogpt-cpu');
const PYTHON = process.env['WEFT_TORCH_PYTHON'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${files++}.safetensors`);
  await writeFile(path, content);
  return path;
}

/** A file with this header and this many bytes after it. */
function withHeader(header: unknown, dataBytes: number): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = Buffer.alloc(8 + json.length + dataBytes);
  bytes.writeBigUInt64LE(BigInt(json.length));
  json.copy(bytes, 8);
  return bytes;
}

async function failure(content: string | Uint8Array): Promise<FormatError> {
  const error: unknown = await readSafetensors(await fileOf(content)).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FormatError);
  return error as FormatError;
}

describe('a file written by Python', () => {
  test('gives its values in every dtype', async () => {
    const file = await openSafetensors(await fileOf(WRITTEN_BY_PYTHON));
    const read = async (name: string): Promise<unknown[]> => {
      const { dtype, shape, data } = await file.read(name);
      return [dtype, shape, ...data];
    };
    const narrow = Math.fround;
    expect(await read('w.f32')).toEqual(['float32', [2, 3], narrow(0.1), -2, 3.5, narrow(1e-40), 7, -0]);
    expect(await read('d.f64')).toEqual(['float64', [], Math.PI]);
    expect(await read('i.i32')).toEqual(['int32', [2], -2147483648, 2147483647]);
    expect(await read('l.i64')).toEqual(['int64', [1, 1], -9007199254740993n]);
    expect(await read('u.u8')).toEqual(['uint8', [3], 0, 128, 255]);
    expect(await read('s.i8')).toEqual(['int8', [2], -128, 127]);
    expect(await read('m.bool')).toEqual(['bool', [3], 1, 0, 1]);
    expect(await read('e.empty')).toEqual(['float32', [0, 5]]);
    expect(await read('ü')).toEqual(['float32', [1], 42]);
    // torch.tensor(…).float() of the same values
    expect(await read('h.f16')).toEqual(['float32', [3], 0.333251953125, -65504, 2 ** -24]);
    expect(await read('b.bf16')).toEqual(['float32', [2, 2], 1.5, -0.333984375, Infinity, 33 * 2 ** -133]);
    expect([...file.metadata]).toEqual([['format', 'pt']]);
    await file.close();
  });

  test('loads only what is asked for, though another tensor cannot be held', async () => {
    const path = await fileOf(WRITTEN_BY_PYTHON);
    const { tensors } = await readSafetensors(path, { names: ['u.u8', 'd.f64'] });
    expect([...tensors.keys()]).toEqual(['u.u8', 'd.f64']);
    await expect(readSafetensors(path, { names: ['x.i16'] })).rejects.toMatchObject({ code: 'WEFT_FORMAT_DTYPE' });
    await expect(readSafetensors(path, { names: ['h.f16'], widen: false })).rejects.toMatchObject({ code: 'WEFT_FORMAT_DTYPE' });
    await expect(readSafetensors(path, { names: ['y'] })).rejects.toMatchObject({ code: 'WEFT_FORMAT_TENSOR' });
    await expect(readSafetensors(path, { name: ['y'] } as object)).rejects.toBeInstanceOf(UsageError);
  });

  test('cut anywhere, is refused', async () => {
    for (let length = 0; length < WRITTEN_BY_PYTHON.length; length += 7) {
      const { code } = await failure(WRITTEN_BY_PYTHON.subarray(0, length));
      expect(code).toBe('WEFT_FORMAT_TRUNCATED');
    }
  });

  test('with changed bytes, is read or refused, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(WRITTEN_BY_PYTHON.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        async (edits) => {
          const bytes = Uint8Array.from(WRITTEN_BY_PYTHON);
          for (const [at, value] of edits) bytes[at] = value;
          await readSafetensors(await fileOf(bytes)).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
        },
      ),
      { numRuns: 150, seed: 1 },
    );
  });
});

describe('hostile headers', () => {
  const tensor = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each<[string, unknown, number, RegExp]>([
    ['another kind of file', 'PK\u0003\u0004', 64, /begins with '\{'/],
    ['no JSON', '{"a":', 0, /is JSON/],
    ['a list', '[1]', 0, /begins with '\{'/],
    ['not UTF-8', '{"\\ud800": 1', 0, /is JSON/],
    ['an unknown dtype', { a: { ...tensor, dtype: 'F31' } }, 8, /one of the dtypes/],
    ['a dtype of the prototype', { a: { ...tensor, dtype: 'toString' } }, 8, /one of the dtypes/],
    ['no dtype', { a: { shape: [2], data_offsets: [0, 8] } }, 8, /one of the dtypes/],
    ['a negative size', { a: { ...tensor, shape: [-2] } }, 8, /shape/],
    ['a fraction as size', { a: { ...tensor, shape: [2.5] } }, 8, /shape/],
    ['a shape that overflows', { a: { ...tensor, shape: [2 ** 40, 2 ** 40] } }, 8, /fits the file/],
    ['a shape with too many axes', { a: { ...tensor, shape: Array.from({ length: 65 }, () => 1) } }, 8, /64 sizes/],
    ['one offset', { a: { ...tensor, data_offsets: [0] } }, 8, /two data_offsets/],
    ['offsets of another size', { a: { ...tensor, data_offsets: [0, 12] } }, 12, /has 8 bytes by its dtype/],
    ['offsets backwards', { a: { ...tensor, data_offsets: [8, 0] } }, 8, /has 8 bytes by its dtype/],
    ['an overlap', { a: tensor, b: { ...tensor, data_offsets: [4, 12] } }, 12, /b overlaps/],
    ['the same place twice', { a: tensor, b: tensor }, 8, /b overlaps/],
    ['a gap', { a: tensor, b: { ...tensor, data_offsets: [12, 20] } }, 20, /b leaves a gap/],
    [
      'a name given twice',
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}',
      8,
      /gap/,
    ],
    ['bytes after the last tensor', { a: tensor }, 9, /1 bytes more/],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, /holds texts/],
    ['metadata that is no object', { __metadata__: 'pt' }, 0, /is an object/],
    ['a tensor that is no object', { a: null }, 0, /is an object/],
  ])('%s', async (_, header, dataBytes, message) => {
    const error = await failure(withHeader(header, dataBytes));
    expect(error.message).toMatch(message);
    expect(error.code).toBe('WEFT_FORMAT_HEADER');
  });

  test('lengths beyond the file or the bound allocate nothing', async () => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64LE(0xffff_ffff_ffff_ffffn);
    expect((await failure(bytes)).code).toBe('WEFT_FORMAT_HEADER');
    bytes.writeBigUInt64LE(99_999_999n);
    expect((await failure(bytes)).code).toBe('WEFT_FORMAT_TRUNCATED');
    expect((await failure(withHeader({ a: { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }, 8))).code).toBe(
      'WEFT_FORMAT_TRUNCATED',
    );
  });

  test('deep nesting and long names give one short line', async () => {
    expect((await failure(withHeader('{"a":' + '['.repeat(200_000), 0))).code).toBe('WEFT_FORMAT_HEADER');
    const long = await failure(withHeader({ ['n'.repeat(100_000)]: 1 }, 0));
    expect(long.message.length).toBeLessThan(500);
  });

  test('names of the prototype are ordinary names', async () => {
    const path = await fileOf(withHeader('{"__proto__":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', 2));
    const { tensors } = await readSafetensors(path);
    expect([...tensors.keys()]).toEqual(['__proto__']);
    await expect(readSafetensors(path, { names: ['toString'] })).rejects.toMatchObject({ code: 'WEFT_FORMAT_TENSOR' });
  });

  test('a missing file and a folder are named', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ code: 'WEFT_FORMAT_MISSING' });
    await expect(readSafetensors(folder)).rejects.toMatchObject({ code: 'WEFT_FORMAT_MISSING' });
  });
});

const tensorsOf: fc.Arbitrary<Map<string, HostTensor>> = fc
  .dictionary(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.record({
      dtype: fc.constantFrom<DType>('float32', 'float64', 'int32', 'int64', 'uint8', 'int8', 'bool'),
      shape: fc.array(fc.nat(3), { maxLength: 4 }),
      seed: fc.nat(255),
    }),
  )
  .map((made) => {
    const named = new Map<string, HostTensor>();
    for (const [name, { dtype, shape, seed }] of Object.entries(made)) {
      const data = allocate(dtype, elementCount(shape));
      new Uint8Array(data.buffer).forEach((_, index, bytes) => (bytes[index] = (seed + index * 37) & 0x3f));
      named.set(name, { dtype, shape, data });
    }
    return named;
  });

describe('writing', () => {
  test('any tensors come back as they were, whatever the order they are given in', async () => {
    await fc.assert(
      fc.asyncProperty(tensorsOf, async (tensors) => {
        const path = join(folder, 'round-trip.safetensors');
        await writeSafetensors(path, tensors, { note: 'a "quoted" line' });
        const bytes = await readFile(path);
        expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0);
        const back = await readSafetensors(path);
        expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
        expect(back.metadata.get('note')).toBe('a "quoted" line');
        await writeSafetensors(path, new Map([...tensors].reverse()), { note: 'a "quoted" line' });
        expect((await readFile(path)).equals(bytes)).toBe(true);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test('a view into a larger buffer writes its own elements', async () => {
    const path = join(folder, 'view.safetensors');
    await writeSafetensors(path, new Map([['v', hostTensor('float32', [2], new Float32Array([0, 1, 2, 3]).subarray(1, 3))]]));
    expect((await readSafetensors(path)).tensors.get('v')?.data).toEqual(new Float32Array([1, 2]));
  });

  test('the reserved name is refused, and a failed write leaves the old file alone', async () => {
    await expect(writeSafetensors(join(folder, 'x'), new Map([['__metadata__', hostTensor('uint8', [1])]]))).rejects.toMatchObject({
      code: 'WEFT_FORMAT_NAME',
    });
    const parent = await fileOf('a file, not a folder');
    await expect(writeSafetensors(join(parent, 'x.safetensors'), new Map())).rejects.toMatchObject({ code: 'WEFT_WRITE' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

test.skipIf(!existsSync(PARITY))('reference files of nanoGPT open (skipped without ../shared/data)', async () => {
  const { tensors } = await readSafetensors(join(PARITY, 'init.safetensors'));
  expect(tensors.get('transformer.wte.weight')?.shape).toEqual([65, 128]);
  expect([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(804_096);
  const batches = await openSafetensors(join(PARITY, 'batches.safetensors'));
  const x = await batches.read('x');
  const y = await batches.read('y');
  expect([x.dtype, x.shape]).toEqual(['int32', [40, 12, 64]]);
  expect(x.data.subarray(1, 64)).toEqual(y.data.subarray(0, 63)); // the target is the next character
  await batches.close();
});

test.skipIf(PYTHON === undefined)('Python reads what is written here (skipped without WEFT_TORCH_PYTHON)', async () => {
  const path = join(folder, 'for-python.safetensors');
  const tensors = new Map<string, HostTensor>([
    ['a', hostTensor('float32', [2, 2], new Float32Array([1, -2.5, 3e-40, 4]))],
    ['12', hostTensor('int64', [1], new BigInt64Array([-5n]))],
    ['b', hostTensor('bool', [3], new Uint8Array([1, 0, 1]))],
    ['empty', hostTensor('float64', [0, 3])],
  ]);
  await writeSafetensors(path, tensors, { format: 'pt' });
  const script = `
import json, sys
from safetensors import safe_open
with safe_open(sys.argv[1], 'pt') as f:
    print(json.dumps([f.metadata(), {k: [str(f.get_tensor(k).dtype), list(f.get_tensor(k).shape), f.get_tensor(k).tolist()] for k in f.keys()}]))`;
  const { stdout, stderr } = spawnSync(PYTHON ?? '', ['-c', script, path], { encoding: 'utf8' });
  expect(JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout)).toEqual([
    { format: 'pt' },
    {
      12: ['torch.int64', [1], [-5]],
      a: ['torch.float32', [2, 2], [[1, -2.5], [Math.fround(3e-40), 4]]],
      b: ['torch.bool', [3], [true, false, true]],
      empty: ['torch.float64', [0, 3], []],
    },
  ]); // prettier-ignore
});
