/**
 * 16-bit floating point to 32: IEEE 754-2019 binary16 (`F16`) and bfloat16 (`BF16`), exact for every bit pattern.
 *
 * binary16 is widened by moving its exponent and fraction into place and multiplying by 2^112, which also brings
 * subnormal numbers right (Giesen, "Half to float done quick", https://gist.github.com/rygorous/2144712).
 */

/** Values of binary16 bit patterns. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  for (let index = 0; index < bits.length; index++) {
    const half = bits[index] ?? 0;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) {
      words[index] = 0x7f80_0000 | ((magnitude & 0x3ff) << 13); // infinity and NaN keep their fraction
    } else {
      words[index] = magnitude << 13;
      values[index] = (values[index] ?? 0) * 2 ** 112;
    }
    if (half !== magnitude) words[index] = ((words[index] ?? 0) | 0x8000_0000) >>> 0;
  }
  return values;
}

/** Values of bfloat16 bit patterns: the upper half of a 32-bit float. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) words[index] = (bits[index] ?? 0) << 16;
  return new Float32Array(words.buffer);
}
