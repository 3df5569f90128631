/**
 * Packs OpenAI's encodings into `src/tokenizers/encodings/`, from the ranks inside npm's `tiktoken` (MIT), a development dependency:
 * `node scripts/pack-encodings.mjs`.
 *
 * Every token longer than a byte is made by exactly one merge of two tokens of lower rank: the last one when its own bytes are merged
 * under lower ranks alone. (Had any other pair of tokens ever met to make it, merging its bytes alone would have gone the same way, as
 * nothing outside took part.) So the pairs in the order of the ranks are the whole vocabulary, and a piece that is a token becomes
 * that token by merging; this script fails where that does not hold. The pairs are kept as six planes of bytes, low to high, first of
 * the left tokens, then of the right ones, deflated: 724 KB for o200k, where columns of variable-length integers take 766 KB and the
 * deflated bytes of the tokens 1,047 KB.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { deflateRawSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../node_modules/tiktoken/package.json', import.meta.url), 'utf8'));

/** Ranks by token, one character a byte. */
function readRanks(name) {
  const ranks = new Map();
  for (const line of require(`tiktoken/encoders/${name}.json`).bpe_ranks.split('\n')) {
    const [, offset, ...tokens] = line.split(' ');
    tokens.forEach((token, index) => ranks.set(Buffer.from(token, 'base64').toString('latin1'), Number(offset) + index));
  }
  return ranks;
}

/** GPT-2's order of the bytes: printable ones first. */
const isPrintable = (byte) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
const ALL = Array.from({ length: 256 }, (_, byte) => byte);
const ALPHABET = [...ALL.filter(isPrintable), ...ALL.filter((byte) => !isPrintable(byte))];

/** The merge that makes each token longer than a byte, in the order of the ranks. */
function mergesOf(name) {
  const ranks = readRanks(name);
  ALPHABET.forEach((byte, id) => demand(ranks.get(String.fromCharCode(byte)) === id, name, `byte ${byte} has id ${id}`));
  const merges = [];
  for (const [token, result] of ranks) {
    if (token.length === 1) continue;
    const parts = [...token];
    while (parts.length > 2) {
      let best = -1;
      let lowest = result;
      for (let index = 0; index + 1 < parts.length; index++) {
        const rank = ranks.get(parts[index] + parts[index + 1]) ?? result;
        if (rank < lowest) [lowest, best] = [rank, index];
      }
      demand(best >= 0, name, `merging reaches token ${result}`);
      parts.splice(best, 2, parts[best] + parts[best + 1]);
    }
    const [left, right] = parts.map((part) => ranks.get(part));
    demand(left < result && right < result, name, `token ${result} is made of earlier tokens`);
    merges.push({ left, right, result });
  }
  demand(
    merges.every(({ result }, index) => index === 0 || result > merges[index - 1].result),
    name,
    'ranks ascend',
  );
  return merges;
}

function pack(merges) {
  const plane = (part, shift) => Buffer.from(merges.map((merge) => (merge[part] >> shift) & 0xff));
  const planes = ['left', 'right'].flatMap((part) => [0, 8, 16].map((shift) => plane(part, shift)));
  return deflateRawSync(Buffer.concat(planes), { level: 9, memLevel: 9 }).toString('base64');
}

function demand(holds, name, rule) {
  if (!holds) throw new Error(`${name}: it does not hold that ${rule}`);
}

for (const name of ['r50k_base', 'cl100k_base', 'o200k_base']) {
  const merges = mergesOf(name);
  merges.forEach(({ result }, index) => demand(result === 256 + index, name, 'ids have no gap'));
  write(name, `{ count: ${merges.length}, deflated: '${pack(merges)}' }`);
}

// p50k is r50k with some runs of spaces behind it.
const [base, longer] = [mergesOf('r50k_base'), mergesOf('p50k_base')];
demand(JSON.stringify(longer.slice(0, base.length)) === JSON.stringify(base), 'p50k_base', 'it begins as r50k_base');
const spaces = longer.slice(base.length).map(({ left, right, result }) => [left, right, result]);
write('p50k_base', `{ ...R50K_BASE, more: ${JSON.stringify(spaces)} }`, "import { R50K_BASE } from './r50k-base.ts';\n");

function write(name, value, imports = '') {
  const text = `/** The merges of ${name}. Made by \`scripts/pack-encodings.mjs\` from npm's tiktoken ${version} (MIT). */

${imports}import type { PackedMerges } from './unpack-merges.ts';

export const ${name.toUpperCase()}: PackedMerges = ${value};
`;
  writeFileSync(new URL(`../src/tokenizers/encodings/${name.replace('_', '-')}.ts`, import.meta.url), text);
}
