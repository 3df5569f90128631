/** Reading IDX files, batches by number, and grids as PNG. */

import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { decode } from 'fast-png';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hostTensor } from '../../core/index.ts';
import { imageBatches, imageGrid, readIdx, readMnist, writeImageGrid } from '../index.ts';
import type { LabelledImages } from '../index.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-images-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The bytes of an IDX file. */
function idx(shape: readonly number[], elements: Uint8Array, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + elements.length);
  bytes.set([0, 0, type, shape.length]);
  const view = new DataView(bytes.buffer);
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
  bytes.set(elements, 4 + 4 * shape.length);
  return bytes;
}
const stored = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
};
const count = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index);

describe('IDX files', () => {
  test.for([
    ['plain', (bytes: Uint8Array) => bytes],
    ['compressed', (bytes: Uint8Array) => gzipSync(bytes)],
  ] as const)('%s', async ([name, pack]) => {
    const read = await readIdx(await stored(`${name}.idx`, pack(idx([2, 3, 4], count(24)))));
    expect(read.shape).toEqual([2, 3, 4]);
    expect([...read.data]).toEqual([...count(24)]);
  });

  test.for([
    ['empty', new Uint8Array(0), 'begins with two zero bytes: nothing'],
    ['of another kind', Uint8Array.of(0x50, 0x4b, 3, 4, 5), 'begins with two zero bytes: 50 4b 03 04'],
    ['of floats', idx([2], count(8), 0x0d), 'must be unsigned bytes, type 08: 0d'],
    ['without sizes', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1), 'must hold a size for each axis: 3 axes, 8 bytes'],
    ['cut short', idx([2, 3], count(5)), '2 × 3 elements must follow the header: 5 bytes'],
    ['too long', idx([2, 3], count(7)), '2 × 3 elements must follow the header: 7 bytes'],
    ['of a size that nothing has', idx([0xffff_ffff, 0xffff_ffff], count(4)), '4294967295 × 4294967295 elements must follow'],
    ['cut short and compressed', gzipSync(idx([2, 3], count(6))).subarray(0, 20), 'must unpack as gzip'],
  ] as const)('%s are refused', async ([name, bytes, message]) => {
    const path = await stored(`bad ${name}`, bytes);
    await expect(readIdx(path)).rejects.toThrow(
      expect.objectContaining({ code: 'WEFT_DATA_IDX', message: expect.stringContaining(message) }),
    );
  });

  test('whatever bytes they hold, are read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(0, 1), async (bytes, zeros) => {
        const path = await stored('any', zeros === 1 ? Uint8Array.of(0, 0, 8, ...bytes) : bytes);
        await readIdx(path).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'WEFT_DATA_IDX' });
        });
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test('that are missing are named', async () => {
    await expect(readIdx(join(folder, 'none'))).rejects.toMatchObject({ code: 'WEFT_DATA_MISSING' });
  });

  test('of a data set must have a label for each image', async () => {
    await stored('train-images-idx3-ubyte', idx([2, 1, 1], count(2)));
    await stored('train-labels-idx1-ubyte', idx([3], count(3)));
    await stored('t10k-images-idx3-ubyte', idx([2, 1, 1], count(2)));
    await stored('t10k-labels-idx1-ubyte', idx([2], count(2)));
    await expect(readMnist(folder)).rejects.toMatchObject({ code: 'WEFT_DATA_IDX' });
    await stored('train-labels-idx1-ubyte', idx([2], Uint8Array.of(7, 3)));
    const { train } = await readMnist(folder);
    expect([train.images.shape, [...train.labels]]).toEqual([
      [2, 1, 1, 1],
      [7, 3],
    ]);
  });
});

