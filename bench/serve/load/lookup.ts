/**
 * Lookup decoding beside plain decoding, on a text that repeats itself.
 *
 * The weights are random, so whether the text goes on repeating itself is chance: a long passage over and over, and the likeliest token.
 */

import { median } from '../../peer.ts';
import { flawOf, streamCompletion } from '../client.ts';
import { speedOf } from '../decoding.ts';
import type { Line } from '../line.ts';
import { benchModel, randomPrompt } from '../model.ts';
import { QUEUE } from './options.ts';
import type { LoadOptions } from './options.ts';
import { withServer } from './server.ts';
import type { LoadedServer } from './server.ts';

const PASSAGE = 16;
const LEAST = 1.3;

/** One line. */
export async function lookupLines({ choice, threads, sequences, rounds, prompt, tokens }: LoadOptions): Promise<readonly Line[]> {
  const what = 'lookup decoding ÷ plain, a text that repeats itself';
  const server = { choice, threads, slots: sequences, queue: QUEUE };
  const { vocabSize } = benchModel(choice);
  const speed = async ({ url, agent }: LoadedServer, round: number): Promise<{ readonly speed: number; readonly text: string }> => {
    const passage = randomPrompt(PASSAGE, vocabSize, 30_000 + round);
    const body = { prompt: Array.from({ length: prompt }, (_, index) => passage[index % PASSAGE] as number), max_tokens: tokens };
    const answer = await streamCompletion(url, { ...body, temperature: 0 }, { agent });
    const flaw = flawOf(answer, tokens);
    if (flaw !== undefined) throw new Error(`a stream failed: ${flaw}`);
    return { speed: speedOf([answer.times]).decode, text: answer.text };
  };
  const ratios = await withServer({ ...server, lookup: true }, (looking) =>
    withServer(server, async (plain) => {
      const found: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const [guessed, stepped] = [await speed(looking, round), await speed(plain, round)];
        if (guessed.text !== stepped.text) throw new Error(`the texts of round ${round} differ`);
        if (round > 0) found.push(guessed.speed / stepped.speed);
      }
      return found;
    }),
  );
  const ratio = median(ratios);
  return [{ what, measured: ratio.toFixed(2), goal: `≥ ${LEAST}`, met: ratio >= LEAST }];
}
