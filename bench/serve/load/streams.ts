/**
 * Several streams at once beside one, and what a step of theirs costs beside the bare run of the graph, in turns.
 *
 * Decided: speeds count from the last stream's first token to the first one's last, so that no prompt is read meanwhile. What is outside
 * ONNX Runtime is a step of the server less a bare step of as many rows and as many tokens before them, as a share of the former: engine,
 * sampling (temperature 1), text, events, sockets, and this client, which runs on the same cores.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { median } from '../../peer.ts';
import type { BareRequests } from '../bare-child.ts';
import { startChild } from '../child.ts';
import { flawOf, streamCompletion } from '../client.ts';
import { speedOf } from '../decoding.ts';
import type { Line } from '../line.ts';
import { benchModel, randomPrompt } from '../model.ts';
import { QUEUE } from './options.ts';
import type { LoadOptions } from './options.ts';
import { withServer } from './server.ts';
import type { LoadedServer } from './server.ts';

const SCALING = 3.5;
const OUTSIDE = 0.15;
const SETTLE = 200;

/** Two lines. */
export async function streamLines(options: LoadOptions): Promise<readonly Line[]> {
  const { choice, threads, sequences } = options;
  const bare = startChild<BareRequests>('bare-child.ts');
  try {
    await bare.ask('load', { choice, threads, slots: sequences });
    return (
      (await withServer({ choice, threads, slots: sequences, queue: QUEUE }, (server) =>
        measure(server, (from, to) => bare.ask('steps', { rows: sequences, from, to }), options),
      )) ?? []
    );
  } finally {
    await bare.close();
  }
}

async function measure(
  { url, agent }: LoadedServer,
  bareSteps: (from: number, to: number) => Promise<readonly number[]>,
  { choice, rounds, prompt, tokens, sequences }: LoadOptions,
): Promise<readonly Line[]> {
  const { vocabSize } = benchModel(choice);
  const speed = async (count: number, seed: number): Promise<number> => {
    await sleep(SETTLE);
    const answers = await Promise.all(
      Array.from({ length: count }, (_, index) => {
        const body = { prompt: randomPrompt(prompt, vocabSize, seed + index), max_tokens: tokens, seed: seed + index };
        return streamCompletion(url, body, { agent });
      }),
    );
    for (const answer of answers) {
      const flaw = flawOf(answer, tokens);
      if (flaw !== undefined) throw new Error(`a stream failed: ${flaw}`);
    }
    return speedOf(answers.map(({ times }) => times)).decode;
  };
  const results: { readonly one: number; readonly many: number; readonly outside: number; readonly bare: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const one = await speed(1, round * 1000);
    const many = await speed(sequences, round * 1000 + 100);
    await sleep(SETTLE);
    const steps = await bareSteps(prompt + Math.min(sequences, tokens - 1), prompt + tokens);
    const bare = steps.reduce((sum, time) => sum + time, 0) / steps.length;
    if (round === 0) continue; // It warms up.
    const step = (1000 * sequences) / many;
    const outside = 1 - bare / step;
    results.push({ one, many, outside, bare });
    console.log(
      `streams, round ${round}: ${one.toFixed(1)} and ${many.toFixed(1)} tokens/s, a step ${step.toFixed(2)} ms, bare ${bare.toFixed(2)} ms`,
    );
  }
  const of = (value: (result: (typeof results)[number]) => number): number => median(results.map(value));
  const scaling = of(({ one, many }) => many / one);
  const outside = of((result) => result.outside);
  return [
    {
      what: `${sequences} streams ÷ 1 stream, tokens/s`,
      measured: `${scaling.toFixed(2)}: ${of(({ many }) => many).toFixed(1)} and ${of(({ one }) => one).toFixed(1)} tokens/s`,
      goal: `≥ ${SCALING}`,
      met: scaling >= SCALING,
    },
    {
      what: `a step of ${sequences} streams, outside ONNX Runtime`,
      measured: `${(100 * outside).toFixed(1)}%: ${of(({ many }) => (1000 * sequences) / many).toFixed(2)} ms, bare ${of(({ bare }) => bare).toFixed(2)} ms`,
      goal: `≤ ${100 * OUTSIDE}%`,
      met: outside <= OUTSIDE,
    },
  ];
}