const MNIST = 'shared/data/vision/mnist';
const mnist = [MNIST, `../${MNIST}`].find((path) => existsSync(path)) ?? '';
test.skipIf(mnist === '')('MNIST itself', async () => {
  const { train, test: held } = await readMnist(mnist);
  expect([train.images.shape, held.images.shape]).toEqual([
    [60000, 1, 28, 28],
    [10000, 1, 28, 28],
  ]);
  // The first digits, as its page shows them, and the published mean of the training pixels, 0.1307.
  expect([...train.labels.subarray(0, 8)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
  expect(train.images.data.reduce((sum, pixel) => sum + pixel, 0) / train.images.data.length / 255).toBeCloseTo(0.1307, 4);
});

/** Images of 2 × 2 pixels that tell their number. */
const numbered = (length: number): LabelledImages => ({
  images: hostTensor(
    'uint8',
    [length, 1, 2, 2],
    Uint8Array.from({ length: length * 4 }, (_, index) => index >> 2),
  ),
  labels: Int32Array.from({ length }, (_, index) => index),
});

describe('batches', () => {
  test('of an epoch have every image once, and differ between epochs and seeds', () => {
    const batches = imageBatches(numbered(60), { batchSize: 20, seed: 1 });
    const epoch = (number: number, of = batches): readonly number[] =>
      [0, 1, 2].flatMap((index) => [...of.batch(3 * number + index).labels]);
    expect(epoch(0).toSorted((a, b) => a - b)).toEqual([...numbered(60).labels]);
    expect(epoch(0)).not.toEqual(epoch(1));
    expect(epoch(0)).not.toEqual(epoch(0, imageBatches(numbered(60), { batchSize: 20, seed: 2 })));
  });

  test('depend on their number alone, and keep images and labels together', () => {
    const all = imageBatches(numbered(60), { batchSize: 16, seed: 1, shift: 1 });
    const late = imageBatches(numbered(60), { batchSize: 16, seed: 1, shift: 1 }).batch(7);
    for (let index = 0; index < 7; index++) all.batch(index);
    expect(all.batch(7)).toEqual(late);
    const { images, labels } = imageBatches(numbered(60), { batchSize: 16, seed: 1 }).batch(5);
    expect([...images]).toEqual([...labels].flatMap((label) => [label, label, label, label]));
  });

  test('are moved as a whole, what comes in being black', () => {
    const images = hostTensor('uint8', [1, 2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const batches = imageBatches({ images, labels: Int32Array.of(0) }, { batchSize: 1, seed: 1, shift: 1 });
    const seen = new Set(Array.from({ length: 100 }, (_, index) => batches.batch(index).images.join(' ')));
    expect(seen.size).toBe(9);
    expect([...seen]).toContain('1 2 3 4 5 6 7 8');
    expect([...seen]).toContain('0 1 0 3 0 5 0 7'); // to the right
    expect([...seen]).toContain('4 0 0 0 8 0 0 0'); // up and to the left
    expect([...seen]).toContain('0 0 1 2 0 0 5 6'); // down
  });

  test.for([
    [{ batchSize: 0, seed: 1 }],
    [{ batchSize: 4, seed: 1 }],
    [{ batchSize: 1, seed: 0.5 }],
    [{ batchSize: 1, seed: 1, shift: 2 }],
    [{ batchSize: 1, seed: 1, shift: -1 }],
  ] as const)('of %j are refused', ([options]) => {
    expect(() => imageBatches(numbered(3), options)).toThrow(expect.objectContaining({ code: 'WEFT_DATA_OPTION' }));
  });
});

describe('grids', () => {
  test('lay images out in rows, black between them', () => {
    const grid = imageGrid(hostTensor('uint8', [3, 1, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6)), { columns: 2, gap: 1 });
    expect(grid.shape).toEqual([3, 5, 1]);
    expect([...grid.data]).toEqual([1, 2, 0, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0]);
  });

  test('keep colours together and cut what is no colour', () => {
    const grid = imageGrid(hostTensor('float32', [1, 3, 1, 2], Float32Array.of(0, 1, 0.5, -3, 7, NaN)));
    expect([...grid.data]).toEqual([0, 128, 255, 255, 0, 0]);
  });

  test('come back from the PNG file as they were', async () => {
    const images = hostTensor(
      'uint8',
      [5, 1, 4, 4],
      Uint8Array.from({ length: 80 }, (_, index) => index * 3),
    );
    const path = join(folder, 'grid.png');
    await writeImageGrid(path, images);
    const { width, height, channels, data } = decode(readFileSync(path));
    const grid = imageGrid(images);
    expect([height, width, channels]).toEqual(grid.shape);
    expect([...data]).toEqual([...grid.data]);
  });

  test.for([
    ['no images', () => imageGrid(hostTensor('uint8', [0, 1, 2, 2]))],
    ['two channels', () => imageGrid(hostTensor('uint8', [1, 2, 2, 2]))],
    ['half a column', () => imageGrid(hostTensor('uint8', [1, 1, 2, 2]), { columns: 0.5 })],
    ['another kind of file', () => writeImageGrid('grid.jpg', hostTensor('uint8', [1, 1, 2, 2]))],
  ] as const)('of %s are refused', async ([, make]) => {
    await expect((async () => make())()).rejects.toMatchObject({ code: 'WEFT_DATA_OPTION' });
  });
});
