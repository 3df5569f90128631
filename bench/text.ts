/**
 * Tokenizers and data: training, encoding and decoding on one thread, beside npm's `tokenizers` (Rust) and `tiktoken` (WebAssembly).
 *
 *     npx tsx bench/text.ts [FILE…]      files or folders of text; default: the installed declarations
 *
 * Prints one JSON line. Times are of the processor, so that a busy machine says the same; encoding is cold (first pass) and warm
 * (second pass) over documents of 4,096 characters.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BPE, Tokenizer as Rust, byteLevelPreTokenizer } from 'tokenizers';

import { readText } from '../src/data/index.ts';
import { createTiktoken, encodingToJson } from '../src/tokenizers/bpe/tiktoken.fixture.ts';
import { tokenizerFromJson, trainTokenizer } from '../src/tokenizers/index.ts';

const TRAINING_UNITS = 10_000_000;
const DOCUMENT_UNITS = 4096;

function seconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
async function timed(task: () => unknown): Promise<number> {
  const started = seconds();
  await task();
  return seconds() - started;
}
const round = (value: number): number => Number(value.toPrecision(3));

const patterns = process.argv.slice(2);
let text = '';
const reading = await timed(async () => {
  for await (const document of readText(patterns.length > 0 ? patterns : 'node_modules/**/*.d.ts')) {
    if (text.length < 2 * TRAINING_UNITS) text += document.text;
  }
});
text = text.slice(0, TRAINING_UNITS);
const bytes = Buffer.byteLength(text);
const documents = Array.from({ length: Math.ceil(text.length / DOCUMENT_UNITS) }, (_, index) =>
  text.slice(index * DOCUMENT_UNITS, (index + 1) * DOCUMENT_UNITS),
);

const training: Record<string, number> = {};
for (const vocabSize of [4096, 30_000]) {
  training[vocabSize] = round(await timed(() => trainTokenizer([text], { vocabSize, splitting: 'gpt2', minFrequency: 1 })));
}
const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
writeFileSync(join(folder, 'text.txt'), text);
const rust = new Rust(BPE.empty());
rust.setPreTokenizer(byteLevelPreTokenizer(false, true));
const rustTraining = round(await timed(() => rust.train([join(folder, 'text.txt')])));
rmSync(folder, { recursive: true });

const speed = async (encode: (document: string) => unknown): Promise<readonly number[]> => {
  const passes: number[] = [];
  for (let pass = 0; pass < 2; pass++) {
    passes.push(
      round(
        bytes /
          1e6 /
          (await timed(() => {
            for (const document of documents) encode(document);
          })),
      ),
    );
  }
  return passes;
};
const json = encodingToJson('cl100k_base');
const [ours, fresh] = [await tokenizerFromJson(json), await tokenizerFromJson(json)];
const theirs = createTiktoken('cl100k_base');
const ids = ours.encode(text);
const own = await trainTokenizer([text], { vocabSize: 4096 });
const letters = Array.from({ length: 100_000 }, (_, index) => String.fromCharCode(97 + ((index * index * 7 + index) % 26))).join('');

console.log(
  JSON.stringify({
    megabytes: round(bytes / 1e6),
    readingSeconds: round(reading),
    trainingSeconds: training,
    rustTrainingSeconds30000: rustTraining,
    encode: {
      own4096: await speed((document) => own.encode(document)),
      cl100k: await speed((document) => fresh.encode(document)),
      tiktoken: await speed((document) => theirs.encode_ordinary(document)),
    },
    decodeMegabytesPerSecond: round(bytes / 1e6 / (await timed(() => ours.decode(ids)))),
    lettersMilliseconds: round(1000 * (await timed(() => ours.encode(letters)))),
  }),
);
