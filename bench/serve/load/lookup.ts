/**
 * Lookup decoding beside plain decoding, on a text that repeats itself. Not available until a text model has such an option: its name is
 * in `server-child.ts`.
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

/** One line. */
export async function lookupLines({ choice, threads, sequences, rounds, prompt, tokens }: LoadOptions): Promise<readonly Line[]> {
  const what = 'lookup decoding ÷ plain, a text that repeats itself';
  const server = { choice, threads, slots: sequences, queue: QUEUE };
  const { vocabSize } = benchModel(choice);
  const speed = async ({ url, agent }: LoadedServer, round: number): Promise<number> => {
    const passage = randomPrompt(PASSAGE, vocabSize, 30_000 + round);
    const body = { prompt: Array.from({ length: prompt }, (_, index) => passage[index % PASSAGE] as number), max_tokens: tokens };
    const answer = await streamCompletion(url, { ...body, temperature: 0 }, { agent });
    const flaw = flawOf(answer, tokens);
    if (flaw !== undefined) throw new Error(`a stream failed: ${flaw}`);
    return speedOf([answer.times]).decode;
  };
  const ratios = await withServer({ ...server, lookup: true }, (looking) =>
    withServer(server, async (plain) => {
      const found: number[] = [];
      for (let round = 0; round <= rounds; round++) {
        const ratio = (await speed(looking, round)) / (await speed(plain, round));
        if (round > 0) found.push(ratio);
      }
      return found;
    }),
  );
  if (ratios === undefined) return [{ what, measured: 'not available: createTextModel has no option lookup', goal: '', met: undefined }];
  return [{ what, measured: median(ratios).toFixed(2), goal: '', met: undefined }];
}
