/**
 * Makes src/tokenizers/sentencepiece/charsmap-data.ts: SentencePiece's normalisation rules, taken from models that `spm_train` writes.
 *
 *   node scripts/charsmaps.mjs       (needs Debian's package sentencepiece, 0.1.97)
 *
 * A model's rules are a double array, whose units look random and hardly compress. Here they are the graph that SentencePiece's builder
 * lays out as that array: states whose edges have bytes, equal states being one, also across the four maps, which differ little.
 * `compile-charsmap.ts` lays it out again, and its test compares the bytes.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';

import protobuf from 'protobufjs/minimal.js';

const NAMES = ['nmt_nfkc', 'nfkc', 'nmt_nfkc_cf', 'nfkc_cf'];
const TARGET = fileURLToPath(new URL('../src/tokenizers/sentencepiece/charsmap-data.ts', import.meta.url));

/** The bytes of field `number` of a message. */
function fieldOf(message, number) {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ((number << 3) | 2)) return reader.bytes();
    reader.skipType(tag & 7);
  }
  throw new Error(`no field ${number}`);
}

function charsmapOf(name, folder) {
  const text = join(folder, 'text.txt');
  writeFileSync(text, 'the quick brown fox jumps over the lazy dog\n'.repeat(20));
  execFileSync('spm_train', [
    `--input=${text}`,
    `--model_prefix=${join(folder, name)}`,
    `--normalization_rule_name=${name}`,
    '--vocab_size=40',
    '--hard_vocab_limit=false',
    '--minloglevel=2',
  ]);
  return fieldOf(fieldOf(readFileSync(join(folder, `${name}.model`)), 3), 2);
}

const strings = new Set();
const states = []; // Each: [byte, state or string][], byte 0 for a string.
const numbers = new Map(); // State by its edges.

/** The state whose edges begin at `base`, with those of its children before it. */
function stateAt(trie, base, memo) {
  if (memo.has(base)) return memo.get(base);
  const edges = [];
  for (let byte = 0; byte < 256; byte++) {
    const unit = trie.units[base ^ byte];
    if (unit === undefined) continue;
    if (byte === 0 && unit >>> 31 === 1) edges.push([0, trie.textAt(unit & 0x7fffffff)]);
    if (byte > 0 && unit >>> 31 === 0 && (unit & 0xff) === byte) {
      edges.push([byte, stateAt(trie, base ^ byte ^ ((unit >>> 10) << ((unit & 0x200) >>> 6)), memo)]);
    }
  }
  const key = JSON.stringify(edges);
  if (!numbers.has(key)) numbers.set(key, states.push(edges) - 1);
  memo.set(base, numbers.get(key));
  return numbers.get(key);
}

function varint(bytes, value) {
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  bytes.push(value);
}

const folder = mkdtempSync(join(tmpdir(), 'weft-charsmaps-'));
try {
  const roots = NAMES.map((name) => {
    const blob = charsmapOf(name, folder);
    const size = blob.readUInt32LE(0);
    const units = Uint32Array.from({ length: size / 4 }, (_, index) => blob.readUInt32LE(4 + index * 4));
    const texts = blob.subarray(4 + size);
    const textAt = (at) => {
      const text = texts.toString('utf8', at, texts.indexOf(0, at));
      strings.add(text);
      return text;
    };
    return stateAt({ units, textAt }, (units[0] >>> 10) << ((units[0] & 0x200) >>> 6), new Map());
  });
  const sorted = [...strings].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const places = new Map(sorted.map((text, place) => [text, place]));
  const [counts, labels, targets] = [[], [], []];
  let last = 0;
  states.forEach((edges, state) => {
    varint(counts, edges.length);
    for (const [byte, target] of edges) {
      labels.push(byte);
      // Strings of neighbours are neighbours; so are most states.
      if (byte > 0) varint(targets, state - target - 1);
      else {
        const step = places.get(target) - last;
        last += step;
        varint(targets, step < 0 ? -2 * step - 1 : 2 * step);
      }
    }
  });
  const header = [];
  for (const value of [...roots, states.length, labels.length, targets.length]) varint(header, value);
  const all = Buffer.concat([Buffer.from([...header, ...counts, ...labels, ...targets]), Buffer.from(sorted.join('\0'))]);
  const packed = deflateRawSync(all, { level: 9 }).toString('base64');
  writeFileSync(
    TARGET,
    `/**
 * SentencePiece's normalisation rules ${NAMES.join(', ')}, as \`scripts/charsmaps.mjs\` took them from models of
 * \`spm_train\` 0.1.97 (Debian 0.1.97-3): deflated, in base64. They derive from google/sentencepiece, Copyright 2016 Google Inc.,
 * licensed under the Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0), and from Unicode's data.
 */

/** See \`compile-charsmap.ts\` for what is in it. */
export const CHARSMAP_DATA: string =
  '${packed}';
`,
  );
  console.log(`${states.length} states, ${sorted.length} strings, ${all.length} bytes, ${packed.length} characters`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
