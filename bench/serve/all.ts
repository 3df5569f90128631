/**
 * Serving: `npm run bench:serve`.
 *
 *   --only NAME         agreement, decode, streams, prefix, health, clients, disconnects or lookup; may be given several times
 *   --rounds 10         rounds of what is measured in turns
 *   --threads 2         threads of ONNX Runtime and of llama.cpp
 *   --prompt 128        tokens of a prompt
 *   --tokens 128        new tokens of a sequence
 *   --sequences 8       sequences at once
 *   --bits 32,8,4       bits that are measured against llama.cpp
 *   --pure              the embedding of the 4-bit peer has 4 bits, too
 *   --seconds 60 --clients 200 --sample 200 --disconnects 1000
 *   --layers N          fewer layers, for a quick look
 *   --small             a tiny model for everything; --large: clients and disconnects have the large one, too, not the tiny one
 *
 * Wants a quiet machine: llama.cpp's threads wait for each other by spinning, and suffer more than ours where cores are shared.
 */

import { parseArgs } from 'node:util';

import { agreementLines } from './agreement.ts';
import { decodeLines } from './decode-against-llama-cpp.ts';
import type { Bits } from './decoding.ts';
import { tableOf } from './line.ts';
import type { Line } from './line.ts';
import { clientLines, disconnectLines, healthLines, lookupLines, prefixLines, streamLines } from './load.ts';
import { benchModel, millions } from './model.ts';
import type { ModelChoice } from './model.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
    prompt: { type: 'string', default: '128' },
    tokens: { type: 'string', default: '128' },
    sequences: { type: 'string', default: '8' },
    bits: { type: 'string', default: '32,8,4' },
    pure: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '200' },
    sample: { type: 'string', default: '200' },
    disconnects: { type: 'string', default: '1000' },
    layers: { type: 'string' },
    small: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
  },
});
const [rounds, threads, prompt, tokens, sequences] = [flags.rounds, flags.threads, flags.prompt, flags.tokens, flags.sequences].map(
  Number,
) as [number, number, number, number, number];
const layers = flags.layers === undefined ? undefined : Number(flags.layers);
const choice: ModelChoice = { small: flags.small, layers };
const crowded: ModelChoice = { small: !flags.large, layers };
const common = { choice, threads, rounds, prompt, tokens, sequences };
const { pure } = flags;

const measurements: Readonly<Record<string, () => Promise<readonly Line[]>>> = {
  agreement: () => agreementLines({ choice, threads, tokens: Math.min(tokens, 32), pure }),
  decode: () => decodeLines({ ...common, pure, bits: flags.bits.split(',').map(Number) as Bits[] }),
  streams: () => streamLines(common),
  prefix: () => prefixLines(common),
  health: () => healthLines(common),
  lookup: () => lookupLines(common),
  clients: () =>
    clientLines({
      choice: crowded,
      threads,
      sequences,
      clients: Number(flags.clients),
      seconds: Number(flags.seconds),
      sample: Number(flags.sample),
    }),
  disconnects: () => disconnectLines({ choice: crowded, threads, sequences, disconnects: Number(flags.disconnects) }),
};

const names = flags.only ?? Object.keys(measurements);
const unknown = names.find((name) => !(name in measurements));
if (unknown !== undefined) throw new Error(`There is no ${unknown}: ${Object.keys(measurements).join(', ')}`);
console.log(`${millions(benchModel(choice))} parameters; clients and disconnects ${millions(benchModel(crowded))}; ${threads} threads`);
const lines: Line[] = [];
for (const name of names) {
  console.log(`\n== ${name}`);
  try {
    lines.push(...((await measurements[name]?.()) ?? []));
  } catch (error) {
    console.error(error);
    lines.push({ what: name, measured: `failed: ${error instanceof Error ? error.message : String(error)}`, goal: '', met: false });
  }
}
console.log(`\n${tableOf(lines)}`);
if (lines.some(({ measured }) => measured.startsWith('failed'))) process.exitCode = 1;
