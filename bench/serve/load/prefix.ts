/** Time to the first token where the beginning of the prompt was read before, beside that where it was not; in turns. */

import { median } from '../../peer.ts';
import { flawOf, streamCompletion } from '../client.ts';
import type { Line } from '../line.ts';
import { benchModel, randomPrompt } from '../model.ts';
import { QUEUE } from './options.ts';
import type { LoadOptions } from './options.ts';
import { withServer } from './server.ts';

const PREFIX = 1000;
const REST = 16;
const MOST = 0.2;

/** One line. */
export async function prefixLines({ choice, threads, sequences, rounds }: LoadOptions): Promise<readonly Line[]> {
  const { vocabSize } = benchModel(choice);
  const results = await withServer({ choice, threads, slots: sequences, queue: QUEUE }, async ({ url, agent }) => {
    const firstToken = async (prompt: readonly number[]): Promise<number> => {
      const answer = await streamCompletion(url, { prompt, max_tokens: 2, seed: 1 }, { agent });
      const flaw = flawOf(answer, 2);
      if (flaw !== undefined) throw new Error(`a stream failed: ${flaw}`);
      return answer.times[0] ?? NaN;
    };
    const pairs: { readonly fresh: number; readonly kept: number }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const prefix = randomPrompt(PREFIX, vocabSize, 10_000 + round);
      const rest = (seed: number): readonly number[] => randomPrompt(REST, vocabSize, 20_000 + 2 * round + seed);
      const fresh = await firstToken([...prefix, ...rest(0)]);
      const kept = await firstToken([...prefix, ...rest(1)]);
      if (round === 0) continue; // It warms up.
      pairs.push({ fresh, kept });
      console.log(`prefix, round ${round}: ${fresh.toFixed(1)} ms, kept ${kept.toFixed(1)} ms`);
    }
    return pairs;
  });
  const pairs = results ?? [];
  const ratio = median(pairs.map(({ fresh, kept }) => kept / fresh));
  const [fresh, kept] = [median(pairs.map((pair) => pair.fresh)), median(pairs.map((pair) => pair.kept))];
  return [
    {
      what: `time to first token, ${PREFIX} tokens kept ÷ not`,
      measured: `${ratio.toFixed(3)}: ${kept.toFixed(1)} and ${fresh.toFixed(1)} ms`,
      goal: `≤ ${MOST}`,
      met: ratio <= MOST,
    },
  ];
}
