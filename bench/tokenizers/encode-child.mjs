/**
 * One library in a process of its own: what loading, encoding, decoding and counting cost.
 *
 *     node encode-child.mjs LIBRARY ENCODING CORPUS-FILE
 *
 * Prints one JSON line. The corpus is cut into documents of 4,096 characters. The first half is timed cold, as the first that is
 * encoded, and the second half warm: none of its documents was seen before. Times are of the wall.
 */

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const [library, encoding, corpus] = process.argv.slice(2);
const peer = (path) => import(new URL(`../peers/node_modules/${path}`, import.meta.url).href);

const LIBRARIES = {
  async weft() {
    const { loadEncoding } = await import('../../dist/tokenizers/index.js');
    const tokenizer = await loadEncoding(encoding);
    return {
      encode: (text) => tokenizer.encode(text),
      count: (text) => tokenizer.count(text),
      decode: (ids) => tokenizer.decode(ids),
    };
  },
  async 'gpt-tokenizer'() {
    const { encode, decode, countTokens } = await peer(`gpt-tokenizer/esm/encoding/${encoding}.js`);
    return { encode: (text) => encode(text), count: (text) => countTokens(text), decode };
  },
  async 'ai-tokenizer'() {
    const { Tokenizer } = await peer('ai-tokenizer/dist/index.js');
    const tokenizer = new Tokenizer(await peer(`ai-tokenizer/dist/encoding/${encoding}.js`));
    return { encode: (text) => tokenizer.encode(text), count: (text) => tokenizer.count(text), decode: (ids) => tokenizer.decode(ids) };
  },
  async 'js-tiktoken'() {
    const { Tiktoken } = await peer('js-tiktoken/dist/lite.js');
    const { default: ranks } = await peer(`js-tiktoken/dist/ranks/${encoding}.js`);
    const tokenizer = new Tiktoken(ranks);
    return {
      encode: (text) => tokenizer.encode(text, [], []),
      count: (text) => tokenizer.encode(text, [], []).length,
      decode: (ids) => tokenizer.decode(ids),
    };
  },
  async tiktoken() {
    const { get_encoding: getEncoding } = await import('tiktoken');
    const tokenizer = getEncoding(encoding);
    const decoder = new TextDecoder();
    return {
      encode: (text) => tokenizer.encode_ordinary(text),
      count: (text) => tokenizer.encode_ordinary(text).length,
      decode: (ids) => decoder.decode(tokenizer.decode(ids)),
    };
  },
};

const started = performance.now();
const tokenizer = await LIBRARIES[library]();
const hello = tokenizer.encode('hello world');
const loadMilliseconds = performance.now() - started;
const loadedMegabytes = process.resourceUsage().maxRSS / 1024;

const result = { library, encoding, loadMilliseconds, loadedMegabytes, hello: [...hello] };
if (corpus !== undefined) {
  const text = readFileSync(corpus, 'utf8');
  const documentsOf = (part) =>
    Array.from({ length: Math.ceil(part.length / 4096) }, (_, index) => part.slice(index * 4096, (index + 1) * 4096));
  const half = text.length >> 1;
  const first = documentsOf(text.slice(0, half));
  const documents = documentsOf(text.slice(half));
  const megabytes = Buffer.byteLength(text.slice(half)) / 1e6;
  /** Seconds of `task` on every item. */
  const seconds = (items, task) => {
    const from = performance.now();
    for (const item of items) task(item);
    return (performance.now() - from) / 1000;
  };
  result.megabytes = megabytes;
  result.cold = Buffer.byteLength(text.slice(0, half)) / 1e6 / seconds(first, tokenizer.encode);
  result.warm = megabytes / seconds(documents, tokenizer.encode);
  const ids = documents.map((text) => tokenizer.encode(text));
  result.tokens = ids.reduce((sum, { length }) => sum + length, 0);
  result.decode = megabytes / seconds(ids, tokenizer.decode);
  const short = documents.map((text) => text.slice(0, 100));
  seconds(short, tokenizer.count);
  result.countMicroseconds = (seconds(short, tokenizer.count) / short.length) * 1e6;
  result.peakMegabytes = process.resourceUsage().maxRSS / 1024;
}
console.log(JSON.stringify(result));
