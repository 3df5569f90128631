/**
 * Whether llama.cpp computes the same model: both write on from one prompt, and both give the logits along our text.
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
/** Deviation of the logits of 32 bits, by their own standard deviation: sums in another order, through all layers. */
const NEAR = 1e-3;

/** How far the peer's files are from our 32-bit model: logits along our likeliest text. */
export async function agreementLines({ choice, threads, tokens, pure }: AgreementOptions): Promise<readonly Line[]> {
  const what = 'agreement with llama.cpp';
  if (!installPeer()) return [{ what, measured: 'not available: node-llama-cpp cannot be installed', goal: '', met: undefined }];
  const model = benchModel(choice);
  const [weft, peer] = [startChild<DecodeRequests>('weft-child.ts'), startChild<DecodeRequests>('peer-child.ts')];
  try {
    const load = async (child: typeof weft, bits: Bits): Promise<unknown> =>
      await child.ask('load', {
        choice,
        bits,
        threads,
        gguf: ggufFile(choice, FORMATS[bits], { pure }),
        sequences: 1,
        longest: PROMPT + tokens,
      });
    await load(weft, 32);
    const prompt = randomPrompt(PROMPT, model.vocabSize, 1);
    const { tokens: text, logits: ours } = await weft.ask('logits', { tokens: prompt, prompt: PROMPT, more: tokens });
    const lines: Line[] = [];
    for (const bits of [32, 8, 4] as const) {
      await load(peer, bits);
      const { logits: theirs } = await peer.ask('logits', { tokens: text, prompt: PROMPT, more: 0 });
      const same = ours.filter((row, index) => likeliest(row) === likeliest(theirs[index] as Float32Array)).length;
      const differences = ours.map((row, index) => deviation(row, theirs[index] as Float32Array));
      const worst = Math.max(...differences);
      lines.push({
        what: `${what}, ${FORMATS[bits]} and our 32 bits`,
        measured: `${same} of ${ours.length} likeliest tokens; logits differ by ${worst.toExponential(1)} of their deviation at most`,
        goal: bits === 32 ? `all, ≤ ${NEAR}` : '',
        met: bits === 32 ? same === ours.length && worst <= NEAR : undefined,
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
