/**
 * Peers to measure against: PyTorch scripts, and runs that take turns, so that a noisy machine is noisy for both.
 *
 * Medians of ratios within a round are what is reported: two programs on a shared machine differ less by themselves than
 * one program differs from minute to minute.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a script prints: one JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** One of two programs that are compared. */
export interface Contestant {
  readonly name: string;
  /** Runs once; the seconds (or bytes, or whatever is compared), or nothing where it is not available. */
  readonly run: () => Promise<number | undefined>;
}

/** What {@link interleave} measured. */
export interface Comparison {
  /** First ÷ second, in each round. */
  readonly ratios: readonly number[];
  readonly medianRatio: number;
  /** Medians of the first's and the second's own values. */
  readonly medians: readonly [first: number, second: number];
}

const execute = promisify(execFile);
const FOLDER = fileURLToPath(new URL('pytorch/', import.meta.url));

/** The interpreter that has PyTorch: `WEFT_TORCH_PYTHON`, or `python3`. */
export function torchPython(): string {
  return process.env['WEFT_TORCH_PYTHON'] ?? 'python3';
}

/**
 * Runs a script of `bench/pytorch` and reads the JSON line that it prints last; nothing, with a word on stderr, where there is no PyTorch 2.
 *
 * @param script - file name, e.g. `step.py`.
 * @param args - its command line.
 * @throws Error when the script fails or prints no JSON.
 */
export async function runTorch(script: string, args: readonly string[] = []): Promise<Json | undefined> {
  const python = torchPython();
  const version = await execute(python, ['-c', 'import torch; print(torch.__version__)']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (version === undefined || !(Number.parseInt(version, 10) >= 2)) {
    console.error(
      `skipped: ${python} has ${version === undefined ? 'no PyTorch' : `PyTorch ${version}, 2 or later is needed`} (set WEFT_TORCH_PYTHON)`,
    );
    return undefined;
  }
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await execute(python, [`${FOLDER}${script}`, ...args], { env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Json;
}

/**
 * Runs two contestants in turn, changing who goes first, and prints each round and the medians; nothing where one is not available.
 *
 * @param first - stands above the line of the ratio.
 * @param second - stands below it.
 * @param rounds - how often each runs; a round of both that is not counted warms the machine up when it is at least 3.
 */
export async function interleave(first: Contestant, second: Contestant, rounds: number): Promise<Comparison | undefined> {
  const values: [number, number][] = [];
  const warmUp = rounds >= 3 ? 1 : 0;
  for (let round = -warmUp; round < rounds; round++) {
    const pair: [number, number] = [0, 0];
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const index of order) {
      const contestant = index === 0 ? first : second;
      const value = await contestant.run();
      if (value === undefined) {
        console.error(`skipped: ${contestant.name} is not available`);
        return undefined;
      }
      pair[index] = value;
    }
    const label = round < 0 ? 'warm-up' : `round ${round + 1}`;
    console.log(
      `${label}: ${first.name} ${pair[0].toPrecision(4)}, ${second.name} ${pair[1].toPrecision(4)}, ratio ${(pair[0] / pair[1]).toFixed(3)}`,
    );
    if (round >= 0) values.push(pair);
  }
  const ratios = values.map(([a, b]) => a / b);
  const result: Comparison = {
    ratios,
    medianRatio: median(ratios),
    medians: [median(values.map(([a]) => a)), median(values.map(([, b]) => b))],
  };
  console.log(
    `median: ${first.name} ${result.medians[0].toPrecision(4)}, ${second.name} ${result.medians[1].toPrecision(4)}, ratio ${result.medianRatio.toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
  );
  return result;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2 : (sorted[Math.floor(middle)] ?? NaN);
}
