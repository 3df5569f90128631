/**
 * Decoding against llama.cpp: the same model, 32, 8 and 4 bits, one sequence and several at once, in turns.
 *
 * `npx tsx bench/serve/all.ts --only decode`
 *
 * Decided: both have a process each that stays loaded; in each round both are measured, who goes first changes, and the median of the
 * ratios within a round counts. While one is measured the other must keep still: the processor time that it used meanwhile is told.
 * Prompts are new in each round, so that nothing is found in a cache. Speeds are of all sequences while all of them write, by the times
 * at which tokens are known to the caller, with the likeliest token taken.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { median } from '../peer.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { FORMATS, speedOf } from './decoding.ts';
import type { Bits, DecodeRequest, DecodeRequests, Speed } from './decoding.ts';
import { ggufFile } from './gguf-file.ts';
import type { Line } from './line.ts';
import { benchModel, randomPrompt } from './model.ts';
import type { LoadOptions } from './load/options.ts';
import { installPeer } from './peer.ts';

/** Options of {@link decodeLines}. */
export interface DecodeOptions extends LoadOptions {
  readonly bits: readonly Bits[];
  /** See `writeGguf`. */
  readonly pure: boolean;
}

/** Milliseconds for the threads of one to fall asleep before the other is measured. */
const SETTLE = 200;

type Contestant = Child<DecodeRequests>;

/** A line for each number of bits and of sequences. */
export async function decodeLines(options: DecodeOptions): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const there = installPeer();
  for (const bits of options.bits) {
    const names = [1, options.sequences].map((count) => lineName(bits, count));
    if (!there) lines.push(...names.map((what) => notAvailable(what, 'node-llama-cpp cannot be installed')));
    else lines.push(...(await compare(bits, options)));
  }
  return lines;
}

/** Ratios to reach, of one sequence and of several at once. */
const LEAST: Readonly<Record<Bits, number>> = { 32: 1.2, 8: 1.1, 4: 0.9 };
const LEAST_TOGETHER = 1.2;

function lineName(bits: Bits, count: number): string {
  return `${bits} bits ÷ ${FORMATS[bits]}, ${count === 1 ? '1 sequence' : `${count} sequences`}`;
}

function notAvailable(what: string, why: string): Line {
  return { what, measured: `not available: ${why}`, goal: '', met: undefined };
}

async function compare(bits: Bits, options: DecodeOptions): Promise<readonly Line[]> {
  const { choice, threads, sequences, prompt, tokens, pure } = options;
  const load = { choice, bits, threads, gguf: ggufFile(choice, FORMATS[bits], { pure }), sequences, longest: prompt + tokens };
  const [weft, peer] = [startChild<DecodeRequests>('weft-child.ts'), startChild<DecodeRequests>('peer-child.ts')];
  try {
    const ours = await weft.ask('load', load);
    console.log(`weft: ${ours}; llama.cpp: ${await peer.ask('load', load)}`);
    const lines: Line[] = [];
    for (const count of new Set([1, sequences])) lines.push(await takeTurns({ weft, peer }, { bits, count }, options));
    return lines;
  } finally {
    await Promise.all([weft.close(), peer.close()]);
  }
}

async function takeTurns(
  { weft, peer }: { readonly weft: Contestant; readonly peer: Contestant },
  { bits, count }: { readonly bits: Bits; readonly count: number },
  { choice, rounds, prompt, tokens }: DecodeOptions,
): Promise<Line> {
  const { vocabSize } = benchModel(choice);
  const what = lineName(bits, count);
  const speeds: { readonly ours: Speed; readonly theirs: Speed }[] = [];
  let restless = 0;
  const turn = async (contestant: Contestant, other: Contestant, request: DecodeRequest): Promise<Speed> => {
    await sleep(SETTLE);
    const [start, used] = [performance.now(), other.processorSeconds()];
    const speed = speedOf(await contestant.ask('decode', request));
    restless = Math.max(restless, (other.processorSeconds() - used) / ((performance.now() - start) / 1000));
    return speed;
  };
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round++) {
    const seed = (round * 2 + (count > 1 ? 1 : 0)) * 1000;
    const request: DecodeRequest = {
      prompts: Array.from({ length: count }, (_, index) => randomPrompt(prompt, vocabSize, seed + index)),
      tokens: round === 0 ? Math.min(tokens, 16) : tokens,
    };
    let [ours, theirs]: (Speed | undefined)[] = [];
    if (round % 2 === 0) ours = await turn(weft, peer, request);
    theirs = await turn(peer, weft, request);
    ours ??= await turn(weft, peer, request);
    if (round === 0) continue;
    speeds.push({ ours, theirs });
    console.log(
      `${what}, round ${round}: ${ours.decode.toFixed(1)} and ${theirs.decode.toFixed(1)} tokens/s, ratio ${(ours.decode / theirs.decode).toFixed(3)}`,
    );
  }
  const ratios = speeds.map(({ ours, theirs }) => ours.decode / theirs.decode);
  const ratio = median(ratios);
  const whole = median(speeds.map(({ ours, theirs }) => ours.whole / theirs.whole));
  const [ours, theirs] = [median(speeds.map((both) => both.ours.decode)), median(speeds.map((both) => both.theirs.decode))];
  return {
    what,
    measured:
      `${ratio.toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}): ${ours.toFixed(1)} and ${theirs.toFixed(1)} tokens/s; ` +
      `with the prompt ${whole.toFixed(2)}; the one at rest used ${(100 * restless).toFixed(0)}% of a core`,
    goal: `≥ ${count === 1 ? LEAST[bits] : LEAST_TOGETHER}`,
    met: ratio >= (count === 1 ? LEAST[bits] : LEAST_TOGETHER),
  };
}
