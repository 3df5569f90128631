/**
 * Whether llama.cpp computes the same model: the logits of both along our likeliest text, ours with the weights as the peer's file has them,
 * in 32 bits. With 32 bits only the order of sums differs; with 8 and 4 bits the peer also rounds what is multiplied with the weights to
 * 8 bits (Q8_0 again, of ggml's `vec_dot`).
 *
 * `npx tsx bench/serve/all.ts --only agreement`
 */

import { startChild } from './child.ts';
import { FORMATS, likeliest } from './decoding.ts';
import type { Bits, DecodeRequests } from './decoding.ts';
import { ggufFile } from './gguf-file.ts';
import type { Line } from './line.ts';
import { benchModel, randomPrompt } from './model.ts';
import type { ModelChoice } from './model.ts';
import { installPeer } from './peer.ts';

/** Options of {@link agreementLines}. */
export interface AgreementOptions {
  readonly choice: ModelChoice;
  readonly threads: number;
  readonly tokens: number;
  readonly pure: boolean;
}

const PROMPT = 33;
/** Most deviation of logits, by their own standard deviation. */
const NEAR: Readonly<Record<Bits, number>> = { 32: 1e-4, 8: 0.1, 4: 0.1 };

/** A line for each of the peer's files. */
export async function agreementLines({ choice, threads, tokens, pure }: AgreementOptions): Promise<readonly Line[]> {
  const what = 'agreement with llama.cpp';
  if (!installPeer()) return [{ what, measured: 'not available: node-llama-cpp cannot be installed', goal: '', met: undefined }];
  const prompt = randomPrompt(PROMPT, benchModel(choice).vocabSize, 1);
  const [weft, peer] = [startChild<DecodeRequests>('weft-child.ts'), startChild<DecodeRequests>('peer-child.ts')];
  try {
    const lines: Line[] = [];
    for (const bits of [32, 8, 4] as const) {
      const format = FORMATS[bits];
      const load = { choice, threads, gguf: ggufFile(choice, format, { pure }), sequences: 1, longest: PROMPT + tokens };
      if (bits === 32) await weft.ask('load', { ...load, bits });
      await peer.ask('load', { ...load, bits });
      const rounding = { format, pure };
      const ours = await weft.ask('logits', { tokens: prompt, prompt: PROMPT, more: tokens, rounding });
      const theirs = await peer.ask('logits', { tokens: ours.tokens, prompt: PROMPT, more: 0, rounding });
      const pairs = ours.logits.map((row, index): readonly [Float32Array, Float32Array] => [row, theirs.logits[index] as Float32Array]);
      const same = pairs.filter(([a, b]) => likeliest(a) === likeliest(b)).length;
      const worst = Math.max(...pairs.map(([a, b]) => deviation(a, b)));
      lines.push({
        what: `${what}, ${format}`,
        measured: `${same} of ${pairs.length} likeliest tokens; logits differ by ${worst.toExponential(1)} of their deviation at most`,
        goal: bits === 32 ? `all, ≤ ${NEAR[bits]}` : `≤ ${NEAR[bits]}`,
        met: worst <= NEAR[bits] && (bits !== 32 || same === pairs.length),
      });
    }
    return lines;
  } finally {
    await Promise.all([weft.close(), peer.close()]);
  }
}

/** Root mean square of the difference, by the standard deviation of the first. */
function deviation(a: Float32Array, b: Float32Array): number {
  const mean = a.reduce((sum, value) => sum + value, 0) / a.length;
  let [difference, spread] = [0, 0];
  for (let index = 0; index < a.length; index++) {
    difference += ((a[index] as number) - (b[index] as number)) ** 2;
    spread += ((a[index] as number) - mean) ** 2;
  }
  return Math.sqrt(difference / spread);
}
