/**
 * The IDX format of MNIST: two zero bytes, the element type, the number of axes, each size as a big-endian 32-bit number,
 * then the elements. Files may be compressed by gzip.
 *
 * http://yann.lecun.com/exdb/mnist/ ("The IDX file format"), LeCun, Cortes and Burges
 */

import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { FormatError, elementCount, hostTensor } from '../../core/index.ts';
import type { HostTensor } from '../../core/index.ts';
import { fileError } from '../data-error.ts';

/** The code of unsigned bytes, the only element type in use. */
const UNSIGNED_BYTE = 0x08;
/** No file of the format is near this size: what would unpack to more is not unpacked. */
const MOST_BYTES = 1 << 30;

/**
 * Reads an IDX file of unsigned bytes, compressed or not.
 *
 * @returns the elements and their shape, e.g. 60000 × 28 × 28.
 * @throws WeftError `WEFT_DATA_MISSING` when the file cannot be read; FormatError `WEFT_DATA_IDX` when it is damaged or something else.
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { readIdx } from 'weft/data';
 *
 * writeFileSync('labels.idx', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1));
 * console.log([...(await readIdx('labels.idx')).data]); // [ 7, 2, 1 ]
 * ```
 */
export async function readIdx(path: string): Promise<HostTensor<'uint8'>> {
  const bytes = await contentOf(path);
  const fail = (rule: string, value: string): FormatError =>
    new FormatError({ code: 'WEFT_DATA_IDX', action: `read ${path}`, rule, value, remedy: 'Download the file again.' });
  const [first, second, type, rank = 0] = bytes;
  if (bytes.length < 4 || first !== 0 || second !== 0) throw fail('an IDX file begins with two zero bytes', hex(bytes.subarray(0, 4)));
  if (type !== UNSIGNED_BYTE) throw fail('its elements must be unsigned bytes, type 08', hex(bytes.subarray(2, 3)));
  const start = 4 + 4 * rank;
  if (rank === 0 || bytes.length < start) throw fail('its header must hold a size for each axis', `${rank} axes, ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (elementCount(shape) !== bytes.length - start)
    throw fail(`${shape.join(' × ')} elements must follow the header`, `${bytes.length - start} bytes`);
  return hostTensor('uint8', shape, bytes.slice(start));
}

/** The file's bytes, unpacked where they begin as gzip does (RFC 1952, section 2.3.1). */
async function contentOf(path: string): Promise<Uint8Array> {
  const stored = await readFile(path).catch((cause: unknown) => {
    throw fileError({ code: 'WEFT_DATA_MISSING', path, rule: 'it cannot be opened', remedy: 'Check the path.', cause });
  });
  if (stored[0] !== 0x1f || stored[1] !== 0x8b) return stored;
  try {
    return await promisify(gunzip)(stored, { maxOutputLength: MOST_BYTES });
  } catch (cause) {
    throw new FormatError({
      code: 'WEFT_DATA_IDX',
      action: `read ${path}`,
      rule: 'it must unpack as gzip, whole and to less than a gibibyte',
      value: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Download the file again.',
      cause,
    });
  }
}

function hex(bytes: Uint8Array): string {
  return bytes.length === 0 ? 'nothing' : Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
