/**
 * Rows of numbers in ggml's block formats, bit for bit as `quantize_row_q8_0_ref` and `quantize_row_q4_0_ref` of ggml-quants.c do.
 * https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-quants.c
 */

import { float16ToFloat32 } from '../../src/formats/half.ts';

/** Numbers of a block. */
export const BLOCK = 32;

/** The formats that are written here. */
export type GgmlFormat = 'F32' | 'Q8_0' | 'Q4_0';

/** Bytes of so many numbers; a multiple of a block's. */
export function formatBytes(format: GgmlFormat, count: number): number {
  if (format === 'F32') return 4 * count;
  return (count / BLOCK) * (format === 'Q8_0' ? 34 : 18);
}

/** Writes numbers in a format. Rows must be whole blocks. */
export function encodeBlocks(format: GgmlFormat, data: Float32Array): Uint8Array {
  if (format === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data.length % BLOCK !== 0) throw new Error(`${data.length} numbers are no whole blocks of ${BLOCK}`);
  const bytes = new Uint8Array(formatBytes(format, data.length));
  const size = formatBytes(format, BLOCK);
  for (let block = 0; block < data.length / BLOCK; block++) {
    const part = data.subarray(block * BLOCK, (block + 1) * BLOCK);
    const into = bytes.subarray(block * size, (block + 1) * size);
    if (format === 'Q8_0') writeQ8(part, into);
    else writeQ4(part, into);
  }
  return bytes;
}

/** The numbers that written ones stand for. */
export function decodeBlocks(format: GgmlFormat, bytes: Uint8Array): Float32Array {
  if (format === 'F32') return new Float32Array(bytes.slice().buffer);
  const size = formatBytes(format, BLOCK);
  const blocks = bytes.length / size;
  const data = new Float32Array(blocks * BLOCK);
  const scales = float16ToFloat32(
    Uint16Array.from({ length: blocks }, (_, block) => (bytes[block * size] as number) | ((bytes[block * size + 1] as number) << 8)),
  );
  for (let block = 0; block < blocks; block++) {
    for (let index = 0; index < BLOCK; index++) {
      const place = block * size + 2 + (format === 'Q8_0' ? index : index % (BLOCK / 2));
      const byte = bytes[place] as number;
      const level = format === 'Q8_0' ? (byte << 24) >> 24 : (index < BLOCK / 2 ? byte & 15 : byte >> 4) - 8;
      data[block * BLOCK + index] = level * (scales[block] as number);
    }
  }
  return data;
}

/** A half as the scale (d), then 32 signed bytes. */
function writeQ8(part: Float32Array, into: Uint8Array): void {
  let most = 0;
  for (const value of part) most = Math.max(most, Math.abs(value));
  const scale = Math.fround(most / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  writeHalf(scale, into);
  for (let index = 0; index < BLOCK; index++) {
    const value = Math.fround((part[index] as number) * inverse);
    into[2 + index] = Math.sign(value) * Math.floor(Math.abs(value) + 0.5); // roundf: halves away from zero.
  }
}

/** A half as the scale, then 16 bytes: the low four bits of the first 16 numbers, the high four of the last. */
function writeQ4(part: Float32Array, into: Uint8Array): void {
  let most = 0;
  for (const value of part) if (Math.abs(value) > Math.abs(most)) most = value;
  const scale = Math.fround(most / -8);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  writeHalf(scale, into);
  const level = (index: number): number => Math.min(15, Math.trunc(Math.fround(Math.fround((part[index] as number) * inverse) + 8.5)));
  for (let index = 0; index < BLOCK / 2; index++) into[2 + index] = level(index) | (level(index + BLOCK / 2) << 4);
}

function writeHalf(value: number, into: Uint8Array): void {
  const bits = float16Bits(value);
  into[0] = bits & 0xff;
  into[1] = bits >> 8;
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The nearest binary16, ties to even; too large ones become infinity. */
export function float16Bits(value: number): number {
  word[0] = value;
  const all = bits[0] as number;
  const sign = (all >>> 16) & 0x8000;
  const magnitude = all & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  if (magnitude >= 0x4780_0000) return sign | 0x7c00;
  if (magnitude < 0x3880_0000) {
    // Subnormal: steps of 2^-24.
    const steps = Math.abs(value) * 2 ** 24;
    const low = Math.floor(steps);
    const rest = steps - low;
    return sign | (low + (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? 1 : 0));
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x3800_0000) >>> 13);
}
